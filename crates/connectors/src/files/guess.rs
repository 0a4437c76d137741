//! What an unknown file holds, guessed from its first rows, so that nobody has to write a recipe.
//!
//! [`Sample::read`] finds out how the file is written (format, delimiter, encoding, header) and reads
//! its first rows. [`guess`] gives every column a [`Role`] and says why, and asks where two readings
//! fit: a [`Doubt`] is a question for a person, never a guess. A [`Mapping`] is what the person
//! settles on; its [`Mapping::recipe`] is the text of a recipe like any other, which is shown, kept
//! and run again.
//!
//! Nothing about any data set is in here: only what cells look like (`column.rs`) and what columns are
//! called in seven languages (`stems.rs`).

mod column;
mod look;
mod mapping;
mod settle;
mod stems;
mod words;

pub use column::TimeForm;
pub use look::Sample;
pub use mapping::{Assigned, Mapping, UsualEvent};

use column::Evidence;
use stems::Meaning;

/// What a column is to the interactions made of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// When it happened.
    Time,
    /// The time of day, where the time is a day alone.
    Clock,
    /// When something later happened to the same: an interaction of its own.
    Later,
    /// Until when something was promised.
    Due,
    /// An e-mail address of the person.
    Email,
    /// A telephone number of the person.
    Phone,
    /// The person's number at the source.
    UserId,
    /// The person's whole name: shown, and never what tells two people apart.
    Name,
    /// The person's first name.
    FirstName,
    /// The person's last name.
    LastName,
    /// What happened.
    Event,
    /// Where.
    Channel,
    /// The order it was about.
    Order,
    /// A product.
    Product,
    /// A store.
    Store,
    /// A carrier.
    Carrier,
    /// A supplier or seller.
    Supplier,
    /// A campaign or coupon.
    Campaign,
    /// A member of staff.
    Staff,
    /// A ticket or case.
    Ticket,
    /// What it was worth.
    Amount,
    /// How many of it, where the amount is the price of one.
    Quantity,
    /// The currency of that.
    Currency,
    /// What was answered on a scale.
    Score,
    /// What was said.
    Text,
    /// Anything else worth keeping.
    Property,
    /// Left out.
    Ignore,
}

impl Role {
    /// All roles in the order in which they are offered.
    pub const ALL: [Role; 27] = [
        Role::Time,
        Role::Clock,
        Role::Later,
        Role::Due,
        Role::Email,
        Role::Phone,
        Role::UserId,
        Role::Name,
        Role::FirstName,
        Role::LastName,
        Role::Event,
        Role::Channel,
        Role::Order,
        Role::Product,
        Role::Store,
        Role::Carrier,
        Role::Supplier,
        Role::Campaign,
        Role::Staff,
        Role::Ticket,
        Role::Amount,
        Role::Quantity,
        Role::Currency,
        Role::Score,
        Role::Text,
        Role::Property,
        Role::Ignore,
    ];

    /// Its lasting name, in forms and saved mappings.
    pub fn key(self) -> &'static str {
        match self {
            Role::Time => "time",
            Role::Clock => "clock",
            Role::Later => "later",
            Role::Due => "due",
            Role::Email => "email",
            Role::Phone => "phone",
            Role::UserId => "user_id",
            Role::Name => "full_name",
            Role::FirstName => "first_name",
            Role::LastName => "last_name",
            Role::Event => "event",
            Role::Channel => "channel",
            Role::Order => "order",
            Role::Product => "product",
            Role::Store => "store",
            Role::Carrier => "carrier",
            Role::Supplier => "supplier",
            Role::Campaign => "campaign",
            Role::Staff => "staff",
            Role::Ticket => "ticket",
            Role::Amount => "amount",
            Role::Quantity => "quantity",
            Role::Currency => "currency",
            Role::Score => "score",
            Role::Text => "text",
            Role::Property => "property",
            Role::Ignore => "ignore",
        }
    }

    /// The role of a name.
    pub fn new(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.key() == key)
    }

    /// True where one column at most can have it.
    pub fn is_single(self) -> bool {
        matches!(
            self,
            Role::Time
                | Role::Clock
                | Role::Event
                | Role::Channel
                | Role::Amount
                | Role::Quantity
                | Role::Currency
                | Role::Score
                | Role::Due
                | Role::UserId
                | Role::Name
                | Role::FirstName
                | Role::LastName
        )
    }

    /// True for what tells who it was.
    pub fn is_person(self) -> bool {
        matches!(self, Role::Email | Role::Phone | Role::UserId)
    }
}

