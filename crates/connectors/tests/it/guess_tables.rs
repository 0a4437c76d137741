//! The guess against tables whose columns are known: names in several languages, in any order, written
//! in any of the ways in which shops write.

use crate::shops::{example, read};
use proptest::prelude::*;
use std::fmt::Write as _;
use throughline_connectors::files::guess::Role;

/// A kind of column: its role, what it may be called, and its cell in a row.
struct Kind {
    role: Role,
    names: &'static [&'static str],
    cell: fn(usize, &Style) -> String,
}

/// How a table is written.
#[derive(Debug, Clone)]
struct Style {
    day: usize,
    comma: bool,
    grouped: bool,
    sign: &'static str,
}

const DAYS: [fn(usize, usize, usize) -> String; 6] = [
    |d, m, n| format!("2025-{m:02}-{d:02} {:02}:{:02}:00", n % 23, n % 60),
    |d, m, _| format!("2025-{m:02}-{d:02}"),
    |d, m, n| format!("{d:02}.{m:02}.2025 {:02}:{:02}", n % 23, n % 60),
    |d, m, _| format!("{d}/{m}/2025"),
    |d, m, n| format!("{m:02}/{d:02}/2025 {:02}:{:02} {}", n % 11 + 1, n % 60, ["AM", "PM"][n % 2]),
    |d, m, n| format!("2025-{m:02}-{d:02}T{:02}:00:00Z", n % 23),
];

fn amount(n: usize, style: &Style) -> String {
    let cents = (n * 7919) % 300_000 + 105;
    let (whole, rest) = (cents / 100, cents % 100);
    let whole = match (whole >= 1000, style.grouped) {
        (true, true) => format!("{}{}{:03}", whole / 1000, if style.comma { "." } else { "," }, whole % 1000),
        _ => whole.to_string(),
    };
    format!("{}{whole}{}{rest:02}", style.sign, if style.comma { ',' } else { '.' })
}

const FIRST: [&str; 6] = ["Ana", "Bo", "Zoë", "Jean-Luc", "Mary Ann", "Søren"];
const LAST: [&str; 5] = ["Lima", "Berg", "O'Neill", "de Vries", "Müller"];

const KINDS: &[Kind] = &[
    Kind {
        role: Role::Time,
        names: &[
            "Order date",
            "Bestelldatum",
            "created_at",
            "Date",
            "Datum",
            "Fecha de compra",
            "Data do pedido",
            "Date d'achat",
        ],
        // Some days are above twelve, so that day and month are no question.
        cell: |n, s| DAYS[s.day](n % 28 + 1, n % 9 + 1, n),
    },
    Kind {
        role: Role::Email,
        names: &["Email", "E-Mail-Adresse", "customer_email", "Correo", "Courriel", "Kontakt"],
        cell: |n, _| format!("somebody{}@example.org", n % 17),
    },
    Kind {
        role: Role::Order,
        names: &["Order ID", "Bestellnummer", "order_no", "Pedido", "N° commande", "Ordine", "Auftragsnr."],
        cell: |n, _| format!("A-{}", 1000 + n),
    },
    Kind {
        role: Role::Amount,
        names: &["Total", "Gesamtbetrag", "Order total", "Importe", "Montant", "Rechnungsbetrag", "Totaal bedrag"],
        cell: amount,
    },
    Kind {
        role: Role::Product,
        names: &["Product", "Artikel", "Item name", "Producto", "Produit"],
        cell: |n, _| format!("Lamp no {}", n % 7),
    },
    Kind {
        role: Role::Phone,
        names: &["Phone", "Telefon", "Mobile", "Téléphone portable", "Handy"],
        cell: |n, _| format!("+49 170 12345{:02}", n % 17),
    },
    Kind {
        role: Role::Name,
        names: &["Customer name", "Kunde", "Full name", "Buyer", "Kundenname", "Nombre del cliente"],
        cell: |n, _| format!("{} {}", FIRST[n % 6], LAST[n % 5]),
    },
    Kind {
        role: Role::UserId,
        names: &["Customer ID", "Kundennummer", "client_id", "Customer no."],
        cell: |n, _| format!("C{}", 500 + n % 17),
    },
    Kind {
        role: Role::Property,
        names: &["Status", "Order status", "Estado"],
        cell: |n, _| ["new", "paid", "sent"][n % 3].into(),
    },
    Kind {
        role: Role::Property,
        names: &["Quantity", "Anzahl", "Qty", "Number of items"],
        cell: |n, _| (n % 4 + 1).to_string(),
    },
    Kind {
        role: Role::Ignore,
        names: &["Street", "Billing address", "Straße", "Adresse de livraison"],
        cell: |n, _| format!("{} High Street", n % 40 + 1),
    },
    Kind {
        role: Role::Text,
        names: &["Comment", "Bemerkung", "Customer message", "Commentaire"],
        cell: |n, _| {
            if n % 3 == 0 { format!("Please ring twice, the bell is broken since {n} days") } else { String::new() }
        },
    },
];

