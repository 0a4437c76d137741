use crate::world::{Place, expected, mix, now, person, row, rows};
use std::collections::{BTreeMap, BTreeSet};
use throughline_lake::{LakeSession, Redirects, SessionView};
use throughline_timeline::Row;

async fn check(session: &LakeSession, query: &str, expected: Vec<(&str, Vec<i64>)>) {
    let answer = session.sql(query).await.unwrap();
    for (column, values) in expected {
        assert_eq!(answer.longs(column), Some(values), "{column} of {query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_counts_whole_people_and_the_tail() {
    let place = Place::new();
    let lake = place.open().await;
    let all = rows(0..500, 25);
    lake.append(299, all[..300].to_vec(), now()).await.unwrap();
    lake.append(399, all[300..400].to_vec(), now()).await.unwrap();
    let redirects = Redirects::new([(person(3), person(4)), (person(5), person(4))]);

    // The tail overlaps with what is covered; nothing counts twice.
    let view = SessionView { redirects: redirects.clone(), tail: all[350..].to_vec() };
    let session = lake.session(view).await.unwrap();
    let now_rows = expected(&all, &redirects, |_| true);
    let people: BTreeSet<u64> = now_rows.iter().map(|r| r.customer).collect();
    let minor: i64 = all.iter().filter_map(|r| r.money).map(|m| m.minor).sum();
    let texts = all.iter().filter(|r| r.has_text).count() as i64;
    check(
        &session,
        "SELECT count(*) AS n, count(DISTINCT customer) AS people, sum(money_minor) AS minor,
                sum(CASE WHEN has_text THEN 1 ELSE 0 END) AS texts FROM interactions",
        vec![("n", vec![500]), ("people", vec![people.len() as i64]), ("minor", vec![minor]), ("texts", vec![texts])],
    )
    .await;
    let mut of_event: BTreeMap<&str, i64> = BTreeMap::new();
    all.iter().for_each(|r| *of_event.entry(&r.event).or_default() += 1);
    check(
        &session,
        "SELECT event, count(*) AS n FROM interactions GROUP BY event ORDER BY event",
        vec![("n", of_event.values().copied().collect())],
    )
    .await;
    let one = now_rows.iter().filter(|r| r.customer == person(4)).count() as i64;
    check(
        &session,
        &format!("SELECT count(*) AS n FROM interactions WHERE customer = {}", person(4) as i64),
        vec![("n", vec![one])],
    )
    .await;
    check(
        &session,
        "SELECT count(*) AS wrong FROM interactions WHERE bucket <> (customer & 3) OR workspace <> 7",
        vec![("wrong", vec![0])],
    )
    .await;

    // Without redirects and tail: what is stored.
    let stored = lake.session(SessionView::default()).await.unwrap();
    check(&stored, "SELECT count(*) AS n FROM interactions", vec![("n", vec![400])]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_measures_the_time_between_two_events_of_an_order() {
    let place = Place::new();
    let lake = place.open().await;
    let order = |n: u64| (std::sync::Arc::from("order"), mix(n ^ 77));
    let mut all: Vec<Row> = Vec::new();
    for n in 0..60 {
        for (event, after) in [("Order Completed", 0), ("Delivered", (n as i64 + 1) * 1_000_000)] {
            let mut r = row(all.len() as u64, person(n % 9), person(n % 9));
            r.event = event.into();
            r.order.occurred_at.0 = 1_700_000_000_000_000 + n as i64 * 5_000_000 + after;
            r.subjects = vec![order(n)];
            all.push(r);
        }
    }
    lake.append(119, all, now()).await.unwrap();
    let session = lake.session(SessionView::default()).await.unwrap();
    let query = "
        WITH steps AS (
            SELECT customer, event, occurred_at, subject['hash'] AS order_hash
            FROM (SELECT customer, event, occurred_at, unnest(subjects) AS subject FROM interactions)
            WHERE subject['kind'] = 'order')
        SELECT count(*) AS n,
               sum(CAST(arrow_cast(d.occurred_at, 'Int64') - arrow_cast(o.occurred_at, 'Int64') AS BIGINT)) / 1000000 AS seconds
        FROM steps o JOIN steps d ON o.customer = d.customer AND o.order_hash = d.order_hash
        WHERE o.event = 'Order Completed' AND d.event = 'Delivered'";
    check(&session, query, vec![("n", vec![60]), ("seconds", vec![(1..=60).sum()])]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_written_as_json_and_csv_and_only_queries_are_answered() {
    let place = Place::new();
    let lake = place.open().await;
    lake.append(9, rows(0..10, 3), now()).await.unwrap();
    let session = lake.session(SessionView::default()).await.unwrap();
    let answer = session.sql("SELECT 1 AS a, 'x,y' AS b UNION ALL SELECT 2, NULL ORDER BY a").await.unwrap();
    assert_eq!(String::from_utf8(answer.to_json().unwrap()).unwrap(), r#"[{"a":1,"b":"x,y"},{"a":2}]"#);
    assert_eq!(String::from_utf8(answer.to_csv().unwrap()).unwrap(), "a,b\n1,\"x,y\"\n2,\n");
    let none = session.sql("SELECT event FROM interactions WHERE event = 'nothing'").await.unwrap();
    assert_eq!(
        (none.rows(), none.to_json().unwrap(), none.to_csv().unwrap()),
        (0, b"[]".to_vec(), b"event\n".to_vec())
    );
    for forbidden in [
        "DROP TABLE interactions",
        "CREATE TABLE t AS SELECT 1",
        "INSERT INTO interactions SELECT * FROM interactions",
        "SET datafusion.execution.batch_size = 1",
        "COPY (SELECT 1) TO '/tmp/throughline.csv'",
        "CREATE EXTERNAL TABLE f STORED AS CSV LOCATION '/etc/passwd'",
    ] {
        assert!(session.sql(forbidden).await.is_err(), "{forbidden}");
    }
}
