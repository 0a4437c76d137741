//! Input that something is wrong with: each fault is told with its file, line and column, and the
//! rows beside it are imported.

use crate::world::{World, drain, options};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use throughline_connectors::files::{ImportOptions, UnpackLimits};

const RECIPE: &str = r#"
name = "shop"
source = "import:shop"
zone = "Europe/Berlin"
currency = "EUR"

[files.orders]
path = "orders.csv"

[[interactions]]
from = "orders"
event = "Order Placed"
occurred_at = "at"
message_id = "id"
identifiers = { user_id = "person" }
money = "amount"
text = "note"
"#;

const GOOD: &str = "1,2026-03-01 10:00:00,ana,1.50,fine\n";

/// Imports rows between two good ones; the faults told, and the ids' notes that came through.
fn check_bytes(recipe: &str, rows: &[u8], rejects: &[&str], texts: &[&str]) {
    let mut file = b"id,at,person,amount,note\n".to_vec();
    file.extend_from_slice(GOOD.as_bytes());
    file.extend_from_slice(rows);
    file.extend_from_slice(b"9,2026-03-02 10:00:00,bob,2.50,last\n");
    let imported = World::new(&[("orders.csv", &file)]).import(recipe);
    let told: Vec<String> = imported.rejects.iter().map(ToString::to_string).collect();
    assert_eq!(told, rejects);
    let got: Vec<&str> = imported.interactions.iter().map(|i| i.text.as_deref().unwrap_or("")).collect();
    let mut expected = vec!["fine"];
    expected.extend(texts);
    expected.push("last");
    assert_eq!(got, expected);
}

fn check(rows: &str, rejects: &[&str], texts: &[&str]) {
    check_bytes(RECIPE, rows.as_bytes(), rejects, texts);
}

#[test]
fn wrong_types() {
    check(
        "2,yesterday,ana,1,x\n",
        &[
            "orders.csv, line 3, column `at`: `yesterday` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
        ],
        &[],
    );
    check(
        "2,2026-03-01 10:00:00,ana,ten,x\n",
        &["orders.csv, line 3, column `amount`: `ten` is not a number such as 1234.56"],
        &[],
    );
    check(
        "2,2026-03-01 10:00:00,ana,\"1,50\",x\n",
        &["orders.csv, line 3, column `amount`: `1,50` is not a number such as 1234.56"],
        &[],
    );
    check(",2026-03-01 10:00:00,ana,1,x\n", &["orders.csv, line 3, column `id`: the row has no id: id is empty"], &[]);
    check(
        "2,,ana,1,x\n",
        &["orders.csv, line 3, column `at`: the time is empty; add `when` with this column to leave such rows out"],
        &[],
    );
}

#[test]
fn times_that_are_none() {
    let at = |text: &str| format!("2,{text},ana,1,x\n");
    check(
        &at("0000-00-00"),
        &[
            "orders.csv, line 3, column `at`: `0000-00-00` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
        ],
        &[],
    );
    check(
        &at("0000-00-00 00:00:00"),
        &[
            "orders.csv, line 3, column `at`: `0000-00-00 00:00:00` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
        ],
        &[],
    );
    check(
        &at("1899-12-30 00:00:00"),
        &["orders.csv, line 3, column `at`: `1899-12-30T00:00:00` is outside the years 1970 to 2105"],
        &[],
    );
    check(
        &at("9999-12-31 23:59:59"),
        &["orders.csv, line 3, column `at`: `9999-12-31T23:59:59` is outside the years 1970 to 2105"],
        &[],
    );
    check(
        &at("2036-01-01 00:00:00"),
        &[
            "orders.csv, line 3, column `at`: `occurred_at` is 2035-12-31T23:00:00Z, more than a day after it was received; check the sender's clock",
        ],
        &[],
    );
    check(
        &at("2026-03-29 02:30:00"),
        &[
            "orders.csv, line 3, column `at`: `2026-03-29T02:30:00` never existed in Europe/Berlin: the clocks went forward over it",
        ],
        &[],
    );
}

#[test]
fn a_time_that_occurred_twice_takes_the_first_reading_and_says_so() {
    let world = World::new(&[("orders.csv", b"id,at,person,amount,note\n1,2025-10-26 02:30:00,ana,1,x\n")]);
    let imported = world.import(RECIPE);
    assert!(imported.interactions[0].ambiguous_time);
    assert_eq!(imported.interactions[0].occurred_at.to_string(), "2025-10-26T00:30:00Z");
    assert_eq!(imported.progress.ambiguous_times, 1);
}

