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
    pub const ALL: [Role; 22] = [
        Role::Time,
        Role::Later,
        Role::Due,
        Role::Email,
        Role::Phone,
        Role::UserId,
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
            Role::Later => "later",
            Role::Due => "due",
            Role::Email => "email",
            Role::Phone => "phone",
            Role::UserId => "user_id",
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
                | Role::Event
                | Role::Channel
                | Role::Amount
                | Role::Currency
                | Role::Score
                | Role::Due
                | Role::UserId
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
            role: if words::is_state(name) && e.is_category() { Role::Property } else { role(e, m) },
            time: e.time.clone(),
            scale: None,
            event: None,
            examples: e.examples.clone(),
            filled: e.filled as f64 / e.rows.max(1) as f64,
            distinct: e.distinct,
            doubts: Vec::new(),
        })
        .collect();
    settle_times(&mut columns, &meanings);
    settle_singles(&mut columns, &evidence, &meanings);
    doubts(&mut columns, &evidence);
    for (column, e) in columns.iter_mut().zip(&evidence) {
        column.scale = e.scale();
    }
    let event = UsualEvent::of(&columns);
    let currency = columns
        .iter()
        .filter(|c| c.role == Role::Currency && c.distinct == 1)
        .find_map(|c| c.examples.first().map(|code| code.to_ascii_uppercase()))
        .or_else(|| {
            let amounts = columns.iter().zip(&evidence).filter(|(c, _)| c.role == Role::Amount);
            amounts.filter_map(|(_, e)| e.signed_currency()).next().map(str::to_owned)
        });
    Guess { event, columns, currency }
}

/// The role of one column by itself.
fn role(e: &Evidence, meanings: &[Meaning]) -> Role {
    let means = |m: Meaning| meanings.contains(&m);
    if e.filled == 0 {
        return Role::Ignore;
    }
    if e.mostly(e.emails) {
        return Role::Email;
    }
    if e.time.is_some() && !(e.is_unix() && meanings.iter().any(|m| !m.is_of_time())) {
        return if means(Meaning::Due) { Role::Due } else { Role::Later };
    }
    if means(Meaning::Currency) && e.mostly(e.currencies) {
        return Role::Currency;
    }
    if means(Meaning::Phone) && e.mostly(e.phones) {
        return Role::Phone;
    }
    if e.mostly(e.numbers) {
        if means(Meaning::Score) && e.scale().is_some() {
            return Role::Score;
        }
        if means(Meaning::Amount) {
            return Role::Amount;
        }
    }
    if means(Meaning::Text) && e.is_prose() {
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
    for (meaning, role) in by_name {
        let fits = match role {
            Role::Event | Role::Channel => e.is_category() && !e.mostly(e.numbers),
            Role::Order | Role::Ticket | Role::UserId => e.is_code(),
            _ => e.longest <= 200 && !e.is_amount_like(),
        };
        if means(meaning) && fits {
            return role;
        }
    }
    if e.is_prose() && e.distinct * 2 > e.filled {
        return Role::Text;
    }
    if e.is_category() || e.mostly(e.numbers) { Role::Property } else { Role::Ignore }
}

/// Of the columns with times, one says when it happened; the others what happened later.
fn settle_times(columns: &mut [ColumnGuess], meanings: &[Vec<Meaning>]) {
    let rank = |i: usize| {
        let m = &meanings[i];
        let told = match () {
            () if m.contains(&Meaning::Began) => 3,
            () if m.contains(&Meaning::Time) && !m.contains(&Meaning::Later) => 2,
            () if !m.contains(&Meaning::Later) => 1,
            () => 0,
        };
        (told, (columns[i].filled * 100.0) as u32, std::cmp::Reverse(i))
    };
    let times = (0..columns.len()).filter(|&i| columns[i].role == Role::Later);
    let Some(first) = times.max_by_key(|&i| rank(i)) else { return };
    for (i, column) in columns.iter_mut().enumerate().filter(|(_, c)| c.role == Role::Later) {
        if i == first {
            column.role = Role::Time;
            continue;
        }
        match words::later_event(&column.name) {
            Some(event) => column.event = Some(event.to_owned()),
            None => column.role = Role::Ignore,
        }
    }
}

/// Where one column at most can have a role, the most telling one gets it.
fn settle_singles(columns: &mut [ColumnGuess], evidence: &[Evidence], meanings: &[Vec<Meaning>]) {
    for role in Role::ALL.into_iter().filter(|r| r.is_single() && *r != Role::Time) {
        let having: Vec<usize> = (0..columns.len()).filter(|&i| columns[i].role == role).collect();
        let Some(&best) = having.iter().max_by_key(|&&i| {
            let telling = words::strength(&columns[i].name, role, &meanings[i]);
            (telling, evidence[i].filled, std::cmp::Reverse(i))
        }) else {
            continue;
        };
        for i in having.into_iter().filter(|&i| i != best) {
            columns[i].role = match role {
                Role::Amount | Role::Score | Role::Channel | Role::Event => Role::Property,
                _ => Role::Ignore,
            };
        }
    }
}

fn doubts(columns: &mut [ColumnGuess], evidence: &[Evidence]) {
    let addresses: Vec<String> = columns.iter().filter(|c| c.role == Role::Email).map(|c| c.name.clone()).collect();
    for (column, e) in columns.iter_mut().zip(evidence) {
        if column.time.is_some() && e.time_forms.len() > 1 && column.role != Role::Ignore {
            let example = e.doubtful_day.clone().unwrap_or_default();
            column.doubts.push(Doubt::DayOrMonth { forms: e.time_forms.clone(), example });
        }
        if column.role == Role::Email && addresses.len() > 1 {
            let others = addresses.iter().filter(|a| **a != column.name).cloned().collect();
            column.doubts.push(Doubt::WhoseAddress(others));
        }
        let odd = match column.role {
            Role::Time | Role::Later | Role::Due => e.odd_time.clone().map(|o| (e.filled - e.times, o)),
            Role::Amount | Role::Score => e.odd_number.clone().map(|o| (e.filled - e.numbers, o)),
            _ => None,
        };
        if let Some((cells, example)) = odd {
            column.doubts.push(Doubt::Odd { cells, example });
        }
    }
}
