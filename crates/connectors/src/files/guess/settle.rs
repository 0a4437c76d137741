//! What columns are beside each other: one time, one amount, one order; questions where two readings
//! fit.

use super::column::Evidence;
use super::stems::Meaning;
use super::{ColumnGuess, Doubt, Role, Sample, words};

/// Settles roles that depend on other columns, and asks what is doubtful.
pub(super) fn settle(columns: &mut [ColumnGuess], evidence: &[Evidence], meanings: &[Vec<Meaning>], sample: &Sample) {
    times(columns, meanings);
    clock(columns, evidence);
    what_is_bought(columns, evidence);
    names(columns);
    addresses(columns);
    singles(columns, evidence, meanings);
    amounts_of_orders(columns, sample);
    quantity(columns, evidence);
    doubts(columns, evidence);
}

fn has(columns: &[ColumnGuess], role: Role) -> bool {
    columns.iter().any(|c| c.role == role)
}

/// What is left of a column that lost its role to another.
fn kept(e: &Evidence) -> Role {
    if e.is_category() || e.mostly(e.numbers) { Role::Property } else { Role::Ignore }
}

/// Of the columns with times, one says when it happened; the others what happened later.
fn times(columns: &mut [ColumnGuess], meanings: &[Vec<Meaning>]) {
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

/// A time of day belongs to a time that is a day alone.
fn clock(columns: &mut [ColumnGuess], evidence: &[Evidence]) {
    let day_alone = columns.iter().zip(evidence).any(|(c, e)| c.role == Role::Time && e.is_day_alone());
    let mut free = day_alone;
    for (column, e) in columns.iter_mut().zip(evidence).filter(|(c, _)| c.role == Role::Clock) {
        let is_end =
            words::words(&column.name).iter().any(|w| ["end", "ende", "to", "bis", "until"].contains(&w.as_str()));
        if free && !is_end {
            free = false;
        } else {
            column.role = kept(e);
        }
    }
}

/// Where things are bought, only what is called so is something that a customer said; the rest
/// describes what was bought.
fn what_is_bought(columns: &mut [ColumnGuess], evidence: &[Evidence]) {
    if !has(columns, Role::Amount) || has(columns, Role::Score) || has(columns, Role::Ticket) {
        return;
    }
    for i in 0..columns.len() {
        if columns[i].role != Role::Text || words::is_said(&columns[i].name) {
            continue;
        }
        let describes = words::describes(&columns[i].name) && !has(columns, Role::Product);
        columns[i].role = if describes { Role::Product } else { kept(&evidence[i]) };
    }
}

/// A column that is called `Name` and no more holds people only where something else tells them.
fn names(columns: &mut [ColumnGuess]) {
    let told = columns.iter().any(|c| c.role.is_person() || matches!(c.role, Role::FirstName | Role::LastName));
    for column in columns.iter_mut().filter(|c| c.role == Role::Name) {
        if words::words(&column.name).len() == 1 && !told && !words::is_person_word(&column.name) {
            column.role = Role::Property;
        }
    }
}

/// Two addresses in a row may be those of two people, and joining them could never be seen in the
/// figures: the customer's is taken, the others are for a person to choose.
fn addresses(columns: &mut [ColumnGuess]) {
    let having: Vec<usize> = (0..columns.len()).filter(|&i| columns[i].role == Role::Email).collect();
    let all: Vec<String> = having.iter().map(|&i| columns[i].name.clone()).collect();
    let rank = |i: usize| {
        let name = &columns[i].name;
        (words::whose_address(name), (columns[i].filled * 20.0) as u32, std::cmp::Reverse(i))
    };
    let Some(&best) = having.iter().max_by_key(|&&i| rank(i)) else { return };
    if having.len() > 1 {
        let others = all.iter().filter(|a| **a != columns[best].name).cloned().collect();
        columns[best].doubts.push(Doubt::WhoseAddress(others));
        having.iter().filter(|i| **i != best).for_each(|i| columns[*i].role = Role::Ignore);
    }
}

/// Where one column is enough for a role, the most telling one gets it.
fn singles(columns: &mut [ColumnGuess], evidence: &[Evidence], meanings: &[Vec<Meaning>]) {
    let about = [
        Role::Order,
        Role::Product,
        Role::Campaign,
        Role::Store,
        Role::Carrier,
        Role::Supplier,
        Role::Staff,
        Role::Ticket,
    ];
    let one_of = |r: &Role| r.is_single() && *r != Role::Time || about.contains(r);
    for role in Role::ALL.into_iter().filter(one_of) {
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
                role if about.contains(&role) => kept(&evidence[i]),
                _ => Role::Ignore,
            };
        }
    }
    // A number without a name of its own numbers what has an amount.
    if has(columns, Role::Amount) && !has(columns, Role::Order) {
        let bare = (0..columns.len()).find(|&i| {
            let e = &evidence[i];
            words::is_bare_number(&columns[i].name) && e.is_code() && e.distinct == e.filled && e.filled == e.rows
        });
        if let Some(i) = bare {
            columns[i].role = Role::Order;
        }
    }
}

/// An amount that stands again on every line of an order counts once for each order.
fn amounts_of_orders(columns: &mut [ColumnGuess], sample: &Sample) {
    let (Some(order), Some(amount)) = (place(columns, Role::Order), place(columns, Role::Amount)) else { return };
    if sample.repeats_within(order, amount) {
        let order = columns[order].name.clone();
        columns[amount].doubts.push(Doubt::OncePerOrder { order });
    }
}

fn place(columns: &[ColumnGuess], role: Role) -> Option<usize> {
    columns.iter().position(|c| c.role == role)
}

/// The price of one is multiplied with how many there were.
fn quantity(columns: &mut [ColumnGuess], evidence: &[Evidence]) {
    let of_one = columns.iter().any(|c| c.role == Role::Amount && words::is_of_one(&c.name));
    if !of_one {
        return;
    }
    let many = (0..columns.len()).find(|&i| {
        columns[i].role == Role::Property
            && words::is_quantity(&columns[i].name)
            && evidence[i].filled == evidence[i].rows
            && evidence[i].mostly(evidence[i].numbers)
    });
    if let Some(i) = many {
        columns[i].role = Role::Quantity;
    }
}

fn doubts(columns: &mut [ColumnGuess], evidence: &[Evidence]) {
    for (column, e) in columns.iter_mut().zip(evidence) {
        if column.time.is_some() && e.time_forms.len() > 1 && column.role != Role::Ignore {
            let example = e.doubtful_day.clone().unwrap_or_default();
            column.doubts.push(Doubt::DayOrMonth { forms: e.time_forms.clone(), example });
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
