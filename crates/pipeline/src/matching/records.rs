//! Records: what is known of each customer in the columns by which people are compared.

use super::columns::{self, COLUMNS, EMAIL, GIVEN, PHONE, SURNAME, WHOLE_NAME};
use std::collections::{HashMap, HashSet};
use throughline_customers::NameCodec;
use throughline_interactions::{Node, WorkspaceId, identifier_rank};
use throughline_linkage::{Column, Kind, Table};
use throughline_store::sql::{self, Connection, OptionalExtension, Row, Statement, params};

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

/// Reads what is known under identifiers.
struct Reader<'c> {
    workspace: u32,
    names: &'c dyn NameCodec,
    last_seen: Statement<'c>,
    traits: Statement<'c>,
}

/// What [`Reader::hear`] wants to know of an identifier, after its customer.
const NODE: &str = "SELECT customer, node, kind, value, name, name_at FROM customers_nodes";

impl<'c> Reader<'c> {
    fn new(c: &'c Connection, workspace: WorkspaceId, names: &'c dyn NameCodec) -> sql::Result<Self> {
        Ok(Self {
            workspace: workspace.0,
            names,
            last_seen: c.prepare_cached("SELECT last_seen FROM customers_seen WHERE workspace = $1 AND node = $2")?,
            traits: c.prepare_cached(
                "SELECT name, value, last_said FROM customers_traits WHERE workspace = $1 AND node = $2",
            )?,
        })
    }

    fn hear(&mut self, r: &Row<'_>, people: &mut HashMap<u64, Known>) -> sql::Result<()> {
        let (id, kind): (i64, String) = (r.get(1)?, r.get(2)?);
        let node = Node(id.cast_unsigned());
        let rank = identifier_rank(&kind);
        let new = || Known { node, kind: kind.clone(), rank, said: Vec::new() };
        let known = people.entry(r.get::<_, i64>(0)?.cast_unsigned()).or_insert_with(new);
        if (rank, node) < (known.rank, known.node) {
            (known.rank, known.node, known.kind) = (rank, node, kind.clone());
        }
        let column = match kind.as_str() {
            "email" => Some(EMAIL),
            "phone" => Some(PHONE),
            _ => None,
        };
        if let Some(column) = column {
            let at = params![self.workspace, id];
            let last_seen = self.last_seen.query_row(at, |r| r.get::<_, i64>(0)).optional()?.unwrap_or(0);
            columns::read(column, self.names.read(node, r.get(3)?), |c, v| known.say(c, last_seen, v));
        }
        if let Some(name) = r.get::<_, Option<String>>(4)? {
            known.say(WHOLE_NAME, r.get::<_, Option<i64>>(5)?.unwrap_or(0), self.names.read(node, name));
        }
        let mut traits = self.traits.query(params![self.workspace, id])?;
        while let Some(t) = traits.next()? {
            if let Some(column) = columns::of_trait(&t.get::<_, String>(0)?) {
                let at = t.get(2)?;
                columns::read(column, self.names.read(node, t.get(1)?), |c, v| known.say(c, at, v));
            }
        }
        Ok(())
    }
}

/// What is known of one customer.
pub(super) fn known_of(
    c: &Connection,
    workspace: WorkspaceId,
    customer: u64,
    names: &dyn NameCodec,
) -> sql::Result<Option<Known>> {
    let mut reader = Reader::new(c, workspace, names)?;
    let mut people = HashMap::new();
    let mut nodes = c.prepare_cached(&format!("{NODE} WHERE workspace = $1 AND customer = $2"))?;
    let mut rows = nodes.query(params![workspace.0, customer.cast_signed()])?;
    while let Some(r) = rows.next()? {
        reader.hear(&r, &mut people)?;
    }
    Ok(people.remove(&customer))
}

