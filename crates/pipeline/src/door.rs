//! What a workspace asks of what arrives: its tracking plan, whose consent is needed, who is staff, and
//! how what does not fit is mended. People define it; [`Engine::receive`] asks it about every record.
//!
//! A record that nothing is asked about costs a look at its event's name; only the others are read.

use crate::brand::Brand;
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use throughline_interactions::{Actor, Fault, Interaction, Node, Record, SourceId, WorkspaceId};
use throughline_rules::{Breach, Check, Consent, Mend, Mode, Plan, Staff, Untold, said};
use throughline_store::Store;
use throughline_store::sql::params;

/// What is asked of what arrives, beside the plan of each event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoorRules {
    /// What needs somebody's consent.
    #[serde(default = "Consent::usual")]
    pub consent: Vec<Consent>,
    /// Who belongs to the brand.
    #[serde(default)]
    pub staff: Staff,
    /// What becomes of events that have no plan, once there is one for any.
    #[serde(default)]
    pub unplanned: Mode,
    /// Tried, in this order, on what does not fit its plan.
    #[serde(default)]
    pub mends: Vec<Mend>,
}

impl DoorRules {
    /// True where a purpose counts as allowed by whoever has said nothing of it.
    pub(crate) fn takes_untold(&self, purpose: &str) -> bool {
        let rule = self.consent.iter().find(|c| c.purpose.eq_ignore_ascii_case(purpose));
        rule.is_some_and(|c| c.untold == Untold::Take)
    }
}

impl Default for DoorRules {
    fn default() -> Self {
        Self { consent: Consent::usual(), staff: Staff::default(), unplanned: Mode::Watch, mends: Vec::new() }
    }
}

/// The rules made ready.
#[derive(Debug, Default)]
pub(crate) struct Door {
    pub(crate) rules: DoorRules,
    checks: HashMap<String, Check>,
}

/// What becomes of a record.
pub(crate) enum Judged {
    /// It is taken, as it is now.
    Take(Record),
    /// It is kept aside, as it came.
    Aside(Record, Fault),
    /// It is not taken. What it told of its person's will is kept.
    Refuse(Fault, Option<Box<Interaction>>),
}

impl Door {
    fn new(rules: DoorRules, plans: &[Plan]) -> Self {
        let ready = plans.iter().filter_map(|p| match Check::new(p) {
            Ok(check) => Some((p.event.clone(), check)),
            Err(error) => {
                tracing::error!(event = p.event, %error, "a plan cannot be read and is passed over");
                None
            }
        });
        Self { checks: ready.collect(), rules }
    }

    /// Reads the rules of a workspace.
    pub(crate) fn load(store: &Store, workspace: WorkspaceId) -> Result<Self, EngineError> {
        let (rules, plans) = (load_rules(store, workspace)?, load_plans(store, workspace)?);
        Ok(Self::new(rules, &plans))
    }

    /// What is asked of an event.
    fn asked(&self, event: &str) -> Option<(Option<&Check>, Mode)> {
        if self.checks.is_empty() {
            return None;
        }
        match self.checks.get(event) {
            Some(check) => Some((Some(check), check.mode())),
            None if self.rules.unplanned == Mode::KeepAside => Some((None, Mode::KeepAside)),
            None => None,
        }
    }

    /// What does not fit the plan.
    pub(crate) fn breaches(&self, i: &Interaction) -> (Vec<Breach>, Mode) {
        match self.asked(&i.event) {
            Some((Some(check), mode)) => (check.breaches(&said(i)), mode),
            Some((None, mode)) => (vec![unplanned(&i.event)], mode),
            None => (Vec::new(), Mode::Watch),
        }
    }

