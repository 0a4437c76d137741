//! People who share an address, a surname and a post code are not one person; somebody who moved is.

use throughline_linkage::{Column, Kind, Options, Table, link, people, quality};

const FIRST: [&str; 24] = [
    "anna", "ben", "clara", "david", "emma", "felix", "greta", "henry", "ida", "jonas", "klara", "leo", "mia", "noah",
    "olga", "paul", "quinn", "rosa", "simon", "thea", "uwe", "vera", "willem", "yara",
];

/// 400 families of three, each member of whom occurs twice, the second time with a slip or after a move.
fn town() -> (Table, Vec<usize>) {
    let column = |name: &str, kind| Column { name: name.into(), kind };
    let mut table = Table::new(vec![
        column("first name", Kind::Name),
        column("surname", Kind::Name),
        column("street", Kind::Text),
        column("post code", Kind::Digits),
        column("born", Kind::Date),
    ]);
    let syllables = ["ber", "lan", "mor", "tis", "vik", "dor", "hal", "wen", "gar", "nel"];
    let word = |n: usize| format!("{}{}{}", syllables[n % 10], syllables[n / 10 % 10], syllables[n / 100 % 10]);
    let mut whose = Vec::new();
    for family in 0..400 {
        let (surname, street) =
            (word(family * 7 % 1000), format!("{} street {}", word(family * 3 % 1000), family % 40 + 1));
        let post = format!("{}", 10_000 + family * 13 % 900);
        for member in 0..3 {
            let first = FIRST[(family * 5 + member * 7) % 24];
            // Parents and a child; twins would share a birthday too.
            let born = format!(
                "{}-{:02}-{:02}",
                1950 + member * 4 + family % 30,
                family % 12 + 1,
                (family + member * 9) % 28 + 1
            );
            let person = family * 3 + member;
            table.push([first, &surname, &street, &post, &born]);
            let (moved, slip) = (person % 5 == 0, person % 3 == 0);
            let written = if slip {
                format!("{}{}", &first[1..2], &first.replacen(&first[1..2], "", 1))
            } else {
                first.to_owned()
            };
            let (street, post) = if moved {
                (format!("{} road 9", word(person % 1000)), "99999".to_owned())
            } else {
                (street.clone(), post.clone())
            };
            table.push([written.as_str(), &surname, &street, &post, &born]);
            whose.extend([person, person]);
        }
    }
    (table, whose)
}

#[test]
fn families_stay_apart_and_movers_stay_one() {
    let (table, whose) = town();
    let linkage = link(&table, None, &Options::default());
    let q = quality(&people(table.rows.len(), &linkage.links, 0.5), &whose);
    assert!(q.precision() >= 0.99 && q.recall() >= 0.97, "{q:?} {:?}", linkage.parents);
    // Who shares a street shares the post code: one is judged given the other.
    let place = [linkage.parents[2], linkage.parents[3]];
    assert!(place.contains(&Some(3)) || place.contains(&Some(2)), "{:?}", linkage.parents);
}

#[test]
fn nothing_and_hardly_anything_is_linked_without_breaking_down() {
    let column = Column { name: "name".into(), kind: Kind::Name };
    let mut table = Table::new(vec![column]);
    assert!(link(&table, None, &Options::default()).links.is_empty());
    table.push(["anna"]);
    assert!(link(&table, None, &Options::default()).links.is_empty());
    assert!(link(&table, Some(1), &Options::default()).links.is_empty());
    table.push([""]);
    table.push(["anna"]);
    let linkage = link(&table, None, &Options::default());
    assert!(linkage.links.iter().all(|l| (0.0..=1.0).contains(&l.probability)), "{:?}", linkage.links);
    let mut ignored = Table::new(vec![Column { name: "x".into(), kind: Kind::Ignored }]);
    ignored.push(["a"]);
    ignored.push(["a"]);
    assert!(link(&ignored, None, &Options::default()).links.is_empty());
}
