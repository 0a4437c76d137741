//! Every page in a real browser, narrow and wide, light and dark: nothing broken, nothing wider than
//! the window, nothing that WCAG 2.2 AA forbids, usable by keyboard.

use crate::house::House;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Chromium and the folder of its driver, or what is missing.
pub fn browser() -> Result<(PathBuf, PathBuf), String> {
    let known = std::env::var_os("THROUGHLINE_CHROMIUM").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    let chromium = known.into_iter().chain(usual).find(|p| p.exists()).ok_or("there is no Chromium")?;
    let tools = std::env::var_os("THROUGHLINE_TOOLS").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|h| Path::new(&h).join(".cache/throughline"));
    let modules = tools.or_else(home).ok_or("there is no home directory")?.join("browser/node_modules");
    for module in ["playwright-core", "axe-core"] {
        if !modules.join(module).exists() {
            return Err(format!("there is no {module} in {}; scripts/test installs it", modules.display()));
        }
    }
    Ok((chromium, modules))
}

/// The first link of a page that begins like this.
fn link(html: &str, begins: &str) -> String {
    let found = html.split("href=\"").skip(1).map(|h| h.split('"').next().unwrap()).find(|h| h.starts_with(begins));
    found.unwrap_or_else(|| panic!("no link to {begins} in {html}")).replace("&amp;", "&").replace("&#38;", "&")
}

fn query() -> throughline_customers::CustomerQuery {
    throughline_customers::CustomerQuery { search: String::new(), after: None, limit: 1 }
}

/// Whether the built script is the one of its source, where esbuild is there.
#[test]
fn the_built_script_is_that_of_its_source() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/console-js");
    let told = Command::new(script).arg("--check").output().unwrap();
    match told.status.code() {
        Some(3) => println!("skipped: {}", String::from_utf8_lossy(&told.stderr).trim()),
        code => assert_eq!(code, Some(0), "run scripts/console-js: {}", String::from_utf8_lossy(&told.stdout)),
    }
}

/// Reviews with everything that a preview shows: scores, words, somebody who comes back, bad rows.
fn reviews() -> String {
    let mut csv = "Reviewed on,E-mail,Product,Stars,What they said\n".to_owned();
    for n in 0..60 {
        csv += &format!(
            "2026-0{}-1{} 09:30,reader{}@example.org,Lamp {},{},\"It arrived, and it shines. {}\"\n",
            n % 8 + 1,
            n % 9,
            n % 20,
            n % 4,
            n % 5 + 1,
            "Really. ".repeat(n % 4)
        );
    }
    csv + "soon,eve@example.org,Lamp 1,5,Not yet\n2026-03-01 10:00,eve@example.org,Lamp 1,none,Hm\n"
}

/// The form for an initiative about the first finding, and one that has run for two months.
fn initiatives(admin: &mut crate::client::Client, map: &str) -> (String, String) {
    let new = link(map, "/initiatives/new?journey=buy-and-receive");
    let token = admin.get(&new).token();
    let figure = new.split("figure=").nth(1).unwrap();
    let fields = [
        ("journey", "buy-and-receive"),
        ("figure", figure),
        ("what", "Send with another carrier"),
        ("owner", "admin@example.org"),
        ("cost", "1200"),
        ("starts", "2026-06-01"),
        ("ends", "2026-07-25"),
        ("aim", "exposure"),
        ("target", "2.5"),
    ];
    let made = admin.form("/initiatives", &token, &fields);
    (new, made.header("location").unwrap().to_owned())
}

