//! The looked-up side of a join: the columns that the recipe names, packed in memory, with an
//! index by key.

use crate::files::plan::LookupPlan;
use crate::files::record::{RecordFault, RecordReader};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

const NONE: u32 = u32::MAX;

/// Rows by key.
#[derive(Debug)]
pub(crate) struct Lookup {
    text: String,
    ends: Vec<u32>,
    width: usize,
    /// Slots of an open-addressed table: the first row of a key.
    slots: Vec<u32>,
    /// The next row with the same key, in the order of the file.
    following: Vec<u32>,
}

fn hash(key: &str) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
    #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
    let low = hash as usize;
    low
}

impl Lookup {
    /// Reads a whole file. Rows that cannot be read are handed back and looked up by nobody.
    pub(crate) fn load(
        plan: &LookupPlan,
        reader: &mut dyn RecordReader,
        columns: &[usize],
        empty: &[String],
        max_bytes: u64,
    ) -> anyhow::Result<(Self, Vec<RecordFault>)> {
        let mut this = Self {
            text: String::new(),
            ends: Vec::new(),
            width: columns.len(),
            slots: Vec::new(),
            following: Vec::new(),
        };
        let mut faults = Vec::new();
        while let Some(next) = reader.next() {
            let record = match next {
                Ok(record) => record,
                Err(fault) if fault.fatal => {
                    anyhow::bail!("file `{}`, line {}: {}", plan.file, fault.line, fault.reason)
                }
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            for (i, column) in columns.iter().enumerate() {
                let cell = record.cell(*column);
                if !empty.iter().any(|e| e == cell.trim()) {
                    // Keys are compared, texts are kept as they are.
                    this.text.push_str(if i == 0 { cell.trim() } else { cell });
                }
                this.ends.push(u32::try_from(this.text.len()).unwrap_or(u32::MAX));
            }
            let bytes = this.bytes(1);
            if bytes > max_bytes || this.text.len() >= u32::MAX as usize {
                anyhow::bail!(
                    "file `{}` is looked up in memory and needs more than {} MB at line {}; raise the limit for joins, or turn the recipe round so that this file is the one that is read (`from`)",
                    plan.file,
                    max_bytes >> 20,
                    record.line
                );
            }
        }
        this.index(plan)?;
        Ok((this, faults))
    }

    fn rows(&self) -> usize {
        self.ends.len() / self.width.max(1)
    }

    /// Memory, the index included.
    pub(crate) fn bytes(&self, slack: u64) -> u64 {
        let index = (self.rows() * 2).next_power_of_two() * 4 + self.rows() * 4;
        (self.text.len() + self.ends.len() * 4 + index) as u64 + slack
    }

    /// Built from the last row to the first, so that each chain runs in the order of the file.
    fn index(&mut self, plan: &LookupPlan) -> anyhow::Result<()> {
        let rows = self.rows();
        self.slots = vec![NONE; (rows * 2).next_power_of_two().max(2)];
        self.following = vec![NONE; rows];
        for row in (0..rows).rev() {
            let key = self.cell(row, 0);
            if key.is_empty() {
                continue;
            }
            let slot = self.slot(key);
            let first = self.slots[slot];
            anyhow::ensure!(
                first == NONE || !plan.single,
                "file `{}` has several rows with the same `{}`; say what that means: `many = \"first\"`, \"list\" or \"each\" in the join",
                plan.file,
                plan.wanted[0]
            );
            self.following[row] = first;
            self.slots[slot] = u32::try_from(row).unwrap_or(NONE);
        }
        Ok(())
    }

    /// The slot of a key, or the free one where it would stand.
    fn slot(&self, key: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key) & mask;
        while self.slots[slot] != NONE && self.cell(self.slots[slot] as usize, 0) != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// A cell.
    pub(crate) fn cell(&self, row: usize, column: usize) -> &str {
        let i = row * self.width + column;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start as usize..self.ends[i] as usize]
    }

    /// The cells of a row.
    pub(crate) fn cells(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.width).map(move |column| self.cell(row, column))
    }

    /// The rows with a key, in the order of the file.
    pub(crate) fn find(&self, key: &str) -> impl Iterator<Item = u32> {
        let first = if key.is_empty() { NONE } else { self.slots[self.slot(key)] };
        std::iter::successors((first != NONE).then_some(first), |row| {
            Some(self.following[*row as usize]).filter(|next| *next != NONE)
        })
    }
}
