//! Rules of how long something is kept, and their daily application.
//!
//! Once a day, after three in the night of the workspace's zone, what is due goes. A rule that was applied
//! looks again only at what has become due or has arrived since.

use crate::{Rights, RightsError};
use jiff::tz::TimeZone;
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_pipeline::{Engine, Keeping, Kind, Retired, Retiring, Then, Workspace};
use throughline_store::sql::{self, Row, params};
use throughline_store::{Store, StoreError};

/// The hour from which a day's rules are applied.
const HOUR: i8 = 3;
/// The longest time that a rule may name, in days: a century.
const LONGEST: u32 = 36_500;
/// The most rules of a workspace.
const MOST_RULES: usize = 100;

/// A rule to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// Of this event; empty for any.
    pub event: String,
    /// On this channel; empty for any.
    pub channel: String,
    /// Which of them.
    pub kind: Kind,
    /// For so many days after they happened.
    pub days: u32,
    /// What becomes of them then.
    pub then: Then,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it says.
    pub keeping: Keeping,
    /// Since when.
    pub created_at: Timestamp,
    /// By whom it was made.
    pub created_by: String,
}

/// What one rule would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulePreview {
    /// Interactions that it is about, however old.
    pub matches: u64,
    /// Those that would go with the next application, if no shorter rule takes them.
    pub due: u64,
    /// People they are of.
    pub people: u64,
    /// Rules that are shorter for some of the same interactions, in words.
    pub shorter: Vec<String>,
    /// Rules for which this one would be the shorter, in words.
    pub longer: Vec<String>,
}

/// What a rule would do, before it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// Interactions of the workspace.
    pub total: u64,
    /// What the rule does.
    pub rule: RulePreview,
}

impl Preview {
    /// Nothing would be left.
    pub fn takes_everything(&self) -> bool {
        self.total > 0 && self.rule.due == self.total
    }
}

/// What an application did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Interactions that went.
    pub erased: u64,
    /// Interactions whose words and properties went.
    pub stripped: u64,
}

/// A rule in words.
pub fn words(k: &Keeping) -> String {
    let what = match k.kind {
        Kind::Everything => "interactions",
        Kind::Words => "interactions in which something was said",
        Kind::Answers => "answers on a scale",
    };
    let of = if k.event.is_empty() { String::new() } else { format!(" “{}”", k.event) };
    let on = if k.channel.is_empty() { String::new() } else { format!(" on the channel {}", k.channel) };
    let then = match k.then {
        Then::Erase => "then erased",
        Then::Strip => "then kept without their words and properties",
    };
    let days = if k.days == 1 { "1 day".to_owned() } else { format!("{} days", k.days) };
    format!("{what}{of}{on} are kept {days}, {then}")
}

impl NewRule {
    fn check(&self) -> Result<(), RightsError> {
        if self.days == 0 || self.days > LONGEST {
            return Err(RightsError::Refused(format!("name a number of days from 1 to {LONGEST}")));
        }
        Ok(())
    }

    /// The rule in words.
    pub fn words(&self) -> String {
        words(&self.keeping(0))
    }

    fn keeping(&self, id: u64) -> Keeping {
        Keeping {
            id,
            event: self.event.trim().to_owned(),
            channel: self.channel.trim().to_owned(),
            kind: self.kind,
            days: self.days,
            then: self.then,
            looked: (Timestamp(i64::MIN), 0),
        }
    }
}

fn read(r: &Row<'_>) -> sql::Result<Rule> {
    let (kind, becomes): (String, String) = (r.get(3)?, r.get(5)?);
    Ok(Rule {
        keeping: Keeping {
            id: r.get::<_, i64>(0)?.cast_unsigned(),
            event: r.get(1)?,
            channel: r.get(2)?,
            kind: match kind.as_str() {
                "words" => Kind::Words,
                "answers" => Kind::Answers,
                _ => Kind::Everything,
            },
            days: r.get(4)?,
            then: if becomes == Then::Strip.as_str() { Then::Strip } else { Then::Erase },
            looked: (Timestamp(r.get(6)?), r.get::<_, i64>(7)?.cast_unsigned()),
        },
        created_at: Timestamp(r.get(8)?),
        created_by: r.get(9)?,
    })
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Everything => "everything",
        Kind::Words => "words",
        Kind::Answers => "answers",
    }
}

