//! Webhooks to a real receiver.

use crate::servers::Server;
use throughline_outreach::{Failure, Hook, Sender, Shape, signature};

/// 2026-03-02T09:00:00Z.
pub const NOW: i64 = 1_772_442_000_000_000;

fn call(url: &str, shape: Shape, allow_private: bool) -> Result<(), Failure> {
    let hook = Hook { url: url.to_owned(), shape, id: "alert.1.7".to_owned() };
    Sender::new(None, allow_private).unwrap().hook(&hook, NOW)
}

fn text() -> Shape {
    Shape::Text("Late deliveries rose — \"6 %\" to 10 %".to_owned())
}

#[test]
fn a_chat_gets_its_text_and_a_program_a_signed_body() {
    let Some(mut server) = Server::start(&["http", "0"]) else { return };
    let url = format!("http://127.0.0.1:{}/services/T0", server.port);
    call(&url, text(), true).unwrap();
    let got = server.received();
    assert_eq!(got["path"], "/services/T0");
    assert_eq!(got["headers"]["content-type"], "application/json");
    assert_eq!(got["headers"]["throughline-delivery"], "alert.1.7");
    let body: serde_json::Value = serde_json::from_str(got["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["text"], "Late deliveries rose — \"6 %\" to 10 %");
    assert!(got["headers"].get("throughline-signature").is_none());

    let json = "{\"news\": []}".to_owned();
    call(&url, Shape::Signed { json: json.clone(), secret: "between us".into() }, true).unwrap();
    let got = server.received();
    assert_eq!(got["body"], json);
    assert_eq!(got["headers"]["throughline-timestamp"], "1772442000");
    let signed = format!("v1={}", signature("between us", 1_772_442_000, &json));
    assert_eq!(got["headers"]["throughline-signature"], signed);
}

#[test]
fn answers_say_whether_to_try_again() {
    let Some(server) = Server::start(&["http", "0"]) else { return };
    let check = |status: u16, again: bool| {
        let failure = call(&format!("http://127.0.0.1:{}/answer/{status}", server.port), text(), true).unwrap_err();
        assert_eq!(failure.again, again, "{failure}");
        assert!(failure.words.contains(&status.to_string()), "{failure}");
    };
    check(400, false);
    check(404, false);
    check(429, true);
    check(503, true);
    // Never followed: it could lead anywhere.
    check(302, false);
    let paths: Vec<String> = server.rest();
    assert_eq!(paths.len(), 5);
    assert!(paths.iter().all(|line| !line.contains("elsewhere")));
}

#[test]
fn private_addresses_are_refused_unless_allowed() {
    let Some(server) = Server::start(&["http", "0"]) else { return };
    let port = server.port;
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let failure = call(&url, text(), false).unwrap_err();
        assert!(!failure.again && failure.words.contains("private network"), "{url}: {failure}");
    }
    assert!(server.rest().is_empty(), "nothing was sent");
}

#[test]
fn a_receiver_that_is_gone_is_tried_again_and_its_address_stays_secret() {
    let failure = call("http://127.0.0.1:1/a-secret", text(), true).unwrap_err();
    assert!(failure.again, "{failure}");
    assert!(!failure.words.contains("a-secret"), "{failure}");
}
