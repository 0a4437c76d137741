//! Encryption with one's own certificate, and the refusal to go without.

use crate::client::read;
use crate::house::House;
use rustls_acme::rustls::pki_types::{CertificateDer, ServerName};
use rustls_acme::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use throughline_pipeline::{Engine, Options};
use throughline_web::{MIGRATIONS, ServeError, Server, Tls, WebConfig};

#[test]
fn own_certificates_encrypt() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.key_pair.serialize_pem()).unwrap();
    let house = House::with(Options::default(), |c| c.tls = Tls::OwnCertificates { cert, key });

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec())).unwrap();
    let provider = Arc::new(rustls_acme::rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(house.address).unwrap());
    stream.write_all(b"GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut raw = Vec::new();
    let _ = stream.read_to_end(&mut raw);
    let answer = read(&raw);
    assert_eq!(answer.status, 200);
    assert!(answer.header("strict-transport-security").is_some());
    assert!(answer.header("set-cookie").unwrap().contains("; Secure"));
}

#[test]
fn nothing_listens_publicly_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path(), MIGRATIONS, None, Options::default()).unwrap();
    let mut config = WebConfig::local(0, dir.path().to_owned());
    config.listen = ([0, 0, 0, 0], 0).into();
    let refused = Server::bind(engine.clone(), config.clone()).err().unwrap();
    assert!(
        matches!(refused, ServeError::Config(_)) && refused.to_string().contains("set `tls`, or `behind_proxy = true`"),
        "{refused}"
    );
    config.behind_proxy = true;
    assert!(Server::bind(engine.clone(), config).is_ok());
    engine.close().unwrap();
}
