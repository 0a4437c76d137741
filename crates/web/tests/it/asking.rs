//! Personal links: made from a list, opened by anybody who has them, answered once.

use crate::client::Client;
use crate::house::House;

/// The links of a list of people, by the customer's id.
pub fn links(admin: &mut Client, figure: &str, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let path = "/journeys/buy-and-receive/ask";
    let token = admin.get(&format!("{path}?figure={figure}")).token();
    let mut all = vec![("figure", figure), ("question", "nps")];
    all.extend(fields);
    let csv = admin.form(path, &token, &all);
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"ask.csv\""), "{}", csv.text());
    let text = csv.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("customer,name,email,phone,order,link"));
    let of = |line: &str| {
        let (id, link) = (line.split(',').next().unwrap(), line.rsplit(',').next().unwrap());
        let (_, path) = link.split_once("/ask/").unwrap();
        (id.to_owned(), format!("/ask/{path}"))
    };
    lines.map(of).collect()
}

fn answer(client: &mut Client, link: &str, score: &str, text: &str) -> crate::client::Answer {
    client.form(link, "", &[("score", score), ("text", text)])
}

#[test]
fn a_link_is_opened_without_a_login_and_answered_once() {
    let house = House::new();
    house.fill(300);
    let mut admin = house.admin();
    let made = links(&mut admin, "started", &[]);
    assert!(made.len() > 20, "{}", made.len());
    let (customer, link) = &made[0];
    let mut somebody = house.stranger();
    let page = somebody.get(link);
    let text = page.text();
    assert_eq!(page.status, 200);
    assert!(page.header("set-cookie").is_none() && somebody.cookies.is_empty(), "who answers gets no cookie");
    assert_eq!(page.header("x-robots-tag"), Some("noindex"));
    assert!(text.contains("Northwind Shop") && text.contains("your order") && !text.contains("Throughline"), "{text}");
    assert!(
        text.matches("type=\"radio\"").count() == 11 && text.contains("aria-label=\"0, not at all likely\""),
        "{text}"
    );

    // What a scanner of mails does: it opens links, with the answer in them, many times.
    for _ in 0..3 {
        let text = somebody.get(&format!("{link}?score=9")).text();
        assert!(text.contains("value=\"9\" required checked"), "{text}");
    }
    assert!(somebody.get(&format!("{link}?score=99")).text().contains("Send the answer"));
    house.engine.wait_folded().unwrap();
    assert!(!admin.get("/data").text().contains("ask-links"), "opening a link records nothing");

    for wrong in ["", "11", "-1", "nine"] {
        let page = answer(&mut somebody, link, wrong, "kept while I choose");
        assert_eq!(page.status, 422, "{wrong}");
        assert!(page.text().contains("Choose one of the answers first") && page.text().contains("kept while I choose"));
    }
    let page = answer(&mut somebody, link, "9", "Lovely <i>parcel</i>");
    assert!(page.status == 200 && page.text().contains("Your answer has arrived"), "{}", page.text());
    for again in [answer(&mut somebody, link, "2", ""), answer(&mut somebody, link, "9", ""), somebody.get(link)] {
        assert!(again.status == 200 && again.text().contains("You have answered already"), "{}", again.text());
    }
    house.engine.wait_folded().unwrap();
    let story = admin.get(&format!("/customers/{customer}?newest=1")).text();
    assert!(story.contains("would recommend 9 of 10") && story.contains("Lovely &#60;i&#62;parcel"), "{story}");
    let data = admin.get("/data").text();
    assert!(data.contains("ask-links"), "{data}");
    let sources = house.engine.sources(house.workspace.id).unwrap();
    let own = sources.iter().find(|s| s.source.as_str() == "ask-links").unwrap();
    assert_eq!((own.tally.accepted, own.tally.received()), (1, 1));

    // Whoever was asked is left in peace, unless somebody says otherwise; the link is the same then.
    assert_eq!(links(&mut admin, "started", &[]), []);
    let text = admin.get("/journeys/buy-and-receive/ask?figure=started").text();
    assert!(text.contains("asked within the last 30 days") && text.contains("nobody can be asked"), "{text}");
    let again = links(&mut admin, "started", &[("again", "1"), ("most", "5")]);
    assert_eq!(again.len(), 5);
    assert!(admin.get("/settings/audit").text().contains("made links to ask customers"));
}

#[test]
fn a_link_that_is_not_ours_or_over_says_so() {
    let house = House::new();
    house.fill(300);
    let mut admin = house.admin();
    let made = links(&mut admin, "started", &[("most", "6")]);
    let mut somebody = house.stranger();
    let (erased, link) = &made[0];
    for wrong in
        ["/ask/x", "/ask/", &link[..link.len() - 1], &format!("{link}A"), &link.replacen("/ask/A", "/ask/B", 1)]
    {
        let page = somebody.get(wrong);
        assert_eq!(page.status, 404, "{wrong}: {}", page.text());
        assert!(answer(&mut somebody, wrong, "5", "").status >= 404, "{wrong}");
    }
    // Another workspace's secret signs nothing here.
    let other = house.engine.create_workspace(&crate::house::new_workspace("other", "Other")).unwrap();
    assert_ne!(other.id, house.workspace.id);
    // Who was erased is not asked any more.
    let token = admin.get(&format!("/customers/{erased}")).token();
    assert_eq!(admin.form(&format!("/customers/{erased}/erase"), &token, &[("confirm", "erase")]).status, 200);
    for page in [somebody.get(link), answer(&mut somebody, link, "5", "")] {
        assert!(page.status == 410 && page.text().contains("leads nowhere any more"), "{}", page.text());
    }
    let (_, link) = &made[1];
    house.move_clock(31 * 86_400);
    for page in [somebody.get(link), answer(&mut somebody, link, "5", "")] {
        assert!(page.status == 410 && page.text().contains("closed by now"), "{}", page.text());
    }
    house.move_clock(-31 * 86_400);
    assert_eq!(answer(&mut somebody, link, "5", "").status, 200);
}

#[test]
fn who_sees_no_customers_asks_none() {
    let house = House::new();
    house.fill(50);
    let mut admin = house.admin();
    let mut viewer = house.invited(&mut admin, "viewer");
    assert_eq!(viewer.get("/journeys/buy-and-receive/ask?figure=started").status, 403);
    let mut agent = house.invited(&mut admin, "agent");
    let page = agent.get("/journeys/buy-and-receive/ask?figure=started");
    assert!(page.status == 200 && page.text().contains("can be asked, of"), "{}", page.text());
    assert_eq!(agent.get("/journeys/buy-and-receive/ask?figure=nothing").status, 404);
    let token = page.token();
    let path = "/journeys/buy-and-receive/ask";
    assert_eq!(agent.form(path, "0000", &[("figure", "started"), ("question", "nps")]).status, 403);
    assert_eq!(agent.form(path, &token, &[("figure", "started"), ("question", "what")]).status, 409);
}
