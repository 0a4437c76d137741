//! Configuration: flags over environment over a TOML file over defaults.

use crate::cli::Common;
use anyhow::Context;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where everything is kept unless told otherwise.
pub const DEFAULT_DATA: &str = "throughline-data";

/// The configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The data directory.
    pub data: Option<PathBuf>,
    /// The address.
    pub listen: Option<SocketAddr>,
    /// A proxy in front encrypts.
    pub behind_proxy: Option<bool>,
    /// How connections are encrypted.
    pub tls: Option<TlsFile>,
}

/// `[tls]`: certificates of one's own, or names to get them for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFile {
    /// The chain, in PEM.
    pub cert: Option<PathBuf>,
    /// Its key, in PEM.
    pub key: Option<PathBuf>,
    /// Names of this server, for certificates by ACME.
    #[serde(default)]
    pub acme_domains: Vec<String>,
    /// An e-mail address for the authority.
    pub acme_contact: Option<String>,
}

/// The configuration of one run.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory, if somebody chose one.
    pub chosen_data: Option<PathBuf>,
    /// What the file says.
    pub file: File,
}

impl Config {
    /// Reads the file, if there is one, and lays flags and environment over it.
    pub fn load(common: &Common) -> anyhow::Result<Self> {
        let file = match &common.config {
            Some(path) => read(path)?,
            None => File::default(),
        };
        Ok(Self { chosen_data: common.data.clone().or(file.data.clone()), file })
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.chosen_data.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))
    }
}

fn read(path: &Path) -> anyhow::Result<File> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot understand the configuration {}", path.display()))
}
