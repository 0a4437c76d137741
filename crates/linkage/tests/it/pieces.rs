//! Comparing, joining and judging, piece by piece.

use proptest::prelude::*;
use throughline_linkage::compare::{Level, edits, level, levels};
use throughline_linkage::{Column, Kind, Link, Table, people, quality, quality_across};

#[test]
fn values_are_alike_in_levels() {
    use Level::*;
    let check = |kind: Kind, a: &str, b: &str, expected: Level| {
        assert_eq!(level(kind, a, b), expected, "{a} {b}");
        assert_eq!(level(kind, b, a), expected, "{b} {a}");
    };
    check(Kind::Name, "anna", "anna", Same);
    check(Kind::Name, "anna", "", Missing);
    check(Kind::Name, "anna", "ana", Close);
    check(Kind::Name, "anna", "nana", Close);
    check(Kind::Name, "jonathan", "jonahtna", Close);
    check(Kind::Name, "anna", "anna maria", Alike);
    check(Kind::Name, "maria", "anna maria", Alike);
    check(Kind::Name, "vandenberg", "van den berg", Close);
    check(Kind::Name, "anna", "peter", Different);
    check(Kind::Name, "bo", "jo", Different);
    check(Kind::Digits, "4811", "4811", Same);
    check(Kind::Digits, "4811", "4181", Close);
    check(Kind::Digits, "4811", "4182", Different);
    check(Kind::Digits, "12", "13", Alike);
    check(Kind::Digits, "7", "8", Different);
    check(Kind::Digits, "7364009", "7346008", Alike);
    check(Kind::Date, "19710504", "19710405", Alike);
    check(Kind::Date, "19710504", "19710514", Close);
    check(Kind::Date, "19710504", "19880411", Different);
    check(Kind::Category, "wa", "wa", Same);
    check(Kind::Category, "wa", "nsw", Different);
}

#[test]
fn a_value_in_the_wrong_column_counts_as_moved() {
    let kinds = [Kind::Name, Kind::Name, Kind::Digits];
    let row = |a: &str, b: &str, c: &str| [a, b, c].map(str::to_owned).to_vec();
    let mut out = [Level::Missing; 3];
    levels(&kinds, &row("anna", "sturm", "17"), &row("sturm", "anna", "17"), &mut out);
    assert_eq!(out, [Level::Moved, Level::Moved, Level::Same]);
    levels(&kinds, &row("anna", "sturm", "17"), &row("peter", "sturm", "17"), &mut out);
    assert_eq!(out, [Level::Different, Level::Same, Level::Same]);
}

#[test]
fn columns_are_guessed_and_values_normalised() {
    let names = ["first name", "born", "post code", "state", "street", "note"].map(str::to_owned);
    let rows: Vec<Vec<String>> = (0..40)
        .map(|i| {
            [
                format!("N{i}"),
                format!("19{:02}-03-{:02}", i + 40, i % 27 + 1),
                format!("{}", 1000 + i),
                ["wa", "NSW"][i % 2].into(),
                format!("Street {}", "a".repeat(i + 1)),
                String::new(),
            ]
            .to_vec()
        })
        .collect();
    let columns = Table::guess(&names, &rows);
    let kinds: Vec<Kind> = columns.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [Kind::Name, Kind::Date, Kind::Digits, Kind::Category, Kind::Text, Kind::Ignored]);
    let mut table = Table::new(vec![
        Column { name: "n".into(), kind: Kind::Name },
        Column { name: "d".into(), kind: Kind::Date },
        Column { name: "p".into(), kind: Kind::Digits },
    ]);
    table.push(["  José-Luís O’Neill ", "04.05.1971", "SW1A 2AA", "too much"]);
    table.push(["NULL"]);
    assert_eq!(
        table.rows,
        [["jose luis oneill", "19710504", "sw1a2aa"].map(str::to_owned).to_vec(), vec![String::new(); 3]]
    );
}

#[test]
fn one_link_does_not_make_two_groups_one() {
    let link = |a, b, probability| Link { a, b, probability };
    let twice = [link(0, 1, 0.99), link(2, 3, 0.99), link(1, 2, 0.6)];
    assert_eq!(people(4, &twice, 0.5), [0, 0, 2, 2]);
    assert_eq!(people(4, &[&twice[..], &[link(0, 3, 0.55)]].concat(), 0.5), [0, 0, 0, 0]);
    assert_eq!(people(3, &[link(0, 1, 0.99), link(1, 2, 0.6)], 0.5), [0, 0, 0], "a single record joins by one");
}

