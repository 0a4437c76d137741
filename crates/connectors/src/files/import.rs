//! The import itself: rows in, interactions and rejects out, a cursor to go on from.

mod ahead;
mod batch;
mod open;

pub use batch::{Batch, Cursor, EventCount, JoinCount, Progress, Reject};

use crate::files::draft::{self, Zones};
use crate::files::lookup::Lookup;
use crate::files::message_id::{Key, Occurrences, Seen};
use crate::files::plan::{Again, Drive, Plan, Rule};
use crate::files::recipe::Recipe;
use crate::files::record::{Formats, Record, RecordFault, RecordReader};
use crate::files::row::{Row, look_up};
use crate::files::unpack::UnpackLimits;
use batch::Taken;
use std::path::PathBuf;
use throughline_interactions::{Fault, Interaction, Timestamp, WorkspaceId, limits};

/// What the caller decides about an import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The brand.
    pub workspace: WorkspaceId,
    /// The receiving time of everything that is imported.
    pub received_at: Timestamp,
    /// The folder of the data; the recipe's own where absent.
    pub data: Option<PathBuf>,
    /// Memory for each file that is looked up, in bytes.
    pub join_bytes: u64,
    /// Guards against packed bombs.
    pub unpack: UnpackLimits,
    /// Where an earlier import stopped.
    pub resume: Option<Cursor>,
}

impl ImportOptions {
    /// The usual limits: 1 GiB for each file that is looked up.
    pub fn new(workspace: WorkspaceId, received_at: Timestamp) -> Self {
        Self { workspace, received_at, data: None, join_bytes: 1 << 30, unpack: UnpackLimits::default(), resume: None }
    }
}

/// An import under way.
pub struct Import {
    recipe: Recipe,
    plan: Plan,
    folder: PathBuf,
    formats: Formats,
    options: ImportOptions,
    fingerprint: String,
    lookups: Vec<Lookup>,
    lookup_faults: Vec<(usize, RecordFault)>,
    drive: usize,
    open: Option<OpenFile>,
    bytes_done: u64,
    seen: Occurrences,
    zones: Zones,
    progress: Progress,
    matches: Vec<Vec<u32>>,
}

/// The file that is being read.
struct OpenFile {
    reader: Box<dyn RecordReader>,
    columns: Vec<usize>,
    row: u64,
    /// Where the counts of its rules begin.
    counts: usize,
}

/// How one rule took one row.
struct Reading {
    interactions: Vec<Interaction>,
    rejects: Vec<Reject>,
    taken: Taken,
}

impl Import {
    /// The next rows: at most about `max` interactions and rejects, always whole rows.
    pub fn next_batch(&mut self, max: usize) -> anyhow::Result<Batch> {
        let mut reading =
            Reading { interactions: Vec::with_capacity(max.min(65_536)), rejects: Vec::new(), taken: Taken::Skipped };
        for (lookup, fault) in std::mem::take(&mut self.lookup_faults) {
            let file = &self.plan.lookups[lookup].file;
            reading.rejects.push(Reject::of_record(&self.recipe.files[file].path, fault));
        }
        let mut rows = 0;
        while reading.interactions.len() + reading.rejects.len() < max && rows < max.saturating_mul(4) {
            if self.open.is_none() && !self.open_next()? {
                break;
            }
            // Rows that an earlier import has handed out are read again only to count their ids.
            rows += usize::from(!self.next_row(&mut reading));
        }
        let done = self.open.is_none() && self.drive >= self.plan.drives.len();
        if let Some(open) = &self.open {
            self.progress.bytes_read = self.bytes_done + open.reader.bytes_read();
        } else {
            self.progress.bytes_read = self.bytes_done;
        }
        Ok(Batch {
            interactions: reading.interactions,
            rejects: reading.rejects,
            cursor: self.cursor(),
            progress: self.progress.clone(),
            done,
        })
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// How far it is; before the first batch, how much there is to read.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    fn cursor(&self) -> Cursor {
        let file = self.plan.drives.get(self.drive).map_or(String::new(), |d| d.file.clone());
        Cursor { recipe: self.fingerprint.clone(), file, row: self.open.as_ref().map_or(0, |o| o.row) }
    }

    /// True for rows that an earlier import has handed out.
    fn is_past(&self, row: u64) -> bool {
        let Some(cursor) = &self.options.resume else { return false };
        match self.plan.drives.iter().position(|d| d.file == cursor.file) {
            Some(drive) => self.drive < drive || (self.drive == drive && row < cursor.row),
            None => true,
        }
    }

