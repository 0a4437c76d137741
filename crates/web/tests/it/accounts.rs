//! Who gets in, who stays in, and who is shown the door.

use crate::house::{House, PASSWORD, join, log_in, new_workspace};
use throughline_web::KeyRole;

#[test]
fn the_first_link_makes_an_administrator_once() {
    let house = House::new();
    let old = house.first_link().unwrap();
    let link = house.first_link().unwrap();
    let mut client = house.stranger();
    assert_eq!(client.get(&old).status, 404, "an older link is closed by a newer one");
    let token = client.get(&link).token();
    let weak = client.form(&link, &token, &[("name", "Ana"), ("email", "ana@example.org"), ("password", "short")]);
    assert!(weak.text().contains("at least 12 characters"));
    join(&mut client, &link, "ana@example.org");
    assert_eq!(client.get(&link).status, 404);
    assert_eq!(house.first_link(), None);
    log_in(&mut client, " Ana@example.org ", PASSWORD);
    assert_eq!(client.get("/settings/people").status, 200);
}

#[test]
fn a_link_closes_after_a_day() {
    let house = House::new();
    let link = house.first_link().unwrap();
    house.move_clock(24 * 3600 + 1);
    assert_eq!(house.stranger().get(&link).status, 404);
}

#[test]
fn a_session_ends_when_idle_when_old_and_when_logged_out() {
    let house = House::new();
    let mut admin = house.admin();
    house.move_clock(11 * 3600);
    assert_eq!(admin.get("/data").status, 200);
    house.move_clock(11 * 3600);
    assert_eq!(admin.get("/data").status, 200, "a visit keeps it open");
    house.move_clock(13 * 3600);
    assert_eq!(admin.get("/data").header("location"), Some("/login?next=/data"));

    log_in(&mut admin, "admin@example.org", PASSWORD);
    for _ in 0..40 {
        house.move_clock(10 * 3600);
        admin.get("/data");
    }
    assert_eq!(admin.get("/data").status, 303, "fourteen days are the end in any case");

    log_in(&mut admin, "admin@example.org", PASSWORD);
    let copy = admin.clone();
    let token = admin.get("/data").token();
    assert_eq!(admin.form("/logout", &token, &[]).header("location"), Some("/login"));
    assert_eq!(copy.clone().get("/data").status, 303, "the old cookie opens nothing");
}

#[test]
fn every_form_is_refused_without_its_token() {
    let house = House::new();
    let mut admin = house.admin();
    for path in [
        "/data/keys",
        "/data/keys/1/revoke",
        "/settings/people",
        "/settings/people/1/disable",
        "/settings/account",
        "/theme",
        "/logout",
        "/login",
        "/customers/review",
        "/customers/review/look",
        "/customers/review/automatic",
        "/customers/0000000000000001/separate",
        "/customers/shared",
        "/customers/0000000000000001/erase",
        "/join/x",
    ] {
        for token in ["", "0000"] {
            let answer = admin.form(path, token, &[("source", "x"), ("role", "writer")]);
            assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        }
    }
    let mut other = house.stranger();
    let foreign = other.get("/login").token();
    assert_eq!(admin.form("/data/keys", &foreign, &[("source", "x"), ("role", "writer")]).status, 403);
}

#[test]
fn guessing_passwords_becomes_slow() {
    let house = House::new();
    let mut admin = house.admin();
    let mut guesser = house.stranger();
    let token = guesser.get("/login").token();
    for _ in 0..6 {
        let answer = guesser.form("/login", &token, &[("email", "admin@example.org"), ("password", "wrong")]);
        assert!(
            answer.status == 401 && answer.text().contains("The address or the password is wrong"),
            "{}",
            answer.status
        );
        house.move_clock(2);
    }
    guesser.form("/login", &token, &[("email", "admin@example.org"), ("password", "wrong")]);
    let answer = guesser.form("/login", &token, &[("email", "admin@example.org"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(admin.get("/data").status, 200, "who is in stays in");
}

#[test]
fn each_role_opens_its_rooms_and_no_other() {
    let house = House::new();
    let mut admin = house.admin();
    let mut check = |role: &str, expected: [u16; 7]| {
        let mut client = if role == "admin" { admin.clone() } else { house.invited(&mut admin, role) };
        let pages = [
            "/journeys",
            "/customers",
            "/data",
            "/settings/people",
            "/settings/audit",
            "/settings/account",
            "/metrics",
        ];
        assert_eq!(pages.map(|p| client.get(p).status), expected, "{role}");
    };
    // The counters are open on the machine itself.
    check("admin", [200; 7]);
    check("analyst", [200, 200, 200, 403, 403, 200, 200]);
    check("agent", [200, 200, 403, 403, 403, 200, 200]);
    check("viewer", [200, 403, 403, 403, 403, 200, 200]);
    let mut stranger = house.stranger();
    assert_eq!(stranger.get("/customers?search=a").header("location"), Some("/login?next=/customers%3Fsearch%3Da"));
    assert_eq!(stranger.get("/api/v1/customers").status, 401);
}

#[test]
fn a_shut_account_is_shut_at_once_and_the_last_administrator_stays() {
    let house = House::new();
    let mut admin = house.admin();
    let mut analyst = house.invited(&mut admin, "analyst");
    assert_eq!(analyst.get("/data").status, 200);
    let token = admin.get("/settings/people").token();
    assert_eq!(admin.form("/settings/people/2/disable", &token, &[]).status, 303);
    assert_eq!(analyst.get("/data").status, 303);
    let kept = admin.form("/settings/people/1/disable", &token, &[]);
    assert!(kept.text().contains("the last administrator"));
    let record = admin.get("/settings/audit").text();
    for words in [
        "shut an account",
        "person 2",
        "made an account by invitation",
        "logged in",
        "analyst@example.org",
        "127.0.0.1",
    ] {
        assert!(record.contains(words), "{words}");
    }
}

#[test]
fn the_demo_is_open_on_this_machine_and_changes_no_accounts() {
    let house = House::with(Default::default(), |c| c.demo = true);
    let mut somebody = house.stranger();
    assert_eq!(somebody.get("/data").status, 200);
    assert_eq!(somebody.get("/api/v1/customers").status, 200);
    assert_eq!(somebody.get("/settings/people").status, 403);
    let foreign = somebody.send("GET", "/data", &[("Host", "evil.example")], b"");
    assert_eq!(foreign.status, 421);
    let token = somebody.get("/data").token();
    let shown = somebody.form("/data/keys", &token, &[("source", "try"), ("role", "writer")]).text();
    let key = shown.split_once("<code>tl_").unwrap().1.split('<').next().unwrap();
    somebody.key = Some(format!("tl_{key}"));
    assert_eq!(somebody.post("/v1/interactions", r#"{"message_id":"1","event":"x"}"#).status, 200);
}

#[test]
fn a_key_sees_its_own_workspace_only() {
    let house = House::new();
    house.engine.create_workspace(&new_workspace("other", "Other")).unwrap();
    let mut reader = house.key("r", KeyRole::Reader);
    let seen = reader.get("/api/v1/workspaces").json();
    assert_eq!(seen["workspaces"].as_array().unwrap().len(), 1);
    assert_eq!(seen["workspaces"][0]["key"], "northwind");
    assert_eq!(reader.get("/api/v1/journeys?workspace=northwind").status, 200);
    assert_eq!(reader.get("/api/v1/journeys?workspace=other").status, 404);
}
