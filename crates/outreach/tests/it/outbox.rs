//! The outbox: retries, dead letters, and nothing twice.

use crate::hooks::NOW;
use crate::mails::{mail, smtp};
use crate::servers::Server;
use throughline_outreach::{
    Delivered, MIGRATION, Mail, Parcel, Sender, SmtpTls, dead_letters, deliver, discard, send_again,
};
use throughline_store::{Outbox, Outgoing, Store, place_of_tests};

const MINUTE: i64 = 60_000_000;

fn open(dir: &tempfile::TempDir) -> Store {
    Store::open_at(&place_of_tests(), dir.path(), &[MIGRATION]).unwrap()
}

fn put(store: &Store, key: &str, to: &str) -> bool {
    store.write(|tx| Outbox::put(tx, 1, key, "mail", to)).unwrap()
}

fn write(outgoing: &Outgoing) -> Parcel {
    match outgoing.body.as_str() {
        "nobody any more" => Parcel::Nothing,
        to => Parcel::Mail(Box::new(Mail { id: format!("m.{}", outgoing.position), ..mail(to) })),
    }
}

fn round(store: &Store, port: u16, now: i64) -> (u32, u32, u32) {
    let sender = Sender::new(Some(smtp(port, SmtpTls::None)), false).unwrap();
    let Delivered { left, again, dead } = deliver(store, &sender, now, &write).unwrap();
    (left, again, dead)
}

#[test]
fn a_killed_server_is_tried_again_until_it_is_back_and_nothing_is_sent_twice() {
    let Some(server) = Server::start(&["smtp", "0"]) else { return };
    let port = server.port;
    assert!(server.rest().is_empty(), "it is killed");
    let dir = tempfile::tempdir().unwrap();
    {
        let store = open(&dir);
        assert!(put(&store, "monday:1", "ana@shop.example"));
        assert!(!put(&store, "monday:1", "ana@shop.example"), "the same thing is in it once");
        assert!(put(&store, "monday:2", "nobody any more"));
        assert_eq!(round(&store, port, NOW), (1, 1, 0));
        assert_eq!(round(&store, port, NOW + MINUTE - 1), (0, 0, 0), "not before a minute");
        assert_eq!(round(&store, port, NOW + MINUTE), (0, 1, 0));
        assert_eq!(round(&store, port, NOW + 5 * MINUTE), (0, 0, 0), "the wait grows");
    }
    // Another process finds it where it was.
    let store = open(&dir);
    let port_text = port.to_string();
    let Some(mut server) = Server::start(&["smtp", &port_text]) else { return };
    assert_eq!(round(&store, port, NOW + 6 * MINUTE), (1, 0, 0));
    assert_eq!(server.received()["to"], serde_json::json!(["ana@shop.example"]));
    assert_eq!(round(&store, port, NOW + 600 * MINUTE), (0, 0, 0));
    assert!(!put(&store, "monday:1", "ana@shop.example"), "a replay puts nothing in");
    assert!(server.rest().is_empty());
}

#[test]
fn what_is_refused_for_good_is_a_dead_letter_with_its_reason() {
    let Some(mut server) = Server::start(&["smtp", "0"]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    put(&store, "a", "unknown@shop.example");
    put(&store, "b", "ana@shop.example");
    assert_eq!(round(&store, server.port, NOW), (1, 0, 1));
    server.received();
    let dead = dead_letters(&store, 1, 10).unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].reason.contains("no such mailbox"), "{}", dead[0].reason);
    assert_eq!((dead[0].attempts, dead[0].died_at), (1, NOW));
    assert!(dead_letters(&store, 2, 10).unwrap().is_empty(), "another workspace's are its own");
    assert!(!send_again(&store, 2, dead[0].position).unwrap());

    // Sent again, it dies again, as another letter; then it is thrown away.
    assert!(send_again(&store, 1, dead[0].position).unwrap());
    assert!(!send_again(&store, 1, dead[0].position).unwrap());
    assert_eq!(round(&store, server.port, NOW + MINUTE), (0, 0, 1));
    let again = dead_letters(&store, 1, 10).unwrap();
    assert_ne!(again[0].position, dead[0].position);
    assert!(discard(&store, 1, again[0].position).unwrap());
    assert!(dead_letters(&store, 1, 10).unwrap().is_empty());
}

#[test]
fn nothing_is_tried_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    put(&store, "a", "ana@shop.example");
    let (mut now, mut tries) = (NOW, 0);
    while let Some(due) = Outbox::next_due(&store).unwrap() {
        now = now.max(due);
        round(&store, 1, now);
        tries += 1;
        assert!(tries < 20);
    }
    assert_eq!(tries, 9);
    let dead = dead_letters(&store, 1, 10).unwrap();
    assert!(dead[0].reason.contains("could not be reached"), "{}", dead[0].reason);
    assert!((now - NOW) / MINUTE > 40 * 60, "most of two days");
}
