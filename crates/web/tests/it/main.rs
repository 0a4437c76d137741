//! The web edge as others meet it: a real server on this machine over a real engine in a temporary
//! directory, spoken to over sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod accounts;
mod api;
mod asking;
mod browser;
mod client;
mod faulty;
mod follow_ups;
mod hooks;
mod identity;
mod house;
mod imports;
mod initiatives;
mod links;
mod little;
mod pages;
mod places;
mod plan;
mod post;
#[path = "../../../outreach/tests/it/servers.rs"]
mod servers;
mod receiving;
mod review;
mod rights;
mod scorecards;
mod script;
mod segments;
mod sdks;
mod sources;
mod story;
mod tls;
mod today;
mod tour;
mod views;
