//! A file of places that the owner supplies: what is kept of an address is where it is.

use crate::client::Client;
use crate::house::House;
use serde_json::{Value, json};
use std::path::PathBuf;
use throughline_pipeline::Options;
use throughline_web::{KeyRole, MIGRATIONS, Server, WebConfig};

/// Made of made-up places in the networks for documentation, by Python's `mmdb_writer`.
fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";

struct Sender {
    client: Client,
    reader: Client,
    sent: u32,
}

impl Sender {
    /// Sends an event through a proxy from an address; what the story says of its place.
    fn place(&mut self, address: &str, agent: &str, path: &str, mut event: Value) -> String {
        let id = format!("m{}", self.sent);
        self.sent += 1;
        let name = match path {
            "/v1/web" => "message_id",
            "/batch" => "uuid",
            _ => "messageId",
        };
        event[name] = json!(id);
        let list = if path == "/v1/web" { "items" } else { "batch" };
        let body = json!({list: [event]}).to_string();
        let headers = [("X-Forwarded-For", address), ("User-Agent", agent), ("Content-Type", "application/json")];
        let answer = self.client.send("POST", path, &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(!answer.text().contains("\"rejected\":1"), "{}", answer.text());
        let mut story = Value::Null;
        for _ in 0..500 {
            story = self.reader.get(&format!("/api/v1/messages?id={id}")).json();
            if story.to_string().contains("\"counted\"") {
                break;
            }
        }
        let interaction = story.to_string();
        assert!(interaction.contains("\"counted\"") && !interaction.contains(address), "{interaction}");
        let found = self.reader.get("/api/v1/customers?search=ana&limit=1").json();
        let who = found["customers"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned();
        let story = self.reader.get(&format!("/api/v1/customers/{who}/story?limit=1000")).json();
        let entries = story["entries"].as_array().unwrap();
        let this =
            entries.iter().find(|e| e["interaction"]["message_id"] == json!(id)).unwrap_or_else(|| panic!("{story}"));
        let properties = &this["interaction"]["properties"];
        assert!(!properties.to_string().contains(address), "{properties}");
        ["country", "region", "city"].map(|p| properties[p].as_str().unwrap_or("-").to_owned()).join(", ")
    }
}

#[test]
fn where_somebody_is_follows_from_their_address_and_the_address_is_forgotten() {
    let house = House::with(Options::default(), |web| {
        web.places = Some(fixture("places.mmdb"));
        web.behind_proxy = true;
    });
    let mut sender =
        Sender { client: house.key("shop", KeyRole::Writer), reader: house.key("r", KeyRole::Reader), sent: 0 };
    let page = |context: Value| json!({"type": "page", "userId": "ana", "context": context});
    let berlin = "DE, Land Berlin, Berlin";
    let library = json!({"library": {"name": "analytics.js", "version": "1"}});
    assert_eq!(sender.place("192.0.2.9", BROWSER, "/v1/batch", page(library.clone())), berlin);
    assert_eq!(sender.place("2001:db8:1::5", BROWSER, "/v1/batch", page(library.clone())), "FR, Île-de-France, Paris");
    assert_eq!(sender.place("198.51.100.7", BROWSER, "/v1/batch", page(library.clone())), "US, Oregon, Portland");
    // A telephone of an app.
    let app = json!({"type": "track", "event": "Application Opened", "userId": "ana", "context": {"library": {"name": "analytics-kotlin"}}});
    assert_eq!(sender.place("192.0.2.9", "Dalvik/2.1.0 (Linux; U; Android 14)", "/v1/b", app), berlin);
    // Our own script, and PostHog's.
    let own = json!({"event": "Page Viewed", "identifiers": {"user_id": "ana"}});
    assert_eq!(sender.place("192.0.2.9", BROWSER, "/v1/web", own), berlin);
    let captured = |ip: &str| json!({"event": "$pageview", "distinct_id": "ana", "properties": {"$current_url": "https://shop.example/", "$ip": ip}});
    assert_eq!(sender.place("203.0.113.1", "posthog-node/4", "/batch", captured("192.0.2.9")), berlin);
    // A server passes its customer's address on, and where the server itself is tells nothing.
    let server = json!({"library": {"name": "analytics-python"}, "ip": "192.0.2.9"});
    assert_eq!(sender.place("198.51.100.7", "analytics-python/2", "/v1/batch", page(server)), berlin);
    assert_eq!(sender.place("198.51.100.7", "analytics-python/2", "/v1/batch", page(json!({}))), "-, -, -");
    // What the sender says goes first, then the address, then the time zone.
    let told = json!({"type": "page", "userId": "ana", "properties": {"city": "Potsdam"}, "context": {"timezone": "Europe/Rome"}});
    assert_eq!(sender.place("192.0.2.9", BROWSER, "/v1/batch", told), "DE, Land Berlin, Potsdam");
    // Nothing is known of it, or nothing that makes sense.
    let rome = json!({"timezone": "Europe/Rome", "ip": "0.0.0.0"});
    assert_eq!(sender.place("192.0.2.200", BROWSER, "/v1/batch", page(rome.clone())), "IT, -, -");
    assert_eq!(sender.place("203.0.113.5", BROWSER, "/v1/batch", page(rome)), "IT, -, -");
    assert!(house.admin().get("/settings/privacy").text().contains("by your file of places"));
}

#[test]
fn a_file_that_is_none_of_places_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let engine = throughline_pipeline::Engine::open(dir.path(), MIGRATIONS, None, Options::default()).unwrap();
    let mut cut = std::fs::read(fixture("places.mmdb")).unwrap();
    cut.truncate(300);
    std::fs::write(dir.path().join("cut.mmdb"), cut).unwrap();
    std::fs::write(dir.path().join("text.mmdb"), "country,city\n").unwrap();
    for (path, expected) in [
        (fixture("networks.mmdb"), "a database of another kind, `Throughline-Test-ASN`"),
        (dir.path().join("cut.mmdb"), "no file of places in MaxMind's format"),
        (dir.path().join("text.mmdb"), "no file of places in MaxMind's format"),
        (dir.path().join("none.mmdb"), "No such file"),
    ] {
        let config = WebConfig { places: Some(path.clone()), ..WebConfig::local(0, dir.path().to_owned()) };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _inside = runtime.enter();
        let said = Server::bind(engine.clone(), config).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(said.contains(expected) && said.contains(&path.display().to_string()), "{said}");
    }
}
