//! Bringing a file, saying what its columns are, letting it in, taking it back, as a browser does it
//! without a script.

use crate::client::{Answer, Client};
use crate::house::House;
use std::time::{Duration, Instant};

/// Sends a file as a form does: the token, then the file.
pub fn upload(client: &mut Client, token: &str, name: &str, contents: &[u8]) -> Answer {
    let mut body = format!("--sep\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n{token}\r\n--sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n").into_bytes();
    body.extend_from_slice(contents);
    body.extend_from_slice(b"\r\n--sep--\r\n");
    client.send("POST", "/data/import", &[("Content-Type", "multipart/form-data; boundary=sep")], &body)
}

/// A shop's export in which the fourth of March may be the third of April.
pub fn orders() -> String {
    let mut csv = "Order ID,Created at,Email,Total,Delivered at,Carrier\n".to_owned();
    for n in 0..120 {
        let (day, month) = (n % 12 + 1, n % 11 + 1);
        csv += &format!(
            "{n},{day:02}/{month:02}/2025 10:00,c{}@example.org,{}.90,{day:02}/{:02}/2025 12:00,{}\n",
            n % 30,
            n % 90 + 10,
            month + 1,
            if n % 3 == 0 { "Swift" } else { "Slow & Sons" },
        );
    }
    csv
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

/// Looks at a page until it says this.
fn wait_for(client: &mut Client, path: &str, words: &str) -> String {
    let begun = Instant::now();
    loop {
        let text = client.get(path).text();
        if text.contains(words) {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{words} is never said: {text}");
    }
}

#[test]
fn a_file_from_the_form_to_the_customers_and_back() {
    let house = House::new();
    let mut admin = house.admin();
    let page = admin.get("/data/import");
    assert!(page.text().contains("Bring your own data"));
    let token = page.token();
    let file = location(&upload(&mut admin, &token, "orders.csv", orders().as_bytes()));

    // Day or month: asked, not guessed.
    let text = admin.get(&file).text();
    assert!(text.contains("the day first, or the month first"), "{text}");
    assert!(text.contains("the day comes first") && text.contains("the month comes first"));
    assert!(!text.contains("value=\"start\""), "nothing can come in before the question is answered");
    let refused = admin.form(&file, &token, &[("do", "start")]).text();
    assert!(refused.contains("the day first, or the month first"));

    let answers = [("time.1", "%d/%m/%Y %H:%M"), ("time.4", "%d/%m/%Y %H:%M")];
    let text = admin.form(&file, &token, &answers).text();
    assert!(text.contains("All 120\u{a0}rows of the file were read"), "{text}");
    assert!(text.contains("240 ×") || text.contains("120 × Order Completed"), "{text}");
    assert!(text.contains("One of them: c"), "{text}");

    let mut with_start = answers.to_vec();
    with_start.push(("do", "start"));
    assert_eq!(location(&admin.form(&file, &token, &with_start)), file);
    let text = wait_for(&mut admin, &file, ": is in.");
    assert!(text.contains("<dt>new interactions</dt><dd>240</dd>"), "{text}");
    assert!(admin.get("/customers").text().contains("c0@example.org"));
    assert!(admin.get("/settings/audit").text().contains("imported a file"));

    // The same file again: nobody is asked anything, and nothing is new.
    let again = location(&upload(&mut admin, &token, "orders again.csv", orders().as_bytes()));
    let text = admin.get(&again).text();
    assert!(text.contains("It has the columns of “orders.csv”"), "{text}");
    let choices: Vec<(&str, &str)> = with_start.clone();
    location(&admin.form(&again, &token, &choices));
    let text = wait_for(&mut admin, &again, ": is in.");
    assert!(text.contains("<dt>known already</dt><dd>240</dd>"), "{text}");

    location(&admin.form(&format!("{file}/undo"), &token, &[]));
    wait_for(&mut admin, &file, ": taken back.");
    assert!(!admin.get("/customers").text().contains("c0@example.org"));
}

#[test]
fn rejected_rows_come_back_as_a_file() {
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/data/import").token();
    let mut csv = "id,date,email,total\n".to_owned();
    for n in 1..30 {
        csv += &format!("{n},2026-03-{n:02},c{n}@example.org,5.00\n");
    }
    csv += "30,yesterday,bo@example.org,6.00\n";
    let file = location(&upload(&mut admin, &token, "few.csv", csv.as_bytes()));
    let text = admin.get(&file).text();
    assert!(text.contains("1\u{a0}row is rejected") && text.contains("line 31"), "{text}");
    location(&admin.form(&file, &token, &[("do", "start")]));
    let text = wait_for(&mut admin, &file, ": is in.");
    let rejects = format!("{file}/rejects.csv");
    assert!(text.contains(&rejects), "{text}");
    let answer = admin.get(&rejects);
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"rejects.csv\""));
    assert!(answer.text().contains("yesterday"), "{}", answer.text());
}