/// The rules of a workspace, in the order in which they were made.
pub(crate) fn rules(store: &Store, workspace: WorkspaceId) -> Result<Vec<Rule>, StoreError> {
    store.read(|c| {
        c.prepare_cached(
            "SELECT id, event, channel, kind, days, becomes, looked_until, looked_position, created_at, created_by
             FROM rights_retention WHERE workspace = $1 ORDER BY id",
        )?
        .query_map([workspace.0], read)?
        .collect()
    })
}

impl Rights {
    /// The rules of a workspace, in the order in which they were made.
    pub fn rules(&self, workspace: WorkspaceId) -> Result<Vec<Rule>, RightsError> {
        Ok(rules(self.engine().store(), workspace)?)
    }

    /// What each rule finds now, in the order of [`Rights::rules`], and how many interactions there are.
    pub fn rules_find(&self, workspace: WorkspaceId, now: Timestamp) -> Result<(u64, Vec<RulePreview>), RightsError> {
        let all: Vec<Keeping> = self.rules(workspace)?.into_iter().map(|r| r.keeping).collect();
        find(self.engine(), workspace, &all, now)
    }

    /// What a rule would do beside those that there are.
    pub fn preview_rule(&self, workspace: WorkspaceId, new: &NewRule, now: Timestamp) -> Result<Preview, RightsError> {
        new.check()?;
        let mut all: Vec<Keeping> = self.rules(workspace)?.into_iter().map(|r| r.keeping).collect();
        all.push(new.keeping(u64::MAX));
        let (total, mut found) = find(self.engine(), workspace, &all, now)?;
        // By itself, so that what it would take is not less for a rule that takes it tomorrow.
        let alone = self.engine().due(workspace, &all[all.len() - 1..], now)?;
        let mut rule = found.pop().unwrap_or_default();
        if let Some(a) = alone.rules.first() {
            (rule.due, rule.people) = (a.due.len() as u64, a.people);
        }
        Ok(Preview { total, rule })
    }

    /// Makes a rule. One that would let everything go at once has to be `confirmed`.
    pub fn set_rule(
        &self,
        workspace: WorkspaceId,
        new: &NewRule,
        by: &str,
        confirmed: bool,
        now: Timestamp,
    ) -> Result<(), RightsError> {
        let preview = self.preview_rule(workspace, new, now)?;
        if preview.takes_everything() && !confirmed {
            return Err(RightsError::Refused(format!(
                "this would let all {} interactions go; confirm it if that is meant",
                preview.total
            )));
        }
        let known = self.rules(workspace)?;
        if known.len() >= MOST_RULES {
            return Err(RightsError::Refused(format!("there are {MOST_RULES} rules already; take one out first")));
        }
        let k = new.keeping(0);
        let is_same = |r: &Rule| {
            let r = &r.keeping;
            (&r.event, &r.channel, r.kind, r.then) == (&k.event, &k.channel, k.kind, k.then)
        };
        self.engine().store().write(|tx| {
            // A rule about the same takes the place of the one before.
            for old in known.iter().filter(|r| is_same(r)) {
                tx.execute("DELETE FROM rights_retention WHERE id = $1", [old.keeping.id.cast_signed()])?;
            }
            tx.execute(
                "INSERT INTO rights_retention (id, workspace, event, channel, kind, days, becomes, looked_until, looked_position, created_at, created_by)
                 SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, 0, $8, $9 FROM rights_retention",
                params![
                    workspace.0,
                    k.event,
                    k.channel,
                    kind_name(k.kind),
                    k.days,
                    k.then.as_str(),
                    k.looked.0.0,
                    now.0,
                    by
                ],
            )
        })?;
        Ok(())
    }

    /// Takes a rule out; what it let go stays gone.
    pub fn remove_rule(&self, workspace: WorkspaceId, id: u64) -> Result<(), RightsError> {
        self.engine().store().write(|tx| {
            tx.execute(
                "DELETE FROM rights_retention WHERE workspace = $1 AND id = $2",
                params![workspace.0, id.cast_signed()],
            )
        })?;
        Ok(())
    }

    /// What rules have let go, the latest day first.
    pub fn retired(&self, workspace: WorkspaceId, most: u32) -> Result<Vec<Retired>, RightsError> {
        Ok(self.engine().retired(workspace, most)?)
    }

