//! Errors of recipes name their line, their column and the mend; no text makes the reader panic.

use crate::world::{World, example};
use proptest::prelude::*;

const RECIPE: &str = r#"name = "shop"
source = "import:shop"
zone = "Europe/Berlin"

[files.orders]
path = "orders.csv"

[files.items]
path = "items.csv"
key = "order"

[[interactions]]
from = "orders"
event = "Order Placed"
occurred_at = "at"
join = [{ file = "items", on = "id", many = "list" }]
"#;

fn check(from: &str, to: &str, expected: &str) {
    assert!(RECIPE.contains(from), "{from}");
    let world = World::new(&[("orders.csv", b"id,at\n"), ("items.csv", b"order,n\n")]);
    assert_eq!(world.refusal(&RECIPE.replace(from, to)), expected);
}

#[test]
fn slips_are_pointed_at() {
    check(
        "zone = \"Europe",
        "zona = \"Europe",
        "recipe.toml:3:1: unknown field `zona`, expected one of `name`, `source`, `zone`, `currency`, `channel`, `files`, `interactions`; did you mean `zone`?",
    );
    check(
        "Europe/Berlin",
        "Mars/Base",
        "recipe.toml:3:9: `Mars/Base` is not a time zone; write an IANA name such as Europe/Berlin",
    );
    check(
        "import:shop",
        "im port",
        "recipe.toml:2:11: `source` is `im port`; write up to 100 letters, digits and -_.:/ such as \"import:shop\"",
    );
    check(
        "from = \"orders\"",
        "from = \"order\"",
        "recipe.toml:13:9: there is no file `order` in the recipe; it has items, orders; did you mean `orders`?",
    );
    check("event = \"Order Placed\"\n", "", "recipe.toml:12:1: missing field `event`");
    check(
        "occurred_at = \"at\"",
        "occurred_at = 7",
        "recipe.toml:15:15: invalid type: integer `7`, expected the name of a column in quotes, or a table in braces",
    );
    check(
        "occurred_at = \"at\"",
        "occurred_at = { column = \"at\", format = \"dd/mm\" }",
        "recipe.toml:15:42: `dd/mm` is not a pattern of times; write one such as \"%d/%m/%Y %H:%M\", or \"unix_seconds\", \"unix_millis\" or \"unix_micros\"",
    );
    check("\"list\"", "\"all\"", "recipe.toml:16:45: unknown variant `all`, expected one of `first`, `list`, `each`");
    check(
        "key = \"order\"",
        "",
        "recipe.toml:16:19: file `items` is joined but has no key; add `key = \"…\"` to [files.items], the column by which its rows are found",
    );
    check(
        "Placed\"",
        "Placed\"\nscore = { kind = \"taste\", value = \"x\" }",
        "recipe.toml:15:19: score `taste` needs its scale: give `min` and `max`",
    );
    check(
        "Placed\"",
        "Placed\"\nmoney = \"price\"",
        "recipe.toml:15:1: `money` has no currency; write `currency = \"EUR\"` here, or once at the top of the recipe",
    );
    check(
        "Placed\"",
        "Placed\"\nscore = { kind = \"nps\", value = \"items.n\" }",
        "recipe.toml:15:34: `items.n` has several values, because its file is joined as a list; only one fits here: use `sum`, or join with `many = \"first\"`",
    );
    check(
        "Placed\"",
        "Placed\"\nrefs = { order = { colum = \"x\" } }",
        "recipe.toml:15:20: unknown field `colum`, expected one of `column`, `constant`, `sum`, `times`, `count`, `map`, `default`, `as`, `trim_prefix`, `trim_suffix`, `split`, `unless`; did you mean `column`?",
    );
    check(
        "Placed\"",
        "Placed\"\nrefs = { order = { map = {} } }",
        "recipe.toml:15:8: a value needs exactly one of `column`, `constant`, `sum`, `times` and `count`",
    );
    check(
        "Placed\"",
        "Placed\"\nwhen = { column = \"at\" }",
        "recipe.toml:15:20: the condition on `at` says nothing; add `is`, `is_not`, `starts_with`, `not_starts_with`, `empty`, `above` or `below`",
    );
    check(
        "Placed\"",
        "Placed\"\nactor = \"robot\"",
        "recipe.toml:15:10: `robot` is not one of human, agent, bot, prefetch, system, internal",
    );
    check("[files.items]", "[files.items", "recipe.toml:8:13: unclosed table, expected `]`");
    check("\"at\"", "\"placed\"", "file `orders` has no column `placed`; it has id, at");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_mutation_makes_it_panic(cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[\"{}\\[\\]=,.#a-z0-9\n ]{0,6}"), 1..6), which in 0_usize..3) {
        let mut text = match which {
            0 => RECIPE.to_owned(),
            1 => std::fs::read_to_string(example("olist")).unwrap(),
            _ => std::fs::read_to_string(example("online-retail")).unwrap(),
        };
        for (at, n, new) in cuts {
            let chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len() + 1);
            text = chars[..at].iter().copied().chain(new.chars()).chain(chars.iter().skip(at + n).copied()).collect();
        }
        World::new(&[("orders.csv", b"id,at\n1,2026-01-01\n"), ("items.csv", b"order,n\n1,2\n")]).refusal(&text);
    }
}