#[test]
fn who_may_not_bring_files_does_not() {
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/data/import").token();
    let before = || std::fs::read_dir(house.engine.dir().join("uploads")).map_or(0, Iterator::count);
    // A form that was not made by this console.
    let refused = upload(&mut admin, "wrong", "orders.csv", orders().as_bytes());
    assert_eq!(refused.status, 403, "{}", refused.text());
    let mut stranger = house.stranger();
    assert_eq!(upload(&mut stranger, &token, "orders.csv", b"a,b\n1,2\n").status, 401);
    let mut viewer = house.invited(&mut admin, "viewer");
    assert_eq!(viewer.get("/data/import").status, 403);
    let token = viewer.get("/settings/account").token();
    assert_eq!(upload(&mut viewer, &token, "orders.csv", b"a,b\n1,2\n").status, 403);
    assert_eq!(before(), 0, "nothing was written for any of them");
    let mut analyst = house.invited(&mut admin, "analyst");
    let token = analyst.get("/data/import").token();
    let file = location(&upload(&mut analyst, &token, "x.csv", b"a,when\n1,2026-03-01\n"));
    assert_eq!(analyst.get(&file).status, 200);
    assert_eq!(analyst.get("/workspaces/new").status, 403);
}

#[test]
fn what_cannot_be_read_is_said_on_the_page() {
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/data/import").token();
    let mut check = |name: &str, contents: &[u8], expected: &str| {
        let answer = upload(&mut admin, &token, name, contents);
        let text = if answer.status == 303 { admin.get(&location(&answer)).text() } else { answer.text() };
        assert!(text.contains(expected), "{name}: {text}");
    };
    check("", b"", "Choose a file first");
    check("empty.csv", b"", "is empty");
    check("<b>.csv", b"only,names\n", "there are no rows");
    check("photo.jpg", b"\xff\xd8\xff\xe0 not a table", "cannot be read");
    check("stock.csv", b"sku,left\na,3\nb,4\n", "No column says when it happened");
    let nothing = admin.get("/data/import/99");
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("There is no import 99"), "{}", nothing.text());
}

#[test]
fn a_workspace_of_ones_own() {
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/workspaces/new").token();
    let wrong = [("name", "Blue Lamp"), ("zone", "Mars/Olympus"), ("currency", "EUR")];
    let text = admin.form("/workspaces/new", &token, &wrong).text();
    assert!(text.contains("Mars/Olympus") && text.contains("role=\"alert\""), "{text}");
    let right = [("name", "Blue Lamp"), ("zone", "Europe/Oslo"), ("currency", "NOK")];
    let made = location(&admin.form("/workspaces/new", &token, &right));
    assert_eq!(made, "/data/import?workspace=blue-lamp");
    assert_eq!(admin.get(&made).status, 200);
    let again = location(&admin.form("/workspaces/new", &token, &right));
    assert_eq!(again, "/data/import?workspace=blue-lamp-2");
}

#[test]
fn zone_and_currency_can_be_set_until_something_has_arrived() {
    let house = House::new();
    let mut admin = house.admin();
    let page = admin.get("/settings/workspace");
    let token = page.token();
    assert!(page.text().contains("can be set until the first interaction arrives"));
    let set = |zone: &'static str, currency: &'static str| {
        [("name", "Northwind"), ("week_start", "1"), ("margin", ""), ("zone", zone), ("currency", currency)]
    };
    let text = admin.form("/settings/workspace", &token, &set("Mars/Olympus", "EUR")).text();
    assert!(text.contains("Mars/Olympus") && text.contains("role=\"alert\""), "{text}");
    location(&admin.form("/settings/workspace", &token, &set("Asia/Tokyo", "JPY")));
    assert!(admin.get("/data/import").text().contains("Days are counted in Asia/Tokyo, money in JPY"));
    let file =
        location(&upload(&mut admin, &token, "few.csv", b"id,date,email,total\n1,2026-03-01,ana@example.org,500\n"));
    location(&admin.form(&file, &token, &[("do", "start")]));
    wait_for(&mut admin, &file, ": is in.");
    assert!(admin.get("/customers").text().contains("ana@example.org"));
    let text = admin.form("/settings/workspace", &token, &set("Europe/Oslo", "NOK")).text();
    assert!(text.contains("Interactions have arrived"), "{text}");
    assert!(admin.get("/settings/workspace").text().contains("Time zone Asia/Tokyo, currency JPY"));
}

