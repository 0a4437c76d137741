//! What people may ask of a brand: everything about them, to be erased, and that nothing is kept for too long.

use crate::client::{Answer, Client};
use crate::house::House;
use serde_json::{Value, json};
use throughline_customers::CustomerQuery;
use throughline_pipeline::verify_receipt;
use throughline_web::KeyRole;

const PEOPLE: &str = "/settings/privacy/people";

fn upload(client: &mut Client, token: &str, what: &str, name: &str, contents: &str) -> Answer {
    let part = |name: &str, value: &str| {
        format!("--sep\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = format!(
        "--sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{contents}\r\n--sep--\r\n"
    );
    let body = part("token", token) + &part("what", what) + &file;
    client.send("POST", PEOPLE, &[("Content-Type", "multipart/form-data; boundary=sep")], body.as_bytes())
}

/// Customers with an e-mail address: id and address.
fn known(house: &House) -> Vec<(String, String)> {
    let query = CustomerQuery { search: String::new(), after: None, limit: 500 };
    let rows = house.engine.customers(house.workspace.id, &query).unwrap().rows;
    let of = |r: &throughline_customers::CustomerRow| {
        let email = r.identifiers.iter().find(|i| i.kind == "email")?.value.clone();
        Some((format!("{:016x}", r.id), email))
    };
    rows.iter().filter_map(of).collect()
}

/// Waits until the people of a file are erased.
fn erased(admin: &mut Client, page: &str) -> String {
    for _ in 0..100_000 {
        let text = admin.get(page).text();
        if text.contains("The receipt of the file") {
            return text;
        }
        std::thread::yield_now();
    }
    panic!("the people of the file are never erased");
}

/// Pages with something on them: a list to decide about, one to export, one that is done, receipts, rules.
pub fn pages(house: &House, admin: &mut Client) -> Vec<String> {
    let token = admin.get(PEOPLE).token();
    let people = known(house);
    let list: String = people.iter().rev().take(3).map(|(_, email)| format!("email,{email}\n")).collect();
    let mut brought = |what: &str, name: &str, list: &str| {
        upload(admin, &token, what, name, list).header("location").unwrap().to_owned()
    };
    let unsure = format!("email,{}\nemail,stranger@example.org\nshoe_size,42\n\nemail,null\n", people[0].1);
    let (waits, exports) = (brought("erase", "unsure.csv", &unsure), brought("export", "june.txt", &list));
    let done = brought("erase", "letters of june.csv", &list);
    assert_eq!(admin.form(&format!("{done}/erase"), &token, &[("confirm", "erase")]).status, 303);
    let text = erased(admin, &done);
    let receipts: Vec<String> = text
        .split("href=\"/settings/privacy/receipts/")
        .skip(1)
        .map(|r| format!("/settings/privacy/receipts/{}", r.split('"').next().unwrap()))
        .collect();
    let rule =
        [("event", "Order Completed"), ("days", "400"), ("then", "erase"), ("kind", "everything"), ("do", "save")];
    assert_eq!(admin.form("/settings/privacy/retention", &token, &rule).status, 303);
    let rule = [("event", ""), ("days", "500"), ("then", "strip"), ("kind", "everything"), ("do", "save")];
    assert_eq!(admin.form("/settings/privacy/retention", &token, &rule).status, 303);
    vec![
        PEOPLE.to_owned(),
        waits,
        exports,
        done,
        receipts[0].clone(),
        receipts[1].clone(),
        "/settings/privacy/retention".to_owned(),
    ]
}

#[test]
fn one_person_is_handed_out_to_whoever_may_and_the_record_says_so() {
    let house = House::new();
    house.fill(60);
    let mut admin = house.admin();
    let (id, email) = known(&house).remove(0);
    let (json, html) = (format!("/customers/{id}/export.json"), format!("/customers/{id}/export.html"));
    let answer = admin.get(&json);
    assert_eq!(answer.header("content-disposition").unwrap(), format!("attachment; filename=\"customer-{id}.json\""));
    let told = answer.json();
    assert_eq!((&told["format"], &told["person"]["id"]), (&json!("throughline-person/1"), &json!(id)));
    assert!(told["interactions"].as_array().unwrap().len() > 1 && told.to_string().contains(&email));
    let page = admin.get(&html);
    let text = page.text();
    assert!(text.starts_with("<!doctype html>") && text.trim_end().ends_with("</html>"));
    assert!(text.contains(&email) && text.contains("Every interaction") && !text.contains("src="), "it stands alone");
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(text.contains("admin@example.org"), "who took it before is told");
    assert!(admin.get("/settings/audit").text().matches("exported a customer").count() == 2);
    assert!(admin.get(&format!("/customers/{id}")).text().contains(&json));

    // Programs: by what they accept, and with the right key alone.
    let mut key = house.key("crm", KeyRole::Admin);
    let api = format!("/api/v1/customers/{id}/export");
    assert_eq!(key.get(&api).json()["person"]["id"], json!(id));
    assert!(key.send("GET", &api, &[("Accept", "text/html")], b"").text().starts_with("<!doctype html>"));
    assert!(key.get(&format!("{api}.html")).text().starts_with("<!doctype html>"));
    assert_eq!(key.get("/api/v1/customers/00000000000000aa/export").status, 404);
    assert_eq!(house.key("reader", KeyRole::Reader).get(&api).status, 403);
    for role in ["viewer", "agent", "analyst"] {
        let mut other = house.invited(&mut admin, role);
        assert_eq!((other.get(&json).status, other.get(PEOPLE).status), (403, 403), "{role}");
    }
    assert_eq!(house.stranger().get(&api).status, 401);
}

#[test]
fn what_the_console_keeps_goes_with_the_person_and_the_receipt_is_checked_by_anybody() {
    let house = House::new();
    house.fill(60);
    let mut admin = house.admin();
    let people = known(&house);
    let (id, email) = people[0].clone();
    let story = format!("/customers/{id}");
    let token = admin.get(&story).token();
    let about = |subject: &str, title: &str| {
        [
            ("title", title),
            ("customers", "1"),
            ("subject", subject),
            ("note", "Call"),
            ("owner", "admin@example.org"),
            ("due", "2026-09-09"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
    };
    let mut assign = |fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(admin.form("/follow-ups", &token, &fields).status, 303);
    };
    assign(&about(&story, &format!("Call {email}")));
    assign(&about(&format!("/customers/{}", people[1].0), "Call the other one"));
    let sought = format!("/customers?search={}", email.replace('@', "%40"));
    assert_eq!(admin.form("/views", &token, &[("name", "the one"), ("path", sought.as_str())]).status, 303);
    let exported = admin.get(&format!("{story}/export.json")).json();
    assert_eq!(exported["elsewhere"]["follow_ups"][0]["note"], "Call");

    let shown = admin.form(&format!("{story}/erase"), &token, &[("confirm", "erase")]).text();
    let receipt = shown.split("/settings/privacy/receipts/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (notes, home) = (admin.get("/follow-ups").text(), admin.get("/follow-ups").text());
    assert!(!notes.contains(&email) && notes.contains("Call the other one"), "{notes}");
    assert!(!home.contains("the one</a>"), "the saved view went too");
    let listed = admin.get("/settings/privacy").text();
    assert!(listed.contains(&receipt) && listed.contains("BEGIN PUBLIC KEY"));
    let page = admin.get(&format!("/settings/privacy/receipts/{receipt}")).text();
    assert!(page.contains("Northwind Shop has erased") && !page.contains(&email), "{page}");
    let file = admin.get(&format!("/settings/privacy/receipts/{receipt}/receipt.json")).text();
    let key = house.stranger().get("/api/v1/receipts/key").json();
    let verified = verify_receipt(&file, key["public_key"].as_str()).unwrap();
    assert!(verified.is_about(&throughline_interactions::Identifier::new("email", &email)));
    let elsewhere = verified.receipt["erased"].as_array().unwrap().iter().find(|p| p["place"] == "console").unwrap();
    assert_eq!(elsewhere["count"], 2, "a follow-up and a view");
    let mut program = house.key("crm", KeyRole::Admin);
    assert_eq!(program.get(&format!("/api/v1/receipts/{receipt}")).json()["receipt"], verified.receipt);
    assert_eq!(program.get("/api/v1/receipts").json()["receipts"][0]["id"], json!(receipt));
    assert_eq!(admin.get(&story).status, 404);
}

#[test]
fn a_file_is_seen_decided_about_and_worked_off() {
    let house = House::new();
    house.fill(60);
    let mut admin = house.admin();
    let people = known(&house);
    let shown = pages(&house, &mut admin);
    let text = admin.get(&shown[1]).text();
    for said in ["Line", "its kind is not known", "1\u{a0}person", "write", "remembered as refused"] {
        assert!(text.to_lowercase().contains(&said.to_lowercase()), "{said}: {text}");
    }
    assert!(!text.contains(&people[0].1) && !text.contains("stranger@example.org"), "what stood in it is not kept");
    let token = admin.get(PEOPLE).token();
    let unsure = admin.form(&format!("{}/erase", shown[1]), &token, &[("confirm", "yes")]).text();
    assert!(unsure.contains("write the word erase") || unsure.contains("Write the word erase"), "{unsure}");
    assert_eq!(admin.get(&format!("/customers/{}", people[0].0)).status, 200, "nobody of it is erased");
    // The people of the done file are in no export any more.
    assert_eq!(admin.get(&format!("{}/export.ndjson", shown[2])).text(), "");
    let zip = admin.get(&format!("{}/export.zip", shown[2]));
    assert_eq!((zip.status, zip.header("content-type")), (200, Some("application/zip")));
    assert_eq!(admin.get(&format!("{}/export.zip", shown[1])).status, 409, "it was brought to erase them");
    assert_eq!(admin.form(&format!("{}/forget", shown[2]), &token, &[]).status, 303);
    assert_eq!(admin.get(&shown[2]).status, 404);
    for (list, said) in [("", "empty"), (" \n", "empty"), ("PK\u{3}\u{4}\0\0", "no text")] {
        let answer = upload(&mut admin, &token, "erase", "x.csv", list);
        assert!(answer.text().contains(said), "{list:?}");
    }
    assert_eq!(upload(&mut admin, "forged", "erase", "x.csv", "a@b.org").status, 403);
    let mut analyst = house.invited(&mut admin, "analyst");
    let token = analyst.get("/today").token();
    assert_eq!(upload(&mut analyst, &token, "erase", "x.csv", "a@b.org").status, 403);
}

#[test]
fn a_rule_is_tried_before_it_is_made() {
    let house = House::new();
    house.fill(60);
    let mut admin = house.admin();
    let page = "/settings/privacy/retention";
    let token = admin.get(page).token();
    let everything =
        |act: &'static str| [("event", ""), ("days", "1"), ("then", "erase"), ("kind", "everything"), ("do", act)];
    let tried = admin.form(page, &token, &everything("look")).text();
    assert!(tried.contains("would go with the next night") && tried.contains("Make this rule"), "{tried}");
    let none = admin.form(page, &token, &[("days", "soon")]).text();
    assert!(none.contains("Name a number of days"), "{none}");
    // The shop's last day was a day ago: everything is old enough.
    let refused = admin.form(page, &token, &everything("save")).text();
    assert!(
        refused.contains("confirm it if that is meant") && refused.contains("All interactions of this workspace go"),
        "{refused}"
    );
    let rule =
        [("event", "Order Completed"), ("days", "90"), ("then", "erase"), ("kind", "everything"), ("do", "save")];
    assert_eq!(admin.form(page, &token, &rule).status, 303);
    house.move_clock(2 * 3_600);
    house.postman.let_go().unwrap();
    let text = admin.get(page).text();
    assert!(
        text.contains("“Order Completed” are kept 90\u{a0}days, then erased")
            || text.contains("are kept 90 days, then erased"),
        "{text}"
    );
    assert!(text.contains(" erased</td>"), "what has gone is told: {text}");
    let sources: Value = admin.get("/api/v1/sources").json();
    assert!(sources.to_string().contains("(erased)"));
    assert_eq!(admin.form(&format!("{page}/1/remove"), &token, &[]).status, 303);
    assert_eq!(admin.form(&format!("{page}/1/remove"), &token, &[]).status, 404);
}