    /// Decides about a record that nobody erased. What does not fit the plan and is taken all the same is
    /// told to `watch`.
    pub(crate) fn judge(
        &self,
        brand: &Brand,
        source: &SourceId,
        record: Record,
        from: Option<IpAddr>,
        watch: &mut Vec<Breach>,
    ) -> Judged {
        // Facts of the product's own are its own affair.
        if source.as_str() == SourceId::SYSTEM {
            return Judged::Take(record);
        }
        let event = if self.checks.is_empty() { None } else { record.event() };
        let is_planned = event.as_deref().is_some_and(|e| self.asked(e).is_some());
        let may_be_staff = !self.rules.staff.is_empty();
        let may_be_refused = self.may_be_refused(brand, &record);
        if !is_planned && !may_be_staff && !may_be_refused {
            return Judged::Take(record);
        }
        let Ok(mut fact) = Interaction::from_payload(&record.payload) else { return Judged::Take(record) };
        if may_be_refused {
            let nodes: Vec<Node> = record.nodes(&*brand.naming()).iter().map(|(n, _)| *n).collect();
            if let Some(refused) = self.refused(brand, &fact, &nodes) {
                return refused;
            }
        }
        let mut is_changed = false;
        if fact.actor == Actor::Human
            && let Some(why) = self.rules.staff.is_one(&fact, from)
        {
            fact.actor = Actor::Internal;
            fact.properties.insert("actor_reason".to_owned(), why.into());
            is_changed = true;
        }
        let (breaches, mode) = self.breaches(&fact);
        if !breaches.is_empty() {
            match self.mended(&fact) {
                Some(mended) => {
                    fact = mended;
                    is_changed = true;
                }
                None if mode == Mode::KeepAside => {
                    let first = breaches.into_iter().next().map(Fault::from);
                    return Judged::Aside(record, first.unwrap_or_else(|| Fault::whole("plan", "it does not fit")));
                }
                None => watch.extend(breaches),
            }
        }
        Judged::Take(if is_changed { Record::from(fact) } else { record })
    }

    /// Whether a record has to be read to know that its person allows it.
    fn may_be_refused(&self, brand: &Brand, record: &Record) -> bool {
        let rules = &self.rules.consent;
        if rules.is_empty() || says_no(record) {
            return !rules.is_empty();
        }
        let waits_for_a_yes = rules.iter().any(|c| c.untold == Untold::Refuse);
        let known = brand.consents();
        if !waits_for_a_yes && known.is_empty() {
            return false;
        }
        let nodes: Vec<Node> = record.nodes(&*brand.naming()).iter().map(|(n, _)| *n).collect();
        rules.iter().any(|c| match known.last_word(&c.purpose, &nodes) {
            Some(allowed) => !allowed,
            None => c.untold == Untold::Refuse,
        })
    }

    /// The fact as the rules mend it; `None` where it does not fit its plan even so.
    fn mended(&self, fact: &Interaction) -> Option<Interaction> {
        let mut mended = fact.clone();
        let mut steps = Vec::new();
        for mend in &self.rules.mends {
            if mend.is_for(&mended) && mend.apply(&mut mended) {
                steps.push(mend.in_words());
            }
        }
        if steps.is_empty() || !self.breaches(&mended).0.is_empty() {
            return None;
        }
        mended.properties.insert("mended".to_owned(), steps.join("; ").into());
        Some(mended)
    }

    fn refused(&self, brand: &Brand, fact: &Interaction, nodes: &[Node]) -> Option<Judged> {
        for consent in self.rules.consent.iter().filter(|c| c.is_needed(fact)) {
            let own = consent.own_word(fact);
            let known = brand.consents().last_word(&consent.purpose, nodes);
            let purpose = &consent.purpose;
            let message = match own.or(known) {
                Some(true) => continue,
                Some(false) => format!("its person does not allow `{purpose}`; it is not kept"),
                None if consent.untold == Untold::Take => continue,
                None => format!("its person has not allowed `{purpose}` yet; it is not kept"),
            };
            // A no that came with it is remembered, once, so that what comes without it is refused too.
            let is_news = own == Some(false) && known != Some(false) && !nodes.is_empty();
            return Some(Judged::Refuse(
                Fault::at("consent", "no_consent", message),
                is_news.then(|| Box::new(withdrawal(fact))),
            ));
        }
        None
    }
}

/// Whether a record says no to anything.
fn says_no(record: &Record) -> bool {
    // A quote inside a JSON text is escaped, so this can only be a field of that name.
    let payload = record.payload.as_slice();
    memchr::memmem::find(payload, b"\"consent\":{").is_some_and(|at| {
        let rest = &payload[at..];
        let end = memchr::memchr(b'}', rest).unwrap_or(rest.len());
        memchr::memmem::find(&rest[..end], b":false").is_some()
    })
}

fn unplanned(event: &str) -> Breach {
    let message = format!("no plan tells what \u{201c}{event}\u{201d} is to say");
    Breach { field: "event".to_owned(), message }
}

/// The fact that somebody said no: who it was, where and when, and nothing of what they did.
fn withdrawal(of: &Interaction) -> Interaction {
    Interaction {
        source: SourceId::system(),
        message_id: String::new(),
        event: "Consent Withdrawn".to_owned(),
        touchpoint: String::new(),
        refs: Vec::new(),
        money: None,
        score: None,
        text: None,
        promise: None,
        properties: serde_json::Map::new(),
        ..of.clone()
    }
}