proptest! {
    #[test]
    fn groups_are_within_what_links_connect(links in prop::collection::vec((0_u32..20, 0_u32..20, 0_u8..10), 0..30)) {
        let all: Vec<Link> = links
            .iter()
            .filter(|(a, b, _)| a < b)
            .map(|(a, b, p)| Link { a: *a, b: *b, probability: f64::from(*p) / 10.0 })
            .collect();
        let found = people(20, &all, 0.5);
        // What links connect at all, by spreading the smallest name until nothing changes.
        let mut connected: Vec<u32> = (0..20).collect();
        for _ in 0..20 {
            for l in all.iter().filter(|l| l.probability >= 0.5) {
                let least = connected[l.a as usize].min(connected[l.b as usize]);
                (connected[l.a as usize], connected[l.b as usize]) = (least, least);
            }
        }
        for (at, group) in found.iter().enumerate() {
            prop_assert_eq!(connected[at], connected[*group as usize], "nobody is joined without a link");
            prop_assert!(*group as usize <= at && found[*group as usize] == *group);
        }
        // A record on its own that has a link joins somebody.
        for l in all.iter().filter(|l| l.probability >= 0.5) {
            let size = |g: u32| found.iter().filter(|f| **f == g).count();
            prop_assert!(size(found[l.a as usize]) > 1 && size(found[l.b as usize]) > 1);
        }
        let mut turned = all.clone();
        turned.reverse();
        if all.iter().map(|l| (l.a, l.b)).collect::<std::collections::HashSet<_>>().len() == all.len() {
            prop_assert_eq!(people(20, &turned, 0.5), found, "whatever their order");
        }
    }

    #[test]
    fn pairs_are_counted_as_by_hand(found in prop::collection::vec(0_u8..6, 12), truth in prop::collection::vec(0_u8..6, 12)) {
        let q = quality(&found, &truth);
        let (mut right, mut joined, mut all) = (0, 0, 0);
        for i in 0..12 {
            for j in i + 1..12 {
                joined += u64::from(found[i] == found[j]);
                all += u64::from(truth[i] == truth[j]);
                right += u64::from(found[i] == found[j] && truth[i] == truth[j]);
            }
        }
        prop_assert_eq!((q.right, q.joined, q.true_pairs), (right, joined, all));
        let across = |same: &dyn Fn(usize, usize) -> bool| (0..5).flat_map(|i| (5..12).map(move |j| (i, j))).filter(|(i, j)| same(*i, *j)).count() as u64;
        let q = quality_across(&found, &truth, 5);
        prop_assert_eq!(q.right, across(&|i, j| found[i] == found[j] && truth[i] == truth[j]));
        prop_assert_eq!(q.joined, across(&|i, j| found[i] == found[j]));
        prop_assert_eq!(q.true_pairs, across(&|i, j| truth[i] == truth[j]));
    }

    #[test]
    fn edits_are_those_of_another_library(a in "[a-d]{0,9}", b in "[a-d]{0,9}") {
        for most in 1..4 {
            prop_assert_eq!(edits(&a, &b, most), strsim::osa_distance(&a, &b).min(most + 1));
        }
    }

    #[test]
    fn slips_are_slips(word in "[a-z]{5,12}", at in 0_usize..4, by in "[a-z]") {
        let mut slip = word.clone();
        slip.replace_range(at..=at, &by);
        let expected = if slip == word { Level::Same } else { Level::Close };
        prop_assert_eq!(level(Kind::Name, &word, &slip), expected);
        slip.remove(at);
        prop_assert_eq!(level(Kind::Digits, &word, &slip), Level::Close);
    }

    #[test]
    fn whatever_stands_there_is_compared(a in ".{0,20}", b in ".{0,20}") {
        for kind in [Kind::Name, Kind::Text, Kind::Digits, Kind::Date, Kind::Category] {
            let mut table = Table::new(vec![Column { name: "x".into(), kind }]);
            table.push([a.as_str()]);
            table.push([b.as_str()]);
            let (x, y) = (&table.rows[0][0], &table.rows[1][0]);
            prop_assert_eq!(level(kind, x, y), level(kind, y, x));
        }
    }
}