#[test]
fn unknown_zones() {
    let recipe =
        RECIPE.replace("occurred_at = \"at\"", "occurred_at = { column = \"at\", zone = { column = \"person\" } }");
    let rows = b"id,at,person,amount,note\n1,2026-03-01 10:00:00,Mars/Base,1,x\n2,2026-03-01 10:00:00,Asia/Tokyo,1,y\n";
    let imported = World::new(&[("orders.csv", rows)]).import(&recipe);
    assert_eq!(
        imported.rejects[0].to_string(),
        "orders.csv, line 2, column `at`: `Mars/Base` is not a time zone; write an IANA name such as Europe/Berlin"
    );
    assert_eq!(imported.interactions[0].occurred_at.to_string(), "2026-03-01T01:00:00Z");
}

#[test]
fn oversized_cells() {
    let big = "x".repeat(1_100_000);
    check(
        &format!("2,2026-03-01 10:00:00,ana,1,{big}\n"),
        &["orders.csv, line 3: the interaction has 1100319 bytes; at most 1048576 are taken here"],
        &[],
    );
    let huge = "y\n".repeat(3_000_000);
    check(
        &format!("2,2026-03-01 10:00:00,ana,1,\"{huge}\"\n"),
        &["orders.csv, line 3: the row has 6000031 bytes; at most 4194304 are read"],
        &[],
    );
    let name = "n".repeat(600);
    check(
        &format!("2,2026-03-01 10:00:00,{name},1,x\n"),
        &["orders.csv, line 3, column `identifiers`: `identifiers` has 600 bytes; at most 512 are taken"],
        &[],
    );
}

#[test]
fn bytes_that_are_no_text() {
    check_bytes(
        RECIPE,
        b"2,2026-03-01 10:00:00,ana,1,caf\xe9\n3,2026-03-01 10:00:00,ana,1,ok\n",
        &[
            "orders.csv, line 3, column `note`: is not valid UTF-8; set `encoding` to \"windows-1252\" or \"latin-1\" if the whole file is",
        ],
        &["ok"],
    );
    // A letter cut in two by a comma is no letter.
    check_bytes(
        RECIPE,
        b"2,2026-03-01 10:00:00,ana\xc3,\xa91,x\n",
        &[
            "orders.csv, line 3, column `person`: is not valid UTF-8; set `encoding` to \"windows-1252\" or \"latin-1\" if the whole file is",
        ],
        &[],
    );
    check_bytes(
        RECIPE,
        b"2,2026-03-01 10:00:00,ana,1,a\0b\n",
        &["orders.csv, line 3, column `note`: holds a NUL byte, which text cannot have"],
        &[],
    );
    let windows = RECIPE.replace("path =", "encoding = \"windows-1252\"\npath =");
    check_bytes(&windows, b"2,2026-03-01 10:00:00,ana,1,caf\xe9 \x80\n", &[], &["café €"]);
    let latin = RECIPE.replace("path =", "encoding = \"latin-1\"\npath =");
    check_bytes(&latin, b"2,2026-03-01 10:00:00,ana,1,caf\xe9\n", &[], &["café"]);
}

#[test]
fn byte_order_marks_line_ends_and_html() {
    let file = "\u{feff}id,at,person,amount,note\r\n1,2026-03-01 10:00:00,ana,1,\"a\r\nb\"\r\n\r\n2,bad,ana,1,x\r\n3,2026-03-01 10:00:00,ana,1,<b onclick=\"\"x\"\">&amp;</b>";
    let imported = World::new(&[("orders.csv", file.as_bytes())]).import(RECIPE);
    let texts: Vec<_> = imported.interactions.iter().map(|i| i.text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["a\r\nb", "<b onclick=\"\"x\"\">&amp;</b>"]);
    assert_eq!(imported.rejects[0].line, 5, "line ends inside quotes and blank lines count");
}

#[test]
fn rows_that_are_too_short_or_too_long() {
    check("2,2026-03-01 10:00:00,ana\n", &["orders.csv, line 3: the row has 3 cells, the header names 5"], &[]);
    check("2,2026-03-01 10:00:00,ana,1,x,y\n", &["orders.csv, line 3: the row has 6 cells, the header names 5"], &[]);
}