fn load_rules(store: &Store, workspace: WorkspaceId) -> Result<DoorRules, EngineError> {
    let text: Option<String> = store.read(|c| {
        let mut rows = c.prepare("SELECT rules FROM pipeline_doors WHERE workspace = $1")?;
        let mut rows = rows.query([workspace.0])?;
        rows.next()?.map(|r| r.get(0)).transpose()
    })?;
    match text {
        Some(text) => {
            serde_json::from_str(&text).map_err(|e| EngineError::Damaged(format!("the rules of a door: {e}")))
        }
        None => Ok(DoorRules::default()),
    }
}

fn load_plans(store: &Store, workspace: WorkspaceId) -> Result<Vec<Plan>, EngineError> {
    let texts: Vec<String> = store.read(|c| {
        c.prepare("SELECT plan FROM pipeline_plans WHERE workspace = $1 ORDER BY event")?
            .query_map([workspace.0], |r| r.get(0))?
            .collect()
    })?;
    let read = |text: &String| serde_json::from_str(text).map_err(|e| EngineError::Damaged(format!("a plan: {e}")));
    texts.iter().map(read).collect()
}

/// Events that may have a plan.
const MOST_PLANS: usize = 500;
/// Entries of a list of staff, rules of consent, and mends.
const MOST_RULES: usize = 200;

impl Engine {
    /// The tracking plan: a plan for each event, by name.
    pub fn plans(&self, workspace: WorkspaceId) -> Result<Vec<Plan>, EngineError> {
        load_plans(self.store(), workspace)
    }

    /// The plan of an event.
    pub fn plan(&self, workspace: WorkspaceId, event: &str) -> Result<Option<Plan>, EngineError> {
        Ok(self.plans(workspace)?.into_iter().find(|p| p.event == event))
    }

    /// Makes a plan what holds from now on.
    pub fn set_plan(&self, workspace: WorkspaceId, plan: &Plan) -> Result<(), EngineError> {
        let refuse = |m: String| Err(EngineError::Refused(m));
        if plan.event.trim().is_empty() || plan.event.len() > throughline_interactions::limits::EVENT {
            return refuse("a plan is for an event: give its name, as it is sent".to_owned());
        }
        let known = self.plans(workspace)?;
        if known.len() >= MOST_PLANS && known.iter().all(|p| p.event != plan.event) {
            return refuse(format!("a workspace has at most {MOST_PLANS} plans"));
        }
        if let Err(e) = Check::new(plan) {
            return refuse(e.to_string());
        }
        let text = serde_json::to_string(plan).expect("a plan is plain JSON");
        self.store().write(|tx| {
            tx.execute(
                "INSERT INTO pipeline_plans (workspace, event, plan) VALUES ($1, $2, $3)
                 ON CONFLICT (workspace, event) DO UPDATE SET plan = excluded.plan",
                params![workspace.0, plan.event, text],
            )
        })?;
        self.reload_door(workspace)
    }

    /// Takes an event out of the plan.
    pub fn remove_plan(&self, workspace: WorkspaceId, event: &str) -> Result<(), EngineError> {
        let sql = "DELETE FROM pipeline_plans WHERE workspace = $1 AND event = $2";
        self.store().write(|tx| tx.execute(sql, params![workspace.0, event]))?;
        self.reload_door(workspace)
    }

    /// What else is asked of what arrives.
    pub fn door_rules(&self, workspace: WorkspaceId) -> Result<DoorRules, EngineError> {
        load_rules(self.store(), workspace)
    }

    /// Makes these rules what holds from now on.
    pub fn set_door_rules(&self, workspace: WorkspaceId, rules: &DoorRules) -> Result<(), EngineError> {
        let refuse = |m: String| Err(EngineError::Refused(m));
        let Staff { domains, identifiers, hosts, networks } = &rules.staff;
        let most = [domains, identifiers, hosts, networks].iter().map(|l| l.len()).max().unwrap_or_default();
        if most.max(rules.consent.len()).max(rules.mends.len()) > MOST_RULES {
            return refuse(format!("a list has at most {MOST_RULES} entries"));
        }
        if let Some(network) = rules.staff.wrong_network() {
            return refuse(format!("`{network}` is no network; write an address, or one like 192.0.2.0/24"));
        }
        if let Some(consent) = rules.consent.iter().find(|c| c.purpose.trim().is_empty() || c.channels.is_empty()) {
            return refuse(format!("the purpose `{}` needs a name, and a channel that needs it", consent.purpose));
        }
        let text = serde_json::to_string(rules).expect("rules are plain JSON");
        self.store().write(|tx| {
            tx.execute(
                "INSERT INTO pipeline_doors (workspace, rules) VALUES ($1, $2)
                 ON CONFLICT (workspace) DO UPDATE SET rules = excluded.rules",
                params![workspace.0, text],
            )
        })?;
        self.reload_door(workspace)
    }