/// Exports that nobody has described: dropped, let in as guessed, and somebody's name stands on a list.
/// Prints how long the machine took; what a person adds is looking at two pages.
#[test]
fn an_unseen_export_is_a_list_of_named_people_after_two_buttons() {
    const NAMES: [&str; 4] = ["Ana Lima", "Bo Berg", "Zoë O'Neill", "Søren Holm"];
    let table = |header: &str, row: &dyn Fn(usize, &str) -> String| {
        let rows: String = (0..400).map(|n| row(n, NAMES[n % 4]) + "\n").collect();
        format!("{header}\n{rows}")
    };
    let day = |n: usize| (n % 9 + 1, n % 28 + 1);
    let files = [
        (
            "magento.csv",
            table(
                "ID,\"Purchase Date\",\"Bill-to Name\",\"Grand Total (Base)\",Status,\"Billing Address\",\"Customer Email\",\"Customer Group\"",
                &|n, name| {
                    let (m, d) = day(n);
                    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"][m - 1];
                    format!(
                        "{:09},\"{month} {d}, 2025, 10:12:31 AM\",\"{name}\",{}.9000,complete,\"{n} High Street\",m{}@example.org,General",
                        n + 1,
                        n % 90 + 10,
                        n % 4
                    )
                },
            ),
        ),
        (
            "woocommerce-de.csv",
            table(
                "Bestellnummer;Bestelldatum;Vorname (Rechnung);Nachname (Rechnung);E-Mail (Rechnung);Bestellsumme;Versandkosten;Artikelname",
                &|n, name| {
                    let ((m, d), (first, last)) = (day(n), name.split_once(' ').unwrap());
                    format!(
                        "{n};{d:02}.{m:02}.2025 10:12;{first};{last};w{}@example.org;1.{:03},90;4,90;Lampe",
                        n % 4,
                        n % 900
                    )
                },
            ),
        ),
        (
            "etsy.csv",
            table(
                "Sale Date,Order ID,Buyer User ID,Full Name,Number of Items,Date Shipped,Street 1,Currency,Order Value,Order Total,Order Type",
                &|n, name| {
                    let (m, d) = day(n);
                    format!(
                        "{m:02}/{d:02}/25,{},buyer{},{name},1,{m:02}/{d:02}/25,{n} Low Road,USD,10.00,1{}.50,online",
                        2_000_000_000 + n,
                        n % 4,
                        n % 9
                    )
                },
            ),
        ),
        (
            "amazon.txt",
            table(
                "order-id\torder-item-id\tpurchase-date\tbuyer-email\tbuyer-name\tsku\tproduct-name\tcurrency\titem-price\titem-tax",
                &|n, name| {
                    let (m, d) = day(n);
                    format!(
                        "202-{n:07}-1\t500{n}\t2025-{m:02}-{d:02}T10:12:31+00:00\ta{}@example.com\t{name}\tL-1\tDesk lamp\tUSD\t19.99\t0.80",
                        n % 4
                    )
                },
            ),
        ),
        (
            "square.csv",
            table(
                "Date,Time,Category,Item,Qty,Gross Sales,Net Sales,Transaction ID,Event Type,Location,Customer ID,Customer Name",
                &|n, name| {
                    let (m, d) = day(n);
                    format!(
                        "2025-{m:02}-{d:02},10:12:31,Coffee,Flat White,1.0,$4.50,$4.50,tx{n},Payment,Harbour,CUST{},{name}",
                        n % 4
                    )
                },
            ),
        ),
        (
            "termine.csv",
            table("Termin;Uhrzeit;Kundin;Handy;Leistung;Preis;Mitarbeiterin", &|n, name| {
                let (m, d) = day(n);
                format!("{d:02}.{m:02}.2025;10:15;{name};0170 123456{};Schneiden;45,00;Cy", n % 4)
            }),
        ),
    ];
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/data/import").token();
    for (name, contents) in files {
        let begun = Instant::now();
        let file = location(&upload(&mut admin, &token, name, contents.as_bytes()));
        let page = admin.get(&file).text();
        assert!(page.contains("value=\"start\"") && !page.contains("role=\"alert\""), "{name} asks something: {page}");
        // What the form says about decimals is sent with it, as a browser does.
        let decimal = if page.contains("value=\"comma\" selected") { "comma" } else { "point" };
        location(&admin.form(&file, &token, &[("decimal", decimal), ("do", "start")]));
        let done = wait_for(&mut admin, &file, ": is in.");
        assert!(done.contains("<dt>rows read</dt><dd>400</dd>"), "{name}: {done}");
        assert!(!done.contains("rows rejected"), "{name}: {done}");
        let list = admin.get("/customers").text();
        for who in NAMES.map(|n| n.replace('\'', "&#39;")) {
            assert!(list.contains(&who), "{name}: {who} is not in {list}");
        }
        println!("{name}: 400 rows in, and its people on a list, after {:.1} s", begun.elapsed().as_secs_f64());
        location(&admin.form(&format!("{file}/undo"), &token, &[]));
        wait_for(&mut admin, &file, ": taken back.");
    }
}
