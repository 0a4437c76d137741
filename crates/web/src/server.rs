//! Listening, with or without encryption, until told to stop.

use crate::beside::Beside;
use crate::config::{ConfigError, Tls, WebConfig};
use crate::post::{self, Postman};
use crate::routes::router;
use crate::state::Web;
use crate::warm;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use futures_util::StreamExt;
use hyper_util::rt::TokioTimer;
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use rustls_acme::rustls::crypto::aws_lc_rs;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;
use throughline_pipeline::Engine;

/// How long open requests may take once the server was told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration would put data in the open.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}; is another server running there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// A certificate or its key cannot be read.
    #[error("cannot use the certificate {cert} with the key {key}")]
    Certificate {
        /// The chain.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// What is wrong.
        #[source]
        source: std::io::Error,
    },
    /// The file of places cannot be used.
    #[error("cannot use the file of places {path}: {why}")]
    Places {
        /// The file.
        path: PathBuf,
        /// What is wrong, in words.
        why: String,
    },
    /// Earlier imports cannot be taken up.
    #[error("cannot take up the imports")]
    Imports(#[from] throughline_imports::ImportsError),
    /// Files that name people cannot be taken up.
    #[error("cannot take up the files that name people")]
    Rights(#[from] throughline_rights::RightsError),
    /// Serving itself failed.
    #[error("the server stopped")]
    Io(#[from] std::io::Error),
}

/// A server that has its address and waits to be run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    web: Web,
}

impl Server {
    /// Checks the configuration and takes the address; port 0 takes a free one.
    pub fn bind(engine: Engine, config: WebConfig) -> Result<Self, ServeError> {
        config.validate()?;
        let bind = |source| ServeError::Bind { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { listener, address, web: Web::new(engine, config, address)? })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes the rounds of the post when told to, beside those that the server makes by itself.
    pub fn postman(&self) -> Postman {
        Postman::new(self.web.clone())
    }

    /// Serves until `shutdown` comes; open requests may then finish.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let handle = Handle::new();
        let stopping = handle.clone();
        tokio::spawn(async move {
            shutdown.await;
            stopping.graceful_shutdown(Some(PATIENCE));
        });
        let beside = [post::start(self.web.clone())?, warm::start(self.web.clone())?, start_rounds(self.web.clone())?];
        let service = router(&self.web).into_make_service_with_connect_info::<SocketAddr>();
        let head = self.web.config().patience.head;
        // Whoever connects and says nothing does not stay for ever.
        macro_rules! patient {
            ($server:expr) => {{
                let mut server = $server.handle(handle);
                server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(head);
                server
                    .http_builder()
                    .http2()
                    .timer(TokioTimer::new())
                    .keep_alive_interval(head)
                    .keep_alive_timeout(head);
                server.serve(service).await?
            }};
        }
        match self.web.config().tls.clone() {
            Tls::None => patient!(axum_server::from_tcp(self.listener)?),
            Tls::OwnCertificates { cert, key } => {
                install_provider();
                let loaded = RustlsConfig::from_pem_file(&cert, &key).await;
                let tls = loaded.map_err(|source| ServeError::Certificate { cert, key, source })?;
                patient!(axum_server::from_tcp_rustls(self.listener, tls)?);
            }
            Tls::Acme { domains, contact, cache_dir } => {
                install_provider();
                let mut state = AcmeConfig::new(domains)
                    .contact_push(format!("mailto:{contact}"))
                    .cache(DirCache::new(cache_dir))
                    .directory_lets_encrypt(true)
                    .state();
                let acceptor = state.axum_acceptor(state.default_rustls_config());
                tokio::spawn(async move {
                    while let Some(event) = state.next().await {
                        match event {
                            Ok(event) => tracing::info!(?event, "a certificate changed"),
                            Err(error) => tracing::error!(%error, "a certificate could not be had; trying again"),
                        }
                    }
                });
                patient!(axum_server::from_tcp(self.listener)?.acceptor(acceptor));
            }
        }
        // Imports stop within a batch; the next start says so and lets them go on.
        let close = move || {
            beside.into_iter().for_each(Beside::stop);
            self.web.imports().close();
            self.web.rights().close();
        };
        drop(tokio::task::spawn_blocking(close).await);
        Ok(())
    }
}

/// Between two looks at what is due by time alone.
const ROUND: Duration = Duration::from_secs(60);

/// Starts the thread that lets go what was kept for long enough.
fn start_rounds(web: Web) -> std::io::Result<Beside> {
    Beside::start("rights", ROUND, move || {
        if let Err(error) = web.rights().round(web.now()) {
            tracing::error!(%error, "what was kept for long enough could not be let go");
        }
        ROUND
    })
}

/// Binds and runs in one call.
pub async fn serve(
    engine: Engine,
    config: WebConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    Server::bind(engine, config)?.run(shutdown).await
}

/// Other rooms may bring a second provider of cryptography; this one is chosen by name. An error
/// says that one was chosen already, which is as good.
fn install_provider() {
    drop(aws_lc_rs::default_provider().install_default());
}