    fn reload_door(&self, workspace: WorkspaceId) -> Result<(), EngineError> {
        let brand = self.inner().brand(workspace)?;
        brand.set_door(Arc::new(Door::load(self.store(), workspace)?));
        Ok(())
    }

    /// What does not fit the plan as it is now, for each of these.
    pub fn breaches(&self, workspace: WorkspaceId, of: &[Interaction]) -> Result<Vec<Vec<Breach>>, EngineError> {
        let door = self.inner().brand(workspace)?.door();
        Ok(of.iter().map(|i| door.breaches(i).0).collect())
    }

    /// How many of these would fit the plan once mended.
    pub fn would_fit(&self, workspace: WorkspaceId, mend: &Mend, of: &[Interaction]) -> Result<usize, EngineError> {
        let door = self.inner().brand(workspace)?.door();
        let fits = |i: &&Interaction| {
            let mut mended = (*i).clone();
            mend.is_for(i) && mend.apply(&mut mended) && door.breaches(&mended).0.is_empty()
        };
        Ok(of.iter().filter(fits).count())
    }
}

/// What people's last word about each purpose is, by node.
#[derive(Debug, Default)]
pub(crate) struct Consents(BTreeMap<String, HashMap<Node, bool>>);

impl Consents {
    pub(crate) fn load(store: &Store, workspace: WorkspaceId) -> Result<Self, EngineError> {
        let mut all = Self::default();
        store.read(|c| {
            let mut rows = c.prepare("SELECT purpose, node, allowed FROM pipeline_consents WHERE workspace = $1")?;
            let mut rows = rows.query([workspace.0])?;
            while let Some(r) = rows.next()? {
                let (purpose, node): (String, i64) = (r.get(0)?, r.get(1)?);
                all.note(&purpose, Node(node.cast_unsigned()), r.get::<_, i64>(2)? == 1);
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// True where nobody has said anything that is kept.
    fn is_empty(&self) -> bool {
        self.0.values().all(HashMap::is_empty)
    }

    /// The word of any of these nodes; a no counts more than a yes.
    pub(crate) fn last_word(&self, purpose: &str, nodes: &[Node]) -> Option<bool> {
        let (_, words) = self.0.iter().find(|(p, _)| p.eq_ignore_ascii_case(purpose))?;
        let said = || nodes.iter().filter_map(|n| words.get(n).copied());
        if said().any(|w| !w) { Some(false) } else { said().next() }
    }

    pub(crate) fn note(&mut self, purpose: &str, node: Node, allowed: bool) {
        self.0.entry(purpose.to_ascii_lowercase()).or_default().insert(node, allowed);
    }

    pub(crate) fn forget(&mut self, nodes: &[Node]) {
        for words in self.0.values_mut() {
            words.retain(|n, _| !nodes.contains(n));
        }
    }
}

/// A word about a purpose, as a fact told it.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) nodes: Vec<Node>,
    pub(crate) purpose: String,
    pub(crate) allowed: bool,
    pub(crate) occurred_at: i64,
    pub(crate) position: u64,
    /// Somebody waits for a yes: nothing is taken without one.
    pub(crate) is_waited_for: bool,
}

impl Brand {
    /// What a fact says of purposes, of a person with these nodes.
    pub(crate) fn words(&self, i: &Interaction, nodes: &[Node], position: u64) -> Vec<Word> {
        let door = self.door();
        let is_waited_for = |purpose: &str| {
            let rule = door.rules.consent.iter().find(|c| c.purpose.eq_ignore_ascii_case(purpose));
            rule.is_some_and(|c| c.untold == Untold::Refuse)
        };
        let word = |(purpose, allowed): (&String, &bool)| Word {
            nodes: nodes.to_vec(),
            purpose: purpose.to_ascii_lowercase(),
            allowed: *allowed,
            occurred_at: i.occurred_at.0,
            position,
            is_waited_for: is_waited_for(purpose),
        };
        i.consent.iter().map(word).collect()
    }
}
