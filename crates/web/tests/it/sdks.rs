//! The tracking libraries themselves, with nothing changed but the host: every call arrives, every
//! field comes back from the story, and whatever the line does, each event counts once.

use crate::faulty::{Ill, Line};
use crate::house::House;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use throughline_interactions::SourceId;
use throughline_web::{KeyRole, create_key};

/// Small events that every library sends beside its calls.
const TICKS: usize = 230;

/// Where the libraries are, or what is missing.
fn tools() -> Result<PathBuf, String> {
    let known = std::env::var_os("THROUGHLINE_TOOLS").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|h| Path::new(&h).join(".cache/throughline"));
    known.or_else(home).ok_or_else(|| "there is no home directory".to_owned())
}

/// What drives a library.
#[derive(Clone, Copy)]
enum Driver {
    Python,
    Node,
    Browser,
}

/// A script beside the modules that it uses, which are not kept in the clone.
fn beside_modules(tools: &Path, scripts: &Path, name: &str) -> Result<PathBuf, String> {
    let script = tools.join("sdk").join(name);
    if !tools.join("sdk/node_modules/posthog-node").exists() {
        return Err(format!("there are no tracking libraries in {}", tools.join("sdk").display()));
    }
    let fresh = std::fs::read(scripts.join(name)).map_err(|e| e.to_string())?;
    if std::fs::read(&script).ok().as_ref() != Some(&fresh) {
        std::fs::write(&script, fresh).map_err(|e| e.to_string())?;
    }
    Ok(script)
}

