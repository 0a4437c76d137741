//! Unknown files: how they are written, what their columns are, and the recipe that follows.

use crate::world::real_data;
use std::path::Path;
use throughline_connectors::files::guess::{Doubt, Guess, Mapping, Role, Sample, guess};
use throughline_connectors::files::{Formats, Import, ImportOptions, Report};
use throughline_interactions::{Timestamp, WorkspaceId};

fn write(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn look(path: &Path) -> (Sample, Guess) {
    let sample = Sample::read(path, &Formats::standard()).unwrap();
    let guess = guess(&sample);
    (sample, guess)
}

/// `column: role`, as a line each.
fn roles(guess: &Guess) -> String {
    guess.columns.iter().map(|c| format!("{}: {}", c.name, c.role.key())).collect::<Vec<_>>().join(", ")
}

/// Imports the file by the recipe that follows from the guess alone.
fn import(path: &Path) -> (String, Report) {
    let (sample, guess) = look(path);
    let mapping = Mapping::of(&sample, &guess, "A file", "upload:1", "Europe/Berlin", "EUR");
    let recipe = mapping.recipe().unwrap();
    let options = ImportOptions::new(WorkspaceId(1), Timestamp::parse("2026-06-01T00:00:00Z", None).unwrap().instant);
    let folder = path.parent().unwrap();
    let mut import = Import::of_text(&recipe, "the guess", folder, Formats::standard(), options)
        .unwrap_or_else(|e| panic!("{e:#}\n{recipe}"));
    let report = Report::of(&mut import).unwrap();
    (recipe, report)
}

#[test]
fn an_order_export_becomes_orders_with_what_came_later() {
    let (_dir, path) = write(
        "orders.csv",
        "Order ID,Customer E-Mail,Created At,Shipped At,Delivered At,Promised Date,Grand Total,Shipping Fee,Currency,Carrier,Status\n\
         A1,ana@example.org,2026-01-05 10:00:00,2026-01-06 09:00:00,2026-01-09 15:00:00,2026-01-08,59.90,4.90,EUR,Pronto,delivered\n\
         A2,bo@example.org,2026-01-06 11:30:00,2026-01-07 09:00:00,,2026-01-09,1249.00,0.00,EUR,Brisk,shipped\n\
         A3,ana@example.org,2026-01-07 12:00:00,,,2026-01-10,20.00,4.90,EUR,Pronto,new\n",
    );
    let (_, guess) = look(&path);
    assert_eq!(
        roles(&guess),
        "Order ID: order, Customer E-Mail: email, Created At: time, Shipped At: later, Delivered At: later, \
         Promised Date: due, Grand Total: amount, Shipping Fee: property, Currency: currency, Carrier: carrier, Status: property"
    );
    let (recipe, report) = import(&path);
    assert_eq!(report.rejects.len(), 0, "{report}");
    let events: Vec<(&str, u64)> = report.events.iter().map(|(e, n)| (e.as_str(), *n)).collect();
    assert_eq!(events, [("Order Completed", 3), ("Order Delivered", 1), ("Order Shipped", 2)], "{recipe}");
    assert_eq!(report.identifiers["email"].distinct(), 2);
    assert!(report.examples[0].contains("\"due\"") && report.examples[0].contains("5990"), "{}", report.examples[0]);
}

#[test]
fn delimiters_decimals_letters_and_lines_above_are_found() {
    // Semicolons, commas before decimals, Windows' letters, a title and a second line of names.
    let text = "Umsatzliste Januar;;;;\n\
                Bestellnummer;Kundennummer;Bestelldatum;Betrag;Bemerkung\n\
                Text;Text;Datum;Euro;Text\n\
                1001;K-1;05.01.2026 10:00;1.234,50;Lieferung kam sehr spät und niemand sagte etwas\n\
                1002;K-2;16.01.2026 11:30;59,90;Alles gut gelaufen, gerne wieder bei Ihnen\n\
                1003;K-1;27.01.2026 12:00;20,00;Der Beutel war leider schon beschädigt\n";
    let (latin, _, _) = encoding(text);
    let (_dir, path) = write("umsatz.csv", latin);
    let (sample, guess) = look(&path);
    assert_eq!(sample.notices.len(), 4, "{:?}", sample.notices);
    assert_eq!(
        roles(&guess),
        "Bestellnummer: order, Kundennummer: user_id, Bestelldatum: time, Betrag: amount, Bemerkung: text"
    );
    let (recipe, report) = import(&path);
    assert_eq!((report.progress.taken, report.progress.rejected), (3, 0), "{recipe}\n{report}");
    assert!(report.examples[0].contains("123450") && report.examples[0].contains("spät"), "{}", report.examples[0]);
    assert!(report.examples[0].contains("2026-01-05T09:00:00Z"), "{}", report.examples[0]);
}

fn encoding(text: &str) -> (Vec<u8>, (), ()) {
    let latin = text.chars().map(|c| u8::try_from(u32::from(c)).expect("western letters")).collect();
    (latin, (), ())
}

#[test]
fn day_or_month_is_asked_never_guessed() {
    let rows = |days: [&str; 3]| {
        let lines: Vec<String> = days.iter().enumerate().map(|(i, d)| format!("{i},{d},u{i},9.50")).collect();
        format!("order,date,customer id,total\n{}\n", lines.join("\n"))
    };
    let doubt = |days: [&str; 3]| {
        let (_dir, path) = write("orders.csv", rows(days));
        let (_, guess) = look(&path);
        let date = &guess.columns[1];
        assert_eq!(date.role, Role::Time, "{guess:?}");
        (date.time.clone().unwrap().0, date.doubts.clone())
    };
    let (_, doubts) = doubt(["03/04/2026", "05/06/2026", "11/12/2026"]);
    assert!(
        matches!(&doubts[..], [Doubt::DayOrMonth { forms, example }] if forms.len() == 2 && example == "03/04/2026"),
        "{doubts:?}"
    );
    assert_eq!(doubt(["03/04/2026", "25/06/2026", "11/12/2026"]), ("%d/%m/%Y".to_owned(), Vec::new()));
    assert_eq!(doubt(["03/04/2026", "06/25/2026", "11/12/2026"]), ("%m/%d/%Y".to_owned(), Vec::new()));
}

#[test]
fn lines_of_json_and_reviews_are_read() {
    let (_dir, path) = write(
        "reviews.ndjson",
        "{\"id\":\"r1\",\"created_at\":\"2026-03-01T09:00:00Z\",\"rating\":5,\"comment\":\"Lovely jacket, arrived on time\",\"author\":{\"email\":\"ana@example.org\"}}\n\
         {\"id\":\"r2\",\"created_at\":\"2026-03-02T09:00:00Z\",\"rating\":1,\"comment\":\"Three days late and nobody said a word\",\"author\":{\"email\":\"bo@example.org\"}}\n",
    );
    let (_, guess) = look(&path);
    let found = roles(&guess);
    for expected in ["created_at: time", "rating: score", "comment: text", "author.email: email"] {
        assert!(found.contains(expected), "{found}");
    }
    let (recipe, report) = import(&path);
    assert_eq!(report.events.get("Review Posted"), Some(&2), "{recipe}\n{report}");
    assert!(report.examples[1].contains("\"stars\""), "{}", report.examples[1]);
}

#[test]
fn a_list_in_json_is_read_like_lines() {
    let list = "[\n  {\"at\": \"2026-03-01T09:30:00Z\", \"email\": \"ana@example.org\", \"stars\": 5},\n  \
                {\"at\": \"2026-03-02T09:30:00Z\", \"email\": \"bo@example.org\", \"stars\": 1}\n]\n";
    let (_dir, path) = write("reviews.json", list);
    let (recipe, report) = import(&path);
    assert_eq!(report.progress.taken, 2, "{recipe}\n{report}");
    assert_eq!(report.identifiers["email"].distinct(), 2);
}

#[test]
fn what_is_no_table_is_said_in_words() {
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let (_dir, path) = write(name, bytes);
        let error = format!("{:#}", Sample::read(&path, &Formats::standard()).unwrap_err());
        assert!(error.contains(expected), "{error}");
    };
    check("empty.csv", b"", "the file is empty");
    check("names.csv", b"a,b,c\n", "there are no rows in `names.csv`");
    check("words.json", b"[1, 2]", "no line of the file is an object in JSON");
    check("words.ndjson", b"hello\n", "no line of the file is an object in JSON");
    check("book.csv", b"PK\x03\x04....", "it is damaged");
    check("old.xls", b"\xd0\xcf\x11\xe0rest", "save it as .xlsx or CSV, without a password");
}