    /// Reads one row; true when an earlier import has handed it out.
    fn next_row(&mut self, out: &mut Reading) -> bool {
        let Some(open) = &mut self.open else { return false };
        let next = open.reader.next();
        let row = open.row;
        let drive = &self.plan.drives[self.drive];
        let Some(next) = next else {
            self.bytes_done += open.reader.bytes_read();
            self.open = None;
            self.drive += 1;
            return false;
        };
        open.row += 1;
        let path = self.recipe.files[&drive.file].path.as_str();
        let past = self.is_past(row);
        self.progress.rows += 1;
        let record = match next {
            Ok(record) => record,
            Err(fault) => {
                self.progress.rejected += 1;
                if fault.fatal {
                    self.progress.broken.push(path.to_owned());
                }
                if !past {
                    out.rejects.push(Reject::of_record(path, fault));
                }
                return past;
            }
        };
        let Some(open) = &self.open else { return past };
        let context = Context {
            options: &self.options,
            plan: &self.plan,
            empty: &self.recipe.files[&drive.file].empty,
            lookups: &self.lookups,
            zones: &self.zones,
            columns: &open.columns,
            path,
            row,
            past,
        };
        let (had, mut rejected, mut taken) = (out.interactions.len(), false, Taken::Skipped);
        for (i, rule) in drive.rules.iter().enumerate() {
            let before = out.interactions.len();
            out.taken = Taken::Skipped;
            let counts = &mut self.progress.events[open.counts + i];
            context.rule(drive, rule, &record, &mut self.matches, &mut self.seen, counts, out);
            rejected |= out.taken == Taken::Rejected;
            taken = taken.max(out.taken);
            counts.add(out.taken, (out.interactions.len() - before) as u64);
        }
        match if rejected { Taken::Rejected } else { taken } {
            Taken::Skipped => self.progress.skipped += 1,
            Taken::Repeated => self.progress.repeated += 1,
            Taken::Accepted => self.progress.taken += 1,
            Taken::Rejected => self.progress.rejected += 1,
        }
        for new in &out.interactions[had..] {
            self.progress.interactions += 1;
            self.progress.ambiguous_times += u64::from(new.ambiguous_time);
        }
        past
    }
}

/// Where the counts of a file's rules begin.
fn drive_offset(plan: &Plan, drive: usize) -> usize {
    plan.drives[..drive].iter().map(|d| d.rules.len()).sum()
}

/// What the rules of one row share.
struct Context<'a> {
    options: &'a ImportOptions,
    plan: &'a Plan,
    empty: &'a [String],
    lookups: &'a [Lookup],
    zones: &'a Zones,
    columns: &'a [usize],
    path: &'a str,
    row: u64,
    past: bool,
}

