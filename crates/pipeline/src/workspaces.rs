//! Workspaces: what people configure about a brand.

use crate::identity;
use crate::keys::{Keys, WorkspaceKey};
use crate::{Engine, EngineError};
use serde::Serialize;
use std::sync::Arc;
use throughline_interactions::{Currency, NodeSecret, WorkspaceId, Zone};
use throughline_store::Store;
use throughline_store::sql::{self, Row, params};

/// One brand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Workspace {
    /// Its number.
    pub id: WorkspaceId,
    /// Its name in addresses: lower-case letters, digits and hyphens.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Its time zone.
    pub zone: String,
    /// Its currency.
    pub currency: String,
    /// The day its week starts with, 1 Monday to 7 Sunday.
    pub week_start: u8,
    /// Gross margin as a share of revenue, 0–1; without it revenue at risk is not shown.
    pub margin: Option<f64>,
}

/// A workspace to create.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// See [`Workspace::key`].
    pub key: String,
    /// See [`Workspace::name`].
    pub name: String,
    /// See [`Workspace::zone`].
    pub zone: String,
    /// See [`Workspace::currency`].
    pub currency: String,
    /// See [`Workspace::week_start`].
    pub week_start: u8,
    /// See [`Workspace::margin`].
    pub margin: Option<f64>,
}

/// What may change about a workspace without its history being read anew. Zone and currency may not:
/// days, promises and sums were worked out with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    /// See [`Workspace::name`].
    pub name: String,
    /// See [`Workspace::week_start`].
    pub week_start: u8,
    /// See [`Workspace::margin`].
    pub margin: Option<f64>,
}

/// A workspace with what only the machinery needs.
pub(crate) struct WorkspaceRecord {
    pub(crate) workspace: Workspace,
    pub(crate) node_secret: NodeSecret,
    pub(crate) key: Arc<WorkspaceKey>,
    pub(crate) encrypts_names: bool,
    pub(crate) buckets: u16,
}

impl NewWorkspace {
    fn check(&self) -> Result<(), EngineError> {
        let refuse = |m: String| Err(EngineError::Refused(m));
        let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.key.is_empty() || self.key.len() > 40 || !self.key.chars().all(ok) {
            return refuse(format!(
                "`{}` cannot be a workspace's key; use up to 40 lower-case letters, digits and hyphens",
                self.key
            ));
        }
        if let Err(e) = Zone::new(&self.zone) {
            return refuse(e.to_string());
        }
        if let Err(e) = Currency::new(&self.currency) {
            return refuse(e.to_string());
        }
        let Self { name, week_start, margin, .. } = self.clone();
        Preferences { name, week_start, margin }.check()
    }
}

impl Preferences {
    fn check(&self) -> Result<(), EngineError> {
        let refuse = |m: String| Err(EngineError::Refused(m));
        if self.name.trim().is_empty() || self.name.len() > 100 {
            return refuse("a workspace needs a name of up to 100 letters".to_owned());
        }
        if !(1..=7).contains(&self.week_start) {
            return refuse(format!("the week cannot start with day {}; 1 is Monday, 7 is Sunday", self.week_start));
        }
        if self.margin.is_some_and(|m| !(0.0..=1.0).contains(&m)) {
            return refuse("the margin is a share of revenue, between 0 and 1".to_owned());
        }
        Ok(())
    }
}

/// A row of the store; its secrets are wrapped, or as versions before this one left them.
struct Kept {
    workspace: Workspace,
    node_secret: String,
    buckets: u16,
    data_key: String,
    encrypts_names: bool,
}

const KEPT: &str =
    "SELECT id, key, name, zone, currency, week_start, margin, node_secret, buckets, data_key, encrypt_names
     FROM pipeline_workspaces";

fn kept(r: &Row<'_>) -> sql::Result<Kept> {
    Ok(Kept {
        workspace: Workspace {
            id: WorkspaceId(r.get(0)?),
            key: r.get(1)?,
            name: r.get(2)?,
            zone: r.get(3)?,
            currency: r.get(4)?,
            week_start: r.get(5)?,
            margin: r.get(6)?,
        },
        node_secret: r.get(7)?,
        buckets: r.get(8)?,
        data_key: r.get(9)?,
        encrypts_names: r.get::<_, i64>(10)? != 0,
    })
}

fn all_kept(store: &Store) -> Result<Vec<Kept>, EngineError> {
    Ok(store.read(|c| c.prepare(&format!("{KEPT} ORDER BY id"))?.query_map([], kept)?.collect())?)
}

