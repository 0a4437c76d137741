//! A running house: an engine in a temporary directory, a server in front of it, people and keys.

use crate::client::Client;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use throughline_demo::World;
use throughline_interactions::{Record, SourceId, Timestamp, limits};
use throughline_pipeline::{Engine, NewWorkspace, Options, Received, Workspace};
use throughline_web::{Clock, KeyRole, MIGRATIONS, Postman, Server, WebConfig, create_key, first_admin_link_at};

/// What everybody's password is.
pub const PASSWORD: &str = "three plain words";

/// The time in every house: 2026-09-02T00:00:00Z.
pub const NOW: Timestamp = Timestamp::from_seconds(1_788_307_200);

/// A running house; it is closed when it goes out of scope.
pub struct House {
    pub engine: Engine,
    pub address: SocketAddr,
    pub workspace: Workspace,
    /// Lets leave what is due, when told to.
    pub postman: Postman,
    /// Microseconds by which the clock of the web edge is ahead.
    pub ahead: Arc<AtomicI64>,
    runtime: Option<tokio::runtime::Runtime>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    _dir: tempfile::TempDir,
}

impl House {
    pub fn new() -> Self {
        Self::with(Options::default(), |_| {})
    }

    pub fn with(mut options: Options, change: impl FnOnce(&mut WebConfig)) -> Self {
        options.clock = || NOW;
        options.store = throughline_store::place_of_tests();
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path(), MIGRATIONS, None, options).unwrap();
        let workspace = engine.create_workspace(&new_workspace("northwind", "Northwind Shop")).unwrap();
        let mut config = WebConfig::local(0, PathBuf::from(dir.path()));
        let ahead = Arc::new(AtomicI64::new(0));
        let moved = ahead.clone();
        config.clock = Clock::new(move || Timestamp(NOW.0 + moved.load(Ordering::Relaxed)));
        change(&mut config);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = Server::bind(engine.clone(), config).unwrap();
        let (address, postman) = (server.address(), server.postman());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        runtime.spawn(async move {
            server.run(async { drop(stopped.await) }).await.unwrap();
        });
        Self { engine, address, workspace, postman, ahead, runtime: Some(runtime), stop: Some(stop), _dir: dir }
    }

    pub fn key(&self, source: &str, role: KeyRole) -> Client {
        let source = SourceId::new(source).unwrap();
        let secret = create_key(self.engine.store(), self.workspace.id, &source, role).unwrap();
        Client::with_key(self.address, secret.reveal())
    }

    pub fn stranger(&self) -> Client {
        Client::new(self.address)
    }

    /// The first administrator, logged in.
    pub fn admin(&self) -> Client {
        self.admin_as("admin@example.org")
    }

    /// The first administrator, under an address of one's own.
    pub fn admin_as(&self, email: &str) -> Client {
        let mut client = self.stranger();
        let link = self.first_link().expect("nobody has an account yet");
        join(&mut client, &link, email);
        log_in(&mut client, email, PASSWORD);
        client
    }

    pub fn first_link(&self) -> Option<String> {
        first_admin_link_at(self.engine.store(), NOW).unwrap()
    }

    /// Somebody of a role, invited by the administrator and logged in.
    pub fn invited(&self, admin: &mut Client, role: &str) -> Client {
        let token = admin.get("/settings/people").token();
        let shown = admin.form("/settings/people", &token, &[("note", role), ("role", role), ("where", "0")]).text();
        let (_, rest) = shown.split_once("/join/").expect("the link is shown");
        let link = format!("/join/{}", rest.split('<').next().unwrap());
        let mut client = self.stranger();
        let email = format!("{role}@example.org");
        join(&mut client, &link, &email);
        log_in(&mut client, &email, PASSWORD);
        client
    }

    /// Lets the demo world in: this many customers over the year before 2026-09-01.
    pub fn fill(&self, customers: u64) {
        let end = Timestamp::parse("2026-09-01T00:00:00Z", None).unwrap().instant;
        let mut by_source: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (source, draft) in World::sized(7, end, customers).interactions() {
            let id = SourceId::new(source).unwrap();
            let fact = draft.receive(self.workspace.id, &id, self.engine.now(), limits::HTTP_BYTES);
            by_source.entry(source).or_default().push(fact.map(Record::from));
        }
        for (source, items) in by_source {
            let received = Received::new(SourceId::new(source).unwrap(), items);
            let (done, wait) = std::sync::mpsc::channel();
            self.engine.receive(self.workspace.id, received, move |r| done.send(r).unwrap());
            wait.recv().unwrap().unwrap();
        }
        self.engine.wait_folded().unwrap();
    }

    pub fn move_clock(&self, seconds: i64) {
        self.ahead.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let _ = self.engine.close();
    }
}

pub fn new_workspace(key: &str, name: &str) -> NewWorkspace {
    NewWorkspace {
        key: key.to_owned(),
        name: name.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        week_start: 1,
        margin: Some(0.4),
    }
}

pub fn join(client: &mut Client, link: &str, email: &str) {
    let token = client.get(link).token();
    let answer = client.form(link, &token, &[("name", "Ana"), ("email", email), ("password", PASSWORD)]);
    assert_eq!(answer.status, 303, "{}", answer.text());
}

pub fn log_in(client: &mut Client, email: &str, password: &str) {
    let token = client.get("/login").token();
    let answer = client.form("/login", &token, &[("email", email), ("password", password), ("next", "/")]);
    assert_eq!(answer.status, 303, "{}", answer.text());
}
