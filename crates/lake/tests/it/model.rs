//! Any sequence of appends, merges, unmerges, erasures, compactions and vacuums, against a list of
//! rows and a map.

use crate::world::{Place, check, later, now, person, row};
use proptest::prelude::{ProptestConfig, Strategy, any};
use proptest::{prop_oneof, proptest};
use std::collections::BTreeMap;
use throughline_lake::Redirects;
use throughline_timeline::Row;

#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    Repeat,
    /// The second joins the first.
    Merge(u8, u8),
    Unmerge(u8),
    Compact,
    Erase(u8),
    Vacuum,
    Reopen,
}

const PEOPLE: u8 = 8;

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE;
    prop_oneof![
        6 => (1..40_u8).prop_map(Step::Append),
        1 => proptest::strategy::Just(Step::Repeat),
        3 => (who(), who()).prop_map(|(a, b)| Step::Merge(a, b)),
        2 => who().prop_map(Step::Unmerge),
        2 => proptest::strategy::Just(Step::Compact),
        1 => who().prop_map(Step::Erase),
        1 => proptest::strategy::Just(Step::Vacuum),
        1 => proptest::strategy::Just(Step::Reopen),
    ]
}

/// The people of nodes: each node's customer now. Ids are the smallest node, as in the product.
fn customer_of(groups: &BTreeMap<u64, u64>, node: u64) -> u64 {
    let group = groups[&node];
    groups.iter().filter(|(_, g)| **g == group).map(|(n, _)| *n).min().unwrap()
}

async fn run(steps: Vec<Step>, seed: u64) {
    let place = Place::new();
    let mut lake = place.open().await;
    let mut rows: Vec<Row> = Vec::new();
    let mut groups: BTreeMap<u64, u64> = (0..PEOPLE).map(|n| (person(n.into()), u64::from(n))).collect();
    let mut next = 0;
    let mut last: Vec<Row> = Vec::new();
    let mut fresh = 100;
    for step in steps {
        let node = |n: u8| person(n.into());
        let redirects = Redirects::new(groups.keys().map(|n| (*n, customer_of(&groups, *n))));
        match step {
            Step::Append(count) => {
                last = (next..next + u64::from(count))
                    .map(|p| {
                        let node = node((crate::world::mix(p ^ seed) % u64::from(PEOPLE)) as u8);
                        row(p, customer_of(&groups, node), node)
                    })
                    .collect();
                next += u64::from(count);
                lake.append(next - 1, last.clone(), now()).await.unwrap();
                rows.extend(last.clone());
            }
            Step::Repeat if next > 0 => {
                lake.append(next - 1, last.clone(), now()).await.unwrap();
            }
            Step::Repeat => {}
            Step::Merge(a, b) => {
                let (a, b) = (groups[&node(a)], groups[&node(b)]);
                groups.values_mut().filter(|g| **g == b).for_each(|g| *g = a);
            }
            Step::Unmerge(n) => {
                fresh += 1;
                groups.insert(node(n), fresh);
            }
            Step::Compact => {
                lake.compact(&redirects, now()).await.unwrap();
            }
            Step::Erase(n) => {
                let customer = customer_of(&groups, node(n));
                let nodes: Vec<u64> = groups.keys().copied().filter(|n| customer_of(&groups, *n) == customer).collect();
                let before = rows.len();
                rows.retain(|r| !nodes.contains(&r.node));
                last.retain(|r| !nodes.contains(&r.node));
                let erased = lake.erase(&[customer], &nodes, &redirects, now()).await.unwrap();
                assert_eq!(erased.rows as usize, before - rows.len());
            }
            Step::Vacuum => {
                lake.vacuum(later(2)).await.unwrap();
            }
            Step::Reopen => lake = place.open().await,
        }
    }
    let redirects = Redirects::new(groups.keys().map(|n| (*n, customer_of(&groups, *n))));
    check(&lake, &rows, &redirects).await;
    let verified = lake.verify().await.unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    assert_eq!(verified.rows as usize, rows.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_reads_as_the_oracle_says(
        steps in proptest::collection::vec(step(), 1..14),
        seed in any::<u64>(),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(run(steps, seed));
    }
}