/// What the master key wraps of a workspace; no other secret unwraps in its place.
fn purposes(workspace_key: &str) -> [String; 2] {
    [format!("the key of workspace `{workspace_key}`"), format!("the secret of identifiers of `{workspace_key}`")]
}

const OF_MESSAGES: &str = "the secret of message ids";

/// A secret as versions before this one kept it: 32 hexadecimal digits.
fn unwrapped(text: &str) -> Option<[u8; 16]> {
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}

impl Kept {
    fn admit(self, keys: &Keys) -> Result<WorkspaceRecord, EngineError> {
        let [of_data, of_nodes] = purposes(&self.workspace.key);
        Ok(WorkspaceRecord {
            key: keys.admit(self.workspace.id, &keys.unwrap(&of_data, &self.data_key)?),
            node_secret: NodeSecret(keys.unwrap(&of_nodes, &self.node_secret)?),
            encrypts_names: self.encrypts_names,
            buckets: self.buckets,
            workspace: self.workspace,
        })
    }
}

/// Whether the store holds anything that only the master key opens.
pub(crate) fn needs_master_key(store: &Store) -> Result<bool, EngineError> {
    let secrets: Vec<String> = store.read(|c| {
        c.prepare("SELECT key_secret FROM pipeline_instance UNION ALL SELECT node_secret FROM pipeline_workspaces")?
            .query_map([], |r| r.get(0))?
            .collect()
    })?;
    Ok(secrets.iter().any(|s| Keys::is_wrapped(s)))
}

/// All workspaces, by number, with their keys. What an earlier version left without is given them.
pub(crate) fn load(store: &Store, keys: &Keys) -> Result<Vec<WorkspaceRecord>, EngineError> {
    let mut all = all_kept(store)?;
    for k in &mut all {
        let [of_data, of_nodes] = purposes(&k.workspace.key);
        let before = (k.data_key.clone(), k.node_secret.clone());
        if k.data_key.is_empty() {
            (_, k.data_key) = keys.fresh::<32>(&of_data)?;
        }
        if let Some(secret) = unwrapped(&k.node_secret) {
            k.node_secret = keys.wrap(&of_nodes, &secret)?;
        }
        if before != (k.data_key.clone(), k.node_secret.clone()) {
            store.write(|tx| {
                tx.execute(
                    "UPDATE pipeline_workspaces SET data_key = $1, node_secret = $2 WHERE id = $3",
                    params![k.data_key, k.node_secret, k.workspace.id.0],
                )
            })?;
        }
    }
    all.into_iter().map(|k| k.admit(keys)).collect()
}

/// The instance's secret for message keys, made on first use.
pub(crate) fn key_secret(store: &Store, keys: &Keys) -> Result<[u8; 16], EngineError> {
    let (_, fresh) = keys.fresh::<16>(OF_MESSAGES)?;
    let text: String = store.write(|tx| {
        tx.execute("INSERT INTO pipeline_instance (one, key_secret) VALUES (1, $1) ON CONFLICT DO NOTHING", [fresh])?;
        tx.query_row("SELECT key_secret FROM pipeline_instance WHERE one = 1", [], |r| r.get(0))
    })?;
    let Some(secret) = unwrapped(&text) else { return keys.unwrap(OF_MESSAGES, &text) };
    let wrapped = keys.wrap(OF_MESSAGES, &secret)?;
    store.write(|tx| tx.execute("UPDATE pipeline_instance SET key_secret = $1 WHERE one = 1", [wrapped]))?;
    Ok(secret)
}

