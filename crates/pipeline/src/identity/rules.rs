//! The rules by which identifiers become nodes and nodes become people. They are a definition; what was folded by
//! other rules, of this workspace or of an earlier version, is forgotten and folded again from the ledger.

use crate::workspaces::WorkspaceRecord;
use crate::{Engine, EngineError, History, Workspace};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use std::path::Path;
use std::sync::PoisonError;
use throughline_customers::Guards;
use throughline_interactions::{NamingRules, WorkspaceId};
use throughline_store::Store;
use throughline_store::sql::{self, OptionalExtension, Transaction, params};

/// Goes up whenever this program makes other nodes or other people of the same facts and rules, or keeps them
/// otherwise.
const VERSION: u64 = 3;

/// What is said of it at the start.
pub(crate) const READ_ANEW: &str = "this version keeps customers otherwise or follows other rules of who is whom, so everything is counted again from the ledger; nothing has to be done, and pages fill from the beginning";

/// What names whom, and what keeps people apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdentityRules {
    /// Identifiers.
    pub naming: NamingRules,
    /// Limits.
    pub guards: Guards,
}

/// Zones that lie in a country whose telephone numbers are understood.
const ZONES: &[(&str, &str)] = &[
    ("Africa/Johannesburg", "ZA"),
    ("America/Anchorage", "US"),
    ("America/Argentina/", "AR"),
    ("America/Chicago", "US"),
    ("America/Denver", "US"),
    ("America/Los_Angeles", "US"),
    ("America/Mexico_City", "MX"),
    ("America/New_York", "US"),
    ("America/Phoenix", "US"),
    ("America/Sao_Paulo", "BR"),
    ("America/Toronto", "CA"),
    ("America/Vancouver", "CA"),
    ("Asia/Calcutta", "IN"),
    ("Asia/Kolkata", "IN"),
    ("Asia/Seoul", "KR"),
    ("Asia/Shanghai", "CN"),
    ("Asia/Tokyo", "JP"),
    ("Atlantic/Canary", "ES"),
    ("Australia/", "AU"),
    ("Europe/Amsterdam", "NL"),
    ("Europe/Athens", "GR"),
    ("Europe/Berlin", "DE"),
    ("Europe/Brussels", "BE"),
    ("Europe/Bucharest", "RO"),
    ("Europe/Budapest", "HU"),
    ("Europe/Copenhagen", "DK"),
    ("Europe/Dublin", "IE"),
    ("Europe/Helsinki", "FI"),
    ("Europe/Istanbul", "TR"),
    ("Europe/Kiev", "UA"),
    ("Europe/Kyiv", "UA"),
    ("Europe/Lisbon", "PT"),
    ("Europe/London", "GB"),
    ("Europe/Madrid", "ES"),
    ("Europe/Oslo", "NO"),
    ("Europe/Paris", "FR"),
    ("Europe/Prague", "CZ"),
    ("Europe/Rome", "IT"),
    ("Europe/Stockholm", "SE"),
    ("Europe/Vienna", "AT"),
    ("Europe/Warsaw", "PL"),
    ("Europe/Zurich", "CH"),
    ("Pacific/Auckland", "NZ"),
    ("Pacific/Honolulu", "US"),
];

impl IdentityRules {
    /// The rules of a workspace: its own, or the usual ones with the country of its zone.
    pub(crate) fn load(store: &Store, workspace: &Workspace) -> Result<Self, EngineError> {
        let own: Option<String> = store.read(|c| {
            c.query_row("SELECT rules FROM pipeline_identity WHERE workspace = $1", [workspace.id.0], |r| r.get(0))
                .optional()
        })?;
        if let Some(text) = own {
            return serde_json::from_str(&text)
                .map_err(|e| EngineError::Damaged(format!("the identity rules of `{}`: {e}", workspace.key)));
        }
        let home = ZONES.iter().find(|(zone, _)| workspace.zone.starts_with(zone));
        let country = home.map(|(_, country)| (*country).to_owned());
        Ok(Self { naming: NamingRules { country, ..NamingRules::default() }, guards: Guards::default() })
    }

