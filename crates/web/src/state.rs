//! What every handler shares.

use crate::accounts::{Pace, Throttle};
use crate::config::WebConfig;
use crate::errors::Problem;
use crate::ingest::PlaceFile;
use crate::kept::KeptHere;
use crate::key_cache::KeyCache;
use crate::post::Post;
use crate::server::ServeError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use throughline_imports::Imports;
use throughline_interactions::Timestamp;
use throughline_outreach::Sender;
use throughline_pipeline::{Engine, EngineError};
use throughline_rights::Rights;
use throughline_store::{Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The engine, the configuration and the little that the edge keeps in memory.
#[derive(Clone)]
pub(crate) struct Web(Arc<Inner>);

struct Inner {
    engine: Engine,
    imports: Imports,
    rights: Rights,
    config: WebConfig,
    throttle: Throttle,
    pace: Pace,
    keys: KeyCache,
    parsing: Arc<Semaphore>,
    hashing: Arc<Semaphore>,
    post: Post,
    places: Option<Arc<PlaceFile>>,
    /// When somebody last looked at the console, in microseconds; 0 for never.
    looked_at: AtomicI64,
    /// Under which address people reach the console.
    base: String,
}

impl Web {
    /// `address` is where the server listens.
    pub(crate) fn new(engine: Engine, config: WebConfig, address: SocketAddr) -> Result<Self, ServeError> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (parsing, hashing) = (Arc::new(Semaphore::new(cores * 2)), Arc::new(Semaphore::new(2)));
        let (throttle, pace, keys) = (Throttle::default(), Pace::default(), KeyCache::default());
        let imports = Imports::open(&engine, config.formats, config.import_from.clone())?;
        let kept = Arc::new(KeptHere::new(engine.clone(), Some(imports.clone())));
        let rights = Rights::open(&engine, kept)?;
        let post = Post::new(Sender::new(config.smtp.clone(), config.allow_private_webhooks)?);
        let places = match &config.places {
            Some(path) => {
                let read = PlaceFile::open(path);
                Some(Arc::new(read.map_err(|why| ServeError::Places { path: path.clone(), why })?))
            }
            None => None,
        };
        let looked_at = AtomicI64::new(0);
        let scheme = if config.is_encrypted() { "https" } else { "http" };
        let base =
            config.url.as_ref().map_or_else(|| format!("{scheme}://{address}"), |u| u.trim_end_matches('/').to_owned());
        Ok(Self(Arc::new(Inner {
            engine,
            imports,
            rights,
            config,
            throttle,
            pace,
            keys,
            parsing,
            hashing,
            post,
            places,
            looked_at,
            base,
        })))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn imports(&self) -> &Imports {
        &self.0.imports
    }

    /// What people may ask for.
    pub(crate) fn rights(&self) -> &Rights {
        &self.0.rights
    }

    pub(crate) fn store(&self) -> &Store {
        self.0.engine.store()
    }

    pub(crate) fn config(&self) -> &WebConfig {
        &self.0.config
    }

    /// Who knows where addresses are, if the owner supplied a file.
    pub(crate) fn places(&self) -> Option<&Arc<PlaceFile>> {
        self.0.places.as_ref()
    }

    pub(crate) fn post(&self) -> &Post {
        &self.0.post
    }

    /// Somebody looks at the console.
    pub(crate) fn note_look(&self) {
        self.0.looked_at.fetch_max(self.now().0, Ordering::Relaxed);
    }

    /// When somebody last did.
    pub(crate) fn looked_at(&self) -> Timestamp {
        Timestamp(self.0.looked_at.load(Ordering::Relaxed))
    }

    /// The console's address in mails, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.0.base
    }

    /// How fast strangers may answer.
    pub(crate) fn pace(&self) -> &Pace {
        &self.0.pace
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.0.keys
    }

    /// A turn at reading a body: so many at once bound what bodies can take in memory.
    pub(crate) async fn turn_to_parse(&self) -> Result<OwnedSemaphorePermit, Problem> {
        turn(&self.0.parsing).await
    }

    /// A turn at hashing a password, which takes memory and time on purpose.
    pub(crate) async fn turn_to_hash(&self) -> Result<OwnedSemaphorePermit, Problem> {
        turn(&self.0.hashing).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.config.clock.now()
    }

    /// Asks the engine on a thread that may wait.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Engine) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, Problem> {
        let engine = self.0.engine.clone();
        Ok(tokio::task::spawn_blocking(move || question(&engine)).await??)
    }

    /// Asks the accounts on a thread that may wait.
    pub(crate) async fn accounts<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let engine = self.0.engine.clone();
        Ok(tokio::task::spawn_blocking(move || question(engine.store())).await??)
    }
}

async fn turn(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    of.clone().acquire_owned().await.map_err(|_| Problem::Broken("the server is closing".to_owned()))
}
