//! Records: what is known of each customer in the columns by which people are compared.

use super::columns::{self, COLUMNS, EMAIL, GIVEN, PHONE, SURNAME, WHOLE_NAME};
use std::collections::HashMap;
use throughline_customers::NameCodec;
use throughline_interactions::{Node, WorkspaceId, identifier_rank};
use throughline_linkage::{Column, Kind, Table};
use throughline_store::sql::{self, Connection, Row, params};

/// Customers compared at once: more would take more memory than the rest of the program.
const MOST: usize = 100_000;
/// Values a column needs to be compared at all; and the share of customers who have one.
const FEWEST: usize = 2;
const SHARE: f64 = 0.005;

/// What is known of one customer.
pub(super) struct Known {
    pub(super) node: Node,
    pub(super) kind: String,
    rank: u8,
    last_seen: i64,
    /// By column: when it was said, and what.
    said: Vec<(usize, i64, String)>,
}

impl Known {
    /// What was said last of a column; of what was said at one moment the greater.
    fn say(&mut self, column: usize, at: i64, value: String) {
        let value = value.trim().to_owned();
        if value.is_empty() {
            return;
        }
        match self.said.iter_mut().find(|(c, ..)| *c == column) {
            Some(known) => {
                if (known.1, known.2.as_str()) < (at, value.as_str()) {
                    (known.1, known.2) = (at, value);
                }
            }
            None => self.said.push((column, at, value)),
        }
    }

    /// The values, in the order of the columns; empty where nothing is known.
    pub(super) fn values(&self) -> Vec<String> {
        let of = |column: usize| self.said.iter().find(|(c, ..)| *c == column).map(|(.., v)| v.clone());
        let mut values: Vec<String> = (0..COLUMNS.len()).map(|c| of(c).unwrap_or_default()).collect();
        if let Some(whole) = of(WHOLE_NAME) {
            let (given, surname) = columns::part(&whole);
            // A name in two parts says more than one that this program parts.
            if values[GIVEN].is_empty() && values[SURNAME].is_empty() {
                (values[GIVEN], values[SURNAME]) = (given, surname);
            } else if values[SURNAME].is_empty() {
                values[SURNAME] = surname;
            } else if values[GIVEN].is_empty() {
                values[GIVEN] = given;
            }
        }
        values
    }
}

fn hear_node(r: &Row<'_>, people: &mut HashMap<u64, Known>, names: &dyn NameCodec) -> sql::Result<()> {
    let customer = r.get::<_, i64>(0)?.cast_unsigned();
    let node = Node(r.get::<_, i64>(1)?.cast_unsigned());
    let (kind, last_seen): (String, i64) = (r.get(2)?, r.get(6)?);
    let rank = identifier_rank(&kind);
    let known =
        people.entry(customer).or_insert_with(|| Known { node, kind: kind.clone(), rank, last_seen, said: Vec::new() });
    known.last_seen = known.last_seen.max(last_seen);
    if (rank, node) < (known.rank, known.node) {
        (known.rank, known.node, known.kind) = (rank, node, kind.clone());
    }
    let column = match kind.as_str() {
        "email" => Some(EMAIL),
        "phone" => Some(PHONE),
        _ => None,
    };
    if let Some(column) = column {
        let value = names.read(node, r.get(3)?);
        columns::read(column, value, |c, v| known.say(c, last_seen, v));
    }
    if let Some(name) = r.get::<_, Option<String>>(4)? {
        known.say(WHOLE_NAME, r.get::<_, Option<i64>>(5)?.unwrap_or(0), names.read(node, name));
    }
    Ok(())
}

fn hear_trait(r: &Row<'_>, people: &mut HashMap<u64, Known>, names: &dyn NameCodec) -> sql::Result<()> {
    let customer = r.get::<_, i64>(0)?.cast_unsigned();
    let (Some(column), Some(known)) = (columns::of_trait(&r.get::<_, String>(2)?), people.get_mut(&customer)) else {
        return Ok(());
    };
    let node = Node(r.get::<_, i64>(1)?.cast_unsigned());
    let (value, at) = (names.read(node, r.get(3)?), r.get(4)?);
    columns::read(column, value, |c, v| known.say(c, at, v));
    Ok(())
}