impl Context<'_> {
    #[expect(clippy::too_many_arguments, reason = "the mutable halves of an import, borrowed apart")]
    fn rule(
        &self,
        drive: &Drive,
        rule: &Rule,
        record: &Record,
        matches: &mut Vec<Vec<u32>>,
        seen: &mut Occurrences,
        counts: &mut EventCount,
        out: &mut Reading,
    ) {
        matches.resize_with(matches.len().max(rule.joins.len()), Vec::new);
        let own = Row {
            record,
            columns: self.columns,
            empty: self.empty,
            lookups: self.lookups,
            joins: &rule.joins,
            matches,
        };
        // Conditions on the row itself spare the look-ups.
        if !rule.when.iter().filter(|c| c.cell.is_own()).all(|c| own.holds(c)) {
            return;
        }
        let first = rule.each.unwrap_or(rule.joins.len());
        self.join(rule, record, matches, 0..first);
        let Some(each) = rule.each else {
            return self.take(drive, rule, record, matches, seen, counts, out);
        };
        self.join(rule, record, matches, each..each + 1);
        let found = std::mem::take(&mut matches[each]);
        if found.is_empty() {
            counts.joins[each].unmatched += 1;
        }
        for row in found {
            matches[each].clear();
            matches[each].push(row);
            self.join(rule, record, matches, each + 1..rule.joins.len());
            self.take(drive, rule, record, matches, seen, counts, out);
        }
    }

    fn join(&self, rule: &Rule, record: &Record, matches: &mut [Vec<u32>], joins: std::ops::Range<usize>) {
        for i in joins {
            let mut found = std::mem::take(&mut matches[i]);
            let row = Row {
                record,
                columns: self.columns,
                empty: self.empty,
                lookups: self.lookups,
                joins: &rule.joins,
                matches,
            };
            look_up(row, i, &mut found);
            matches[i] = found;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the mutable halves of an import, borrowed apart")]
    fn take(
        &self,
        drive: &Drive,
        rule: &Rule,
        record: &Record,
        matches: &[Vec<u32>],
        seen: &mut Occurrences,
        counts: &mut EventCount,
        out: &mut Reading,
    ) {
        let row = Row {
            record,
            columns: self.columns,
            empty: self.empty,
            lookups: self.lookups,
            joins: &rule.joins,
            matches,
        };
        if !rule.when.iter().filter(|c| !c.cell.is_own()).all(|c| row.holds(c)) {
            return;
        }
        let mut missing = None;
        for (i, join) in rule.joins.iter().enumerate() {
            if matches[i].is_empty() {
                counts.joins[i].unmatched += 1;
                if join.required && missing.is_none() {
                    missing = Some(Fault::at(
                        &join.on.name,
                        "no_match",
                        format!("`{}` has no row for `{}`", join.file, clip(row.first(&join.on))),
                    ));
                }
            } else {
                counts.joins[i].matched += 1;
            }
        }
        let made = missing.map_or_else(|| self.interaction(drive, rule, row, seen), Err);
        match made {
            Ok(Some(interaction)) => {
                out.taken = out.taken.max(Taken::Accepted);
                if !self.past {
                    out.interactions.push(interaction);
                }
            }
            Ok(None) => out.taken = out.taken.max(Taken::Repeated),
            Err(mut fault) => {
                out.taken = Taken::Rejected;
                // A second header shows as a first row that is of quite another kind.
                if self.row == 0 && (fault.code == "invalid_time" || fault.code == "invalid_number") {
                    fault
                        .message
                        .push_str("; if this line is a second header, set `skip_after_header = 1` for the file");
                }
                if !self.past {
                    out.rejects.push(Reject::of_fault(self.path, record, fault));
                }
            }
        }
    }

    /// The interaction; `None` when its id came before with the same content.
    fn interaction(
        &self,
        drive: &Drive,
        rule: &Rule,
        row: Row<'_>,
        seen: &mut Occurrences,
    ) -> Result<Option<Interaction>, Fault> {
        let event = draft::event(row, rule)?;
        // The id is counted before anything can go wrong, so that the numbers of later rows do
        // not depend on it.
        let message_id = match &rule.message_id {
            None => seen.id(self.whole_row(rule, row, &event)),
            Some(cells) => {
                let mut key = Key::new(&event);
                let mut named = false;
                for cell in cells {
                    row.each(cell, &mut |text| {
                        named |= !text.trim().is_empty();
                        key.part(text.trim());
                    });
                    key.end();
                }
                if !named {
                    let names: Vec<_> = cells.iter().map(|c| c.name.as_str()).collect();
                    return Err(Fault::at(
                        &cells[0].name,
                        "missing",
                        format!("the row has no id: {} is empty", names.join(", ")),
                    ));
                }
                if rule.again == Again::Counts {
                    seen.id(key.finish())
                } else {
                    let content = match rule.again {
                        Again::MustAgree => self.whole_row(rule, row, &event),
                        _ => 0,
                    };
                    match seen.unique(key.finish(), content, row.record.line) {
                        Seen::First => crate::files::message_id::hex(key.finish()),
                        Seen::Same => return Ok(None),
                        Seen::Other(line) => {
                            return Err(Fault::at(
                                &cells[0].name,
                                "conflicting_id",
                                format!("the id came before with other content, on line {line}"),
                            ));
                        }
                    }
                }
            }
        };
        let mut draft = draft::draft(row, rule, self.zones, event)?;
        draft.message_id = message_id;
        draft.source_seq = match rule.sequence {
            Some(n) => n,
            None => u32::try_from(self.row).map_err(|_| {
                Fault::whole(
                    "too_many_rows",
                    format!("file `{}` has more rows than can be numbered; split it", drive.file),
                )
            })?,
        };
        draft
            .receive(self.options.workspace, &self.plan.source, self.options.received_at, limits::FILE_BYTES)
            .map(Some)
            .map_err(|mut fault| {
                if fault.field.as_deref() == Some("occurred_at")
                    && let Some(cell) = rule.occurred_at.cells.first()
                {
                    fault.field = Some(cell.name.clone());
                }
                fault
            })
    }

    fn whole_row(&self, rule: &Rule, row: Row<'_>, event: &str) -> u128 {
        let mut key = Key::new(event);
        match row.record.kept_raw() {
            Some(raw) => key.part(raw),
            None => row.record.cells().for_each(|c| key.part(c)),
        }
        if let Some(each) = rule.each {
            let lookup = &self.lookups[rule.joins[each].lookup];
            for found in &row.matches[each] {
                lookup.cells(*found as usize).for_each(|c| key.part(c));
            }
        }
        key.finish()
    }
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
