//! The table of a file's columns: what each is taken for, what is doubtful, and what a form says.

use crate::console::frame::sentence;
use crate::guard::Signed;
use throughline_imports::{Choice, ChosenColumn, ColumnGuess, Doubt, Look, Role};

/// Roles as they are offered, in groups.
pub(super) const GROUPS: &[(&str, &[(Role, &str)])] = &[
    (
        "When",
        &[
            (Role::Time, "the time it happened"),
            (Role::Clock, "the time of day"),
            (Role::Later, "the time of something later"),
            (Role::Due, "promised until"),
        ],
    ),
    (
        "Who",
        &[
            (Role::Email, "the customer's e-mail"),
            (Role::Phone, "the customer's telephone"),
            (Role::UserId, "the customer's number"),
            (Role::Name, "the customer's name"),
            (Role::FirstName, "the first name"),
            (Role::LastName, "the last name"),
        ],
    ),
    (
        "What",
        &[
            (Role::Event, "what happened"),
            (Role::Channel, "the channel"),
            (Role::Amount, "an amount of money"),
            (Role::Quantity, "how many, at that price"),
            (Role::Currency, "its currency"),
            (Role::Score, "an answer on a scale"),
            (Role::Text, "what was said"),
        ],
    ),
    (
        "About",
        &[
            (Role::Order, "the order"),
            (Role::Ticket, "the ticket"),
            (Role::Product, "the product"),
            (Role::Store, "the store"),
            (Role::Carrier, "the carrier"),
            (Role::Supplier, "the supplier"),
            (Role::Campaign, "the campaign or coupon"),
            (Role::Staff, "a member of staff"),
        ],
    ),
    ("Else", &[(Role::Property, "worth keeping"), (Role::Ignore, "left out")]),
];

/// The answer to a question that nobody has answered.
const OPEN: &str = "?";

/// A column as the page shows it.
pub(super) struct ColumnLine {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) examples: String,
    pub(super) role: Role,
    pub(super) doubts: Vec<String>,
    /// The ways in which its times can be read: value, words, chosen. Empty where there is one.
    pub(super) forms: Vec<(String, String, bool)>,
    /// The name of the later interaction, for a later time.
    pub(super) event: Option<String>,
    /// Its scale, for an answer.
    pub(super) scale: Option<String>,
}

impl ColumnLine {
    /// Whether this role is chosen.
    pub(super) fn is(&self, role: &Role) -> bool {
        self.role == *role
    }
}

/// Forms that fit all rows of a column but mean different days; empty where there is no such doubt.
fn readings(column: &ColumnGuess) -> (&[throughline_imports::TimeForm], &str) {
    column
        .doubts
        .iter()
        .find_map(|d| match d {
            Doubt::DayOrMonth { forms, example } => Some((forms.as_slice(), example.as_str())),
            _ => None,
        })
        .unwrap_or((&[], ""))
}

/// A cell read in a form, in words.
fn reading(form: &str, example: &str) -> String {
    let day_first = form.find("%d").zip(form.find("%m")).map(|(d, m)| d < m);
    match day_first {
        Some(true) => format!("{example}: the day comes first"),
        Some(false) => format!("{example}: the month comes first"),
        None => format!("{example} as {form}"),
    }
}

fn has_time(role: Role) -> bool {
    matches!(role, Role::Time | Role::Later | Role::Due)
}

/// The first question that only a person can answer and nobody has.
pub(super) fn open_questions(look: &Look, choice: &Choice, asks: bool) -> Option<String> {
    look.guess.columns.iter().find_map(|guessed| {
        let (forms, example) = readings(guessed);
        let chosen = choice.columns.iter().find(|c| c.column == guessed.name)?;
        let is_open = forms.len() > 1 && has_time(chosen.role()) && (asks || chosen.time == OPEN);
        is_open.then(|| {
            format!("say how `{example}` in `{}` is to be read: the day first, or the month first", guessed.name)
        })
    })
}

/// The lines of the table. `asks` where nobody has answered the questions yet.
pub(super) fn lines(look: &Look, choice: &Choice, asks: bool) -> Vec<ColumnLine> {
    let line = |(number, guessed): (usize, &ColumnGuess)| {
        let chosen = choice.columns.iter().find(|c| c.column == guessed.name);
        let role = chosen.map_or(Role::Ignore, ChosenColumn::role);
        let (forms, example) = readings(guessed);
        let is_open = asks || chosen.is_some_and(|c| c.time == OPEN);
        let mut options: Vec<(String, String, bool)> = forms
            .iter()
            .map(|f| (f.0.clone(), reading(&f.0, example), !is_open && chosen.is_some_and(|c| c.time == f.0)))
            .collect();
        if options.len() > 1 {
            options.insert(0, (OPEN.to_owned(), "choose how it is read".to_owned(), is_open));
        }
        let filled = (guessed.filled * 100.0).round();
        let mut doubts: Vec<String> = guessed.doubts.iter().filter_map(in_words).collect();
        if filled < 100.0 {
            doubts.push(format!("empty in {} % of the rows", (100.0 - filled).max(1.0)));
        }
        let doubts = doubts.iter().map(|d| sentence(d)).collect();
        ColumnLine {
            number,
            name: guessed.name.clone(),
            examples: guessed.examples.join(" · "),
            role,
            doubts,
            forms: if has_time(role) { options } else { Vec::new() },
            event: (role == Role::Later)
                .then(|| chosen.and_then(|c| c.event.clone()).unwrap_or_else(|| guessed.name.clone())),
            scale: (role == Role::Score).then(|| {
                let (low, high) = chosen.and_then(|c| c.scale).or(guessed.scale).unwrap_or((1.0, 5.0));
                format!("{low}–{high}")
            }),
        }
    };
    look.guess.columns.iter().enumerate().map(line).collect()
}