#[test]
fn quotes_that_do_not_match_spoil_one_line() {
    check(
        "2,2026-03-01 10:00:00,ana,1,\"open\n3,2026-03-01 10:00:00,ana,1,\"closed\"\n",
        &[
            "orders.csv, line 4, column `note`: a closing quote is followed by text; a quote inside quoted text is written twice, and a missing one swallows the next line",
        ],
        &["closed"],
    );
    check(
        "2,2026-03-01 10:00:00,ana,1,\"open\n3,2026-03-01 10:00:00,ana,1,x\n",
        &[
            "orders.csv, line 3, column `note`: a quote is opened here and never closed; close it, or set `quotes = false` if quotes are plain text",
        ],
        &["x"],
    );
    check("2,2026-03-01 10:00:00,ana,1,5\" pipe\n", &[], &["5\" pipe"]);
    let plain = RECIPE.replace("path =", "quotes = false\npath =");
    check_bytes(&plain, b"2,2026-03-01 10:00:00,ana,1,\"open\n", &[], &["\"open"]);
}

#[test]
fn conflicting_ids() {
    let unique = RECIPE.replace("message_id = \"id\"", "message_id = { columns = \"id\", unique = true }");
    check_bytes(
        &unique,
        "1,2026-03-01 10:00:00,ana,1.50,other\n1,2026-03-01 10:00:00,ana,1.50,fine\n".as_bytes(),
        &["orders.csv, line 3, column `id`: the id came before with other content, on line 2"],
        &[],
    );
}

#[test]
fn numbers_that_are_none() {
    for word in ["NaN", "inf", "-Infinity", "1e999"] {
        check(
            &format!("2,2026-03-01 10:00:00,ana,{word},x\n"),
            &[&format!("orders.csv, line 3, column `amount`: `{word}` is not a number such as 1234.56")],
            &[],
        );
    }
    let score = RECIPE.replace("money = \"amount\"", "score = { kind = \"nps\", value = \"amount\" }");
    check_bytes(
        &score,
        b"2,2026-03-01 10:00:00,ana,NaN,x\n3,2026-03-01 10:00:00,ana,11,x\n4,2026-03-01 10:00:00,ana,,none\n",
        &[
            "orders.csv, line 3, column `amount`: `NaN` is not a number such as 1234.56",
            "orders.csv, line 4, column `amount`: score `nps` is 11, outside its scale 0 to 10",
        ],
        &["none"],
    );
    check(
        "2,2026-03-01 10:00:00,ana,9999999999999999999999,x\n",
        &["orders.csv, line 3, column `amount`: `9999999999999999999999` is too large an amount"],
        &[],
    );
}

#[test]
fn a_second_header_is_recognised() {
    let file = b"id,at,person,amount,note\nId,Ordered at,Person,Amount,Note\n1,2026-03-01 10:00:00,ana,1,x\n";
    let world = World::new(&[("orders.csv", file)]);
    let reason = &world.import(RECIPE).rejects[0].reason;
    assert!(
        reason.ends_with("; if this line is a second header, set `skip_after_header = 1` for the file"),
        "{reason}"
    );
    let skipping = RECIPE.replace("path =", "skip_after_header = 1\npath =");
    assert_eq!(world.import(&skipping).rejects, []);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut w = GzEncoder::new(Vec::new(), Compression::best());
    w.write_all(bytes).unwrap();
    w.finish().unwrap()
}

#[test]
fn a_file_that_was_cut_off_or_damaged() {
    let mut text = "id,at,person,amount,note\n".to_owned();
    for i in 0..20_000 {
        text += &format!(
            "{i},2026-03-01 10:00:{:02},p{},{}.{:02},n{}\n",
            i % 60,
            i * 7919 % 1000,
            i * 31 % 977,
            i % 100,
            i * i % 10_007
        );
    }
    let packed = gzip(text.as_bytes());
    let whole = World::new(&[("orders.csv", &packed)]).import(RECIPE);
    assert_eq!((whole.interactions.len(), whole.rejects.len()), (20_000, 0));
    let cut = World::new(&[("orders.csv", &packed[..packed.len() / 2])]).import(RECIPE);
    let [reject] = &cut.rejects[..] else { panic!("{:?}", cut.rejects) };
    assert_eq!(
        reject.reason,
        "nothing behind this line could be read: the gzip file ends in the middle, it was cut off: fetch it again"
    );
    assert!(cut.interactions.len() > 5_000);
    assert_eq!(reject.line, cut.interactions.len() as u64 + 2);
    assert_eq!(cut.progress.broken, ["orders.csv"]);
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    let damaged = World::new(&[("orders.csv", &damaged)]).import(RECIPE);
    assert_eq!(damaged.rejects.last().unwrap().code, "broken_file");
}

