//! Scorecards: what stands on the pages, that every figure opens as many people as it says, and who
//! may see whom.

use crate::client::Client;
use crate::house::House;
use crate::pages::check;
use serde_json::Value;
use throughline_web::KeyRole;

fn filled(customers: u64) -> House {
    let house = House::new();
    house.fill(customers);
    house
}

#[test]
fn the_slow_carrier_stands_out_and_nobody_else_for_it() {
    let house = filled(2_500);
    let mut admin = house.admin();
    let list = admin.get("/scorecards").text();
    check(&list, &["Carriers", "Products", "Stores", "Staff", "worse Brightway", "By what else was said"]);
    let page = admin.get("/scorecards/carrier?measure=broken").text();
    check(
        &page,
        &[
            "They differ beyond chance",
            "1 Brightway",
            "worse",
            "95 % interval",
            "Others, same",
            "All measures as CSV",
            "Surely worst first",
        ],
    );
    assert!(page.len() < 150 * 1024, "{} bytes", page.len());
    let value = admin.get("/scorecards/carrier/Brightway").text();
    check(
        &value,
        &[
            "Among all carriers",
            "Promises not kept",
            "Over time",
            "Where in the journey",
            "What customers say",
            "Do something",
            "Ship",
        ],
    );
    assert!(value.len() < 150 * 1024, "{} bytes", value.len());
    // Gift wrap is common where the slow carrier drives: taken for itself it looks bad.
    let gift = admin.get("/scorecards/property.gift_wrap?measure=unhappy&by=carrier").text();
    check(&gift, &["true", "false", "Others, same carrier"]);
    let gift = admin.get("/api/v1/scorecards/property.gift_wrap?by=carrier").json();
    for value in gift["scorecard"]["values"].as_array().unwrap() {
        for card in value["cards"].as_array().unwrap().iter().filter(|c| c["adjusted"]["flag"].is_string()) {
            assert_eq!(card["adjusted"]["flag"], "alike", "{value}");
        }
    }
}

/// Every share of every value of a dimension.
fn every_figure(client: &mut Client, kind: &str) -> u64 {
    let card = client.get(&format!("/api/v1/scorecards/{kind}?by=none")).json();
    let measures: Vec<String> = card["scorecard"]["measures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["key"].as_str().unwrap().to_owned())
        .collect();
    let mut looked = 0;
    for value in card["scorecard"]["values"].as_array().unwrap() {
        let name = value["value"].as_str().unwrap().replace(' ', "%20");
        let mut behind = |figure: &str| {
            let people = client.get(&format!("/api/v1/scorecards/{kind}/{name}/people?figure={figure}")).json();
            let all = people["people"].as_array().unwrap();
            looked += 1;
            (all.len() as u64, all.iter().map(|p| p["instances"].as_u64().unwrap()).sum::<u64>())
        };
        assert_eq!(behind("touched"), (value["customers"].as_u64().unwrap(), value["interactions"].as_u64().unwrap()));
        assert_eq!(behind("met").1, value["met"].as_u64().unwrap(), "{kind} {name}");
        for (measure, card) in measures.iter().zip(value["cards"].as_array().unwrap()).filter(|(_, c)| !c.is_null()) {
            let expected = if measure.starts_with("score.") { &card["affairs"] } else { &card["events"] };
            assert_eq!(behind(measure).1, expected.as_u64().unwrap(), "{kind} {name} {measure}");
        }
    }
    looked
}

#[test]
fn every_figure_opens_as_many_as_it_says() {
    let house = filled(250);
    let mut reader = house.key("r", KeyRole::Reader);
    let looked: u64 =
        ["carrier", "store", "staff", "property.region"].iter().map(|k| every_figure(&mut reader, k)).sum();
    assert!(looked > 50, "{looked}");
    // The page of a figure says the same as the list for programs.
    let mut admin = house.admin();
    let people = reader.get("/api/v1/scorecards/carrier/Brightway/people?figure=broken").json();
    let page = admin.get("/scorecards/carrier/Brightway/people?figure=broken").text();
    check(&page, &[&format!("{} customers with", people["total"]), "with a promise that was not kept", "Do something"]);
    let csv = admin.get("/scorecards/carrier/Brightway/people.csv?figure=broken").text();
    assert_eq!(csv.lines().count() as u64, 1 + people["total"].as_u64().unwrap());
}

#[test]
fn the_file_has_every_value_by_every_measure() {
    let house = filled(250);
    let mut admin = house.admin();
    let answer = admin.get("/scorecards.csv?kind=carrier&by=none");
    assert!(answer.header("content-disposition").unwrap().contains("scorecard-carrier.csv"));
    let csv = answer.text();
    let card = admin.get("/api/v1/scorecards/carrier?by=none").json();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + card["scorecard"]["values"].as_array().unwrap().len());
    assert!(lines[0].starts_with("value,instances,customers,interactions,currency,worth,paid_back,unhappy_seen"));
    let columns = lines[0].split(',').count();
    assert!(lines.iter().all(|l| l.split(',').count() == columns), "{csv}");
}

#[test]
fn who_sees_no_customers_sees_the_figures() {
    let house = filled(250);
    let mut admin = house.admin();
    let mut viewer = house.invited(&mut admin, "viewer");
    let page = viewer.get("/scorecards/carrier/Brightway").text();
    check(&page, &["Promises not kept"]);
    assert!(!page.contains("/people?figure") && !page.contains("What customers say") && !page.contains("<q>"));
    assert_eq!(viewer.get("/scorecards/carrier/Brightway/people?figure=met").status, 403);
    assert!(!viewer.get("/scorecards/carrier").text().contains("/people?figure"));
}

#[test]
fn what_is_not_there_is_said() {
    let house = House::new();
    let mut admin = house.admin();
    check(&admin.get("/scorecards").text(), &["Nothing to compare yet", "\"carrier\": \"Pronto\""]);
    let answer = admin.get("/scorecards/carrier");
    assert_eq!(answer.status, 404);
    check(&answer.text(), &["There is no scorecard “carrier”."]);
    house.fill(40);
    for path in [
        "/scorecards/carrier/Nobody",
        "/scorecards/carrier?by=nothing",
        "/scorecards/carrier/Brightway/people?figure=x",
    ] {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
    // A single value has nobody to be compared with; the page still stands.
    for path in [
        "/scorecards/carrier?measure=nothing&sort=nothing&page=999",
        "/scorecards/product?sort=best",
        "/scorecards/store?sort=name",
    ] {
        assert_eq!(admin.get(path).status, 200, "{path}");
    }
    let card: Value = admin.get("/api/v1/scorecards/carrier").json();
    assert!(card["scorecard"]["measures"].is_array());
}
