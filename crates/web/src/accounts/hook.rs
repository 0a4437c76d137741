//! Where a shop's own systems deliver what happened: an address that nobody guesses, and the secret by
//! which a delivery is told from a forged one.

use super::audit::{Entry, note};
use throughline_interactions::{SourceId, Timestamp, WorkspaceId};
use throughline_store::sql::{self, OptionalExtension, Row, Transaction, params};
use throughline_store::{Store, StoreError};
use throughline_wire::hooks::System;

/// Who delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookKind {
    /// A system that is understood.
    System(System),
    /// Anything else, read by a recipe.
    Recipe,
}

impl HookKind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        System::ALL.into_iter().map(Self::System).chain([Self::Recipe])
    }

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::all().find(|k| k.as_str() == name)
    }

    /// The name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System(system) => system.as_str(),
            Self::Recipe => "recipe",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System(system) => system.name(),
            Self::Recipe => "another, by a recipe",
        }
    }
}

/// One address.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The brand.
    pub workspace: WorkspaceId,
    /// The name under which its interactions stand.
    pub source: SourceId,
    /// Who delivers.
    pub kind: HookKind,
    /// What signatures are made with; empty where there are none.
    pub secret: String,
    /// How a delivery is read; empty for a system.
    pub recipe: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hook({} for {})", self.kind.as_str(), self.source)
    }
}

impl Hook {
    /// An id that nobody guesses.
    pub fn new_id() -> String {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).expect("the system has a random device");
        format!("{:032x}", u128::from_be_bytes(bytes))
    }
}

const COLUMNS: &str = "id, workspace, source, kind, secret, recipe, created_at, created_by";

fn read(r: &Row<'_>) -> sql::Result<Hook> {
    let damaged = |i: usize| sql::Error::InvalidColumnType(i, "web_hooks".to_owned(), sql::types::Type::Text);
    Ok(Hook {
        id: r.get(0)?,
        workspace: WorkspaceId(r.get(1)?),
        source: SourceId::new(&r.get::<_, String>(2)?).ok_or_else(|| damaged(2))?,
        kind: HookKind::new(&r.get::<_, String>(3)?).ok_or_else(|| damaged(3))?,
        secret: r.get(4)?,
        recipe: r.get(5)?,
        created_at: Timestamp(r.get(6)?),
        created_by: r.get(7)?,
    })
}

/// Keeps one and notes who made it.
pub fn create_hook(tx: &Transaction<'_>, hook: &Hook, address: &str) -> sql::Result<()> {
    tx.execute(
        "INSERT INTO web_hooks (id, workspace, source, kind, secret, recipe, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            hook.id,
            hook.workspace.0,
            hook.source.as_str(),
            hook.kind.as_str(),
            hook.secret,
            hook.recipe,
            hook.created_at.0,
            hook.created_by
        ],
    )?;
    told(tx, hook, "made a webhook", &hook.created_by, hook.created_at, address)
}

/// Removes one, so that what is delivered there is refused from now on.
pub fn remove_hook(tx: &Transaction<'_>, hook: &Hook, by: &str, at: Timestamp, address: &str) -> sql::Result<()> {
    tx.execute("DELETE FROM web_hooks WHERE workspace = $1 AND id = $2", params![hook.workspace.0, hook.id])?;
    told(tx, hook, "removed a webhook", by, at, address)
}

fn told(tx: &Transaction<'_>, hook: &Hook, action: &str, by: &str, at: Timestamp, address: &str) -> sql::Result<()> {
    let subject = format!("{}… of {} for {}", &hook.id[..6], hook.kind.name(), hook.source);
    let (who, action, address) = (by.to_owned(), action.to_owned(), address.to_owned());
    note(tx, &Entry { id: 0, at, workspace: hook.workspace.0, who, action, subject, address })
}

/// Those of a workspace, the oldest first.
pub fn hooks(store: &Store, workspace: WorkspaceId) -> Result<Vec<Hook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM web_hooks WHERE workspace = $1 ORDER BY created_at, id");
    store.read(|c| c.prepare_cached(&sql)?.query_map([workspace.0], read)?.collect())
}

/// The one of an id.
pub fn hook(store: &Store, id: &str) -> Result<Option<Hook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM web_hooks WHERE id = $1");
    store.read(|c| c.prepare_cached(&sql)?.query_row([id], read).optional())
}