/// What is known of everybody, or of one customer.
pub(super) fn known(
    c: &Connection,
    workspace: WorkspaceId,
    customer: Option<u64>,
    names: &dyn NameCodec,
) -> sql::Result<HashMap<u64, Known>> {
    let mut people = HashMap::new();
    let (nodes, traits) = match customer {
        None => (
            "SELECT customer, node, kind, value, name, name_at, last_seen FROM customers_nodes WHERE workspace = $1",
            "SELECT n.customer, t.node, t.name, t.value, t.last_said FROM customers_traits t
             JOIN customers_nodes n ON n.workspace = t.workspace AND n.node = t.node WHERE t.workspace = $1",
        ),
        Some(_) => (
            "SELECT customer, node, kind, value, name, name_at, last_seen FROM customers_nodes
             WHERE workspace = $1 AND customer = $2",
            "SELECT n.customer, t.node, t.name, t.value, t.last_said FROM customers_traits t
             JOIN customers_nodes n ON n.workspace = t.workspace AND n.node = t.node
             WHERE n.workspace = $1 AND n.customer = $2",
        ),
    };
    type Hear = fn(&Row<'_>, &mut HashMap<u64, Known>, &dyn NameCodec) -> sql::Result<()>;
    for (sql, hear) in [(nodes, hear_node as Hear), (traits, hear_trait as Hear)] {
        let mut select = c.prepare_cached(sql)?;
        let mut rows = match customer {
            None => select.query(params![workspace.0])?,
            Some(id) => select.query(params![workspace.0, id.cast_signed()])?,
        };
        while let Some(r) = rows.next()? {
            hear(&r, &mut people, names)?;
        }
    }
    Ok(people)
}

/// The records of a workspace.
pub(super) struct Records {
    pub(super) table: Table,
    /// For each row the strongest identifier and its kind.
    pub(super) of: Vec<(Node, String)>,
    pub(super) customers: u64,
    pub(super) too_little: u64,
    pub(super) too_many: u64,
}

/// Makes a table of those who can be compared, in the order of what is known of them: which pairs a model is learned
/// from depends on the order, and nodes are told apart by a secret.
pub(super) fn records(people: HashMap<u64, Known>) -> Records {
    let customers = people.len();
    let mut rows: Vec<(Known, Vec<String>)> = people
        .into_values()
        .map(|known| {
            let values = known.values();
            (known, values)
        })
        .collect();
    rows.retain(|(_, values)| values.iter().filter(|v| !v.is_empty()).count() >= 2);
    let able = rows.len();
    if able > MOST {
        rows.sort_by(|(x, _), (y, _)| (y.last_seen, y.node).cmp(&(x.last_seen, x.node)));
        rows.truncate(MOST);
    }
    let too_many = able - rows.len();
    rows.sort_by(|(k, x), (l, y)| (x, k.node).cmp(&(y, l.node)));
    let least = ((rows.len() as f64 * SHARE) as usize).max(FEWEST);
    let filled = |column: usize| rows.iter().filter(|(_, v)| !v[column].is_empty()).count();
    let columns = COLUMNS.iter().enumerate().map(|(at, c)| Column {
        name: c.name.to_owned(),
        kind: if filled(at) >= least { c.kind } else { Kind::Ignored },
    });
    let mut table = Table::new(columns.collect());
    let mut of = Vec::with_capacity(rows.len());
    for (known, values) in rows {
        table.push(values.iter().map(String::as_str));
        // What is left of it once it is written the way it is compared.
        if table.rows.last().is_some_and(|row| row.iter().filter(|v| !v.is_empty()).count() >= 2) {
            of.push((known.node, known.kind));
        } else {
            table.rows.pop();
        }
    }
    let too_little = (customers - too_many - of.len()) as u64;
    Records { table, of, customers: customers as u64, too_little, too_many: too_many as u64 }
}