    /// Applies the rules of a workspace now.
    pub fn apply_rules(&self, workspace: &Workspace, now: Timestamp) -> Result<Applied, RightsError> {
        let _one = self.applying();
        let engine = self.engine();
        engine.wait_folded()?;
        let (rules, position) = (self.rules(workspace.id)?, engine.position());
        let mut applied = Applied::default();
        if rules.is_empty() {
            return Ok(applied);
        }
        let keepings: Vec<Keeping> = rules.iter().map(|r| r.keeping.clone()).collect();
        let due = engine.due(workspace.id, &keepings, now)?;
        let all: u64 = due.rules.iter().map(|r| r.due.len() as u64).sum();
        if all > 0 {
            let job = engine.job("letting go what was kept long enough", "interactions", Some(all));
            let day = day(&workspace.zone, now);
            for (keeping, found) in keepings.iter().zip(&due.rules).filter(|(_, f)| !f.due.is_empty()) {
                let gone = engine.retire(&Retiring {
                    workspace: workspace.id,
                    rule: keeping.id,
                    words: &words(keeping),
                    day: &day,
                    then: keeping.then,
                    positions: &found.due,
                })?;
                let sum = match keeping.then {
                    Then::Erase => &mut applied.erased,
                    Then::Strip => &mut applied.stripped,
                };
                *sum += gone;
                job.done(applied.erased + applied.stripped);
            }
            engine.finish_erasing(workspace.id)?;
            job.finish(&format!("{} are gone", applied.erased + applied.stripped));
            tracing::info!(
                workspace = workspace.key,
                erased = applied.erased,
                stripped = applied.stripped,
                "let go what was kept long enough"
            );
        }
        engine.store().write(|tx| {
            let mut note =
                tx.prepare_cached("UPDATE rights_retention SET looked_until = $1, looked_position = $2 WHERE id = $3")?;
            for k in &keepings {
                note.execute(params![k.until(now).0, position.cast_signed(), k.id.cast_signed()])?;
            }
            Ok(())
        })?;
        Ok(applied)
    }
}

fn find(
    engine: &Engine,
    workspace: WorkspaceId,
    all: &[Keeping],
    now: Timestamp,
) -> Result<(u64, Vec<RulePreview>), RightsError> {
    let due = engine.due(workspace, all, now)?;
    let named = |id: u64| all.iter().find(|k| k.id == id).map(words);
    let longer = |id: u64| {
        let each = all.iter().zip(&due.rules);
        each.filter(|(_, f)| f.shorter.contains(&id)).map(|(k, _)| words(k)).collect::<Vec<_>>()
    };
    let preview = all.iter().zip(&due.rules).map(|(k, found)| RulePreview {
        matches: found.matches,
        due: found.due.len() as u64,
        people: found.people,
        shorter: found.shorter.iter().filter_map(|id| named(*id)).collect(),
        longer: longer(k.id),
    });
    Ok((due.total, preview.collect()))
}

fn local(zone: &str, now: Timestamp) -> jiff::Zoned {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    jiff::Timestamp::from_microsecond(now.0).unwrap_or_default().to_zoned(zone)
}

fn day(zone: &str, now: Timestamp) -> String {
    local(zone, now).date().to_string()
}

/// Applies the rules of a workspace, if they were not yet applied today and it is late enough.
pub(crate) fn apply_if_due(rights: &Rights, workspace: &Workspace, now: Timestamp) -> Result<(), RightsError> {
    let store = rights.engine().store();
    if local(&workspace.zone, now).hour() < HOUR || rules(store, workspace.id)?.is_empty() {
        return Ok(());
    }
    let today = day(&workspace.zone, now);
    let last: Option<String> = store.read(|c| {
        c.prepare_cached("SELECT day FROM rights_days WHERE workspace = $1")?
            .query_map([workspace.id.0], |r| r.get(0))?
            .next()
            .transpose()
    })?;
    if last.is_some_and(|l| l >= today) {
        return Ok(());
    }
    rights.apply_rules(workspace, now)?;
    store.write(|tx| {
        tx.execute(
            "INSERT INTO rights_days (workspace, day) VALUES ($1, $2)
             ON CONFLICT (workspace) DO UPDATE SET day = excluded.day",
            params![workspace.id.0, today],
        )
    })?;
    Ok(())
}