fn in_words(doubt: &Doubt) -> Option<String> {
    match doubt {
        // This one is asked in its own field.
        Doubt::DayOrMonth { .. } => None,
        Doubt::WhoseAddress(others) => Some(format!(
            "`{}` has addresses too and is left out; choose it if it is the same person's",
            others.join("`, `")
        )),
        Doubt::OncePerOrder { order } => {
            Some(format!("it stands again on every line of `{order}`; it is counted once for each"))
        }
        Doubt::Odd { cells, example } => {
            Some(format!("{cells} of the first cells are unlike the others, such as `{example}`"))
        }
    }
}

/// What a form says, and what is wrong with it.
pub(super) fn read_choice(look: &Look, form: &Signed) -> (Choice, Option<String>) {
    let mut wrong = None;
    let columns = look
        .guess
        .columns
        .iter()
        .enumerate()
        .map(|(number, guessed)| {
            let field = |name: &str| form.get(&format!("{name}.{number}")).trim();
            let role = Role::new(field("role")).unwrap_or(guessed.role);
            let typed = field("scale");
            let scale = scale(typed);
            if role == Role::Score && !typed.is_empty() && scale.is_none() {
                wrong.get_or_insert(format!(
                    "`{typed}` is not a scale; write the lowest and the highest answer, such as 1–5"
                ));
            }
            let proposed = look.choice.columns.iter().find(|c| c.column == guessed.name);
            ChosenColumn {
                column: guessed.name.clone(),
                role: role.key().to_owned(),
                time: match field("time") {
                    "" => open_or_guessed(guessed, proposed),
                    told => told.to_owned(),
                },
                scale: scale.or(proposed.and_then(|p| p.scale)),
                event: Some(field("event"))
                    .filter(|e| !e.is_empty())
                    .map(str::to_owned)
                    .or_else(|| proposed.and_then(|p| p.event.clone())),
            }
        })
        .collect();
    let text = |field: &str, fallback: &str| {
        let typed = form.get(field).trim();
        if typed.is_empty() { fallback.to_owned() } else { typed.to_owned() }
    };
    let choice = Choice {
        name: text("name", &look.choice.name),
        event: text("event", &look.choice.event),
        zone: text("zone", &look.choice.zone),
        currency: text("currency", &look.choice.currency),
        decimal_comma: form.get("decimal") == "comma",
        known: known(look, form),
        columns,
    };
    (choice, wrong)
}

/// The ready recipe that the form chooses: as proposed where the form has no such field.
fn known(look: &Look, form: &Signed) -> Option<String> {
    match form.get("known") {
        "" => look.choice.known.clone(),
        "columns" => None,
        _ => look.known.map(|k| k.key.to_owned()),
    }
}

/// A column that was no time before has not been asked how it is read.
fn open_or_guessed(guessed: &ColumnGuess, proposed: Option<&ChosenColumn>) -> String {
    let guess = || guessed.time.as_ref().map_or(String::new(), |t| t.0.clone());
    match readings(guessed).0.len() {
        0 | 1 => proposed.map_or_else(guess, |p| p.time.clone()),
        _ => OPEN.to_owned(),
    }
}

/// A scale as people type it: `1–5`, `0-10`, `1 to 7`.
fn scale(typed: &str) -> Option<(f64, f64)> {
    let typed = typed.replace(" to ", "-").replace(['–', '…'], "-");
    let (low, high) = typed.split_once('-')?;
    let (low, high): (f64, f64) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low < high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_offered_once() {
        let mut offered: Vec<Role> = GROUPS.iter().flat_map(|(_, roles)| roles.iter().map(|(r, _)| *r)).collect();
        offered.sort();
        let mut all = Role::ALL.to_vec();
        all.sort();
        assert_eq!(offered, all);
    }

    #[test]
    fn scales_as_people_type_them() {
        let check = |typed: &str, expected: Option<(f64, f64)>| assert_eq!(scale(typed), expected, "{typed}");
        check("1–5", Some((1.0, 5.0)));
        check("0-10", Some((0.0, 10.0)));
        check("1 to 7", Some((1.0, 7.0)));
        check("5-1", None);
        check("many", None);
    }
}
