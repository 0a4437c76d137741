//! Crowds made to tempt whoever joins identifiers: how many true links are made, and how many wrong ones.

use anyhow::Context;
use clap::Args;
use std::time::Instant;
use throughline_customers::{Clear, Fold, Guards, IdentityGraph};
use throughline_demo::adversary::{Shares, crowd};
use throughline_interactions::{
    KeySecret, Naming, NamingRules, NodeSecret, NodesBy, SourceId, Timestamp, WorkspaceId, limits,
};

#[derive(Debug, Args)]
pub struct GuardsArgs {
    /// The first crowd's seed; others follow it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many crowds
    #[arg(long, default_value_t = 5)]
    crowds: u64,
    /// How many times as many people as usual
    #[arg(long, default_value_t = 1)]
    times: u32,
}

/// Runs the measurement.
pub fn run(args: &GuardsArgs) -> anyhow::Result<()> {
    let usual = Shares::default();
    let n = args.times;
    let shares = Shares {
        ordinary: usual.ordinary * n,
        kiosk: usual.kiosk * n,
        placeholders: usual.placeholders * n,
        families: usual.families * n,
        recycled: usual.recycled * n,
        firms: usual.firms * n,
        shared_browsers: usual.shared_browsers * n,
        aliases: usual.aliases * n,
        ..usual
    };
    println!("seed  facts    true links  made      share     wrong  with the first of several  facts a second");
    for seed in args.seed..args.seed + args.crowds {
        let made = crowd(seed, shares);
        let rules = NamingRules { country: Some("DE".to_owned()), ..NamingRules::default() };
        let naming = Naming::new(NodeSecret(u128::from(seed).to_be_bytes()), &rules);
        let (workspace, source) = (WorkspaceId(1), SourceId::new("crowd").context("the source has a name")?);
        let facts = made
            .facts
            .iter()
            .map(|d| d.clone().receive(workspace, &source, Timestamp::MAX, limits::HTTP_BYTES))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| anyhow::anyhow!("{fault:?}"))?;
        let mut graph = IdentityGraph::new(Guards::default());
        let started = Instant::now();
        let mut fold = Fold::new(workspace, &mut graph, &naming, &Clear);
        for (n, fact) in facts.iter().enumerate() {
            fold.add(fact, fact.message_key(&KeySecret([1; 16])), n as u64 + 1)?;
        }
        drop(fold);
        let rate = facts.len() as f64 / started.elapsed().as_secs_f64();
        let j = made.judge(|i| naming.node_of(i).map(|n| graph.customer(n)));
        println!(
            "{seed:<4}  {:<7}  {:<10}  {:<8}  {:<8.4}  {:<5}  {:<26}  {rate:.0}",
            facts.len(),
            j.true_links,
            j.made,
            j.recall(),
            j.wrong,
            j.given_away
        );
    }
    Ok(())
}
