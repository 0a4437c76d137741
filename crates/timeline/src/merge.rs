//! Layers of one bucket — each customer visible in at most one — and the merging of layers with
//! rows that are not in a segment yet.

use crate::customer::{Customer, Customers};
use crate::format::Corrupt;
use crate::held::Held;
use crate::names::Names;
use crate::segment::Segment;
use crate::writer::{Tables, Writer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A segment of which some customers are hidden, because a later layer has them or nobody may.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub segment: Arc<Segment>,
    /// One bit per customer; empty while none is hidden.
    hidden: Arc<Vec<u64>>,
    pub hidden_customers: usize,
    pub hidden_rows: usize,
}

impl Layer {
    pub fn whole(segment: Arc<Segment>) -> Self {
        Self { segment, hidden: Arc::default(), hidden_customers: 0, hidden_rows: 0 }
    }

    #[inline]
    pub fn is_hidden(&self, index: usize) -> bool {
        self.hidden.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Hides a customer; false if it is not here to be seen.
    pub fn hide(&mut self, id: u64) -> bool {
        let Ok(index) = self.segment.ids().binary_search(&id) else { return false };
        if self.is_hidden(index) {
            return false;
        }
        let words = self.segment.customers().div_ceil(64);
        let hidden = Arc::make_mut(&mut self.hidden);
        hidden.resize(words, 0);
        hidden[index / 64] |= 1 << (index % 64);
        self.hidden_customers += 1;
        self.hidden_rows += self.segment.customer_at(index).map_or(0, |c| c.len());
        true
    }

    /// The customer, unless hidden.
    pub fn customer(&self, id: u64) -> Option<Customer<'_>> {
        let index = self.segment.ids().binary_search(&id).ok()?;
        if self.is_hidden(index) { None } else { self.segment.customer_at(index) }
    }

    /// The ids hidden here and not yet in `before`, an earlier state of the same layer.
    pub fn hidden_since<'a>(&'a self, before: &'a Layer) -> impl Iterator<Item = u64> + 'a {
        let ids = self.segment.ids();
        let news =
            self.hidden.iter().enumerate().map(|(at, word)| (at, word & !before.hidden.get(at).copied().unwrap_or(0)));
        news.filter(|(_, word)| *word != 0)
            .flat_map(|(at, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
            .filter_map(|index| ids.get(index).copied())
    }

    /// Bytes of memory: the segment unless it is a mapped file, and what is hidden.
    pub fn memory(&self) -> usize {
        self.hidden.len() * 8 + if self.segment.is_mapped() { 0 } else { self.segment.as_bytes().len() }
    }

    pub fn visible(&self) -> Visible<'_> {
        Visible { customers: self.segment.iter(), layer: self, any_hidden: self.hidden_customers > 0 }
    }

    pub fn visible_customers(&self) -> usize {
        self.segment.customers() - self.hidden_customers
    }

    pub fn visible_rows(&self) -> usize {
        self.segment.rows() - self.hidden_rows
    }
}

/// The customers of a layer that are not hidden, by id.
pub(crate) struct Visible<'a> {
    customers: Customers<'a>,
    layer: &'a Layer,
    any_hidden: bool,
}

impl<'a> Iterator for Visible<'a> {
    type Item = Customer<'a>;

    #[inline]
    fn next(&mut self) -> Option<Customer<'a>> {
        loop {
            let index = self.customers.index();
            let customer = self.customers.next()?;
            if !self.any_hidden || !self.layer.is_hidden(index) {
                return Some(customer);
            }
        }
    }
}

/// Rows of one customer that are not in a segment yet.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// They are all there is: what the layers have is no longer true.
    pub whole: bool,
    pub rows: Vec<Held>,
}

impl Touched {
    /// Rows by customer.
    pub fn group(rows: Vec<Held>) -> BTreeMap<u64, Touched> {
        let mut touched: BTreeMap<u64, Touched> = BTreeMap::new();
        for row in rows {
            touched.entry(row.customer).or_default().rows.push(row);
        }
        for one in touched.values_mut() {
            one.sort();
        }
        touched
    }

    pub fn sort(&mut self) {
        self.rows.sort_by_key(|a| (a.order, a.position));
    }
}

/// Fails if a damaged section was met in any of the layers.
pub(crate) fn fault_of<'a>(mut layers: impl Iterator<Item = &'a Layer>) -> Result<(), Corrupt> {
    layers.find_map(|l| l.segment.fault()).map_or(Ok(()), |fault| Err(fault.clone()))
}

/// Everything visible in the `folded` layers together with `touched`, whose rows are sorted. What
/// the `kept` layers have is added for the touched customers only. Fails if a layer is damaged.
pub(crate) fn merge(
    folded: &[Layer],
    kept: &[Layer],
    touched: &BTreeMap<u64, Touched>,
    names: &Names,
) -> Result<Writer, Corrupt> {
    let mut out = Writer::default();
    out.reserve(
        folded.iter().map(Layer::visible_customers).sum::<usize>() + touched.len(),
        folded.iter().map(Layer::visible_rows).sum::<usize>() + touched.values().map(|t| t.rows.len()).sum::<usize>(),
    );
    let mut held_tables = Tables::default();
    let layers = || folded.iter().chain(kept);
    let mut tables: Vec<Tables> = layers().map(|_| Tables::default()).collect();
    let mut cursors: Vec<_> = folded.iter().map(|l| l.visible().peekable()).collect();
    let mut touched = touched.iter().peekable();
    loop {
        let base = cursors.iter_mut().enumerate().filter_map(|(at, cursor)| cursor.peek().map(|c| (c.id, at))).min();
        let next_touched = touched.peek().map(|(id, _)| **id);
        let id = match (base, next_touched) {
            (None, None) => break,
            (Some((id, _)), None) => id,
            (None, Some(id)) => id,
            (Some((a, _)), Some(b)) => a.min(b),
        };
        let from = match base {
            Some((other, at)) if other == id => cursors[at].next().map(|c| (c, at)),
            _ => None,
        };
        let with = if next_touched == Some(id) { touched.next().map(|(_, t)| t) } else { None };
        let from = match (from, with) {
            (None, Some(t)) if !t.whole => {
                kept.iter().enumerate().find_map(|(at, l)| Some((l.customer(id)?, folded.len() + at)))
            }
            (from, _) => from,
        };
        match (from, with) {
            (Some((customer, at)), None) => out.push_whole(&customer, &mut tables[at]),
            (None, Some(t)) => push_all(&mut out, id, t, names, &mut held_tables),
            (Some(_), Some(t)) if t.whole => push_all(&mut out, id, t, names, &mut held_tables),
            (Some((customer, at)), Some(t)) => {
                out.begin(id);
                let mut rows = t.rows.iter().peekable();
                for i in 0..customer.len() {
                    let key = (customer.order(i), customer.position(i));
                    while let Some(row) = rows.next_if(|r| (r.order, r.position) < key) {
                        out.push_held(row, names, &mut held_tables);
                    }
                    out.push_from(&customer, i, &mut tables[at]);
                }
                for row in rows {
                    out.push_held(row, names, &mut held_tables);
                }
            }
            (None, None) => {}
        }
    }
    drop(cursors);
    fault_of(layers())?;
    Ok(out)
}

fn push_all(out: &mut Writer, id: u64, touched: &Touched, names: &Names, tables: &mut Tables) {
    if touched.rows.is_empty() {
        return;
    }
    out.begin(id);
    for row in &touched.rows {
        out.push_held(row, names, tables);
    }
}
