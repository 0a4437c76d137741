//! Names as small numbers, in the order in which they were met.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Names that were met lately, found again by their address.
const LATELY: usize = 64;

/// A table of names.
#[derive(Debug)]
pub(crate) struct Names {
    by_name: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// Holding the name keeps its address its own.
    lately: [Option<(Arc<str>, u32)>; LATELY],
}

impl Default for Names {
    fn default() -> Self {
        Self { by_name: HashMap::new(), names: Vec::new(), lately: [const { None }; LATELY] }
    }
}

impl Names {
    pub fn code(&mut self, name: &str) -> u32 {
        match self.by_name.get(name) {
            Some(&code) => code,
            None => self.add(Arc::from(name)),
        }
    }

    /// As [`Names::code`], and quicker for a name that is shared by many rows.
    pub fn code_of(&mut self, name: &Arc<str>) -> u32 {
        let at = (name.as_ptr().addr() >> 4) % LATELY;
        if let Some((known, code)) = &self.lately[at]
            && Arc::ptr_eq(known, name)
        {
            return *code;
        }
        let code = match self.by_name.get(name) {
            Some(&code) => code,
            None => self.add(Arc::clone(name)),
        };
        self.lately[at] = Some((Arc::clone(name), code));
        code
    }

    fn add(&mut self, name: Arc<str>) -> u32 {
        let code = self.names.len() as u32;
        self.names.push(Arc::clone(&name));
        self.by_name.insert(name, code);
        code
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn name(&self, code: u32) -> &Arc<str> {
        &self.names[code as usize]
    }

    /// The names sorted, and for each code of now its place among them.
    pub fn sorted(&self) -> (Vec<&str>, Vec<u32>) {
        let mut order: Vec<u32> = (0..self.names.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.names[*a as usize].cmp(&self.names[*b as usize]));
        let mut place = vec![0; order.len()];
        for (at, &code) in order.iter().enumerate() {
            place[code as usize] = at as u32;
        }
        (order.iter().map(|&c| &*self.names[c as usize]).collect(), place)
    }
}

/// Hashes that are already hashes: taken as they are, mixed once.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(u64::from(b));
        }
    }

    fn write_u64(&mut self, v: u64) {
        self.0 = (self.0 ^ v).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

/// A map keyed by keyed hashes or customer ids.
pub(crate) type HashedMap<V> = HashMap<u64, V, BuildHasherDefault<Already>>;
