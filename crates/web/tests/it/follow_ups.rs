//! From a figure to its people, to a file, to somebody who does something.

use crate::house::House;

#[test]
fn a_list_becomes_a_file_and_a_follow_up() {
    let house = House::new();
    house.fill(300);
    let mut admin = house.admin();
    let list = "/journeys/buy-and-receive/people?figure=reached.receive";
    let page = admin.get(list);
    let (text, token) = (page.text(), page.token());
    assert!(text.contains("Export the list") && text.contains("name=\"due\" value=\"2026-09-09\""), "{text}");

    let csv = admin.get("/journeys/buy-and-receive/people.csv?figure=reached.receive");
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"customers.csv\""));
    let csv = csv.text();
    let mut rows = csv.lines();
    assert_eq!(rows.next(), Some("customer,name,email,phone,user_id,interactions,first_seen,last_seen,last_answer"));
    let (n, told) = (rows.count() as u64, admin.get("/api/v1/journeys/buy-and-receive/people?figure=reached.receive"));
    let people = told.json()["people"].as_array().map_or(0, Vec::len) as u64;
    assert!(n > 50 && n >= people, "{n} rows, {people} people");
    assert!(admin.get("/settings/audit").text().contains("exported a list of customers"));

    let fields = |due: &'static str| {
        [
            ("title", "reached Receive"),
            ("customers", "93"),
            ("subject", list),
            ("note", "Call them <b>all</b>"),
            ("owner", "admin@example.org"),
            ("due", due),
        ]
    };
    let wrong = admin.form("/follow-ups", &token, &fields("soon"));
    assert!(wrong.text().contains("The day is written as 2026-03-01"));
    assert_eq!(admin.form("/follow-ups", &token, &fields("2026-09-09")).status, 303);
    assert_eq!(admin.form("/follow-ups", &token, &fields("2026-08-30")).status, 303);
    let text = admin.get("/follow-ups").text();
    assert!(text.contains("93\u{a0}customers</a>") && text.contains("when it was assigned"), "{text}");
    assert!(text.contains("Call them &#60;b&#62;all&#60;/b&#62;"), "{text}");
    let (late, later) = (text.find("30 Aug 2026, late").unwrap(), text.find("9 Sep 2026").unwrap());
    assert!(late < later, "the most urgent first");
    assert_eq!(admin.form("/follow-ups/1/done", &token, &[]).status, 303);
    assert_eq!(admin.form("/follow-ups/1/done", &token, &[]).status, 404, "done is done");
    assert!(admin.get("/follow-ups").text().contains("1 done"));
    // A link that leads elsewhere is not kept.
    let mut elsewhere = fields("2026-09-09");
    elsewhere[2].1 = "//example.org/";
    assert_eq!(admin.form("/follow-ups", &token, &elsewhere).status, 303);
    assert!(!admin.get("/follow-ups").text().contains("//example.org"));
}

#[test]
fn who_sees_no_customers_exports_none() {
    let house = House::new();
    house.fill(50);
    let mut admin = house.admin();
    let mut viewer = house.invited(&mut admin, "viewer");
    assert_eq!(viewer.get("/journeys/buy-and-receive/people.csv?figure=started").status, 403);
    assert_eq!(viewer.get("/follow-ups").status, 403);
    let mut agent = house.invited(&mut admin, "agent");
    assert_eq!(agent.get("/follow-ups").status, 200);
    let nothing = agent.get("/journeys/buy-and-receive/people.csv?figure=nothing");
    assert_eq!(nothing.status, 404, "{}", nothing.text());
}
