//! Addresses that are printed, mailed and shown: opened by people and by machines, by somebody and by one
//! person, and what of it stands in the story.

use crate::client::{Answer, Client};
use crate::house::House;
use serde_json::{Value, json};
use throughline_web::KeyRole;

const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1";

/// Makes a link and gives its path.
fn link(admin: &mut Client, fields: &[(&str, &str)]) -> String {
    let token = admin.get("/data/links").token();
    let made = admin.form("/data/links", &token, fields);
    assert_eq!(made.header("location"), Some("/data/links"), "{}", made.text());
    let text = admin.get("/data/links").text();
    let name = fields.iter().find(|(n, _)| *n == "name").unwrap().1;
    let row = text.split("<tr>").find(|r| r.contains(name)).unwrap();
    let (_, rest) = row.split_once("/l/").unwrap();
    format!("/l/{}", rest.split('<').next().unwrap())
}

fn open(house: &House, method: &str, path: &str, agent: &str) -> Answer {
    house.stranger().send(method, path, &[("user-agent", agent)], b"")
}

fn personal(house: &House, path: &str, who: &Value) -> Answer {
    let code = path.trim_start_matches("/l/").trim_end_matches(".gif");
    house.key("printer", KeyRole::Writer).post(&format!("/v1/links/{code}/personal"), who.to_string())
}

/// The path of the first address of an answer.
fn path_of(answer: &Answer) -> String {
    let address = answer.json()["addresses"][0].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    address[address.find("/l/").unwrap()..].to_owned()
}