#[test]
fn bombs_are_refused_and_can_be_allowed() {
    let mut text = format!("id,at,person,amount,note\n{GOOD}").into_bytes();
    for i in 0..40 {
        text.extend_from_slice(format!("{i},2026-03-01 10:00:00,ana,1,{}\n", "x".repeat(1_000_000)).as_bytes());
    }
    let world = World::new(&[("orders.csv", &gzip(&text))]);
    let reasons = |limits: UnpackLimits| {
        let options = ImportOptions { unpack: limits, ..options() };
        let imported = drain(world.open(RECIPE, options).unwrap(), 100);
        (imported.interactions.len(), imported.rejects.iter().map(|r| r.reason.clone()).collect::<Vec<_>>())
    };
    let (n, reason) = reasons(UnpackLimits::default());
    assert!(n > 1, "rows before the limit are taken");
    assert_eq!(
        reason,
        [
            "nothing behind this line could be read: the gzip file unpacks to more than 200 times its size and is refused as a bomb; raise the ratio if you trust it"
        ]
    );
    let (_, reason) = reasons(UnpackLimits { ratio: 10_000, total: 20 << 20 });
    assert_eq!(
        reason,
        [
            "nothing behind this line could be read: the gzip file unpacks to more than 20971520 bytes and is refused; raise the limit if you trust it"
        ]
    );
    assert_eq!(reasons(UnpackLimits { ratio: 10_000, total: 1 << 30 }), (41, Vec::new()));
}

#[test]
fn files_that_cannot_be_opened() {
    let refuse = |bytes: &[u8]| World::new(&[("orders.csv", bytes)]).refusal(RECIPE);
    assert_eq!(refuse(b""), "open file `orders`: `…/orders.csv`: the file is empty, not even a header is there");
    let damaged = refuse(b"PK\x03\x04xx");
    assert!(
        damaged.starts_with("open file `orders`: `…/orders.csv`: open the workbook `…/orders.csv`: it is damaged"),
        "{damaged}"
    );
    assert_eq!(
        refuse(b"\xff\xfei\0d\0"),
        "open file `orders`: `…/orders.csv`: `…/orders.csv` is UTF-16 text, which is not read: save it as UTF-8"
    );
    assert_eq!(
        refuse(b"id,at,persona,amount,note\n"),
        "file `orders` has no column `person`; it has id, at, persona, amount, note; did you mean `persona`?"
    );
    let of_another_kind = refuse(b"Profile ID,Email,Metric,Timestamp\nx,ana@example.org,Opened Email,2026-03-01\n");
    assert!(
        of_another_kind
            .ends_with("; these are the columns of Klaviyo events: `throughline recipe` makes a recipe for them"),
        "{of_another_kind}"
    );
    assert_eq!(
        refuse(b"id;at;person;amount;note\n"),
        "file `orders` has no column `id`; it has id;at;person;amount;note"
    );
    assert_eq!(
        refuse(b"id,at,person,amount,note,at\n"),
        "file `orders` has two columns `at` (the 2nd and the 6th); rename one, or name all with `columns` and `skip_before_header = 1`"
    );
    assert_eq!(
        World::new(&[]).refusal(RECIPE),
        "open file `orders`: `…/orders.csv`: No such file or directory (os error 2)"
    );
    let truncated = &gzip(b"id,at,person,amount,note\n")[..12];
    assert_eq!(
        refuse(truncated),
        "open file `orders`: `…/orders.csv`: read the header: the gzip file ends in the middle, it was cut off: fetch it again"
    );
    let header_only = World::new(&[("orders.csv", b"id,at,person,amount,note\n")]).import(RECIPE);
    assert_eq!((header_only.progress.rows, header_only.interactions.len()), (0, 0));
}

#[test]
fn ndjson_faults_name_their_line() {
    let recipe = RECIPE.replace("orders.csv", "orders.ndjson");
    let file = b"\xef\xbb\xbf{\"id\":1,\"at\":\"2026-03-01T10:00:00Z\",\"amount\":1.5}\n{broken\n\n[1]\n{\"id\":2,\"at\":\"x\"}\n{\"id\":\"\xff\"}\n{\"id\":\"a\\u0000\"}\n{\"id\":3,\"at\":\"2026-03-01T10:00:00Z\"}";
    let imported = World::new(&[("orders.ndjson", file)]).import(&recipe);
    let told: Vec<String> = imported.rejects.iter().map(|r| r.to_string().replace("orders.ndjson, ", "")).collect();
    assert_eq!(
        told,
        [
            "line 2: is not JSON at character 2: key must be a string",
            "line 4: each line must be one JSON object",
            "line 5, column `at`: `x` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
            "line 6: byte 8 of the line is not valid UTF-8",
            "line 7, column `id`: holds a NUL byte, which text cannot have",
        ]
    );
    assert_eq!(imported.interactions.len(), 2);
}