#[test]
fn every_page_is_sound_in_a_browser() {
    let (chromium, modules) = match browser() {
        Ok(found) => found,
        Err(why) => return println!("skipped: {why}"),
    };
    let house = House::new();
    house.fill(2_500);
    let mut admin = house.admin();
    let map = "/journeys/buy-and-receive";
    let html = admin.get(map).text();
    let (reached, pain) = (
        link(&html, &format!("{map}/people?figure=reached.receive")),
        link(&html, &format!("{map}/people?figure=pain")),
    );
    let story = format!("/customers/{:016x}", house.engine.customers(house.workspace.id, &query()).unwrap().rows[0].id);
    let shown = admin.get(&story).text();
    let one_interaction = link(&shown, &format!("{story}?only="));
    // What the palette finds somebody by.
    let row = house.engine.customers(house.workspace.id, &query()).unwrap().rows.remove(0);
    let customer = row.identifiers.iter().find(|i| i.kind == "email").unwrap_or(&row.identifiers[0]).value.clone();
    // A file that is being decided about, with a question, and one that is in.
    let token = admin.get("/data/import").token();
    let brought = |admin: &mut crate::client::Client, name: &str, csv: &str| {
        let answer = crate::imports::upload(admin, &token, name, csv.as_bytes());
        answer.header("location").unwrap().to_owned()
    };
    let asked_about = brought(&mut admin, "orders.csv", &crate::imports::orders());
    let looked_at = brought(&mut admin, "reviews.csv", &reviews());
    let let_in = brought(&mut admin, "answers.csv", &reviews());
    admin.form(&let_in, &token, &[("do", "start")]);
    let assigned = [
        ("title", "reached Receive"),
        ("customers", "93"),
        ("subject", reached.as_str()),
        ("note", "Call them"),
        ("owner", "admin@example.org"),
        ("due", "2026-08-30"),
    ];
    admin.form("/follow-ups", &token, &assigned);
    let (new_initiative, begun) = initiatives(&mut admin, &html);
    let personal = crate::asking::links(&mut admin, "started", &[("most", "3")]);
    let (scale, thanks) = (format!("{}?score=9", personal[0].1), personal[1].1.clone());
    house.stranger().form(&thanks, "", &[("score", "7")]);
    let (compared, behind) = (format!("{map}?period=90d&compare=before"), format!("{map}/stages/receive"));
    let sources = house.engine.sources(house.workspace.id).unwrap();
    let source = &sources.iter().find(|s| !s.source.starts_with("import:")).unwrap().source;
    let latest = house.engine.arrivals(house.workspace.id, source).unwrap().latest[0].message_id.clone().unwrap();
    let mut sender = house.key(source, throughline_web::KeyRole::Writer);
    let other = json!({"message_id": latest, "event": "Order Cancelled", "identifiers": {"user_id": "somebody"}});
    assert_eq!(sender.post("/v1/interactions", other.to_string()).json()["quarantined"], 1);
    house.engine.wait_folded().unwrap();
    let hook = [("source", source.as_str()), ("kind", "shopify"), ("secret", "s3cret")];
    assert_eq!(admin.form("/data/hooks", &token, &hook).status, 303);
    // A plan that something does not fit, and links: one that leads on, one that asks.
    let schema = "{\"properties\": {\"properties\": {\"required\": [\"shelf\"]}}}";
    let plan = [("event", "Shelved"), ("schema", schema), ("mode", "keep_aside"), ("act", "save")];
    assert_eq!(admin.form("/data/plan/event", &token, &plan).status, 303);
    let unfit: Vec<Value> = (0..3).map(|n| json!({"message_id": format!("s-{n}"), "event": "Shelved"})).collect();
    assert_eq!(sender.post("/v1/interactions", json!(unfit).to_string()).json()["quarantined"], 3);
    house.engine.wait_folded().unwrap();
    let leads = [("kind", "packaging"), ("name", "Lid of the lamp"), ("target", "https://shop.example/care")];
    let asks = [("kind", "kiosk"), ("name", "At the till"), ("question", "stars")];
    for link in [&leads, &asks] {
        assert_eq!(admin.form("/data/links", &token, link).status, 303);
    }
    let listed = admin.get("/data/links").text();
    let codes: Vec<&str> = listed.split("/l/").skip(1).map(|r| r.split(['<', '"']).next().unwrap()).collect();
    let kiosk = codes.iter().map(|c| format!("/l/{c}")).find(|p| house.stranger().get(p).status == 200).unwrap();
    // People who were entered twice.
    assert_eq!(sender.post("/v1/interactions", json!(crate::review::people()).to_string()).status, 200);
    assert!(house.engine.match_now(house.workspace.id).unwrap().pairs > 10);
    let (source, message) = (format!("/data/source?name={source}"), format!("/data/message?id={latest}"));
    let newest = format!("{story}?newest=1");
    let orders_of = format!("{story}?kind=orders&q=order");
    let figure_of = format!("{story}?figure=orders");
    let rights = crate::rights::pages(&house, &mut admin);
    let before = format!("{story}?as_of=2026-05-03");
    let mut pages = vec![
        map,
        "/initiatives",
        &new_initiative,
        &begun,
        "/journeys/buy-and-receive/ask?figure=started",
        &scale,
        &thanks,
        &compared,
        &behind,
        "/data/import",
        "/follow-ups",
        "/go",
        "/go?q=a",
        "/today",
        "/scorecards",
        "/scorecards/carrier?measure=broken",
        "/scorecards/store?measure=score.stars",
        "/scorecards/carrier/Brightway",
        "/scorecards/carrier/Brightway/people?figure=broken",
        "/today/monday",
        "/settings/alerts",
        &asked_about,
        &looked_at,
        &let_in,
        "/workspaces/new",
        "/journeys",
        &reached,
        &pain,
        "/customers",
        "/customers?search=nobody-at-all",
        &story,
        &newest,
        &orders_of,
        &figure_of,
        &one_interaction,
        "/data",
        &source,
        &message,
        "/data/aside",
        "/data/aside?code=plan",
        "/data/plan",
        "/data/plan/event?name=Shelved",
        "/data/plan/event?name=Order%20Completed",
        "/data/links",
        &kiosk,
        "/settings/privacy",
        "/settings/identity",
        "/customers/shared",
        "/customers/review",
        "/segments",
        "/segments/new",
        "/segments/rfm",
        &before,
        "/settings/workspace",
        "/settings/people",
        "/settings/audit",
        "/settings/account",
        "/nothing",
    ];
    pages.extend(rights.iter().map(String::as_str));
    let mut asked = json!({
        "chromium": chromium, "modules": modules, "address": house.address.to_string(),
        "cookies": admin.cookies, "pages": pages.as_slice(), "customer": customer, "sheets": [map, &compared],
    });
    if let Some(folder) = std::env::var_os("THROUGHLINE_PICTURES") {
        std::fs::create_dir_all(&folder).unwrap();
        asked["pictures"] = Value::from(folder.to_string_lossy());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/pages.mjs");
    let mut node = match Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
        Ok(node) => node,
        Err(e) => return println!("skipped: node cannot be started: {e}"),
    };
    node.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let out = node.wait_with_output().unwrap();
    assert!(out.status.success(), "the script failed: {}", String::from_utf8_lossy(&out.stdout));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let faults: Vec<&str> = told["faults"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(told["looked"], 4 * (pages.len() + 1));
}
