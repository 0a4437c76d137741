//! What the web edge is told at its start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use throughline_imports::Formats;
use throughline_interactions::Timestamp;
use throughline_outreach::{MailError, Smtp};

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How connections are encrypted.
    pub tls: Tls,
    /// A proxy in front encrypts, and says in `X-Forwarded-For` who is calling.
    pub behind_proxy: bool,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Opens the console without login to whoever is at this machine.
    pub demo: bool,
    /// What time it is.
    pub clock: Clock,
    /// The mail server by which mail leaves.
    pub smtp: Option<Smtp>,
    /// Webhooks may reach this machine and the network behind it.
    pub allow_private_webhooks: bool,
    /// Under which address people reach the console, for links in mails: `https://cx.example.org`.
    pub url: Option<String>,
    /// The formats of files that people bring.
    pub formats: fn() -> Formats,
    /// Folders of the server below which files may be looked at by the hour.
    pub import_from: Vec<PathBuf>,
    /// A file of places by address.
    pub places: Option<PathBuf>,
    /// How long senders are waited for.
    pub patience: Patience,
}

/// How long whoever is connected is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the head of a request, or for the next one.
    pub head: Duration,
    /// For the body of interactions that are handed in.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(75), body: Duration::from_secs(60) }
    }
}

/// How connections are encrypted.
#[derive(Debug, Clone)]
pub enum Tls {
    /// Not at all: on this machine, or behind a proxy that does.
    None,
    /// With certificates of one's own, in PEM.
    OwnCertificates {
        /// The chain, the server's own certificate first.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// With certificates that a public authority issues by itself (ACME, TLS-ALPN-01, port 443).
    Acme {
        /// The names of this server.
        domains: Vec<String>,
        /// An e-mail address for the authority.
        contact: String,
        /// Where certificates are kept.
        cache_dir: PathBuf,
    },
}

/// Why the configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Open to the network, in clear.
    #[error(
        "`listen` is {0}, which other machines can reach, but connections would not be encrypted; set `tls`, or `behind_proxy = true` when a proxy encrypts, or listen on 127.0.0.1"
    )]
    InClear(SocketAddr),
    /// The demo has no login.
    #[error("the demo has no login, so it listens on this machine only; use 127.0.0.1 instead of {0}, without a proxy")]
    PublicDemo(SocketAddr),
    /// No name to ask a certificate for.
    #[error("`tls.acme` names no domain; write the name under which this server is reached")]
    NoDomain,
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The address in mails.
    #[error("`url` is `{0}`; write the address of the console like https://cx.example.org")]
    BadUrl(String),
}

impl WebConfig {
    /// In clear on this machine, with the system's clock.
    pub fn local(port: u16, data_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], port)),
            tls: Tls::None,
            behind_proxy: false,
            data_dir,
            demo: false,
            clock: Clock::system(),
            smtp: None,
            allow_private_webhooks: false,
            url: None,
            formats: Formats::standard,
            import_from: Vec::new(),
            places: None,
            patience: Patience::default(),
        }
    }

    /// Refuses what would put people's data in the open.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let local = self.listen.ip().is_loopback();
        self.smtp.as_ref().map_or(Ok(()), Smtp::validate)?;
        if let Some(url) = self.url.as_ref().filter(|u| !u.starts_with("https://") && !u.starts_with("http://")) {
            return Err(ConfigError::BadUrl(url.clone()));
        }
        match &self.tls {
            _ if self.demo && (!local || self.behind_proxy) => Err(ConfigError::PublicDemo(self.listen)),
            Tls::None if !local && !self.behind_proxy => Err(ConfigError::InClear(self.listen)),
            Tls::Acme { domains, .. } if domains.is_empty() => Err(ConfigError::NoDomain),
            _ => Ok(()),
        }
    }

    /// Whether the browser sees an encrypted connection, so that cookies may insist on one.
    pub fn is_encrypted(&self) -> bool {
        self.behind_proxy || !matches!(self.tls, Tls::None)
    }
}

/// Asks what time it is; tests bring their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::new(|| Timestamp(jiff::Timestamp::now().as_microsecond()))
    }

    /// A clock of one's own.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str, tls: Tls, behind_proxy: bool, demo: bool, expected: &str) {
        let mut config = WebConfig::local(0, PathBuf::new());
        config.listen = listen.parse().unwrap();
        (config.tls, config.behind_proxy, config.demo) = (tls, behind_proxy, demo);
        let got = config.validate().map_or_else(|e| e.to_string(), |()| "fine".to_owned());
        assert!(got.starts_with(expected), "{got}");
    }

    #[test]
    fn people_s_data_is_never_in_the_open() {
        let own = Tls::OwnCertificates { cert: PathBuf::new(), key: PathBuf::new() };
        let acme = |domains| Tls::Acme { domains, contact: String::new(), cache_dir: PathBuf::new() };
        check("127.0.0.1:80", Tls::None, false, false, "fine");
        check("[::1]:80", Tls::None, false, true, "fine");
        check("0.0.0.0:80", Tls::None, false, false, "`listen` is 0.0.0.0:80, which other machines can reach");
        check("0.0.0.0:80", Tls::None, true, false, "fine");
        check("0.0.0.0:443", own.clone(), false, false, "fine");
        check("0.0.0.0:443", own, false, true, "the demo has no login");
        check("127.0.0.1:80", Tls::None, true, true, "the demo has no login");
        check("0.0.0.0:443", acme(vec![]), false, false, "`tls.acme` names no domain");
        check("0.0.0.0:443", acme(vec!["cx.example.org".into()]), false, false, "fine");
        let mut config = WebConfig { url: Some("cx.example.org".into()), ..WebConfig::local(0, PathBuf::new()) };
        assert!(config.validate().unwrap_err().to_string().contains("https://cx.example.org"));
        config.url = Some("https://cx.example.org/".into());
        config.validate().unwrap();
    }
}