fn table(order: &[usize], names: &[usize], delimiter: char, rows: usize, style: &Style) -> String {
    let quoted = |text: &str| match text.contains([delimiter, '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let mut out = String::new();
    let line = |cells: Vec<String>, out: &mut String| writeln!(out, "{}", cells.join(&delimiter.to_string())).unwrap();
    line(order.iter().map(|k| quoted(name(*k, names))).collect(), &mut out);
    for n in 0..rows {
        line(order.iter().map(|k| quoted(&(KINDS[*k].cell)(n, style))).collect(), &mut out);
    }
    out
}

fn name(kind: usize, names: &[usize]) -> &'static str {
    let all = KINDS[kind].names;
    all[names[kind] % all.len()]
}

fn cases() -> u32 {
    if std::env::var_os("THROUGHLINE_FULL").is_some() { 256 } else { 12 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn columns_are_known_in_any_order_language_and_way_of_writing(
        order in Just((0..KINDS.len()).collect::<Vec<_>>()).prop_shuffle(),
        kept in 6_usize..=12,
        names in proptest::collection::vec(0_usize..840, 12),
        delimiter in prop_oneof![Just(','), Just(';'), Just('\t'), Just('|')],
        rows in 40_usize..70,
        day in 0_usize..DAYS.len(),
        comma: bool,
        grouped: bool,
        sign in prop_oneof![Just(""), Just("€"), Just("€ "), Just("$")],
    ) {
        let style = Style { day, comma, grouped, sign };
        // Without a time, a person and an amount it would be another kind of table.
        let order: Vec<usize> = order.into_iter().filter(|k| *k < kept).collect();
        let text = table(&order, &names, delimiter, rows, &style);
        let (guess, recipe, report) = read("table.csv", &text);
        for (kind, column) in order.iter().zip(&guess.columns) {
            prop_assert_eq!(column.role, KINDS[*kind].role, "{} in {:?}\n{}", column.name, style, text.lines().take(4).collect::<Vec<_>>().join("\n"));
        }
        prop_assert_eq!(report.progress.taken, rows as u64, "{}\n{}", report, recipe);
        // What is summed is what was written, to the cent.
        let first = amount(0, &style).chars().filter(char::is_ascii_digit).collect::<String>();
        prop_assert!(example(&report).contains(&format!("\"minor\":{}", first.trim_start_matches('0'))), "{}", example(&report));
    }
}

/// One thousand two hundred and thirty-four and a half, as five countries write it.
#[test]
fn amounts_of_five_countries() {
    let check = |small: &str, large: &str| {
        let text = format!(
            "Order;Date;E-mail;Total\n1;2026-01-05;a@example.org;{large}\n2;2026-01-06;b@example.org;{small}\n3;2026-01-07;c@example.org;{small}\n"
        );
        let (_, recipe, report) = read("orders.csv", text);
        assert!(example(&report).contains("\"minor\":123450"), "{large}: {}\n{recipe}", example(&report));
    };
    check("12.50", "1,234.50");
    check("12,50", "1.234,50");
    check("12,50", "1\u{202f}234,50");
    check("12.50", "1'234.50");
    check("12.50", "1 234.50");
}

#[test]
fn two_hundred_columns_are_looked_at_and_only_what_is_known_is_taken() {
    let mut names: Vec<String> = (0..196).map(|n| format!("field {n}")).collect();
    names.splice(40..40, ["Order ID".into(), "Placed".into(), "Email".into(), "Total".into()]);
    let mut text = names.join(",") + "\n";
    for row in 0..30 {
        let mut cells: Vec<String> =
            (0..196).map(|n| if n % 9 == 0 { format!("v{}", (row + n) % 5) } else { String::new() }).collect();
        cells.splice(
            40..40,
            [format!("O{row}"), format!("2026-03-{:02}", row + 1), format!("p{row}@example.org"), "9.50".into()],
        );
        text += &(cells.join(",") + "\n");
    }
    let (guess, recipe, report) = read("wide.csv", text);
    let role = |name: &str| guess.columns.iter().find(|c| c.name == name).unwrap().role;
    assert_eq!(
        [role("Order ID"), role("Placed"), role("Email"), role("Total")],
        [Role::Order, Role::Time, Role::Email, Role::Amount]
    );
    assert_eq!((report.progress.taken, report.progress.rejected), (30, 0), "{report}\n{recipe}");
}

/// Names lie: what a file is, its first bytes say.
#[test]
fn a_wrong_ending_is_read_by_what_is_inside_or_said_in_words() {
    let (_, _, report) = read(
        "orders.csv",
        "{\"id\":\"1\",\"created_at\":\"2026-01-05T10:00:00Z\",\"email\":\"ana@example.org\",\"total\":\"5.00\"}\n",
    );
    assert_eq!(report.progress.taken, 1, "{report}");
    let (_, _, report) =
        read("orders.xlsx", "Order;Date;E-mail\n1;2026-01-05;ana@example.org\n2;2026-01-06;bo@example.org\n");
    assert_eq!(report.progress.taken, 2, "{report}");
    let (_, _, report) =
        read("orders.json", "Order;Date;E-mail\n1;2026-01-05;ana@example.org\n2;2026-01-06;bo@example.org\n");
    assert_eq!(report.progress.taken, 2, "{report}");
    let refused = |name: &str, bytes: &[u8], expected: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let formats = throughline_connectors::files::Formats::standard();
        let error = throughline_connectors::files::guess::Sample::read(&path, &formats).unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{name}: {error:#}");
    };
    refused("orders.xls", b"<html><table><tr><td>1</td></tr></table></html>", "is a web page");
    refused("orders.csv", b"%PDF-1.7 \n", "is a PDF");
    refused("orders.csv", b"PAR1....", "is Parquet");
    refused("orders.csv", b"\x89PNG\r\n\x1a\n....", "is a picture");
}

/// What people write stays what they wrote, and harms no neighbour.
#[test]
fn html_and_nul_in_cells() {
    let (_, recipe, report) = read(
        "reviews.csv",
        b"Date,E-mail,Stars,Comment\n2026-01-05,ana@example.org,5,<script>alert(1)</script> I like it very much\n2026-01-06,bo@example.org,1,it broke \0 after a single day of use\n2026-01-07,cy@example.org,4,quite good for what it did cost me\n",
    );
    assert_eq!(report.progress.rows, 3, "{report}");
    assert!(report.progress.taken >= 2, "{report}\n{recipe}");
    assert!(example(&report).contains("<script>"), "{}", example(&report));
}