/// A question that only a person can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// `03/04/2026` may be the third of April or the fourth of March: the forms that fit all rows,
    /// and a cell that shows it.
    DayOrMonth {
        /// The forms.
        forms: Vec<TimeForm>,
        /// A cell.
        example: String,
    },
    /// Several columns hold e-mail addresses; the others.
    WhoseAddress(Vec<String>),
    /// The amount stands again on every line of an order; it is counted once for each.
    OncePerOrder {
        /// The column with the order.
        order: String,
    },
    /// Some cells do not look like the others: how many, and one of them.
    Odd {
        /// How many of the sample.
        cells: usize,
        /// One.
        example: String,
    },
}

/// A column and what it seems to be.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnGuess {
    /// Its name in the file.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// How its times are written, where it holds times.
    pub time: Option<TimeForm>,
    /// Lowest and highest answer of its scale, where its cells could be answers.
    pub scale: Option<(f64, f64)>,
    /// What the later interaction is called, for [`Role::Later`].
    pub event: Option<String>,
    /// Up to three different cells.
    pub examples: Vec<String>,
    /// The share of rows in which it is not empty.
    pub filled: f64,
    /// Different cells in the sample.
    pub distinct: usize,
    /// Questions.
    pub doubts: Vec<Doubt>,
}

/// What a file seems to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// What its rows are called, where no column says it.
    pub event: UsualEvent,
    /// Its columns, in the order of the file.
    pub columns: Vec<ColumnGuess>,
    /// The currency, where a column tells one and the same; otherwise a person has to.
    pub currency: Option<String>,
}

impl Guess {
    /// The amount is that of a whole order and stands on each of its lines.
    pub fn is_once_per_order(&self) -> bool {
        self.columns.iter().any(|c| c.doubts.iter().any(|d| matches!(d, Doubt::OncePerOrder { .. })))
    }
}

/// Guesses what the columns of a sample are.
pub fn guess(sample: &Sample) -> Guess {
    let evidence: Vec<Evidence> =
        (0..sample.columns.len()).map(|i| Evidence::of(sample.rows.iter().map(|r| r.cell(i).trim()))).collect();
    let meanings: Vec<Vec<Meaning>> = sample.columns.iter().map(|c| words::meanings(c)).collect();
    let mut columns: Vec<ColumnGuess> = sample
        .columns
        .iter()
        .zip(&evidence)
        .zip(&meanings)
        .map(|((name, e), m)| ColumnGuess {
            name: name.clone(),
            role: role(name, e, m),
            time: e.time.clone().or_else(|| e.clock.clone()),
            scale: None,
            event: None,
            examples: e.examples.clone(),
            filled: e.filled as f64 / e.rows.max(1) as f64,
            distinct: e.distinct,
            doubts: Vec::new(),
        })
        .collect();
    settle::settle(&mut columns, &evidence, &meanings, sample);
    for (column, e) in columns.iter_mut().zip(&evidence) {
        column.scale = e.scale();
    }
    let event = UsualEvent::of(&columns);
    let amounts = || columns.iter().zip(&evidence).filter(|(c, _)| c.role == Role::Amount);
    let currency = columns
        .iter()
        .filter(|c| c.role == Role::Currency && c.distinct == 1)
        .find_map(|c| c.examples.first().map(|code| code.to_ascii_uppercase()))
        .or_else(|| amounts().filter_map(|(_, e)| e.signed_currency()).next().map(str::to_owned))
        .or_else(|| amounts().filter_map(|(c, _)| words::currency(&c.name)).next().map(str::to_owned));
    Guess { event, columns, currency }
}

