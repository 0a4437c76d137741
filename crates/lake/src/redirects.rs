//! Who a row belongs to now.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Nodes are keyed hashes already: their own bits are the hash.
#[derive(Default, Clone)]
pub(crate) struct NodeHasher(u64);

impl Hasher for NodeHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(b);
        }
    }

    fn write_u64(&mut self, node: u64) {
        // Table index and tag come from both ends; small numbers (tests) need spreading.
        self.0 = node.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A set of nodes.
pub(crate) type Nodes = HashSet<u64, BuildHasherDefault<NodeHasher>>;

/// The overlay of merges and unmerges: for a node, the customer its rows belong to now.
///
/// It must name every node whose rows may be stored under another customer than the present one:
/// after a merge the nodes of the customers that were taken in, after an unmerge the nodes that
/// were given back. Naming more does no harm. A redirect may be dropped once a compaction that was
/// given it reports a covered position at or beyond the ledger position at which it was made.
#[derive(Debug, Clone, Default)]
pub struct Redirects {
    now: Arc<HashMap<u64, u64, BuildHasherDefault<NodeHasher>>>,
}

impl Redirects {
    /// From pairs of a node and its customer now.
    pub fn new(pairs: impl IntoIterator<Item = (u64, u64)>) -> Self {
        Self { now: Arc::new(pairs.into_iter().collect()) }
    }

    /// True when every row belongs to the customer it is stored under.
    pub fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    /// How many nodes are named.
    pub fn len(&self) -> usize {
        self.now.len()
    }

    /// The customer now of a row with this node, stored under this customer.
    #[inline]
    pub fn customer_now(&self, node: u64, stored: u64) -> u64 {
        if self.now.is_empty() {
            return stored;
        }
        self.now.get(&node).copied().unwrap_or(stored)
    }

    /// The named nodes whose customer now passes.
    pub(crate) fn nodes_where(&self, passes: impl Fn(u64) -> bool) -> Nodes {
        self.now.iter().filter(|(_, customer)| passes(**customer)).map(|(node, _)| *node).collect()
    }
}
