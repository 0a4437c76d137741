//! What the words of a recipe do.

use crate::world::World;
use serde_json::{Value, json};

/// Imports `files` and compares what the recipe's lines made of them, leaving out what every
/// interaction has.
fn check(files: &[(&str, &str)], recipe: &str, expected: &[Value]) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    let head = "name = \"t\"\nsource = \"t\"\nzone = \"UTC\"\ncurrency = \"EUR\"\n";
    let imported = World::new(&files).import(&format!("{head}{recipe}"));
    let got: Vec<Value> = imported
        .interactions
        .iter()
        .map(|i| {
            let mut v = serde_json::to_value(i).unwrap();
            for known in ["workspace", "source", "message_id", "zone", "received_at", "source_seq", "occurred_at"] {
                v.as_object_mut().unwrap().remove(known);
            }
            v
        })
        .collect();
    assert_eq!(got, expected, "{:?}", imported.rejects);
}

const A: &str = "[files.a]\npath = \"a.csv\"\n";

#[test]
fn words_and_columns() {
    check(
        &[("a.csv", "at,kind,who,lang\n2026-01-01,c,agent,\n2026-01-01,x,human,de\n")],
        &format!(
            "{A}[[interactions]]\nfrom = \"a\"\noccurred_at = \"at\"\nactor = {{ column = \"who\" }}\ndirection = \"out\"\n\
             event = {{ column = \"kind\", map = {{ c = \"Chat Opened\" }}, default = \"Contact\" }}\nchannel = \"chat\"\ntouchpoint = \"help\"\n\
             properties = {{ language = {{ column = [\"lang\", \"kind\"] }} }}\n"
        ),
        &[
            json!({"event": "Chat Opened", "channel": "chat", "touchpoint": "help", "actor": "agent", "direction": "out", "properties": {"language": "c"}}),
            json!({"event": "Contact", "channel": "chat", "touchpoint": "help", "direction": "out", "properties": {"language": "de"}}),
        ],
    );
}

#[test]
fn values_are_read_as_the_recipe_says() {
    check(
        &[("a.csv", "at,id,n,b,tags,opt\n2026-01-01, 17850.0 ,2.50,yes,red; blue;;red,no\n2026-01-01,NULL,,0,,1\n")],
        "[files.a]\npath = \"a.csv\"\nempty = [\"NULL\"]\n[[interactions]]\nfrom = \"a\"\noccurred_at = \"at\"\nevent = \"E\"\n\
         identifiers = { user_id = { column = \"id\", as = \"integer\" }, till = { column = \"id\", trim_suffix = \".0\" }, visit = { constant = \"v\", unless = \"id\" } }\n\
         refs = { tag = { column = \"tags\", split = \";\" } }\nconsent = { mail = \"opt\" }\n\
         properties = { n = { column = \"n\", as = \"number\" }, b = { column = \"b\", as = \"boolean\" }, tags = { column = \"tags\", split = \";\", default = \"none\" } }\n",
        &[
            json!({"event": "E", "identifiers": [{"kind": "till", "value": "17850"}, {"kind": "user_id", "value": "17850"}],
                "refs": [{"kind": "tag", "value": "red"}, {"kind": "tag", "value": "blue"}], "consent": {"mail": false},
                "properties": {"b": true, "n": 2.5, "tags": ["red", "blue"]}}),
            json!({"event": "E", "identifiers": [{"kind": "visit", "value": "v"}], "consent": {"mail": true}, "properties": {"b": false, "tags": "none"}}),
        ],
    );
}

#[test]
fn amounts_are_exact() {
    check(
        &[("a.csv", "at;price;n;cur\n2026-01-01;1.234,565;3;usd\n2026-01-01;0,1;3;JPY\n2026-01-01;;3;EUR\n")],
        "[files.a]\npath = \"a.csv\"\ndelimiter = \";\"\ndecimal = \",\"\n[[interactions]]\nfrom = \"a\"\noccurred_at = \"at\"\nevent = \"E\"\n\
         money = { amount = { times = [\"price\", \"n\"] }, currency = { column = \"cur\" }, negate = true }\n\
         properties = { price = { column = \"price\", as = \"number\" } }\n",
        &[
            json!({"event": "E", "money": {"minor": -370_370, "currency": "USD"}, "properties": {"price": 1234.565}}),
            json!({"event": "E", "money": {"minor": 0, "currency": "JPY"}, "properties": {"price": 0.1}}),
            json!({"event": "E"}),
        ],
    );
}

const JOINED: &[(&str, &str)] = &[
    ("orders.csv", "order,person,at\no1,p1,2026-01-01\no2,p9,2026-01-02\n"),
    ("people.csv", "id,email\np1,a@b.c\n"),
    ("items.csv", "order,product,price,n\no1,x,1.10,2\no1,y,2.25,1\no1,x,1.10,1\n"),
    ("products.csv", "id,kind\nx,toy\ny,book\n"),
];
const FILES: &str = "[files.orders]\npath = \"orders.csv\"\n[files.people]\npath = \"people.csv\"\nkey = \"id\"\n\
     [files.items]\npath = \"items.csv\"\nkey = \"order\"\n[files.products]\npath = \"products.csv\"\nkey = \"id\"\n\
     [[interactions]]\nfrom = \"orders\"\noccurred_at = \"at\"\n";

