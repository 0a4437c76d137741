//! The ways to every page, and pages that people keep under a name.

use crate::house::{House, new_workspace};

#[test]
fn a_view_is_kept_seen_and_forgotten_by_whom_it_belongs_to() {
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/journeys").token();
    let save = |client: &mut crate::client::Client, token: &str, name: &str, path: &str, shared: &str| {
        client.form("/views", token, &[("name", name), ("path", path), ("shared", shared)])
    };
    let kept = save(&mut admin, &token, "Spring <b>", "/journeys/buy-and-receive?from=2026-03-01&workspace=x", "");
    assert_eq!(kept.header("location"), Some("/journeys/buy-and-receive?from=2026-03-01"), "{}", kept.text());
    save(&mut admin, &token, "For all", "/today", "1");
    // The same name takes the new page.
    save(&mut admin, &token, "For all", "/journeys", "1");
    let page = admin.get("/go").text();
    assert!(page.contains("Spring &#60;b&#62;") && !page.contains("Spring <b>"), "{page}");
    assert_eq!(page.matches(">For all</a></th>").count(), 1, "{page}");
    assert!(admin.get("/journeys").text().contains("href=\"/journeys/buy-and-receive?from=2026-03-01\""));

    let mut viewer = house.invited(&mut admin, "viewer");
    let seen = viewer.get("/go").text();
    assert!(seen.contains("For all") && !seen.contains("Spring"), "{seen}");
    assert!(!seen.contains("/views/2/delete"), "a shared view belongs to who saved it");
    let own = viewer.get("/journeys").token();
    assert_eq!(viewer.form("/views/1/delete", &own, &[]).status, 404);
    assert_eq!(viewer.form("/views/2/delete", &own, &[]).status, 404);
    assert_eq!(admin.form("/views/1/delete", &token, &[]).status, 303);
    assert!(!admin.get("/go").text().contains("Spring"));

    assert_eq!(save(&mut admin, &token, "", "/today", "").status, 409);
    assert_eq!(save(&mut admin, &token, "Elsewhere", "//evil.example", "").status, 409);
    assert_eq!(admin.form("/views", "forged", &[("name", "a"), ("path", "/today")]).status, 403);
    // A view belongs to its workspace.
    house.engine.create_workspace(&new_workspace("other", "Other Shop")).unwrap();
    assert!(!admin.get("/go?workspace=other").text().contains("For all"));
}

#[test]
fn everything_can_be_gone_to_by_name_and_only_by_who_may() {
    let house = House::new();
    house.fill(200);
    let mut admin = house.admin();
    let list = |client: &mut crate::client::Client, q: &str| client.get(&format!("/go/list?q={q}")).text();
    assert!(list(&mut admin, "").contains("href=\"/journeys/buy-and-receive\""));
    assert!(list(&mut admin, "RECEIVE%20buy").contains("href=\"/journeys/buy-and-receive\""));
    assert!(list(&mut admin, "zzzz").contains("Nothing is called “zzzz”"));
    let row = house.engine.customers(house.workspace.id, &one()).unwrap().rows.remove(0);
    let (id, value) = (row.id, &row.identifiers[0].value);
    let href = format!("href=\"/customers/{id:016x}\"");
    assert!(list(&mut admin, value).contains(&href), "{value}");
    let mut viewer = house.invited(&mut admin, "viewer");
    let seen = list(&mut viewer, value);
    assert!(!seen.contains("/customers/"), "{seen}");
    let rooms = list(&mut viewer, "");
    assert!(!rooms.contains("/settings/people") && !rooms.contains("/data"), "{rooms}");
    assert_eq!(admin.get("/go/nothing").status, 404);
    assert!(admin.get("/go/keys").text().contains("Escape"));
}

fn one() -> throughline_customers::CustomerQuery {
    throughline_customers::CustomerQuery { search: String::new(), after: None, limit: 1 }
}

#[test]
fn keys_of_one_letter_can_be_turned_off() {
    let house = House::new();
    let mut admin = house.admin();
    let page = admin.get("/go");
    assert!(!page.text().contains("data-keys=\"off\"") && page.text().contains("data-go=\"t\""));
    admin.form("/keys", &page.token(), &[("keys", "off")]);
    assert!(admin.get("/journeys").text().contains("data-keys=\"off\""));
    let token = admin.get("/go").token();
    admin.form("/keys", &token, &[("keys", "on")]);
    assert!(!admin.get("/journeys").text().contains("data-keys=\"off\""));
}

#[test]
fn every_page_is_light() {
    let house = House::new();
    house.fill(2_500);
    let mut admin = house.admin();
    let home = admin.get("/journeys/buy-and-receive").text();
    let people = home.split("href=\"").find(|h| h.contains("/people?figure=")).unwrap();
    let people = people.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let customers = admin.get("/customers").text();
    let story = customers
        .split("href=\"")
        .find(|h| h.starts_with("/customers/") && !h.starts_with("/customers/review"))
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let pages = [
        "/journeys/buy-and-receive",
        &people,
        "/journeys",
        "/today",
        "/follow-ups",
        "/customers",
        story,
        "/go",
        "/data",
        "/data/import",
        "/settings/workspace",
        "/settings/people",
        "/settings/audit",
        "/settings/account",
    ];
    for path in pages {
        let begun = std::time::Instant::now();
        let page = admin.get(path);
        println!("{path}: {} bytes, {} ms", page.body.len(), begun.elapsed().as_millis());
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.len() <= 150 * 1024, "{path}: {} bytes", page.body.len());
    }
}
