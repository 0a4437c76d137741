//! Facts folded into tables and read again.

use proptest::prelude::*;
use throughline_customers::{
    Clear, CustomerQuery, Fold, IdentityGraph, customer, customer_count, customers, forget, keep_order_of_seen,
    load_graph, migrations,
};
use throughline_interactions::{
    Interaction, KeySecret, Node, NodeSecret, SourceId, Timestamp, WorkspaceId, limits, parse_interaction,
};
use throughline_store::sql::Connection;
use throughline_store::{Store, place_of_tests};

const SECRET: NodeSecret = NodeSecret([3; 16]);
const WORKSPACE: WorkspaceId = WorkspaceId(1);

fn open(dir: &std::path::Path) -> Store {
    Store::open_at(&place_of_tests(), dir, migrations()).unwrap()
}

fn fact(id: u32, at: &str, identifiers: serde_json::Value) -> Interaction {
    let json = serde_json::json!({
        "message_id": format!("m{id}"), "event": "Identified", "occurred_at": at, "identifiers": identifiers,
        "properties": {"name": format!("Ana {id}")}, "score": {"kind": "nps", "value": id % 11},
    });
    let now = Timestamp::parse("2026-06-01T00:00:00Z", None).unwrap().instant;
    parse_interaction(json, id)
        .unwrap()
        .receive(WORKSPACE, &SourceId::new("t").unwrap(), now, limits::HTTP_BYTES)
        .unwrap()
}

fn fold(store: &Store, graph: &mut IdentityGraph, facts: &[Interaction]) {
    let mut fold = Fold::new(WORKSPACE, graph, &SECRET, &Clear);
    for (p, f) in facts.iter().enumerate() {
        fold.add(f, f.message_key(&KeySecret([1; 16])), p as u64 + 1).unwrap();
    }
    store.write(|tx| fold.write(tx)).unwrap();
}

fn list(store: &Store, search: &str) -> Vec<(Option<String>, u64, usize)> {
    let query = CustomerQuery { search: search.into(), after: None, limit: 2 };
    let mut all = Vec::new();
    let mut query = query;
    loop {
        let page = store.read(|c| customers(c, WORKSPACE, &query, customer_count(c, WORKSPACE)?, &Clear)).unwrap();
        all.extend(page.rows.into_iter().map(|r| (r.name, r.interactions, r.identifiers.len())));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
}

#[test]
fn people_are_listed_found_explained_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut graph = IdentityGraph::default();
    let facts = [
        fact(1, "2026-01-01T00:00:00Z", serde_json::json!({"anonymous_id": "b-1"})),
        fact(2, "2026-01-03T00:00:00Z", serde_json::json!({"user_id": "u1", "anonymous_id": "b-1"})),
        fact(3, "2026-01-02T00:00:00Z", serde_json::json!({"user_id": "u1", "email": "Ana@Example.org"})),
        fact(4, "2026-01-04T00:00:00Z", serde_json::json!({"email": "bo@example.org"})),
        fact(5, "2026-01-05T00:00:00Z", serde_json::json!({"user_id": "null"})),
    ];
    // In two batches, so that rows meet rows.
    fold(&store, &mut graph, &facts[..2]);
    fold(&store, &mut graph, &facts[2..]);
    let everybody = [(Some("Ana 5".into()), 1, 0), (Some("Ana 4".into()), 1, 1), (Some("Ana 2".into()), 3, 3)];
    // Whether or not the order is kept as an index.
    for is_kept in [true, false, true] {
        store.write(|tx| keep_order_of_seen(tx, is_kept)).unwrap();
        assert_eq!(list(&store, ""), everybody);
    }
    assert_eq!(list(&store, "ana@ex"), [everybody[2].clone()]);
    assert_eq!(list(&store, "ana 4"), [everybody[1].clone()]);
    assert_eq!(list(&store, "nobody"), []);

    let id = graph.customer(facts[0].nodes(&SECRET)[0].0);
    let profile = store.read(|c| customer(c, WORKSPACE, id, &Clear)).unwrap().unwrap();
    assert_eq!((profile.identifiers.len(), profile.links.len()), (3, 2));
    assert!(profile.links.iter().all(|l| !l.a.kind.is_empty() && !l.b.kind.is_empty()));
    assert_eq!(profile.row.last_score.unwrap().value, 2.0);

    // The graph comes back from the tables.
    let (loaded, erased) = store.read(|c| load_graph(c, WORKSPACE, Default::default())).unwrap();
    assert!(erased.is_empty());
    assert_eq!(loaded.nodes(id), graph.nodes(id));

    let nodes: Vec<Node> = graph.nodes(id);
    store.write(|tx| forget(tx, WORKSPACE, &mut graph, &nodes, 9)).unwrap();
    assert_eq!(list(&store, ""), everybody[..2]);
    let (_, erased) = store.read(|c| load_graph(c, WORKSPACE, Default::default())).unwrap();
    assert_eq!(erased.len(), 3);
}