#[test]
fn a_recipe_is_refused_with_the_reason() {
    let (_dir, path) = write("orders.csv", "order,total\nA1,5.00\nA2,6.00\n");
    let (sample, guess) = look(&path);
    let mut mapping = Mapping::of(&sample, &guess, "x", "upload:1", "UTC", "EUR");
    assert!(mapping.recipe().unwrap_err().to_string().contains("no column says when"));
    mapping.columns[0].role = Role::Time;
    mapping.columns[1].role = Role::Time;
    assert_eq!(mapping.recipe().unwrap_err().to_string(), "`order` and `total` cannot both be the time");
}

#[test]
fn names_with_signs_stand_in_the_recipe_as_they_are() {
    let (_dir, path) = write(
        "odd.csv",
        "\"when \"\"it\"\" was\",\"e-mail\\address\",\"what # [did] = they\"\n2026-01-05,ana@example.org,bought\n2026-01-06,bo@example.org,looked\n",
    );
    let (recipe, report) = import(&path);
    assert_eq!((report.progress.taken, report.progress.rejected), (2, 0), "{recipe}\n{report}");
}

#[test]
fn real_exports_are_understood() {
    let Some(olist) = real_data("olist") else { return };
    let (_, guess) = look(&olist.join("olist_orders_dataset.csv"));
    assert_eq!(
        roles(&guess),
        "order_id: order, customer_id: user_id, order_status: property, order_purchase_timestamp: time, \
         order_approved_at: later, order_delivered_carrier_date: later, order_delivered_customer_date: later, \
         order_estimated_delivery_date: due"
    );
    let events: Vec<_> = guess.columns.iter().filter_map(|c| c.event.as_deref()).collect();
    assert_eq!(events, ["Payment Approved", "Order Shipped", "Order Delivered"]);
    let (_, reviews) = look(&olist.join("olist_order_reviews_dataset.csv"));
    let found = roles(&reviews);
    for expected in ["review_score: score", "review_comment_message: text"] {
        assert!(found.contains(expected), "{found}");
    }
    let Some(retail) = real_data("online-retail") else { return };
    let file = std::fs::read_dir(retail)
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|p| p.to_string_lossy().contains(".csv"))
        .unwrap();
    let found = roles(&look(&file).1);
    for expected in
        ["InvoiceDate: time", "CustomerID: user_id", "InvoiceNo: order", "UnitPrice: amount", "StockCode: product"]
    {
        assert!(found.contains(expected), "{found}");
    }
}
