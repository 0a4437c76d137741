//! `throughline serve`: the console, the API and the door.

use crate::cli::Listen;
use crate::config::{Config, TlsFile};
use crate::{door, formats, house};
use anyhow::{Context, bail};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use throughline_pipeline::Engine;
use throughline_web::{Clock, Patience, Server, Tls, WebConfig};

/// Where the console is unless told otherwise.
pub const DEFAULT_LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 4242);

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    listen: Listen,
    /// A proxy in front encrypts, and says in X-Forwarded-For who is calling
    #[arg(long, env = "THROUGHLINE_BEHIND_PROXY")]
    behind_proxy: bool,
    /// Your certificate chain, in PEM
    #[arg(long, value_name = "FILE", env = "THROUGHLINE_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", env = "THROUGHLINE_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A name of this server: gets certificates for it by itself (ACME, port 443); repeatable
    #[arg(long, value_name = "DOMAIN", env = "THROUGHLINE_ACME_DOMAINS", value_delimiter = ',')]
    acme_domain: Vec<String>,
    /// An e-mail address for the certificate authority
    #[arg(long, value_name = "EMAIL", env = "THROUGHLINE_ACME_CONTACT")]
    acme_contact: Option<String>,
    /// A folder whose files may be looked at every few hours, as the page of imports says; repeatable
    #[arg(long, value_name = "FOLDER", env = "THROUGHLINE_IMPORT_FROM", value_delimiter = ',')]
    import_from: Vec<PathBuf>,
    /// A file in MaxMind's format (.mmdb) with the country or city of addresses, such as DB-IP's or
    /// MaxMind's own: the place is kept, the address is not
    #[arg(long, value_name = "FILE", env = "THROUGHLINE_PLACES")]
    places: Option<PathBuf>,
    /// Interactions that may wait to be worked in before senders are told to come back
    #[arg(long, value_name = "N", env = "THROUGHLINE_LAG_LIMIT")]
    lag_limit: Option<u64>,
    /// Under which address people reach the console, for links in mails
    #[arg(long, value_name = "URL", env = "THROUGHLINE_URL")]
    url: Option<String>,
    /// Webhooks may reach this machine and the network behind it
    #[arg(long, env = "THROUGHLINE_ALLOW_PRIVATE_WEBHOOKS")]
    allow_private_webhooks: bool,
}

/// Runs the command.
pub fn run(config: Config, args: ServeArgs) -> anyhow::Result<()> {
    let dir = config.data();
    let web = web_config(&config, &args, dir.clone())?;
    web.validate()?;
    let mut options = config.options();
    if let Some(limit) = args.lag_limit {
        options.lag_limit = limit;
    }
    let scheme = if web.is_encrypted() && !web.behind_proxy { "https" } else { "http" };
    let house = house::open(&dir, &house::holder(&format!("at {scheme}://{}", web.listen)), options)?;
    house::tell_key(&house.engine);
    house::first_workspace(&house.engine, "Main", "UTC", "EUR")?;
    serve(&house.engine, web, |address| {
        println!("Throughline is at {scheme}://{address}");
        if let Some(path) = throughline_web::first_admin_link(house.engine.store())? {
            println!("the first administrator: {scheme}://{address}{path} (opens once, for a day)");
        }
        Ok(())
    })
}

fn web_config(config: &Config, args: &ServeArgs, data_dir: PathBuf) -> anyhow::Result<WebConfig> {
    let file = config.file.tls.clone().unwrap_or_default();
    let TlsFile { cert, key, acme_domains, acme_contact } = file;
    let domains = if args.acme_domain.is_empty() { acme_domains } else { args.acme_domain.clone() };
    let own = (args.tls_cert.clone().or(cert), args.tls_key.clone().or(key));
    let tls = match own {
        (Some(_), Some(_)) if !domains.is_empty() => {
            bail!("either certificates of your own or ACME, not both: leave `acme_domains` or `cert` and `key` out")
        }
        (Some(cert), Some(key)) => Tls::OwnCertificates { cert, key },
        (None, None) if !domains.is_empty() => Tls::Acme {
            domains,
            contact: args
                .acme_contact
                .clone()
                .or(acme_contact)
                .context("ACME wants a contact: give --acme-contact with an e-mail address")?,
            cache_dir: data_dir.join("certificates"),
        },
        (None, None) => Tls::None,
        _ => bail!("a certificate needs its key: give both `cert` and `key`"),
    };
    let listen = args.listen.listen.or(config.file.listen).unwrap_or(SocketAddr::from(DEFAULT_LISTEN));
    Ok(WebConfig {
        listen,
        tls,
        behind_proxy: args.behind_proxy || config.file.behind_proxy.unwrap_or(false),
        data_dir,
        demo: false,
        clock: Clock::system(),
        smtp: config.smtp()?,
        allow_private_webhooks: args.allow_private_webhooks || config.file.allow_private_webhooks.unwrap_or(false),
        url: args.url.clone().or(config.file.url.clone()),
        formats: formats::formats,
        import_from: args.import_from.clone(),
        places: args.places.clone().or(config.file.places.clone()),
        patience: Patience::default(),
    })
}

/// Serves until Ctrl-C or a polite kill, then drains.
pub fn serve(
    engine: &Engine,
    web: WebConfig,
    ready: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let door = door::open(engine)?;
    allow_many_files();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the server's threads")?;
    let served = runtime.block_on(async {
        let server = Server::bind(engine.clone(), web)?;
        ready(server.address())?;
        server.run(stop()).await?;
        anyhow::Ok(())
    });
    drop(door);
    eprintln!("writing everything down");
    engine.close()?;
    runtime.shutdown_background();
    served
}

async fn stop() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("letting open requests finish");
}

/// Every connection is a file to the system, and a program may have a thousand unless it asks for more.
fn allow_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "cannot raise how many connections may be open");
    }
}