/// The role of one column by itself: its cells first, then its name, each held against the other.
fn role(name: &str, e: &Evidence, meanings: &[Meaning]) -> Role {
    let means = |m: Meaning| meanings.contains(&m);
    let kept = || if e.is_category() || e.mostly(e.numbers) { Role::Property } else { Role::Ignore };
    if e.filled == 0 {
        return Role::Ignore;
    }
    if e.mostly(e.emails) {
        return Role::Email;
    }
    if words::is_private(name) {
        return Role::Ignore;
    }
    if words::is_state(name) && e.is_category() {
        return Role::Property;
    }
    if e.time.is_some() && !(e.is_unix() && meanings.iter().any(|m| !m.is_of_time())) {
        return if means(Meaning::Due) || words::is_window(name) { Role::Due } else { Role::Later };
    }
    if e.clock.is_some() {
        return Role::Clock;
    }
    if means(Meaning::Currency) && e.mostly(e.currencies) {
        return Role::Currency;
    }
    if means(Meaning::Phone) && e.mostly(e.phones) {
        return Role::Phone;
    }
    if e.mostly(e.numbers) {
        if words::is_count(name) {
            return Role::Property;
        }
        if means(Meaning::Score) && e.scale().is_some() {
            return Role::Score;
        }
        if means(Meaning::Amount) && (e.is_amount_like() || !words::is_number(name)) {
            return Role::Amount;
        }
    }
    if let Some(kind) = words::name_of_person(name).filter(|_| e.mostly(e.names)) {
        return kind;
    }
    if means(Meaning::Text) && e.is_prose() && (words::is_said(name) || !means(Meaning::Product)) {
        return Role::Text;
    }
    let by_name = [
        (Meaning::Ticket, Role::Ticket),
        (Meaning::Order, Role::Order),
        (Meaning::UserId, Role::UserId),
        (Meaning::Carrier, Role::Carrier),
        (Meaning::Supplier, Role::Supplier),
        (Meaning::Campaign, Role::Campaign),
        (Meaning::Product, Role::Product),
        (Meaning::Store, Role::Store),
        (Meaning::Staff, Role::Staff),
        (Meaning::Channel, Role::Channel),
        (Meaning::Event, Role::Event),
    ];
    // What names something has digits, or differs from row to row.
    let names = e.mostly(e.digits) || e.distinct == e.filled;
    for (_, role) in by_name.into_iter().filter(|(meaning, _)| means(*meaning)) {
        let fits = match role {
            Role::Event => e.is_category() && !e.mostly(e.numbers) && words::is_event(name, meanings),
            Role::Channel => e.is_category() && !e.mostly(e.numbers) && !e.mostly(e.yes_or_no),
            // The number of a line within an order is no order.
            Role::Order => e.is_code() && names && !means(Meaning::Product),
            Role::Ticket => e.is_code() && names,
            Role::UserId => e.is_code() && is_somebodys(name, e),
            Role::Product => e.longest <= 200 && !e.is_amount_like(),
            _ => e.longest <= 200 && !e.is_amount_like() && !e.mostly(e.yes_or_no),
        };
        if fits {
            return role;
        }
    }
    if e.is_prose() && e.distinct * 2 > e.filled { Role::Text } else { kept() }
}

/// Whether cells can be the numbers of customers: not names, which many share, nor groups of them.
fn is_somebodys(name: &str, e: &Evidence) -> bool {
    if words::is_group(name) || e.mostly(e.yes_or_no) {
        return false;
    }
    let few = e.distinct <= 2 && e.filled >= 10;
    let is_number = words::is_number(name) || e.mostly(e.digits);
    !few && (is_number || (!e.mostly(e.names) && e.distinct * 5 >= e.filled))
}
