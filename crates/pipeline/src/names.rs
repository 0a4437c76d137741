//! Names and identifiers in the store: as they are, found by how they begin, or encrypted, found whole. A
//! workspace may change its mind; the rows are then written anew beside everything else.

use crate::brand::Brand;
use crate::engine::Inner;
use crate::{Engine, EngineError};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use throughline_customers::{NameCodec, customer_count, recode};
use throughline_interactions::{Node, WorkspaceId};
use throughline_store::sql::params;

/// Rows that are written in one transaction: others wait as long.
const CHUNK: u32 = 5_000;

impl Engine {
    /// Whether names and identifiers stand encrypted in the store.
    pub fn encrypts_names(&self, workspace: WorkspaceId) -> Result<bool, EngineError> {
        Ok(self.inner().brand(workspace)?.encrypts_names())
    }

    /// From now on names and identifiers are written encrypted, or as they are; those that stand there are
    /// written anew by a job, which goes on after a restart.
    pub fn encrypt_names(&self, workspace: WorkspaceId, on: bool) -> Result<(), EngineError> {
        let inner = self.inner();
        let brand = inner.brand(workspace)?;
        if brand.encrypts_names() == on {
            return Ok(());
        }
        // Within the transaction, so that nothing is folded the way it was before after the job has passed.
        inner.store.write(|tx| {
            brand.set_encrypts_names(on);
            tx.execute(
                "UPDATE pipeline_workspaces SET encrypt_names = $1, names_written = 0 WHERE id = $2",
                params![i64::from(on), workspace.0],
            )
        })?;
        self.write_names();
        Ok(())
    }

    /// Waits until names and identifiers stand everywhere in the form that was asked for last.
    pub fn wait_names(&self) {
        self.wait_for_others();
    }

    /// Writes names anew where a workspace has changed its mind, in a thread that ends with the engine.
    pub(crate) fn write_names(&self) {
        let inner = self.inner().clone();
        let work = move || {
            for brand in inner.brands() {
                if let Err(e) = inner.write_names(&brand) {
                    tracing::error!(workspace = brand.workspace.key, "names were not written anew: {e}");
                }
            }
        };
        match std::thread::Builder::new().name("names".to_owned()).spawn(work) {
            Ok(thread) => self.ends_with(thread),
            Err(e) => tracing::error!("names are not written anew before the next start: {e}"),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Pass {
    /// All rows are written, or were, or the engine is closing.
    Ended,
    /// Somebody changed their mind meanwhile.
    Overtaken,
}

impl Inner {
    fn write_names(&self, brand: &Brand) -> Result<(), EngineError> {
        let _one = self.writing_names.lock().unwrap_or_else(PoisonError::into_inner);
        while self.pass(brand)? == Pass::Overtaken {}
        Ok(())
    }

    /// All rows once, unless somebody changes their mind meanwhile.
    fn pass(&self, brand: &Brand) -> Result<Pass, EngineError> {
        let id = brand.workspace.id;
        let (codec, change) = brand.codec();
        let is_written: i64 = self.store.read(|c| {
            c.query_row("SELECT names_written FROM pipeline_workspaces WHERE id = $1", [id.0], |r| r.get(0))
        })?;
        if is_written != 0 {
            return Ok(Pass::Ended);
        }
        let job = self.jobs.start("writing names and identifiers anew", "customers", None);
        job.total(self.store.read(|c| customer_count(c, id))?);
        let (mut after, mut done) = (None::<Node>, 0);
        loop {
            if self.stop.load(Ordering::Acquire) {
                return Ok(Pass::Ended);
            }
            if brand.codec().1 != change {
                job.finish("begun again, because it was changed once more");
                return Ok(Pass::Overtaken);
            }
            let next = self.store.write(|tx| {
                recode(tx, id, after, CHUNK, &*brand.key as &dyn NameCodec, codec.as_ref() as &dyn NameCodec)
            })?;
            let Some(next) = next else { break };
            (after, done) = (Some(next), done + u64::from(CHUNK));
            job.done(done);
        }
        // Whoever changes it does so in a transaction too: either before, or there is another pass.
        let is_last = self.store.write(|tx| {
            if brand.codec().1 == change {
                tx.execute("UPDATE pipeline_workspaces SET names_written = 1 WHERE id = $1", [id.0])?;
            }
            Ok(brand.codec().1 == change)
        })?;
        job.finish("all are written");
        Ok(if is_last { Pass::Ended } else { Pass::Overtaken })
    }
}
