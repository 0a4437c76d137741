//! Online Retail: every line is a fact, the identical ones too.

use crate::world::{Imported, import_example};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_line_is_a_fact_of_its_own() {
    let Some(imported) = import_example("online-retail") else { return };
    let Imported { interactions, rejects, progress } = imported;
    assert_eq!(rejects, []);
    assert_eq!((progress.rows, progress.taken, progress.skipped), (370_931, 370_931, 0));
    assert_eq!(interactions.len(), 370_931);

    let mut events: BTreeMap<&str, usize> = BTreeMap::new();
    for i in &interactions {
        *events.entry(&i.event).or_default() += 1;
    }
    assert_eq!(
        events.into_iter().collect::<Vec<_>>(),
        [("Debt Adjusted", 3), ("Items Purchased", 363_253), ("Items Returned", 6_652), ("Stock Adjusted", 1_023)]
    );

    // Identical lines differ by their occurrence number only.
    let ids: BTreeSet<&str> = interactions.iter().map(|i| i.message_id.as_str()).collect();
    assert_eq!(ids.len(), 370_931);
    let numbered: Vec<_> = ids.iter().filter(|id| id.contains('-')).collect();
    assert_eq!(numbered.len(), 2_848);
    assert!(numbered.iter().all(|id| ids.contains(&id[..32])));

    let with = |kind: &str| interactions.iter().filter(|i| i.identifiers.iter().any(|id| id.kind == kind)).count();
    assert_eq!((with("user_id"), with("visit")), (370_931 - 98_056, 98_056));
    let people: BTreeSet<&str> = interactions
        .iter()
        .flat_map(|i| &i.identifiers)
        .filter(|id| id.kind == "user_id")
        .map(|id| id.value.as_str())
        .collect();
    assert_eq!(people.len(), 3_658);
    assert!(people.contains("17850") && people.iter().all(|p| p.bytes().all(|b| b.is_ascii_digit())));

    let total: i64 = interactions.iter().map(|i| i.money.unwrap().minor).sum();
    assert_eq!(total, 678_161_900, "the sum of quantity times price in pence");
    assert!(interactions.iter().filter(|i| i.event == "Items Returned").all(|i| i.money.unwrap().minor < 0));
    assert_eq!(interactions[0].occurred_at.to_string(), "2010-12-01T08:26:00Z");
    assert!(interactions.iter().enumerate().all(|(n, i)| i.source_seq as usize == n));
}