    fn check(&self) -> Result<(), EngineError> {
        self.naming.check().map_err(|e| EngineError::Refused(e.to_string()))?;
        let Guards { email, phone, other, device, reuse_days } = &self.guards;
        for limit in [email, phone, other, device] {
            if !(1..=50).contains(&limit.in_all)
                || !(1..=50).contains(&limit.within)
                || !(1..=3_660).contains(&limit.days)
            {
                return Err(EngineError::Refused(
                    "an identifier may name between 1 and 50 people, within 1 to 3660 days".to_owned(),
                ));
            }
        }
        if !(1..=3_660).contains(reuse_days) {
            return Err(EngineError::Refused(
                "a number is silent for 1 to 3660 days before it is another’s".to_owned(),
            ));
        }
        Ok(())
    }

    fn to_text(&self) -> String {
        serde_json::to_string(self).expect("rules are plain JSON")
    }

    fn fingerprint(&self) -> u64 {
        let mut h = SipHasher24::new();
        h.write_u64(VERSION);
        h.write(self.to_text().as_bytes());
        h.finish() >> 1
    }
}

fn reader(workspace: WorkspaceId) -> String {
    format!("identity:{workspace}")
}

/// Notes by which rules a workspace is folded from now on.
pub(crate) fn fold_by(tx: &Transaction<'_>, workspace: WorkspaceId, rules: &IdentityRules) -> sql::Result<()> {
    Store::set_position(tx, &reader(workspace), rules.fingerprint())
}

/// Notes it for all.
pub(crate) fn note_rules(store: &Store, records: &[WorkspaceRecord]) -> Result<(), EngineError> {
    for record in records {
        let rules = IdentityRules::load(store, &record.workspace)?;
        store.write(|tx| fold_by(tx, record.workspace.id, &rules))?;
    }
    Ok(())
}

/// Whether what is derived was made by other rules than those of now.
pub(crate) fn is_folded_otherwise(store: &Store, records: &[WorkspaceRecord]) -> Result<bool, EngineError> {
    for record in records {
        let rules = IdentityRules::load(store, &record.workspace)?;
        if store.position(&reader(record.workspace.id))? != rules.fingerprint() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Forgets everything derived, before anything is open.
pub(crate) fn forget_derived(
    dir: &Path,
    store: &Store,
    history: Option<&dyn History>,
    records: &[WorkspaceRecord],
) -> Result<(), EngineError> {
    if let Some(history) = history {
        for record in records {
            history.clear(record.workspace.id)?;
        }
    }
    let path = dir.join("timelines");
    if path.exists() {
        std::fs::remove_dir_all(&path).map_err(|source| EngineError::Io { verb: "remove", path, source })?;
    }
    Ok(store.clear_derived()?)
}

impl Engine {
    /// What names whom in a workspace, and what keeps people apart.
    pub fn identity_rules(&self, workspace: WorkspaceId) -> Result<IdentityRules, EngineError> {
        Ok(self.inner().brand(workspace)?.identity_rules())
    }

    /// Makes these rules what holds, also of what came before: everything derived is forgotten and made again from
    /// the ledger, while the doors stay open. Who was erased stays erased.
    pub fn set_identity_rules(&self, workspace: WorkspaceId, rules: &IdentityRules) -> Result<(), EngineError> {
        rules.check()?;
        let inner = self.inner();
        let brand = inner.brand(workspace)?;
        let mut rules = rules.clone();
        let before = brand.identity_rules();
        rules.naming.countries_before = before.naming.countries_before.clone();
        if let Some(country) = before.naming.country.filter(|c| Some(c) != rules.naming.country.as_ref())
            && !rules.naming.countries_before.contains(&country)
        {
            rules.naming.countries_before.push(country);
        }
        if rules == brand.identity_rules() {
            return Ok(());
        }
        // Nobody is looked for, to be erased or let go, while everything is forgotten.
        let _nobody = inner.naming_erased.lock().unwrap_or_else(PoisonError::into_inner);
        let _one = inner.erasing.lock().unwrap_or_else(PoisonError::into_inner);
        inner.store.write(|tx| {
            tx.execute(
                "INSERT INTO pipeline_identity (workspace, rules) VALUES ($1, $2)
                 ON CONFLICT (workspace) DO UPDATE SET rules = excluded.rules",
                params![workspace.0, rules.to_text()],
            )
        })?;
        brand.set_identity_rules(rules);
        self.start_over(0)
    }
}
