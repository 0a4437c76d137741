//! Mail to a real SMTP server, in clear and encrypted both ways.

use crate::servers::Server;
use std::path::Path;
use throughline_outreach::{Attachment, Failure, Mail, Sender, Smtp, SmtpTls};

pub fn smtp(port: u16, tls: SmtpTls) -> Smtp {
    let from = "Throughline <cx@shop.example>".to_owned();
    Smtp { host: "localhost".into(), port, login: None, from, tls, ca: None }
}

pub fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "What changed — März".to_owned(),
        text: "Fewer orders.\n.\nA line with a point alone.".to_owned(),
        html: Some("<p>Fewer <b>orders</b>.</p>".to_owned()),
        attachment: Some(Attachment {
            name: "monday.pdf".into(),
            media: "application/pdf".into(),
            bytes: b"%PDF-1.7 and so on".to_vec(),
        }),
        id: "monday.1.2026-03-02".to_owned(),
    }
}

fn send(smtp: Smtp, mail: &Mail) -> Result<(), Failure> {
    Sender::new(Some(smtp), false).unwrap().mail(mail)
}

/// A certificate for localhost that is its own authority, and its key.
fn certificate(dir: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.key_pair.serialize_pem()).unwrap();
    (cert.to_string_lossy().into_owned(), key.to_string_lossy().into_owned())
}

#[test]
fn a_mail_arrives_as_it_was_written() {
    let Some(mut server) = Server::start(&["smtp", "0"]) else { return };
    send(smtp(server.port, SmtpTls::None), &mail("ana@shop.example")).unwrap();
    let got = server.received();
    assert_eq!(got["from"], "cx@shop.example");
    assert_eq!(got["to"], serde_json::json!(["ana@shop.example"]));
    assert_eq!(got["subject"], "What changed — März");
    assert_eq!(got["id"], "<monday.1.2026-03-02@shop.example>");
    assert_eq!(got["automatic"], "auto-generated");
    let text = got["parts"]["text/plain"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), "Fewer orders.\n.\nA line with a point alone.");
    assert_eq!(got["parts"]["text/html"].as_str().unwrap().trim(), "<p>Fewer <b>orders</b>.</p>");
    assert_eq!(got["parts"]["application/pdf"], "%PDF-1.7");
}

#[test]
fn encrypted_from_the_first_byte_or_after_starttls_with_a_login() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(dir.path());
    let check = |tls: SmtpTls, more: &[&str]| {
        let mut arguments = vec!["smtp", "0", "--cert", &cert, "--key", &key, "--login", "cx:a secret"];
        arguments.extend(more);
        let Some(mut server) = Server::start(&arguments) else { return };
        let login = Some(("cx".to_owned(), "a secret".to_owned()));
        let good = Smtp { ca: Some(cert.clone().into()), login, ..smtp(server.port, tls) };
        send(good.clone(), &mail("ana@shop.example")).unwrap();
        let got = server.received();
        assert_eq!((&got["encrypted"], &got["login"]), (&true.into(), &true.into()));

        let wrong = Smtp { login: Some(("cx".into(), "another".into())), ..good.clone() };
        let refused = send(wrong, &mail("ana@shop.example")).unwrap_err();
        assert!(refused.words.contains("535"), "{refused}");
        assert!(!refused.words.contains("another"));
        // Nobody vouches for the certificate: nothing is sent, and it says so.
        let stranger = send(Smtp { ca: None, ..good.clone() }, &mail("ana@shop.example")).unwrap_err();
        assert!(stranger.again && stranger.words.contains("no encrypted connection"), "{stranger}");
        // The certificate is for another name.
        let named = Smtp { host: "127.0.0.1".into(), ..good };
        assert!(send(named, &mail("ana@shop.example")).unwrap_err().words.contains("no encrypted connection"));
        assert!(server.rest().is_empty());
    };
    check(SmtpTls::StartTls, &[]);
    check(SmtpTls::Implicit, &["--implicit"]);
}

#[test]
fn a_server_without_starttls_gets_nothing_in_clear() {
    let Some(server) = Server::start(&["smtp", "0"]) else { return };
    let failure = send(smtp(server.port, SmtpTls::StartTls), &mail("ana@shop.example")).unwrap_err();
    assert!(failure.words.contains("offers no STARTTLS"), "{failure}");
    assert!(server.rest().is_empty());
}

#[test]
fn refusals_name_their_reason_and_no_address() {
    let Some(server) = Server::start(&["smtp", "0"]) else { return };
    let check = |to: &str, again: bool, words: &str| {
        let failure = send(smtp(server.port, SmtpTls::None), &mail(to)).unwrap_err();
        assert_eq!(failure.again, again, "{failure}");
        assert!(failure.words.contains(words), "{failure}");
        assert!(!failure.words.contains('@'), "{failure}");
    };
    check("unknown@shop.example", false, "no such mailbox");
    check("busy@shop.example", true, "come back later");
    check("nobody", false, "address cannot be read");
    check("a@b\r\nRCPT TO:<c@d.example>", false, "address cannot be read");
}

#[test]
fn settings_that_cannot_work_say_so() {
    let check = |smtp: Smtp, words: &str| {
        let failure = send(smtp, &mail("ana@shop.example")).unwrap_err();
        assert!(failure.words.contains(words), "{failure}");
    };
    let base = smtp(1, SmtpTls::None);
    check(Smtp { from: "nobody".into(), ..base.clone() }, "`smtp.from` is not an address");
    let login = Some(("cx".to_owned(), "a secret".to_owned()));
    check(Smtp { host: "mail.shop.example".into(), login, ..base.clone() }, "in clear");
    check(base, "could not be reached");
    let none = Sender::new(None, false).unwrap().mail(&mail("ana@shop.example")).unwrap_err();
    assert!(none.words.contains("no mail server is set up"));
}