impl Engine {
    /// Creates a workspace with the journeys that every workspace starts with.
    pub fn create_workspace(&self, new: &NewWorkspace) -> Result<Workspace, EngineError> {
        new.check()?;
        let keys = &self.inner().keys;
        let [of_data, of_nodes] = purposes(&new.key);
        let (_, data_key) = keys.fresh::<32>(&of_data)?;
        let (_, node_secret) = keys.fresh::<16>(&of_nodes)?;
        let buckets = self.inner().options.buckets;
        let created = self.store().write(|tx| {
            let taken: i64 =
                tx.query_row("SELECT COUNT(*) FROM pipeline_workspaces WHERE key = $1", [&new.key], |r| r.get(0))?;
            if taken > 0 {
                return Ok(None);
            }
            tx.execute(
                "INSERT INTO pipeline_workspaces (id, key, name, zone, currency, week_start, margin, node_secret, buckets, data_key)
                 SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM pipeline_workspaces",
                params![
                    new.key,
                    new.name.trim(),
                    new.zone,
                    new.currency.to_ascii_uppercase(),
                    new.week_start,
                    new.margin,
                    node_secret,
                    buckets,
                    data_key
                ],
            )?;
            let created = tx.query_row(&format!("{KEPT} WHERE key = $1"), [&new.key], kept)?;
            for (rank, d) in throughline_journeys::default_definitions().into_iter().enumerate() {
                tx.execute(
                    "INSERT INTO pipeline_journeys (workspace, key, rank, definition) VALUES ($1, $2, $3, $4)",
                    params![
                        created.workspace.id.0,
                        d.key,
                        rank as i64,
                        serde_json::to_string(&d).expect("a definition is plain JSON")
                    ],
                )?;
            }
            Ok(Some(created))
        })?;
        let Some(created) = created else {
            return Err(EngineError::Refused(format!("a workspace `{}` exists already", new.key)));
        };
        let workspace = created.workspace.clone();
        self.inner().admit(created.admit(keys)?)?;
        let rules = self.identity_rules(workspace.id)?;
        self.store().write(|tx| identity::fold_by(tx, workspace.id, &rules))?;
        Ok(workspace)
    }

    /// Creates a workspace with the usual settings, under a key made of its name.
    pub fn found_workspace(&self, name: &str, zone: &str, currency: &str) -> Result<Workspace, EngineError> {
        let mut slug: String =
            name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        slug.truncate(32);
        let slug = slug.trim_matches('-');
        let slug = if slug.is_empty() { "main" } else { slug };
        let known = self.workspaces()?;
        let is_free = |key: &String| known.iter().all(|w| w.key != *key);
        let numbered = (2_u32..).map(|n| format!("{slug}-{n}"));
        let key = std::iter::once(slug.to_owned()).chain(numbered).find(is_free).unwrap_or_default();
        self.create_workspace(&NewWorkspace {
            key,
            name: name.to_owned(),
            zone: zone.to_owned(),
            currency: currency.to_owned(),
            week_start: 1,
            margin: None,
        })
    }

    /// Changes what may change about a workspace; figures that follow from it are worked out anew.
    pub fn change_workspace(&self, id: WorkspaceId, new: &Preferences) -> Result<(), EngineError> {
        new.check()?;
        let brand = self.inner().brand(id)?;
        self.store().write(|tx| {
            tx.execute(
                "UPDATE pipeline_workspaces SET name = $1, week_start = $2, margin = $3 WHERE id = $4",
                params![new.name.trim(), new.week_start, new.margin, id.0],
            )
        })?;
        brand.forget_figures();
        Ok(())
    }

    /// Sets the zone and the currency of a workspace, while nothing has been received: afterwards
    /// days, promises and sums have been worked out with them.
    pub fn set_locale(&self, id: WorkspaceId, zone: &str, currency: &str) -> Result<(), EngineError> {
        let zone = Zone::new(zone).map_err(|e| EngineError::Refused(e.to_string()))?;
        let currency = Currency::new(currency).map_err(|e| EngineError::Refused(e.to_string()))?;
        if !self.sources(id)?.is_empty() {
            return Err(EngineError::Refused(
                "interactions have arrived, and days and sums were worked out with the zone and the currency as they are; a brand that needs others is another workspace".to_owned(),
            ));
        }
        self.store().write(|tx| {
            tx.execute(
                "UPDATE pipeline_workspaces SET zone = $1, currency = $2 WHERE id = $3",
                params![zone.name(), currency.as_str(), id.0],
            )
        })?;
        let brand = self.inner().brand(id)?;
        brand.set_zone(zone);
        // Telephone numbers without a country are where the workspace is.
        let workspace = self.workspaces()?.into_iter().find(|w| w.id == id).unwrap_or(brand.workspace.clone());
        brand.set_identity_rules(identity::IdentityRules::load(self.store(), &workspace)?);
        let rules = brand.identity_rules();
        Ok(self.store().write(|tx| identity::fold_by(tx, id, &rules))?)
    }

    /// All workspaces, by number.
    pub fn workspaces(&self) -> Result<Vec<Workspace>, EngineError> {
        Ok(all_kept(self.store())?.into_iter().map(|k| k.workspace).collect())
    }

    /// A workspace by its key.
    pub fn workspace(&self, key: &str) -> Result<Workspace, EngineError> {
        self.workspaces()?
            .into_iter()
            .find(|w| w.key == key)
            .ok_or_else(|| EngineError::NotFound(format!("workspace `{key}`")))
    }
}
