//! Serves the demo world in demo mode, for whoever works on the pages:
//! `cargo run -p throughline-web --example console -- 4242 4000`; with `accounts` at the end it asks
//! for a login and prints the first administrator's link.

use std::collections::BTreeMap;
use throughline_demo::{CURRENCY, SHOP, World, ZONE};
use throughline_interactions::{Fault, Record, SourceId, limits};
use throughline_pipeline::{Engine, NewWorkspace, Options, Received};
use throughline_web::{MIGRATIONS, WebConfig, first_admin_link, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(4242);
    let customers = arguments.next().and_then(|a| a.parse().ok()).unwrap_or(4_000);
    let dir = tempfile::tempdir()?;
    let engine = Engine::open(dir.path(), MIGRATIONS, None, Options::default())?;
    let (key, name, zone, currency) = ("northwind".into(), SHOP.into(), ZONE.into(), CURRENCY.into());
    let workspace =
        engine.create_workspace(&NewWorkspace { key, name, zone, currency, week_start: 1, margin: Some(0.35) })?;
    let now = engine.now();
    let mut by_source: BTreeMap<&str, Vec<Result<Record, Fault>>> = BTreeMap::new();
    for (source, draft) in World::sized(1, now, customers).interactions() {
        let id = SourceId::new(source).ok_or("a source of the demo has no name")?;
        by_source
            .entry(source)
            .or_default()
            .push(draft.receive(workspace.id, &id, now, limits::HTTP_BYTES).map(Record::from));
    }
    for (source, items) in by_source {
        let source = SourceId::new(source).ok_or("a source of the demo has no name")?;
        let (done, wait) = tokio::sync::oneshot::channel();
        engine.receive(workspace.id, Received::new(source, items), move |r| drop(done.send(r)));
        wait.await??;
    }
    engine.wait_folded()?;
    let mut config = WebConfig::local(port, dir.path().to_owned());
    config.demo = arguments.next().is_none_or(|a| a != "accounts");
    if !config.demo {
        println!("{}", first_admin_link(engine.store())?.unwrap_or_default());
    }
    println!("http://127.0.0.1:{port}/");
    serve(engine, config, async { drop(tokio::signal::ctrl_c().await) }).await?;
    Ok(())
}
