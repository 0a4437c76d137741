//! Configuration: flags over environment over a TOML file over defaults.

use crate::cli::Common;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use throughline_pipeline::Options;
use throughline_store::Place;
use throughline_web::{Smtp, SmtpTls};

/// Where everything is kept unless told otherwise.
pub const DEFAULT_DATA: &str = "throughline-data";

/// The configuration file.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The data directory.
    pub data: Option<PathBuf>,
    /// The file of the master key.
    pub key_file: Option<PathBuf>,
    /// Where the state is kept.
    pub store: Option<String>,
    /// A file of places by address.
    pub places: Option<PathBuf>,
    /// The address.
    pub listen: Option<SocketAddr>,
    /// A proxy in front encrypts.
    pub behind_proxy: Option<bool>,
    /// How connections are encrypted.
    pub tls: Option<TlsFile>,
    /// Under which address people reach the console.
    pub url: Option<String>,
    /// Webhooks may reach this machine and the network behind it.
    pub allow_private_webhooks: Option<bool>,
    /// The mail server.
    pub smtp: Option<SmtpFile>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There may be passwords in it.
        f.write_str("File(…)")
    }
}

/// `[smtp]`: the mail server by which mail leaves. Every name is also an environment variable, such
/// as `THROUGHLINE_SMTP_HOST`, which wins.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpFile {
    /// Its name.
    pub host: Option<String>,
    /// Its port; the usual one of `tls` unless given.
    pub port: Option<u16>,
    /// Who logs in …
    pub user: Option<String>,
    /// … with this.
    pub password: Option<String>,
    /// The sender.
    pub from: Option<String>,
    /// `starttls`, `implicit` or `none`.
    pub tls: Option<String>,
    /// Certificates to trust instead of the system's, in PEM.
    pub ca: Option<PathBuf>,
}

impl std::fmt::Debug for SmtpFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpFile(…)")
    }
}

impl SmtpFile {
    /// The environment over the file; `None` where no host is named.
    fn over(self, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Smtp>> {
        let of = |name: &str| environment(&format!("THROUGHLINE_SMTP_{name}")).filter(|v| !v.is_empty());
        let Some(host) = of("HOST").or(self.host) else { return Ok(None) };
        let tls = of("TLS").or(self.tls).unwrap_or_else(|| "starttls".to_owned());
        let tls =
            SmtpTls::parse(&tls).with_context(|| format!("`smtp.tls` is `{tls}`; write starttls, implicit or none"))?;
        let port = match of("PORT") {
            Some(port) => Some(port.parse().with_context(|| format!("THROUGHLINE_SMTP_PORT `{port}` is not a port"))?),
            None => self.port,
        };
        let login = match (of("USER").or(self.user), of("PASSWORD").or(self.password)) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            _ => bail!("a mail server that wants a login needs both `smtp.user` and `smtp.password`"),
        };
        let from = of("FROM")
            .or(self.from)
            .context("`smtp.host` is set, but not who writes: set `smtp.from`, such as Throughline <cx@example.org>")?;
        let smtp = Smtp {
            host,
            port: port.unwrap_or_else(|| tls.usual_port()),
            login,
            from,
            tls,
            ca: of("CA").map(PathBuf::from).or(self.ca),
        };
        smtp.validate()?;
        Ok(Some(smtp))
    }
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
    /// The file of the master key, if somebody chose one.
    pub key_file: Option<PathBuf>,
    /// Where the state is kept.
    pub store: Place,
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
        Ok(Self {
            chosen_data: common.data.clone().or(file.data.clone()),
            key_file: common.key_file.clone().or(file.key_file.clone()),
            store: place(common.store.as_ref().or(file.store.as_ref()))?,
            file,
        })
    }

    /// The mail server, if one is named.
    pub fn smtp(&self) -> anyhow::Result<Option<Smtp>> {
        self.file.smtp.clone().unwrap_or_default().over(|name| std::env::var(name).ok())
    }

    /// How the engine works, as far as it is configured.
    pub fn options(&self) -> Options {
        Options { master_key: self.key_file.clone(), store: self.store.clone(), ..Options::default() }
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.chosen_data.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))
    }
}

/// A place, with the password of the environment where it has none of its own.
pub fn place(text: Option<&String>) -> anyhow::Result<Place> {
    Ok(match text.map_or(Ok(Place::Embedded), |text| text.parse::<Place>())? {
        Place::Postgres(address) => Place::Postgres(address.or_password(std::env::var("PGPASSWORD").ok())),
        Place::Embedded => Place::Embedded,
    })
}

fn read(path: &Path) -> anyhow::Result<File> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot understand the configuration {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_from_the_file_and_the_environment() {
        let check = |file: &str, environment: &[(&str, &str)], expected: &str| {
            let file: File = toml::from_str(file).unwrap();
            let of = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            let got = match file.smtp.unwrap_or_default().over(of) {
                Ok(None) => "none".to_owned(),
                Ok(Some(s)) => format!("{}:{} {} {:?}", s.host, s.port, s.from, s.login.is_some()),
                Err(e) => format!("{e:#}"),
            };
            assert!(got.contains(expected), "{got}");
        };
        check("", &[], "none");
        let file = "[smtp]\nhost = \"mail.example.org\"\nfrom = \"CX <cx@example.org>\"\n";
        check(file, &[], "mail.example.org:587 CX <cx@example.org> false");
        check(file, &[("THROUGHLINE_SMTP_TLS", "implicit")], ":465");
        check(
            file,
            &[("THROUGHLINE_SMTP_HOST", "other.example.org"), ("THROUGHLINE_SMTP_PORT", "2525")],
            "other.example.org:2525",
        );
        check(file, &[("THROUGHLINE_SMTP_PORT", "many")], "is not a port");
        check(file, &[("THROUGHLINE_SMTP_USER", "cx")], "needs both");
        check(file, &[("THROUGHLINE_SMTP_TLS", "ssl")], "write starttls, implicit or none");
        check("[smtp]\nhost = \"mail.example.org\"\n", &[], "set `smtp.from`");
        check(&format!("{file}user = \"a\"\npassword = \"b\"\ntls = \"none\"\n"), &[], "in clear");
    }
}