#[test]
fn who_is_named_in_full_comes_before_those_who_begin_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let facts: Vec<Interaction> =
        (0..200).map(|n| fact(n, "2026-01-01T00:00:00Z", serde_json::json!({"user_id": format!("w-{n}")}))).collect();
    fold(&store, &mut IdentityGraph::default(), &facts);
    for n in [1, 2, 10, 19] {
        let query = CustomerQuery { search: format!("w-{n}"), after: None, limit: 1 };
        let found = store.read(|c| customers(c, WORKSPACE, &query, 200, &Clear)).unwrap().rows;
        assert_eq!(found[0].identifiers[0].value, format!("w-{n}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// Names and answers of the same moment included.
    #[test]
    fn the_order_of_arrival_and_the_batches_change_no_row(
        days in prop::collection::vec((1_u32..4, 0_usize..4), 1..12),
        cut in 0_usize..12,
    ) {
        let people = [
            serde_json::json!({"anonymous_id": "b-1"}),
            serde_json::json!({"user_id": "u1", "anonymous_id": "b-1"}),
            serde_json::json!({"user_id": "u1"}),
            serde_json::json!({"user_id": "u2", "email": "bo@example.org"}),
        ];
        let facts: Vec<Interaction> = days
            .iter()
            .enumerate()
            .map(|(n, (day, who))| fact(n as u32, &format!("2026-01-0{day}T00:00:00Z"), people[*who].clone()))
            .collect();
        let cut = cut.min(facts.len());
        let at_once = rows(&[&facts]);
        prop_assert_eq!(&rows(&[&facts[..cut], &facts[cut..]]), &at_once);
        prop_assert_eq!(&rows(&[&facts[cut..], &facts[..cut]]), &at_once);
    }
}

/// The rows that batches of facts make, with times and counts.
fn rows(batches: &[&[Interaction]]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut graph = IdentityGraph::default();
    for batch in batches {
        fold(&store, &mut graph, batch);
    }
    let all = |c: &Connection| {
        let mut rows = c.prepare(
            "SELECT n.node, n.customer, s.first_seen, s.last_seen, s.interactions, n.name, n.name_at, a.value, a.answered_at
             FROM customers_nodes n JOIN customers_seen s ON s.workspace = n.workspace AND s.node = n.node
             LEFT JOIN customers_scores a ON a.workspace = n.workspace AND a.node = n.node ORDER BY n.node",
        )?;
        let line = |r: &throughline_store::sql::Row<'_>| {
            (0..9).map(|i| r.get::<_, throughline_store::sql::types::Value>(i).map(|v| format!("{v:?}"))).collect()
        };
        rows.query_map([], line)?.collect()
    };
    store.read(all).unwrap()
}

fn told(id: u32, at: &str, who: serde_json::Value, properties: serde_json::Value) -> Interaction {
    let mut fact = fact(id, at, who);
    fact.properties = properties.as_object().unwrap().clone();
    fact
}

/// What is known of the only customer, a line for each trait.
fn known(store: &Store) -> Vec<String> {
    let query = CustomerQuery { search: String::new(), after: None, limit: 2 };
    let rows = store.read(|c| customers(c, WORKSPACE, &query, 1, &Clear)).unwrap().rows;
    assert_eq!(rows.len(), 1);
    let profile = store.read(|c| customer(c, WORKSPACE, rows[0].id, &Clear)).unwrap().unwrap();
    let line = |t: &throughline_customers::Trait| {
        let told: Vec<String> = t
            .told
            .iter()
            .map(|v| {
                format!(
                    "{} {}–{} #{}",
                    v.value,
                    &v.first_said.to_string()[5..10],
                    &v.last_said.to_string()[5..10],
                    v.position
                )
            })
            .collect();
        format!("{}: {}", t.name, told.join(", "))
    };
    profile.traits.iter().map(line).collect()
}

#[test]
fn what_was_told_keeps_its_history_whatever_came_first() {
    let ana = || serde_json::json!({"user_id": "u1"});
    let both = serde_json::json!({"user_id": "u1", "email": "ana@example.org"});
    let facts = [
        told(1, "2026-01-01T00:00:00Z", ana(), serde_json::json!({"plan": "basic", "age": 41, "context": {"page": 1}})),
        told(
            2,
            "2026-02-01T00:00:00Z",
            both,
            serde_json::json!({"plan": "pro", "vip": true, "note": " ", "gone": null}),
        ),
        told(
            3,
            "2026-03-01T00:00:00Z",
            serde_json::json!({"email": "ana@example.org"}),
            serde_json::json!({"plan": "pro", "tags": ["a", "b"], "long": "x".repeat(501)}),
        ),
        told(4, "2026-04-01T00:00:00Z", ana(), serde_json::json!({"plan": "basic", "age": "41", "device": "phone"})),
    ];
    let expected = |position: fn(u64) -> u64| {
        let [one, two, three] = [1, 2, 3].map(position);
        vec![
            format!("age: 41 01-01–04-01 #{one}"),
            format!("plan: basic 01-01–04-01 #{one}, pro 02-01–03-01 #{two}"),
            format!("tags: [\"a\",\"b\"] 03-01–03-01 #{three}"),
            format!("vip: true 02-01–02-01 #{two}"),
        ]
    };
    for (order, position) in [([0, 1, 2, 3], (|p| p) as fn(u64) -> u64), ([3, 2, 1, 0], |p| 5 - p)] {
        for parts in [4, 1] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path());
            let mut graph = IdentityGraph::default();
            let arrived: Vec<Interaction> = order.iter().map(|i| facts[*i].clone()).collect();
            for (n, part) in arrived.chunks(4 / parts).enumerate() {
                let mut fold = Fold::new(WORKSPACE, &mut graph, &SECRET, &Clear);
                for (i, f) in part.iter().enumerate() {
                    let at = (n * (4 / parts) + i) as u64 + 1;
                    fold.add(f, f.message_key(&KeySecret([1; 16])), at).unwrap();
                }
                store.write(|tx| fold.write(tx)).unwrap();
            }
            assert_eq!(known(&store), expected(position), "{order:?} in {parts} parts");
            // Erased, nothing is left of it.
            let nodes = graph.nodes(graph.customer(facts[0].nodes(&SECRET)[0].0));
            store.write(|tx| Ok(forget(tx, WORKSPACE, &mut graph, &nodes, 9)?.len())).unwrap();
            let left: i64 =
                store.read(|c| c.query_row("SELECT COUNT(*) FROM customers_traits", [], |r| r.get(0))).unwrap();
            assert_eq!(left, 0);
        }
    }
}