impl Driver {
    fn command(self, library: &str, host: &str, key: &str) -> Result<Command, String> {
        let (tools, scripts) = (tools()?, Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk"));
        let mut command = match self {
            Self::Python => {
                let python = tools.join("venv/bin/python");
                let has = Command::new(&python).args(["-c", "import segment.analytics, rudderstack, posthog"]).output();
                if !has.is_ok_and(|o| o.status.success()) {
                    return Err(format!("{} has no tracking libraries; scripts/test installs them", python.display()));
                }
                let mut command = Command::new(python);
                command.arg(scripts.join("drive.py"));
                command
            }
            Self::Node => {
                let mut command = Command::new("node");
                command.arg(beside_modules(&tools, &scripts, "drive.mjs")?);
                command
            }
            Self::Browser => {
                let (chromium, modules) = crate::browser::browser()?;
                let mut command = Command::new("node");
                command.arg(beside_modules(&tools, &scripts, "browser.mjs")?);
                command.args([library, host, key]).args([chromium, modules]);
                return Ok(command);
            }
        };
        command.args([library, host, key, &TICKS.to_string()]);
        Ok(command)
    }
}

/// Drives a library over a line with these ills; `None` where it is not there, which is said.
fn drive(driver: Driver, library: &str, ills: &'static [Ill]) -> Option<(House, Line)> {
    let house = House::new();
    let source = SourceId::new("shop").unwrap();
    let key = create_key(house.engine.store(), house.workspace.id, &source, KeyRole::Writer).unwrap();
    let line = Line::to(house.address, ills);
    let mut command = match driver.command(library, &format!("http://{}", line.address), key.reveal()) {
        Ok(command) => command,
        Err(missing) => {
            println!("skipped: {missing}");
            return None;
        }
    };
    let told = command.output().unwrap();
    let said = [told.stdout, told.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    assert!(told.status.success(), "{said}");
    house.engine.wait_folded().unwrap();
    Some((house, line))
}

/// What the story says of the only customer, an object for each interaction.
fn story(house: &House) -> Vec<Value> {
    let mut reader = house.key("reader", KeyRole::Reader);
    let found = reader.get("/api/v1/customers?search=ana").json();
    let id = found["customers"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned();
    let story = reader.get(&format!("/api/v1/customers/{id}/story?limit=1000")).json();
    story["entries"].as_array().unwrap().iter().map(|e| e["interaction"].clone()).collect()
}

/// Everything arrived, once: what every library sends alike.
fn check(house: &House, calls: usize) -> Vec<Value> {
    let tally = house.engine.sources(house.workspace.id).unwrap();
    let shop = tally.iter().find(|s| s.source == "shop").unwrap();
    let expected = (calls + TICKS) as u64;
    assert_eq!((shop.tally.accepted, shop.tally.rejected, shop.tally.quarantined), (expected, 0, 0), "{shop:?}");
    let story = story(house);
    let ticks: std::collections::BTreeSet<u64> =
        story.iter().filter(|i| i["event"] == "Tick").map(|i| i["properties"]["n"].as_u64().unwrap()).collect();
    assert_eq!(ticks.len(), TICKS, "each once");
    let order = story.iter().find(|i| i["event"] == "Order Completed").expect("the order is in the story");
    assert_eq!(order["properties"]["note"], "grüße 🚲");
    assert_eq!(order["properties"]["basket"], serde_json::json!({"weight": 1.5, "gift": true, "none": null}));
    assert_eq!(order["money"], serde_json::json!({"minor": 1250, "currency": "EUR"}));
    let refs: Vec<String> =
        order["refs"].as_array().unwrap().iter().map(|r| r["value"].as_str().unwrap().to_owned()).collect();
    assert_eq!(refs, ["o-1", "p-1", "p-2"]);
    assert!(order["identifiers"].as_array().unwrap().iter().any(|i| i["value"] == "ana"));
    let known = story.iter().find(|i| i["event"] == "Identified").expect("who she is");
    let emails = known["identifiers"].as_array().unwrap().iter().filter(|i| i["kind"] == "email");
    assert_eq!(emails.map(|i| i["value"].as_str().unwrap()).collect::<Vec<_>>(), ["ana@example.org"]);
    story
}

/// Segment's six calls.
fn check_calls(driver: Driver, library: &str) {
    let Some((house, _)) = drive(driver, library, &[]) else { return };
    let story = check(&house, 6);
    let one = |event: &str| story.iter().find(|i| i["event"] == event).unwrap_or_else(|| panic!("no {event}")).clone();
    let page = one("Page Viewed");
    assert_eq!((&page["touchpoint"], &page["channel"]), (&"Guide".into(), &"web".into()));
    assert_eq!(
        (&page["properties"]["category"], &page["properties"]["url"]),
        (&"Docs".into(), &"https://shop.example/guide".into())
    );
    let screen = one("Screen Viewed");
    assert_eq!((&screen["touchpoint"], &screen["channel"]), (&"Settings".into(), &"app".into()));
    assert_eq!(screen["properties"]["tab"], "mail");
    let group = one("Group Joined");
    assert_eq!((&group["refs"][0]["value"], &group["properties"]["seats"]), (&"acme".into(), &5.into()));
    assert_eq!(one("Identified")["properties"]["plan"], "pro");
    let alias = one("Identities Joined");
    assert!(alias["identifiers"].as_array().unwrap().iter().any(|i| i["value"] == "visitor-7"));
    assert!(alias["properties"]["context"]["library"]["name"].is_string());
}

#[test]
fn segments_python_library() {
    check_calls(Driver::Python, "segment");
}

#[test]
fn segments_node_library() {
    check_calls(Driver::Node, "segment");
}

#[test]
fn rudderstacks_python_library() {
    check_calls(Driver::Python, "rudder");
}

#[test]
fn rudderstacks_node_library() {
    check_calls(Driver::Node, "rudder");
}

#[test]
fn posthogs_libraries() {
    for (driver, library) in [(Driver::Python, "posthog"), (Driver::Python, "posthog-v1"), (Driver::Node, "posthog")] {
        let Some((house, _)) = drive(driver, library, &[]) else { return };
        let story = check(&house, 4);
        assert!(story.iter().any(|i| i["event"] == "Identities Joined"), "{library}");
    }
}

/// The line fails in every way, and each event counts once all the same.
fn check_ills(driver: Driver, library: &str, calls: usize, ills: &'static [Ill]) {
    let Some((house, line)) = drive(driver, library, ills) else { return };
    check(&house, calls);
    let shop = house.engine.sources(house.workspace.id).unwrap();
    let duplicates: u64 = shop.iter().map(|s| s.tally.duplicate).sum();
    assert!(duplicates > 0, "{library}: what was lost on the way back is sent again, and known");
    assert!(line.requests() > ills.len(), "{library}");
}

const ILLS: &[Ill] = &[Ill::Answer(503, None), Ill::LostAnswer, Ill::Answer(429, Some(1)), Ill::Broken];

#[test]
fn segments_libraries_over_a_bad_line() {
    check_ills(Driver::Python, "segment", 6, ILLS);
    check_ills(Driver::Node, "segment", 6, ILLS);
}

#[test]
fn rudderstacks_libraries_over_a_bad_line() {
    check_ills(Driver::Python, "rudder", 6, ILLS);
    // Its Node library gives up after three tries of a batch.
    check_ills(Driver::Node, "rudder", 6, &[Ill::Answer(503, None), Ill::LostAnswer]);
}

#[test]
fn posthogs_libraries_over_a_bad_line() {
    check_ills(Driver::Python, "posthog", 4, ILLS);
    check_ills(Driver::Python, "posthog-v1", 4, &[Ill::Answer(503, None), Ill::LostAnswer, Ill::Answer(429, Some(1))]);
    check_ills(Driver::Node, "posthog", 4, &[Ill::Answer(503, None), Ill::LostAnswer]);
}

/// A page of another origin: preflights, the settings that a library asks for first, and either way of
/// sending.
#[test]
fn the_browser_library_of_segment() {
    check_browser(["segment-single", "segment-batching"]);
}

/// The same of RudderStack's, which asks for its configuration first and sends headers of its own.
#[test]
fn the_browser_library_of_rudderstack() {
    check_browser(["rudderstack-single", "rudderstack-batching"]);
}

fn check_browser(libraries: [&str; 2]) {
    for library in libraries {
        let Some((house, _)) = drive(Driver::Browser, library, &[]) else { return };
        let story = story(&house);
        let one = |event: &str| {
            let found = story.iter().find(|i| i["event"] == event);
            found.unwrap_or_else(|| panic!("{library}: no {event} in {story:#?}")).clone()
        };
        let page = one("Page Viewed");
        assert_eq!((&page["touchpoint"], &page["channel"]), (&"Guide".into(), &"web".into()), "{library}");
        assert_eq!(page["properties"]["from"], "test", "{library}");
        let campaign = page["refs"].as_array().unwrap().iter().find(|r| r["kind"] == "campaign");
        assert_eq!(campaign.map(|r| &r["value"]), Some(&"spring".into()), "{library}");
        assert_eq!(one("Order Completed")["money"]["minor"], 1250, "{library}");
        assert_eq!(one("Identified")["properties"]["plan"], "pro", "{library}");
        assert_eq!(one("Group Joined")["refs"][0]["value"], "acme", "{library}");
        assert!(one("Identities Joined")["identifiers"].as_array().unwrap().len() >= 2, "{library}");
        let shop = house.engine.sources(house.workspace.id).unwrap();
        let rejected: u64 = shop.iter().map(|s| s.tally.rejected + s.tally.quarantined).sum();
        assert_eq!(rejected, 0, "{library}: {shop:?}");
    }
}

/// The queues of mobile libraries arrive as they upload them: gzipped, with the key where each puts it.
#[test]
fn mobile_libraries_upload_what_waited() {
    use crate::client::Client;
    use std::io::Write;
    let house = House::new();
    let source = SourceId::new("app").unwrap();
    let key = create_key(house.engine.store(), house.workspace.id, &source, KeyRole::Writer).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/tests/fixtures/mobile");
    let hex: String = format!("{}:", key.reveal()).bytes().map(|b| format!("{b:02x}")).collect();
    let basic = format!("Basic {}", crate::hooks::base64(&hex));
    let mut sent = 0;
    for (file, path, kind, in_header) in [
        ("segment-android", "/v1/b", "text/plain", false),
        ("segment-ios", "/v1/b", "application/json; charset=utf-8", true),
        ("rudderstack-android", "/v1/batch", "application/json", true),
        ("rudderstack-ios", "/v1/batch", "Application/json", true),
    ] {
        let body = std::fs::read_to_string(fixtures.join(format!("{file}.json"))).unwrap();
        let body = body.replace("%KEY%", if in_header { "" } else { key.reveal() });
        let events = serde_json::from_str::<Value>(&body).unwrap()["batch"].as_array().unwrap().clone();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(body.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let mut headers = vec![("Content-Type", kind), ("Content-Encoding", "gzip")];
        if in_header {
            headers.push(("Authorization", &basic));
        }
        // The line breaks after the first try, and the queue is sent again.
        for _ in 0..2 {
            let answer = Client::new(house.address).send("POST", path, &headers, &packed);
            assert_eq!(answer.status, 200, "{file}: {}", answer.text());
        }
        house.engine.wait_folded().unwrap();
        let mut reader = house.key("reader", KeyRole::Reader);
        for event in &events {
            let id = event["messageId"].as_str().unwrap();
            let found = reader.get(&format!("/api/v1/messages?id={id}")).json();
            assert!(found.to_string().contains(id), "{file}: {found}");
        }
        sent += events.len() as u64;
        let tally = house.engine.sources(house.workspace.id).unwrap();
        let app = tally.iter().find(|s| s.source == "app").unwrap().tally;
        assert_eq!((app.accepted, app.duplicate, app.rejected, app.quarantined), (sent, sent, 0, 0), "{file}");
    }
    let mut reader = house.key("reader", KeyRole::Reader);
    let found = reader.get("/api/v1/customers?search=kunde-17").json();
    let id = found["customers"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned();
    let story = reader.get(&format!("/api/v1/customers/{id}/story?limit=100")).json();
    assert_eq!(story["entries"].as_array().unwrap().len(), 7, "from the installation on");
}
