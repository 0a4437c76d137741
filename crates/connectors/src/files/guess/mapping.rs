//! What a person settles on, and the recipe that says it.

use super::{ColumnGuess, Guess, Role, Sample, TimeForm};
use crate::files::known::KnownExport;
use crate::files::recipe::{Decimal, Encoding, FileRecipe};
use std::fmt::Write as _;

/// What the rows of a file usually are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsualEvent {
    /// Orders, or lines of them.
    OrderCompleted,
    /// Reviews with stars or words.
    ReviewPosted,
    /// Answers to a survey.
    SurveyAnswered,
    /// Tickets of a help desk.
    TicketOpened,
    /// Anything else.
    Contact,
    /// Nothing: somebody is described, at no time.
    Identified,
}

impl UsualEvent {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::OrderCompleted,
        Self::ReviewPosted,
        Self::SurveyAnswered,
        Self::TicketOpened,
        Self::Contact,
        Self::Identified,
    ];

    /// The event's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrderCompleted => "Order Completed",
            Self::ReviewPosted => "Review Posted",
            Self::SurveyAnswered => "Survey Answered",
            Self::TicketOpened => "Ticket Opened",
            Self::Contact => "Contact",
            Self::Identified => "Identified",
        }
    }

    /// What columns with these roles are.
    pub(super) fn of(columns: &[ColumnGuess]) -> Self {
        let has = |role: Role| columns.iter().any(|c| c.role == role);
        let scale = columns.iter().find(|c| c.role == Role::Score).and_then(|c| c.scale);
        match () {
            () if !has(Role::Time) && columns.iter().any(|c| c.role.is_person()) => Self::Identified,
            () if has(Role::Ticket) => Self::TicketOpened,
            () if has(Role::Score) && !has(Role::Amount) => match scale {
                Some((_, max)) if max > 5.0 => Self::SurveyAnswered,
                _ => Self::ReviewPosted,
            },
            () if has(Role::Order) || has(Role::Amount) => Self::OrderCompleted,
            () if has(Role::Text) => Self::ReviewPosted,
            () => Self::Contact,
        }
    }
}

/// Who it was.
const PERSON: [Role; 3] = [Role::UserId, Role::Email, Role::Phone];
/// What it was about.
const ABOUT: [Role; 8] =
    [Role::Order, Role::Ticket, Role::Product, Role::Store, Role::Carrier, Role::Supplier, Role::Campaign, Role::Staff];

/// A column as the person left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// Its name in the file.
    pub column: String,
    /// What it is.
    pub role: Role,
    /// How its times are written.
    pub time: Option<TimeForm>,
    /// Its scale.
    pub scale: Option<(f64, f64)>,
    /// What a later time is called.
    pub event: Option<String>,
    /// Every row of the sample has another cell here: it can name the row.
    pub is_unique: bool,
}

/// Everything that makes a recipe of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// What people call the import.
    pub name: String,
    /// The source of its interactions.
    pub source: String,
    /// How the file is read.
    pub file: FileRecipe,
    /// The zone of local times.
    pub zone: String,
    /// The currency of amounts.
    pub currency: String,
    /// What a row is called where no column says it.
    pub event: String,
    /// The amount is that of a whole order and stands on each of its lines.
    pub once_per_order: bool,
    /// The columns.
    pub columns: Vec<Assigned>,
    /// The export that it is, whose ready recipe is taken instead of what the columns are.
    pub known: Option<&'static KnownExport>,
}

/// What keeps a mapping from being a recipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// No column says when.
    #[error("no column says when it happened; choose the one with the date")]
    NoTime,
    /// Two columns have a role that one can have.
    #[error("`{first}` and `{second}` cannot both be the {role}")]
    Twice {
        /// The role.
        role: &'static str,
        /// One column.
        first: String,
        /// The other.
        second: String,
    },
}

impl Mapping {
    /// The guess as it is, for a person to change.
    pub fn of(sample: &Sample, guess: &Guess, name: &str, source: &str, zone: &str, currency: &str) -> Self {
        let rows = sample.rows.len();
        let assigned = |c: &ColumnGuess| Assigned {
            column: c.name.clone(),
            role: c.role,
            time: c.time.clone(),
            scale: c.scale,
            event: c.event.clone(),
            is_unique: c.distinct == rows,
        };
        Self {
            name: name.to_owned(),
            source: source.to_owned(),
            file: sample.file.clone(),
            zone: zone.to_owned(),
            currency: guess.currency.clone().unwrap_or_else(|| currency.to_owned()),
            event: guess.event.name().to_owned(),
            once_per_order: guess.is_once_per_order(),
            columns: guess.columns.iter().map(assigned).collect(),
            known: None,
        }
    }

    fn with(&self, role: Role) -> impl Iterator<Item = &Assigned> {
        self.columns.iter().filter(move |c| c.role == role)
    }