#[test]
fn joined_rows_are_listed_summed_and_counted() {
    check(
        JOINED,
        &format!(
            "{FILES}event = \"Order Placed\"\njoin = [{{ file = \"people\", on = \"person\" }}, {{ file = \"items\", on = \"order\", many = \"list\" }}, {{ file = \"products\", on = \"items.product\" }}]\n\
             identifiers = {{ email = \"people.email\" }}\nrefs = {{ order = \"order\", product = \"items.product\" }}\n\
             money = {{ amount = {{ times = [\"items.price\", \"items.n\"] }} }}\n\
             properties = {{ kinds = \"products.kind\", lines = {{ count = \"items\" }}, units = {{ sum = \"items.n\" }}, both = {{ sum = [\"items.n\", \"items.price\"] }} }}\n"
        ),
        &[
            json!({"event": "Order Placed", "identifiers": [{"kind": "email", "value": "a@b.c"}],
                "refs": [{"kind": "order", "value": "o1"}, {"kind": "product", "value": "x"}, {"kind": "product", "value": "y"}],
                "money": {"minor": 555, "currency": "EUR"},
                "properties": {"both": 8.45, "kinds": ["toy", "book"], "lines": 3, "units": 4}}),
            json!({"event": "Order Placed", "refs": [{"kind": "order", "value": "o2"}], "properties": {"lines": 0}}),
        ],
    );
}

#[test]
fn each_joined_row_may_be_an_interaction() {
    check(
        JOINED,
        &format!(
            "{FILES}event = \"Item Bought\"\njoin = [{{ file = \"items\", on = \"order\", many = \"each\" }}, {{ file = \"products\", on = \"items.product\" }}]\n\
             when = {{ column = \"products.kind\", is = \"toy\" }}\nrefs = {{ product = \"items.product\" }}\nmoney = \"items.price\"\n"
        ),
        &[
            json!({"event": "Item Bought", "refs": [{"kind": "product", "value": "x"}], "money": {"minor": 110, "currency": "EUR"}}),
            json!({"event": "Item Bought", "refs": [{"kind": "product", "value": "x"}], "money": {"minor": 110, "currency": "EUR"}}),
        ],
    );
}

#[test]
fn the_first_of_several_and_rows_that_must_match() {
    let files: Vec<(&str, &[u8])> = JOINED.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    let head = "name = \"t\"\nsource = \"t\"\nzone = \"UTC\"\ncurrency = \"EUR\"\n";
    let first = format!(
        "{head}{FILES}event = \"E\"\njoin = [{{ file = \"items\", on = \"order\", many = \"first\" }}, {{ file = \"people\", on = \"person\", required = true }}]\nmoney = \"items.price\"\n"
    );
    let imported = World::new(&files).import(&first);
    assert_eq!(imported.interactions[0].money.unwrap().minor, 110);
    assert_eq!(imported.rejects[0].to_string(), "orders.csv, line 3, column `person`: `people` has no row for `p9`");
    let joins = &imported.progress.events[0].joins;
    assert_eq!((joins[0].matched, joins[0].unmatched, joins[1].matched, joins[1].unmatched), (1, 1, 1, 1));
    assert_eq!(
        World::new(&files).refusal(&first.replace(", many = \"first\"", "")),
        "file `items` has several rows with the same `order`; say what that means: `many = \"first\"`, \"list\" or \"each\" in the join"
    );
}

#[test]
fn promises_of_days_survive_jumping_clocks() {
    let recipe = "[files.a]\npath = \"a.csv\"\n[[interactions]]\nfrom = \"a\"\noccurred_at = { column = \"at\", zone = \"America/Sao_Paulo\" }\nevent = \"E\"\n\
         promise = { kind = \"delivery\", due = { column = \"due\", zone = \"America/Sao_Paulo\" }, precision = \"day\" }\n";
    check(
        &[("a.csv", "at,due\n2017-10-01,2017-10-15 00:00:00\n2017-10-01,\n")],
        recipe,
        &[
            json!({"event": "E", "promise": {"kind": "delivery", "due": "2017-10-15T03:00:00Z", "precision": "day"}}),
            json!({"event": "E"}),
        ],
    );
}

#[test]
fn ndjson_paths_reach_inside() {
    check(
        &[(
            "a.ndjson",
            "{\"at\":\"2026-01-01T00:00:00Z\",\"user\":{\"id\":7,\"a.b\":true},\"lines\":[{\"sku\":\"x\",\"n\":2},{\"sku\":\"y\",\"n\":1}],\"big\":12345678901234567}\n",
        )],
        "[files.a]\npath = \"a.ndjson\"\n[[interactions]]\nfrom = \"a\"\noccurred_at = \"at\"\nevent = \"E\"\n\
         identifiers = { user_id = \"user.id\" }\nrefs = { product = \"lines.sku\", order = \"big\" }\nproperties = { ab = { column = \"user.a.b\", as = \"boolean\" }, units = { sum = \"lines.n\" } }\n",
        &[json!({"event": "E", "identifiers": [{"kind": "user_id", "value": "7"}],
            "refs": [{"kind": "order", "value": "12345678901234567"}, {"kind": "product", "value": "x"}, {"kind": "product", "value": "y"}],
            "properties": {"ab": true, "units": 3}})],
    );
}
