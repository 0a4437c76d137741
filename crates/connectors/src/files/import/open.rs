//! Opening an import: the recipe, the files that are looked up, and each file in its turn.

use super::{Import, ImportOptions, OpenFile, Progress, drive_offset};
use crate::files::draft::Zones;
use crate::files::import::batch::{EventCount, JoinCount};
use crate::files::known::KnownExport;
use crate::files::lookup::Lookup;
use crate::files::message_id::{Key, Occurrences, hex};
use crate::files::plan::Plan;
use crate::files::recipe::{Recipe, nearest};
use crate::files::record::{Formats, RecordReader, Request};
use anyhow::Context;
use std::path::Path;

impl Import {
    /// Reads the recipe, checks it, and loads the files that are looked up. Errors of the recipe
    /// are a [`RecipeError`](crate::files::RecipeError).
    pub fn open(recipe: &Path, formats: Formats, options: ImportOptions) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(recipe).with_context(|| format!("read the recipe `{}`", recipe.display()))?;
        let folder = options.data.clone().or_else(|| recipe.parent().map(Path::to_owned)).unwrap_or_default();
        Self::of_text(&text, &recipe.display().to_string(), &folder, formats, options)
    }

    /// As [`Import::open`] with a recipe that is no file; `origin` is its name in errors.
    pub fn of_text(
        text: &str,
        origin: &str,
        folder: &Path,
        formats: Formats,
        options: ImportOptions,
    ) -> anyhow::Result<Self> {
        let recipe = Recipe::parse(text, origin)?;
        let plan = Plan::compile(&recipe, text, origin)?;
        let mut key = Key::new("recipe");
        key.part(text);
        let fingerprint = hex(key.finish());
        if let Some(cursor) = &options.resume {
            anyhow::ensure!(
                cursor.recipe == fingerprint,
                "the recipe has changed since this import began; start it anew: what is in already will not be taken twice"
            );
        }
        let mut import = Self {
            progress: Progress { events: counts(&plan), ..Progress::default() },
            recipe,
            plan,
            folder: folder.to_owned(),
            formats,
            options,
            fingerprint,
            lookups: Vec::new(),
            lookup_faults: Vec::new(),
            drive: 0,
            open: None,
            bytes_done: 0,
            seen: Occurrences::default(),
            zones: Zones::default(),
            matches: Vec::new(),
        };
        import.load_lookups()?;
        for drive in &import.plan.drives {
            let path = import.folder.join(&import.recipe.files[&drive.file].path);
            let size = std::fs::metadata(&path)
                .with_context(|| format!("open file `{}`: `{}`", drive.file, path.display()))?;
            import.progress.bytes_total += size.len();
            // Each file is opened once beforehand, so that a wrong column is told before any work.
            import.reader(&drive.file, &drive.wanted, drive.whole)?;
        }
        import.open_next()?;
        Ok(import)
    }

    fn load_lookups(&mut self) -> anyhow::Result<()> {
        for (i, plan) in self.plan.lookups.iter().enumerate() {
            let (mut reader, columns) = self.reader(&plan.file, &plan.wanted, false)?;
            let empty = &self.recipe.files[&plan.file].empty;
            let (lookup, faults) = Lookup::load(plan, reader.as_mut(), &columns, empty, self.options.join_bytes)?;
            self.lookups.push(lookup);
            self.lookup_faults.extend(faults.into_iter().map(|f| (i, f)));
        }
        Ok(())
    }

    fn reader(
        &self,
        file: &str,
        wanted: &[String],
        whole: bool,
    ) -> anyhow::Result<(Box<dyn RecordReader>, Vec<usize>)> {
        let spec = &self.recipe.files[file];
        let path = self.folder.join(&spec.path);
        let request = Request { path: &path, wanted, whole, file: spec, limits: &self.options.unpack };
        let reader =
            self.formats.open(&request).with_context(|| format!("open file `{file}`: `{}`", path.display()))?;
        let columns = wanted.iter().map(|w| find(reader.columns(), w, file)).collect::<anyhow::Result<_>>()?;
        Ok((reader, columns))
    }

    /// Opens the next file; false when there is none.
    pub(super) fn open_next(&mut self) -> anyhow::Result<bool> {
        let Some(drive) = self.plan.drives.get(self.drive) else { return Ok(false) };
        let (reader, columns) = self.reader(&drive.file, &drive.wanted, drive.whole)?;
        self.open = Some(OpenFile { reader, columns, row: 0, counts: drive_offset(&self.plan, self.drive) });
        Ok(true)
    }
}

fn counts(plan: &Plan) -> Vec<EventCount> {
    let rules = plan.drives.iter().flat_map(|d| d.rules.iter().map(move |r| (d, r)));
    rules
        .map(|(drive, rule)| EventCount {
            from: drive.file.clone(),
            event: rule.title.clone(),
            joins: rule.joins.iter().map(|j| JoinCount { file: j.file.clone(), ..JoinCount::default() }).collect(),
            ..EventCount::default()
        })
        .collect()
}

/// The place of a column by its name.
fn find(columns: &[String], name: &str, file: &str) -> anyhow::Result<usize> {
    let mut places = columns.iter().enumerate().filter(|(_, c)| *c == name).map(|(i, _)| i);
    match (places.next(), places.next()) {
        (Some(i), None) => Ok(i),
        (Some(i), Some(j)) => anyhow::bail!(
            "file `{file}` has two columns `{name}` (the {} and the {}); rename one, or name all with `columns` and `skip_before_header = 1`",
            nth(i),
            nth(j)
        ),
        (None, _) => {
            let hint = nearest(name, columns.iter().map(String::as_str))
                .map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            let kind = KnownExport::find(columns).map_or(String::new(), |k| {
                format!("; these are the columns of {}: `throughline recipe` makes a recipe for them", k.name)
            });
            anyhow::bail!("file `{file}` has no column `{name}`; it has {}{hint}{kind}", columns.join(", "))
        }
    }
}

fn nth(i: usize) -> String {
    let n = i + 1;
    let ending = match (n % 10, n % 100) {
        (1, k) if k != 11 => "st",
        (2, k) if k != 12 => "nd",
        (3, k) if k != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}
