//! Secrets that are shown once and kept as hashes.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use throughline_interactions::WorkspaceId;
use throughline_store::sql::{self, OptionalExtension, params};
use throughline_store::{Store, StoreError};

/// A random secret of 256 bits. It is shown once; the store keeps `hash_of` it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A new one from the system's random device, `prefix` in front so that people recognise it.
    pub fn random(prefix: &str) -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has a random device");
        Self(format!("{prefix}{}", hex(&bytes)))
    }

    /// What is shown, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The first characters, by which people tell their keys apart.
    pub fn hint(&self) -> String {
        self.0.chars().take(8).collect()
    }
}

/// A workspace's secret for signing something that leaves the house; made on first use.
pub(super) fn signing_secret(store: &Store, workspace: WorkspaceId, purpose: &str) -> Result<String, StoreError> {
    let known = |c: &sql::Connection| {
        let sql = "SELECT secret FROM web_secrets WHERE workspace = $1 AND purpose = $2";
        c.query_row(sql, params![workspace.0, purpose], |r| r.get::<_, String>(0)).optional()
    };
    if let Some(secret) = store.read(known)? {
        return Ok(secret);
    }
    let fresh = Secret::random("");
    let secret = store.write(|tx| {
        tx.execute(
            "INSERT INTO web_secrets (workspace, purpose, secret) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            params![workspace.0, purpose, fresh.reveal()],
        )?;
        known(tx)
    })?;
    Ok(secret.unwrap_or_default())
}

/// SHA-256 in hexadecimal. The secrets have 256 random bits, so neither salt nor slowness adds to it.
pub fn hash_of(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// The token that every form carries: follows from the session's secret, which other sites cannot read.
pub fn form_token(secret: &str) -> String {
    let mut h = Sha256::new();
    h.update(b"throughline form\0");
    h.update(secret.as_bytes());
    hex(&h.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        write!(out, "{b:02x}").expect("writing to a string works");
        out
    })
}
