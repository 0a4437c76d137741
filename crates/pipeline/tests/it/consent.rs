//! Consent holds by when it was said, in whatever order it arrives, and a rebuild and an erasure know all of it.

use crate::world::{SHOP, open, same_after_a_rebuild, send};
use serde_json::json;
use throughline_customers::CustomerQuery;
use throughline_pipeline::Engine;

fn said(id: &str, at: &str, yes: bool) -> serde_json::Value {
    json!({"message_id": id, "event": "Consent Changed", "occurred_at": at, "consent": {"Marketing": yes},
           "identifiers": {"email": "ana@example.org"}})
}

fn customer(engine: &Engine) -> u64 {
    let query = CustomerQuery { search: "ana@example.org".into(), after: None, limit: 1 };
    engine.customers(SHOP, &query).unwrap().rows[0].id
}

/// Allowed, and every word.
fn ledger(engine: &Engine) -> (bool, Vec<(String, bool)>) {
    let profile = engine.profile(SHOP, engine.customer(SHOP, customer(engine)).unwrap()).unwrap();
    let [consent] = &profile.consents[..] else { panic!("{:?}", profile.consents) };
    assert_eq!(consent.purpose, "marketing");
    (consent.allowed, consent.words.iter().map(|w| (w.seen.at.to_string(), w.allowed)).collect())
}

#[test]
fn the_later_word_holds_in_whatever_order_words_arrive() {
    let words = [
        ("2026-01-01T00:00:00Z", true),
        ("2026-01-02T00:00:00Z", false),
        ("2026-01-03T00:00:00Z", true),
        ("2026-01-03T00:00:00Z", false),
        ("2026-01-04T00:00:00Z", true),
    ];
    let mut told = Vec::new();
    // Every turn of the list, forwards and backwards.
    for turn in 0..words.len() {
        for backwards in [false, true] {
            let mut order: Vec<usize> = (0..words.len()).collect();
            order.rotate_left(turn);
            if backwards {
                order.reverse();
            }
            let dir = tempfile::tempdir().unwrap();
            let engine = open(dir.path(), None);
            for n in order {
                send(&engine, vec![said(&format!("m{n}"), words[n].0, words[n].1)]);
                engine.wait_folded().unwrap();
            }
            told.push(ledger(&engine));
            same_after_a_rebuild(engine, dir.path());
        }
    }
    let expected = words.map(|(at, allowed)| (at.to_owned(), allowed)).to_vec();
    assert!(told.iter().all(|t| *t == (true, expected.clone())), "{told:?}");
}

#[test]
fn an_erasure_takes_the_words_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    send(&engine, vec![said("1", "2026-01-01T00:00:00Z", true), said("2", "2026-01-02T00:00:00Z", false)]);
    engine.wait_folded().unwrap();
    let count = |engine: &Engine| -> i64 {
        let sql = "SELECT COUNT(*) FROM pipeline_consent_words";
        engine.store().read(|c| c.query_row(sql, [], |r| r.get(0))).unwrap()
    };
    assert_eq!(count(&engine), 2);
    engine.erase(SHOP, "bo", customer(&engine)).unwrap();
    assert_eq!(count(&engine), 0);
    same_after_a_rebuild(engine, dir.path());
}
