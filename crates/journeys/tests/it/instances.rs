//! Splitting against a reading of the rules that is as plain as possible.

use crate::stories::stories;
use crate::world::{buy_and_receive, compile, snapshot};
use proptest::prelude::*;
use std::collections::BTreeMap;
use throughline_journeys::{Definition, Ending, Splitter};
use throughline_timeline::{Row, Snapshot};

/// What is compared: subject, rows, the row of each stage, dissatisfied answers, deliveries, ending.
type Plain = (u64, Vec<u32>, Vec<Option<u32>>, Vec<(u32, bool)>, Vec<Option<i64>>, Ending);

pub fn split_slowly(definition: &Definition, end: i64, customer: u64, rows: &[Row]) -> Vec<Plain> {
    let mut groups: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        match &definition.subject {
            None => groups.entry(customer).or_default().push(i as u32),
            Some(kind) => {
                for (k, hash) in &row.subjects {
                    if **k == **kind {
                        groups.entry(*hash).or_default().push(i as u32);
                    }
                }
            }
        }
    }
    let mut all: Vec<Plain> = Vec::new();
    for (subject, own) in groups {
        let mut stages: Vec<Option<u32>> = vec![None; definition.stages.len()];
        for &i in &own {
            let row = &rows[i as usize];
            for s in 0..stages.len() {
                let stage = &definition.stages[s];
                let open = stages[s].is_none() && (s == 0 || stages[0].is_some());
                let on = stage.channel.as_ref().is_none_or(|c| **c == *row.channel);
                if open && on && stage.events.iter().any(|e| **e == *row.event) {
                    stages[s] = Some(i);
                    break;
                }
            }
        }
        let Some(start) = stages[0] else { continue };
        let at = |i: u32| rows[i as usize].order.occurred_at.0;
        let finish = definition.finishing_stages().iter().filter_map(|&s| stages[s]).map(at).min();
        let cancelled = own
            .iter()
            .copied()
            .find(|&i| i >= start && definition.drop_out.events.iter().any(|e| **e == *rows[i as usize].event));
        let last = own.iter().map(|&i| at(i)).max().unwrap().max(at(start));
        let silent = last + definition.drop_out.silence.micros();
        let ending = match (finish, cancelled.map(at)) {
            (Some(f), Some(c)) if c < f => Ending::Dropped(c),
            (Some(f), _) => Ending::Finished(f),
            (None, Some(c)) => Ending::Dropped(c),
            (None, None) if silent <= end => Ending::Dropped(silent),
            (None, None) => Ending::Waiting,
        };
        let answers =
            own.iter().filter_map(|&i| rows[i as usize].score.as_ref().map(|s| (i, s.value <= 2.0))).collect();
        let promised = own.iter().copied().find(|&i| rows[i as usize].promise.is_some());
        let deliveries = promised
            .map(|p| own.iter().copied().find(|&i| i > p && &*rows[i as usize].event == "Order Delivered").map(at));
        all.push((subject, own, stages, answers, deliveries.into_iter().collect(), ending));
    }
    all.sort_by_key(|i| (i.2[0], i.0));
    for stage in (0..definition.stages.len()).filter(|&s| definition.stages[s].next_instance) {
        for i in 1..all.len() {
            all[i - 1].2[stage] = all[i].2[0];
        }
    }
    all
}

fn check(definition: Definition, snapshot: &Snapshot) {
    let compiled = compile(definition, snapshot);
    for bucket in 0..snapshot.buckets() {
        for id in snapshot.customer_ids(bucket) {
            let customer = snapshot.customer(id).unwrap();
            let mut splitter = Splitter::new(&compiled, customer.segment());
            let stages = compiled.definition.stages.len();
            let got: Vec<Plain> = splitter
                .split(&compiled, &customer)
                .iter()
                .map(|i| {
                    let answers = i.answers.iter().map(|a| (a.row, a.dissatisfied)).collect();
                    let deliveries = i.promises.iter().map(|p| p.delivered).collect();
                    let stages = (0..stages).map(|s| i.stage_row(s)).collect();
                    (i.subject, i.rows.clone(), stages, answers, deliveries, i.ending)
                })
                .collect();
            let rows = snapshot.customer_rows(id).unwrap().unwrap();
            assert_eq!(got, split_slowly(&compiled.definition, compiled.end, id, &rows));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn splitting_equals_the_plain_reading(rows in stories(3, 60)) {
        let snapshot = snapshot(rows, 2);
        check(buy_and_receive(), &snapshot);
        let mut whole = buy_and_receive();
        whole.subject = None;
        whole.stages.retain(|s| !s.next_instance);
        whole.outcomes.retain(|o| !o.next_instance);
        whole.stages[1].channel = Some("store".to_owned());
        check(whole, &snapshot);
    }
}
