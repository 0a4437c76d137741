//! What the rows of the timelines do not say about somebody, from the store and the ledger.

use crate::brand::Brand;
use crate::engine::Inner;
use crate::folding::decode;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use throughline_customers::{NameCodec, kinds_of, told_last};
use throughline_interactions::Node;
use throughline_segments::Person;
use throughline_store::sql::{self, Connection};

/// Reads of whoever is judged at the moment; what cannot be read is remembered and is nobody's answer.
pub(super) struct Reading<'a> {
    inner: &'a Inner,
    brand: &'a Brand,
    store: &'a Connection,
    names: &'a dyn NameCodec,
    customer: Cell<u64>,
    /// The first thing that could not be read.
    failure: RefCell<Option<String>>,
    /// Words that several rules ask for.
    texts: RefCell<HashMap<u64, Option<String>>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(inner: &'a Inner, brand: &'a Brand, store: &'a Connection, names: &'a dyn NameCodec) -> Self {
        Self {
            inner,
            brand,
            store,
            names,
            customer: Cell::new(0),
            failure: RefCell::default(),
            texts: RefCell::default(),
        }
    }

    /// From now on it is about this customer.
    pub(super) fn of(&self, customer: u64) -> &Self {
        self.customer.set(customer);
        self.texts.borrow_mut().clear();
        self
    }

    /// What could not be read.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.borrow_mut().take()
    }

    fn or_remember<T>(&self, result: Result<T, impl std::fmt::Display>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(e) => {
                self.failure.borrow_mut().get_or_insert_with(|| e.to_string());
                None
            }
        }
    }
}

impl Person for Reading<'_> {
    fn told(&self, name: &str) -> Option<String> {
        let told = told_last(self.store, self.brand.workspace.id, self.customer.get(), name, self.names);
        self.or_remember::<Option<String>>(told)?
    }

    fn allows(&self, purpose: &str) -> bool {
        let said = last_word(self.store, self.brand, self.customer.get(), &purpose.to_ascii_lowercase());
        // Whoever has said nothing allows what nobody needs to ask them for.
        self.or_remember(said).flatten().unwrap_or_else(|| self.brand.door().rules.takes_untold(purpose))
    }

    fn is_known_by(&self, kind: &str) -> bool {
        let kinds = kinds_of(self.store, self.brand.workspace.id, self.customer.get());
        self.or_remember(kinds).is_some_and(|kinds| kinds.iter().any(|k| k == kind))
    }

    fn text(&self, position: u64) -> Option<String> {
        if let Some(text) = self.texts.borrow().get(&position) {
            return text.clone();
        }
        let frame = self.or_remember(self.inner.ledger.read(position))?;
        let text = match frame.header.erased {
            true => None,
            false => self.or_remember(decode(&frame))?.text,
        };
        self.texts.borrow_mut().insert(position, text.clone());
        text
    }
}

/// The last word under any identifier of a customer; of two at one moment, the one that does not allow it.
fn last_word(c: &Connection, brand: &Brand, customer: u64, purpose: &str) -> sql::Result<Option<bool>> {
    let nodes: Vec<Node> = brand.graph().nodes(customer);
    let mut select = c.prepare_cached(
        "SELECT occurred_at, allowed FROM pipeline_consent_words WHERE workspace = $1 AND node = $2 AND purpose = $3",
    )?;
    let mut last: Option<(i64, bool)> = None;
    for node in nodes {
        let mut rows = select.query(sql::params![brand.workspace.id.0, node.0.cast_signed(), purpose])?;
        while let Some(r) = rows.next()? {
            last = last.max(Some((r.get(0)?, r.get::<_, i64>(1)? == 0)));
        }
    }
    Ok(last.map(|(_, refuses)| !refuses))
}