#[test]
fn a_code_on_a_parcel_leads_on_and_stands_in_the_story_of_its_order() {
    let house = House::new();
    let mut admin = house.admin();
    let fields = [
        ("kind", "packaging"),
        ("name", "Lid of the lamp"),
        ("target", "https://shop.example/care"),
        ("about_kind", "product"),
        ("about_value", "lamp-7"),
    ];
    let path = link(&mut admin, &fields);
    let order = json!({"message_id": "o", "event": "Order Completed", "identifiers": {"user_id": "u-1", "email": "ana@example.org"}, "refs": {"order": "o-1"}});
    assert_eq!(house.key("shop", KeyRole::Writer).post("/v1/interactions", order.to_string()).json()["accepted"], 1);
    let signed =
        path_of(&personal(&house, &path, &json!([{"identifiers": {"user_id": "u-1"}, "refs": {"order": "o-1"}}])));
    let led = open(&house, "GET", &signed, PHONE);
    let expected =
        "https://shop.example/care?utm_source=packaging&utm_medium=packaging&utm_campaign=Lid%20of%20the%20lamp";
    assert_eq!((led.status, led.header("location")), (302, Some(expected)));
    assert!(led.header("set-cookie").is_none(), "whoever follows a link gets no cookie");
    // Opened again in the same minute it is the same opening; what a machine fetched is told apart.
    open(&house, "GET", &signed, PHONE);
    open(&house, "HEAD", &signed, PHONE);
    // A signature of another address, or none: it leads on, and nobody is believed to be anybody.
    assert_eq!(open(&house, "GET", &format!("{path}?p=forged"), PHONE).status, 302);
    open(&house, "GET", &path, "Googlebot/2.1");
    house.engine.wait_folded().unwrap();
    let mut reader = house.key("reader", KeyRole::Reader);
    let found = reader.get("/api/v1/customers?search=ana").json();
    let id = found["customers"][0]["id"].as_str().unwrap().to_owned();
    let story = reader.get(&format!("/api/v1/customers/{id}/story")).json();
    let scans: Vec<&Value> = story["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["interaction"])
        .filter(|i| i["event"] == "Code Scanned")
        .collect();
    assert_eq!(scans.len(), 2, "{story}");
    let by = |actor: &str| {
        scans.iter().find(|s| s["actor"].as_str().unwrap_or("human") == actor).unwrap_or_else(|| panic!("{scans:?}"))
    };
    let scan = by("human");
    assert_eq!((&scan["channel"], &scan["touchpoint"]), (&json!("packaging"), &json!("Lid of the lamp")));
    let refs = scan["refs"].to_string();
    assert!(refs.contains("lamp-7") && refs.contains("o-1"), "{refs}");
    assert_eq!(by("prefetch")["properties"]["actor_reason"], "it asked for the head alone");
    let list = admin.get("/data/links").text();
    let row = list.split("<tr>").find(|r| r.contains("Lid of the lamp")).unwrap();
    let counts: Vec<&str> = row.split("<td class=\"num\">").skip(1).map(|c| c.split('<').next().unwrap()).collect();
    assert_eq!(counts, ["3", "2"], "three openings by people, two by machines: {row}");
    // The code for a camera is a picture of the address.
    let code = path.trim_start_matches("/l/");
    let drawn = admin.get(&format!("/data/links/{code}/code.svg"));
    assert_eq!(drawn.header("content-type"), Some("image/svg+xml"));
    assert!(drawn.text().contains("<svg") && drawn.text().len() > 2_000);
    let mut viewer = house.invited(&mut admin, "viewer");
    assert_eq!(
        (viewer.get("/data/links").status, viewer.get(&format!("/data/links/{code}/code.svg")).status),
        (403, 403)
    );
    // Removed, it leads nowhere.
    let token = admin.get("/data/links").token();
    assert_eq!(admin.form(&format!("/data/links/{code}/remove"), &token, &[]).status, 303);
    assert_eq!(open(&house, "GET", &path, PHONE).status, 404);
}

#[test]
fn a_mail_that_was_fetched_is_not_a_mail_that_was_read() {
    let house = House::new();
    let mut admin = house.admin();
    let path = link(&mut admin, &[("kind", "email-picture"), ("name", "Spring letter")]);
    assert!(path.ends_with(".gif"), "{path}");
    let signed = path_of(&personal(&house, &path, &json!([{"identifiers": {"user_id": "u-2"}}])));
    for (agent, actor) in [
        (PHONE, "human"),
        ("Mozilla/5.0", "prefetch"),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "human"),
        ("Mimecast-URL-Scanner", "prefetch"),
        ("curl/8.1", "bot"),
        ("", "bot"),
    ] {
        let picture = open(&house, "GET", &signed, agent);
        assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/gif")), "{agent} {actor}");
        assert_eq!(picture.header("cache-control"), Some("no-store"));
        assert!(picture.body.starts_with(b"GIF89a"));
    }
    // Nobody in particular opened it: counted, and nobody's story.
    open(&house, "GET", &path, PHONE);
    house.engine.wait_folded().unwrap();
    let mut reader = house.key("reader", KeyRole::Reader);
    let found = reader.get("/api/v1/customers").json();
    assert_eq!(found["customers"].as_array().unwrap().len(), 1, "{found}");
    let id = found["customers"][0]["id"].as_str().unwrap().to_owned();
    let story = reader.get(&format!("/api/v1/customers/{id}/story")).json();
    let mut actors: Vec<String> = story["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["interaction"]["actor"].as_str().unwrap_or("human").to_owned())
        .collect();
    actors.sort();
    // In one minute each kind of reader counts once.
    assert_eq!(actors, ["bot", "human", "prefetch"]);
    assert!(story.to_string().contains("Email Opened") && story.to_string().contains("Spring letter"));
}

#[test]
fn a_kiosk_asks_whoever_stands_before_it_and_asks_again() {
    let house = House::new();
    let mut admin = house.admin();
    let fields = [
        ("kind", "kiosk"),
        ("name", "Door, north"),
        ("question", "stars"),
        ("about_kind", "store"),
        ("about_value", "north"),
    ];
    let path = link(&mut admin, &fields);
    let mut screen = house.stranger();
    let asked = screen.get(&path).text();
    assert!(
        asked.contains("class=\"ask kiosk\"") && asked.contains("How was it?") && !asked.contains("It is about"),
        "{asked}"
    );
    let n = asked.split("name=\"n\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let empty = screen.form(&path, "", &[("n", &n)]);
    assert_eq!(empty.status, 422);
    for _ in 0..2 {
        let thanks = screen.form(&path, "", &[("n", &n), ("score", "4"), ("text", "Nice <b>light</b>")]);
        let text = thanks.text();
        assert!(
            thanks.status == 200 && text.contains("Thank you") && text.contains(&format!("content=\"6;url={path}\"")),
            "{text}"
        );
    }
    screen.form(&path, "", &[("n", "another"), ("score", "2")]);
    house.engine.wait_folded().unwrap();
    let sources = house.engine.sources(house.workspace.id).unwrap();
    let links = sources.iter().find(|s| s.source == "links").unwrap();
    assert_eq!((links.tally.accepted, links.tally.duplicate, links.tally.quarantined), (2, 1, 0), "{links:?}");
    let scores = house.key("reader", KeyRole::Reader).get("/api/v1/scores").json();
    assert!(scores.to_string().contains("stars"), "{scores}");

    // Faster than people come one after another.
    let answers = (0..40).map(|n| screen.form(&path, "", &[("n", &format!("q{n}")), ("score", "1")]));
    let statuses: Vec<u16> = answers.map(|a| a.status).collect();
    assert_eq!((statuses[0], statuses[39]), (200, 429), "{statuses:?}");
    house.move_clock(60);
    assert_eq!(screen.form(&path, "", &[("n", "later"), ("score", "5")]).status, 200);
}

#[test]
fn what_is_wrong_with_a_link_is_said() {
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/data/links").token();
    for (fields, said) in [
        (vec![("kind", "short")], "Choose what it is"),
        (vec![("kind", "smoke"), ("name", "x"), ("target", "https://a.b")], "Choose what it is"),
        (vec![("kind", "short"), ("name", "x"), ("target", "javascript:alert(1)")], "Write where it leads"),
        (vec![("kind", "short"), ("name", "x"), ("target", "https://a.b/ c\r\nx: y")], "Write where it leads"),
        (vec![("kind", "kiosk"), ("name", "x"), ("target", "https://a.b")], "A kiosk asks something"),
        (
            vec![("kind", "short"), ("name", "x"), ("target", "https://a.b"), ("about_kind", "product")],
            "has a kind and a value",
        ),
    ] {
        let text = admin.form("/data/links", &token, &fields).text();
        assert!(text.contains(said), "{fields:?}: {text}");
    }
    let path = link(&mut admin, &[("kind", "short"), ("name", "Xylophone"), ("target", "https://a.b/")]);
    for (who, said) in [
        (json!([{"identifiers": {"email": "ana@example.org"}}]), "holds no `email`"),
        (json!([{}]), "neither who it is nor what it is about"),
        (json!([{"refs": {"order": "o".repeat(300)}}]), "more than the 300 bytes"),
        (json!({"refs": {}}), "a list of"),
    ] {
        let answer = personal(&house, &path, &who);
        assert!(answer.status == 400 && answer.text().contains(said), "{who}: {}", answer.text());
    }
    assert_eq!(personal(&house, "/l/nothing1", &json!([{"refs": {"order": "1"}}])).status, 404);
}