/// What is known of those who were chosen. With the sign before it, SQLite reads the rows in the order in which they
/// lie in the file; an index would lead it there and back.
pub(super) fn known(
    c: &Connection,
    workspace: WorkspaceId,
    chosen: &Chosen,
    names: &dyn NameCodec,
) -> sql::Result<HashMap<u64, Known>> {
    let mut reader = Reader::new(c, workspace, names)?;
    let mut people = HashMap::with_capacity(chosen.ids.len());
    let mut nodes = c.prepare(&format!("{NODE} WHERE +workspace = $1"))?;
    let mut rows = nodes.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        if chosen.ids.contains(&r.get::<_, i64>(0)?.cast_unsigned()) {
            reader.hear(&r, &mut people)?;
        }
    }
    Ok(people)
}

/// Who can be compared, before anything of them is read.
pub(super) struct Chosen {
    ids: HashSet<u64>,
    customers: usize,
    too_many: usize,
}

/// Chooses those of whom two things are known; of very many those who were seen last.
pub(super) fn choose(c: &Connection, workspace: WorkspaceId) -> sql::Result<Chosen> {
    let mut told: HashMap<i64, u16> = HashMap::new();
    let mut traits = c.prepare("SELECT node, name FROM customers_traits WHERE workspace = $1")?;
    let mut rows = traits.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        if let Some(column) = columns::of_trait(&r.get::<_, String>(1)?) {
            *told.entry(r.get(0)?).or_default() |= columns::at_most(column);
        }
    }
    let mut all: HashMap<i64, u16> = HashMap::new();
    let mut nodes =
        c.prepare("SELECT customer, node, kind, name IS NOT NULL FROM customers_nodes WHERE +workspace = $1")?;
    let mut rows = nodes.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        let has = all.entry(r.get(0)?).or_default();
        *has |= match r.get::<_, String>(2)?.as_str() {
            "email" => 1 << EMAIL,
            "phone" => 1 << PHONE,
            _ => 0,
        };
        *has |= told.get(&r.get(1)?).copied().unwrap_or(0);
        *has |= if r.get::<_, bool>(3)? { columns::at_most(WHOLE_NAME) } else { 0 };
    }
    let customers = all.len();
    let able: HashSet<u64> =
        all.into_iter().filter(|(_, has)| has.count_ones() >= 2).map(|(id, _)| id.cast_unsigned()).collect();
    let too_many = able.len().saturating_sub(MOST);
    let ids = if too_many == 0 { able } else { seen_last(c, workspace, &able)? };
    Ok(Chosen { ids, customers, too_many })
}

/// As many of these as are compared, those who were seen last.
fn seen_last(c: &Connection, workspace: WorkspaceId, able: &HashSet<u64>) -> sql::Result<HashSet<u64>> {
    let mut of: HashMap<i64, u64> = HashMap::new();
    let mut nodes = c.prepare("SELECT customer, node FROM customers_nodes WHERE +workspace = $1")?;
    let mut rows = nodes.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        let customer = r.get::<_, i64>(0)?.cast_unsigned();
        if able.contains(&customer) {
            of.insert(r.get(1)?, customer);
        }
    }
    let mut last: HashMap<u64, i64> = HashMap::with_capacity(able.len());
    let mut seen = c.prepare("SELECT node, last_seen FROM customers_seen WHERE workspace = $1")?;
    let mut rows = seen.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        if let Some(customer) = of.get(&r.get(0)?) {
            let known = last.entry(*customer).or_default();
            *known = (*known).max(r.get(1)?);
        }
    }
    let mut order: Vec<(i64, u64)> = last.into_iter().map(|(id, at)| (at, id)).collect();
    order.sort_unstable_by(|x, y| y.cmp(x));
    Ok(order.into_iter().take(MOST).map(|(_, id)| id).collect())
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

/// Makes a table of those who were chosen, in the order of what is known of them: which pairs a model is learned from
/// depends on the order, and nodes are told apart by a secret.
pub(super) fn records(chosen: &Chosen, people: HashMap<u64, Known>) -> Records {
    let mut rows: Vec<(Known, Vec<String>)> = people
        .into_values()
        .map(|known| {
            let values = known.values();
            (known, values)
        })
        .collect();
    rows.retain(|(_, values)| values.iter().filter(|v| !v.is_empty()).count() >= 2);
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
    let too_little = (chosen.customers - chosen.too_many - of.len()) as u64;
    Records { table, of, customers: chosen.customers as u64, too_little, too_many: chosen.too_many as u64 }
}