    /// The recipe in TOML.
    pub fn recipe(&self) -> Result<String, MappingError> {
        if let Some(known) = self.known {
            return Ok(self.head(known.zone.unwrap_or(&self.zone)) + &self.ready(known));
        }
        for role in Role::ALL.into_iter().filter(|r| r.is_single()) {
            let mut having = self.with(role);
            if let (Some(first), Some(second)) = (having.next(), having.next()) {
                let (first, second) = (first.column.clone(), second.column.clone());
                return Err(MappingError::Twice { role: role.key(), first, second });
            }
        }
        let mut out = self.head(&self.zone);
        let Some(time) = self.with(Role::Time).next() else {
            if !self.columns.iter().any(|c| c.role.is_person()) {
                return Err(MappingError::NoTime);
            }
            self.described(&mut out);
            return Ok(out);
        };
        self.interaction(&mut out, time, &self.event_word(), true);
        self.lines_of_orders(&mut out, time);
        for later in self.with(Role::Later) {
            let event = quoted(later.event.as_deref().unwrap_or(&later.column));
            self.interaction(&mut out, later, &event, false);
        }
        Ok(out)
    }

    fn head(&self, zone: &str) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "name = {}", quoted(&self.name));
        let _ = writeln!(out, "source = {}", quoted(&self.source));
        let _ = writeln!(out, "zone = {}", quoted(zone));
        let _ = writeln!(out, "currency = {}", quoted(&self.currency));
        self.file_table(&mut out);
        out
    }

    /// The ready interactions; their times are read in the form in which this file writes them.
    fn ready(&self, known: &KnownExport) -> String {
        let columns: Vec<String> = self.columns.iter().map(|c| c.column.clone()).collect();
        let mut out = String::new();
        for line in known.interactions_for(&columns).lines() {
            let named = line.strip_prefix("occurred_at = \"").and_then(|rest| rest.strip_suffix('"'));
            match named.and_then(|name| self.columns.iter().find(|c| c.column == name)) {
                Some(time) => {
                    let _ = writeln!(out, "occurred_at = {}", time_value(time, None));
                }
                None => {
                    let _ = writeln!(out, "{line}");
                }
            }
        }
        out
    }

    fn file_table(&self, out: &mut String) {
        let file = &self.file;
        let _ = writeln!(out, "\n[files.rows]\npath = {}", quoted(&file.path));
        let mut field = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = writeln!(out, "{name} = {value}");
            }
        };
        field("format", file.format.as_deref().map(quoted));
        field("delimiter", file.delimiter.as_deref().map(quoted));
        field(
            "encoding",
            match file.encoding {
                Encoding::Utf8 => None,
                Encoding::Latin1 => Some(quoted("latin-1")),
                Encoding::Windows1252 => Some(quoted("windows-1252")),
            },
        );
        field("decimal", (file.decimal == Decimal::Comma).then(|| quoted(",")));
        field("columns", file.columns.as_ref().map(|c| list(c.iter().map(String::as_str))));
        let count = |n: u32| (n > 0).then(|| n.to_string());
        field("skip_before_header", count(file.skip_before_header));
        field("skip_after_header", count(file.skip_after_header));
    }

    fn event_word(&self) -> String {
        match self.with(Role::Event).next() {
            Some(event) => format!("{{ column = {}, default = {} }}", quoted(&event.column), quoted(&self.event)),
            None => quoted(&self.event),
        }
    }

    /// One kind of interaction; the first carries what the row says, later ones only who and what about.
    fn interaction(&self, out: &mut String, time: &Assigned, event: &str, is_first: bool) {
        let _ = writeln!(out, "\n[[interactions]]\nfrom = \"rows\"\nevent = {event}");
        if !is_first {
            let _ = writeln!(out, "when = {}", quoted(&time.column));
        }
        let clock = self.with(Role::Clock).next().filter(|_| is_first);
        let _ = writeln!(out, "occurred_at = {}", time_value(time, clock));
        if let Some(order) = self.with(Role::Order).next().filter(|_| self.is_once()) {
            let _ = writeln!(out, "message_id = {{ columns = {}, first = true }}", quoted(&order.column));
        } else if let Some(naming) = self.naming() {
            let _ = writeln!(out, "message_id = {}", quoted(naming));
        }
        if let Some(channel) = self.with(Role::Channel).next().filter(|_| is_first) {
            let _ = writeln!(out, "channel = {{ column = {} }}", quoted(&channel.column));
        }
        self.table(out, "identifiers", &PERSON);
        let of_line = |role: &Role| self.is_once() && matches!(role, Role::Product | Role::Supplier);
        let about: Vec<Role> = ABOUT.into_iter().filter(|r| !of_line(r)).collect();
        self.table(out, "refs", &about);
        if !is_first {
            return;
        }
        if let Some(amount) = self.with(Role::Amount).next() {
            let currency = self.with(Role::Currency).next();
            let currency = currency.map(|c| format!(", currency = {{ column = {} }}", quoted(&c.column)));
            let times = self.with(Role::Quantity).next();
            let number = match times {
                Some(many) => {
                    format!("{{ times = {} }}", list([&amount.column, &many.column].map(String::as_str).into_iter()))
                }
                None => quoted(&amount.column),
            };
            let _ = writeln!(out, "money = {{ amount = {number}{} }}", currency.unwrap_or_default());
        }
        if let Some(score) = self.with(Role::Score).next() {
            let (min, max) = score.scale.unwrap_or((1.0, 5.0));
            let kind = match (min as i64, max as i64) {
                (1, 5) => "kind = \"stars\"".to_owned(),
                (1, 7) => "kind = \"ces\"".to_owned(),
                (0, 10) => "kind = \"nps\"".to_owned(),
                _ => format!("kind = \"score\", min = {min:?}, max = {max:?}"),
            };
            let _ = writeln!(out, "score = {{ {kind}, value = {} }}", quoted(&score.column));
        }
        let texts: Vec<&str> = self.with(Role::Text).map(|c| c.column.as_str()).collect();
        if !texts.is_empty() {
            let _ = writeln!(out, "text = {}", list(texts.into_iter()));
        }
        if let Some(due) = self.with(Role::Due).next() {
            let _ = writeln!(out, "promise = {{ kind = \"delivery\", due = {} }}", time_value(due, None));
        }
        self.properties(out);
    }

    /// Somebody is described, at no time: the moment of the import is taken.
    fn described(&self, out: &mut String) {
        let _ = writeln!(out, "\n[[interactions]]\nfrom = \"rows\"\nevent = \"Identified\"\nactor = \"system\"");
        let _ = writeln!(out, "occurred_at = {{ received = true }}");
        self.table(out, "identifiers", &PERSON);
        self.properties(out);
    }

    /// The lines of an order whose amount stands on each of them.
    fn lines_of_orders(&self, out: &mut String, time: &Assigned) {
        let (Some(order), Some(product)) = (self.with(Role::Order).next(), self.with(Role::Product).next()) else {
            return;
        };
        if !self.is_once() {
            return;
        }
        let _ = writeln!(out, "\n[[interactions]]\nfrom = \"rows\"\nwhen = {}", quoted(&product.column));
        let clock = self.with(Role::Clock).next();
        let _ = writeln!(out, "event = \"Product Ordered\"\noccurred_at = {}", time_value(time, clock));
        let id = [order.column.as_str(), product.column.as_str()];
        let _ = writeln!(out, "message_id = {}", list(id.into_iter()));
        self.table(out, "identifiers", &PERSON);
        self.table(out, "refs", &[Role::Order, Role::Product, Role::Supplier]);
    }

    /// One order on several lines, each of which has the amount of all.
    fn is_once(&self) -> bool {
        self.once_per_order && self.with(Role::Order).next().is_some() && self.with(Role::Amount).next().is_some()
    }

    fn table(&self, out: &mut String, name: &str, roles: &[Role]) {
        let entries: Vec<String> = roles
            .iter()
            .filter_map(|role| {
                let columns: Vec<&str> = self.with(*role).map(|c| c.column.as_str()).collect();
                match columns.as_slice() {
                    [] => None,
                    [one] => Some(format!("{} = {}", role.key(), quoted(one))),
                    many => Some(format!("{} = {}", role.key(), list(many.iter().copied()))),
                }
            })
            .collect();
        if !entries.is_empty() {
            let _ = writeln!(out, "{name} = {{ {} }}", entries.join(", "));
        }
    }

    fn properties(&self, out: &mut String) {
        // A name under a name of ours, so that it is shown and never counted.
        let named = [Role::Name, Role::FirstName, Role::LastName];
        let names = named.into_iter().filter_map(|r| self.with(r).next().map(|c| (r.key(), c.column.as_str())));
        let kept = self.with(Role::Property).map(|c| (c.column.as_str(), c.column.as_str()));
        let all: Vec<(&str, &str)> = names.chain(kept).collect();
        if all.is_empty() {
            return;
        }
        out.push_str("\n[interactions.properties]\n");
        for (name, column) in all {
            let _ = writeln!(out, "{} = {}", quoted(name), quoted(column));
        }
    }

    /// A column that names the row, if there is one.
    fn naming(&self) -> Option<&str> {
        [Role::Ticket, Role::Order]
            .into_iter()
            .find_map(|r| self.with(r).find(|c| c.is_unique).map(|c| c.column.as_str()))
    }
}

fn time_value(time: &Assigned, clock: Option<&Assigned>) -> String {
    let form = time.time.as_ref().map_or("", |t| t.0.as_str());
    let Some(clock) = clock else {
        return match form {
            "" => quoted(&time.column),
            form => format!("{{ column = {}, format = {} }}", quoted(&time.column), quoted(form)),
        };
    };
    let of_day = clock.time.as_ref().map_or("%H:%M", |t| t.0.as_str());
    let both = match (form, of_day) {
        // These two are among the forms that everybody understands.
        ("", "%H:%M" | "%H:%M:%S") => String::new(),
        ("", of_day) => format!(", format = {}", quoted(&format!("%Y-%m-%d {of_day}"))),
        (day, of_day) => format!(", format = {}", quoted(&format!("{day} {of_day}"))),
    };
    format!("{{ column = {}, clock = {}{both} }}", quoted(&time.column), quoted(&clock.column))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<'a>(of: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", of.map(quoted).collect::<Vec<_>>().join(", "))
}
