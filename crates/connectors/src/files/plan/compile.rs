//! From recipe to plan.

use super::*;
use crate::files::recipe::{
    ConditionTable, Decimal, InteractionRecipe, OneOrMany, PrecisionWord, TimeTable, ValueTable, Word, nearest,
};
use throughline_interactions::{Score, ScoreError};

type Result<T> = std::result::Result<T, RecipeError>;

pub(super) fn plan(recipe: &Recipe, text: &str, origin: &str) -> Result<Plan> {
    let at = |quoted: &str, message: String| RecipeError::about(origin, text, 0, quoted, message);
    let source = SourceId::new(&recipe.source).filter(|s| *s != SourceId::system()).ok_or_else(|| {
        at(
            &recipe.source,
            format!(
                "`source` is `{}`; write up to 100 letters, digits and -_.:/ such as \"import:shop\"",
                recipe.source
            ),
        )
    })?;
    if recipe.interactions.is_empty() {
        return Err(at("", "the recipe makes no interactions; add an [[interactions]] part".to_owned()));
    }
    for name in recipe.files.keys() {
        if name.is_empty() || name.contains('.') {
            return Err(at(name, format!("file `{name}`: the name of a file in a recipe is a word without a point")));
        }
    }
    let headers: Vec<usize> = text.match_indices("[[interactions]]").map(|(n, _)| n).collect();
    let mut plan = Plan { source, drives: Vec::new(), lookups: Vec::new() };
    for (i, one) in recipe.interactions.iter().enumerate() {
        let from = headers.get(i).copied().unwrap_or(0);
        let at = |quoted: &str, message: String| RecipeError::about(origin, text, from, quoted, message);
        if !recipe.files.contains_key(&one.from) {
            return Err(at(&one.from, unknown_file(recipe, &one.from)));
        }
        let d = plan.drives.iter().position(|d| d.file == one.from).unwrap_or_else(|| {
            plan.drives.push(Drive { file: one.from.clone(), wanted: Vec::new(), whole: false, rules: Vec::new() });
            plan.drives.len() - 1
        });
        let compiler = Compiler {
            recipe,
            from: &one.from,
            wanted: &mut plan.drives[d].wanted,
            lookups: &mut plan.lookups,
            joins: Vec::new(),
        };
        let rule = compiler.rule(one).map_err(|(quoted, message)| at(&quoted, message))?;
        plan.drives[d].whole |= rule.message_id.is_none();
        plan.drives[d].rules.push(rule);
    }
    Ok(plan)
}

fn unknown_file(recipe: &Recipe, name: &str) -> String {
    let names: Vec<&str> = recipe.files.keys().map(String::as_str).collect();
    let hint = nearest(name, names.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
    format!("there is no file `{name}` in the recipe; it has {}{hint}", names.join(", "))
}

/// What is in quotes in the recipe, and what is wrong with it.
type Slip = (String, String);
type Compiled<T> = std::result::Result<T, Slip>;

fn slip<T>(quoted: &str, message: impl Into<String>) -> Compiled<T> {
    Err((quoted.to_owned(), message.into()))
}

struct Compiler<'a> {
    recipe: &'a Recipe,
    from: &'a str,
    wanted: &'a mut Vec<String>,
    lookups: &'a mut Vec<LookupPlan>,
    joins: Vec<JoinPlan>,
}

/// The place of `name` in a list, added where it is new.
fn place_in(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|n| n == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

impl Compiler<'_> {
    fn rule(mut self, one: &InteractionRecipe) -> Compiled<Rule> {
        for join in &one.join {
            self.join(join)?;
        }
        let each = self.joins.iter().position(|j| j.many == Some(Many::Each));
        if self.joins.iter().filter(|j| j.many == Some(Many::Each)).count() > 1 {
            return slip("each", "only one join of an interaction can be `many = \"each\"`");
        }
        let title = match (&one.event.0.constant, &one.event.0.column) {
            (Some(event), _) => event.clone(),
            (None, Some(column)) => format!("({})", column.0.join(" or ")),
            (None, None) => "(event)".to_owned(),
        };
        let (message_id, again) = match &one.message_id {
            None => (None, Again::Counts),
            Some(id) => {
                let columns = &id.0.columns.0;
                if columns.is_empty() {
                    return slip("message_id", "`message_id` names no column; leave it out to use the whole row");
                }
                let again = match (id.0.unique, id.0.first) {
                    (true, true) => return slip("message_id", "an id is either `unique` or `first`, not both"),
                    (true, false) => Again::MustAgree,
                    (false, true) => Again::Repeats,
                    (false, false) => Again::Counts,
                };
                (Some(columns.iter().map(|c| self.cell(c)).collect::<Compiled<_>>()?), again)
            }
        };
        let channel = one.channel.as_ref().or(self.recipe.channel.as_ref());
        let rule = Rule {
            each,
            when: match &one.when {
                None => Vec::new(),
                Some(list) => list.0.iter().map(|c| self.condition(&c.0)).collect::<Compiled<_>>()?,
            },
            title,
            event: self.word(&one.event)?,
            channel: channel.map(|w| self.word(w)).transpose()?,
            touchpoint: one.touchpoint.as_ref().map(|w| self.word(w)).transpose()?,
            direction: self.choice(one.direction.as_ref(), DIRECTIONS)?,
            actor: self.choice(one.actor.as_ref(), ACTORS)?,
            occurred_at: self.time(&one.occurred_at.0)?,
            sequence: one.sequence,
            identifiers: self.many(&one.identifiers)?,
            refs: self.many(&one.refs)?,
            money: one.money.as_ref().map(|m| self.money(&m.0)).transpose()?,
            score: one.score.as_ref().map(|s| self.score(s)).transpose()?,
            text: match &one.text {
                None => Vec::new(),
                Some(list) => list.0.iter().map(|v| self.value(&v.0)).collect::<Compiled<_>>()?,
            },
            promise: one.promise.as_ref().map(|p| self.promise(p)).transpose()?,
            consent: one.consent.iter().map(|(k, v)| Ok((k.clone(), self.single(&v.0)?))).collect::<Compiled<_>>()?,
            properties: one
                .properties
                .iter()
                .map(|(k, v)| Ok((k.clone(), self.value(&v.0)?)))
                .collect::<Compiled<_>>()?,
            message_id,
            again,
            joins: Vec::new(),
        };
        Ok(Rule { joins: self.joins, ..rule })
    }

    fn join(&mut self, join: &crate::files::recipe::JoinRecipe) -> Compiled<()> {
        let file = &join.file;
        let Some(spec) = self.recipe.files.get(file) else { return slip(file, unknown_file(self.recipe, file)) };
        let Some(key) = &spec.key else {
            return slip(
                file,
                format!(
                    "file `{file}` is joined but has no key; add `key = \"…\"` to [files.{file}], the column by which its rows are found"
                ),
            );
        };
        if self.joins.iter().any(|j| j.file == *file) {
            return slip(
                file,
                format!("file `{file}` is joined twice; name it twice under [files] to look it up in two ways"),
            );
        }
        let on = self.cell(&join.on)?;
        let lookup = self.lookups.iter().position(|l| l.file == *file).unwrap_or_else(|| {
            self.lookups.push(LookupPlan { file: file.clone(), wanted: vec![key.clone()], single: false });
            self.lookups.len() - 1
        });
        self.lookups[lookup].single |= join.many.is_none();
        let several = on.several || join.many == Some(Many::List);
        if join.many == Some(Many::Each) && on.several {
            return slip(&join.on, format!("file `{file}` cannot be joined for each row of a list"));
        }
        self.joins.push(JoinPlan { lookup, file: file.clone(), on, many: join.many, several, required: join.required });
        Ok(())
    }

    /// `column`, or `file.column` of a joined file.
    fn cell(&mut self, name: &str) -> Compiled<Cell> {
        if name.is_empty() {
            return slip("\"\"", "the name of a column is empty");
        }
        let comma = |recipe: &Recipe, file: &str| recipe.files.get(file).is_some_and(|f| f.decimal == Decimal::Comma);
        if let Some((file, column)) = name.split_once('.') {
            if let Some(join) = self.joins.iter().position(|j| j.file == file) {
                let j = &self.joins[join];
                let column = place_in(&mut self.lookups[j.lookup].wanted, column);
                let (several, comma) = (j.several, comma(self.recipe, file));
                return Ok(Cell { place: Place::Joined { join, column }, name: name.to_owned(), comma, several });
            }
            if file != self.from && self.recipe.files.contains_key(file) {
                return slip(
                    name,
                    format!(
                        "`{name}` names the file `{file}`, which is not joined here; add it to `join`, before it is used"
                    ),
                );
            }
        }
        let own = name.split_once('.').filter(|(file, _)| *file == self.from).map_or(name, |(_, column)| column);
        let place = Place::Own(place_in(self.wanted, own));
        Ok(Cell { place, name: own.to_owned(), comma: comma(self.recipe, self.from), several: false })
    }

    fn cells(&mut self, names: &OneOrMany<String>) -> Compiled<Vec<Cell>> {
        if names.0.is_empty() {
            return slip("[]", "a list of columns is empty");
        }
        names.0.iter().map(|n| self.cell(n)).collect()
    }

    fn value(&mut self, v: &ValueTable) -> Compiled<ValuePlan> {
        let mut origins = Vec::new();
        if let Some(names) = &v.column {
            origins.push(Origin::Cells(self.cells(names)?));
        }
        if let Some(text) = &v.constant {
            origins.push(Origin::Constant(text.clone()));
        }
        if let Some(names) = &v.sum {
            origins.push(Origin::Sum(self.cells(names)?));
        }
        if let Some(names) = &v.times {
            let cells = self.cells(names)?;
            let mut several = cells.iter().filter(|c| c.several).map(|c| c.place);
            let first = several.next();
            let join = |p: Option<Place>| if let Some(Place::Joined { join, .. }) = p { Some(join) } else { None };
            if several.any(|p| join(Some(p)) != join(first)) {
                return slip(
                    "times",
                    "`times` multiplies within each row of one joined list; these columns come from two lists",
                );
            }
            origins.push(Origin::Times(cells));
        }
        if let Some(file) = &v.count {
            match self.joins.iter().position(|j| j.file == *file) {
                Some(join) => origins.push(Origin::Count(join)),
                None => return slip(file, format!("`count` needs a joined file; `{file}` is not joined here")),
            }
        }
        if origins.len() != 1 {
            return slip("{", "a value needs exactly one of `column`, `constant`, `sum`, `times` and `count`");
        }
        let Some(origin) = origins.pop() else { return slip("{", "a value needs a `column`") };
        if v.split.as_deref() == Some("") {
            return slip("split", "`split` is empty; write what stands between the values, such as \";\"");
        }
        Ok(ValuePlan {
            origin,
            map: v.map.clone(),
            default: v.default.clone(),
            read_as: v.read_as.unwrap_or(ReadAs::Text),
            trim_prefix: v.trim_prefix.clone(),
            trim_suffix: v.trim_suffix.clone(),
            split: v.split.clone(),
            unless: v.unless.as_ref().map(|c| self.cell(c)).transpose()?,
        })
    }

    /// A value of which there can be only one.
    fn single(&mut self, v: &ValueTable) -> Compiled<ValuePlan> {
        let plan = self.value(v)?;
        if let Origin::Cells(cells) = &plan.origin
            && let Some(cell) = cells.iter().find(|c| c.several)
        {
            return slip(
                &cell.name,
                format!(
                    "`{}` has several values, because its file is joined as a list; only one fits here: use `sum`, or join with `many = \"first\"`",
                    cell.name
                ),
            );
        }
        Ok(plan)
    }

    fn many(
        &mut self,
        of: &BTreeMap<String, OneOrMany<crate::files::recipe::Value>>,
    ) -> Compiled<Vec<(String, ValuePlan)>> {
        let mut out = Vec::new();
        for (kind, values) in of {
            for v in &values.0 {
                out.push((kind.trim().to_ascii_lowercase(), self.value(&v.0)?));
            }
        }
        Ok(out)
    }

    fn word(&mut self, word: &Word) -> Compiled<ValuePlan> {
        self.single(&word.0)
    }

    fn choice<T: Copy + Default>(&mut self, word: Option<&Word>, of: &[(&str, T)]) -> Compiled<Choice<T>> {
        let Some(word) = word else { return Ok(Choice::Always(T::default())) };
        match &word.0.constant {
            Some(name) => match of.iter().find(|(n, _)| n == name) {
                Some((_, t)) => Ok(Choice::Always(*t)),
                None => {
                    let names: Vec<_> = of.iter().map(|(n, _)| *n).collect();
                    slip(name, format!("`{name}` is not one of {}", names.join(", ")))
                }
            },
            None => Ok(Choice::Read(Box::new(self.word(word)?))),
        }
    }

    fn condition(&mut self, c: &ConditionTable) -> Compiled<ConditionPlan> {
        let list = |l: &Option<OneOrMany<String>>| l.as_ref().map(|l| l.0.clone());
        let plan = ConditionPlan {
            cell: self.cell(&c.column)?,
            is: list(&c.is),
            is_not: list(&c.is_not),
            starts_with: list(&c.starts_with),
            not_starts_with: list(&c.not_starts_with),
            empty: c.empty,
            above: c.above,
            below: c.below,
        };
        let none =
            plan.is.is_none() && plan.is_not.is_none() && plan.starts_with.is_none() && plan.not_starts_with.is_none();
        if none && plan.empty.is_none() && plan.above.is_none() && plan.below.is_none() {
            return slip(
                &c.column,
                format!(
                    "the condition on `{}` says nothing; add `is`, `is_not`, `starts_with`, `not_starts_with`, `empty`, `above` or `below`",
                    c.column
                ),
            );
        }
        Ok(plan)
    }

    fn time(&mut self, t: &TimeTable) -> Compiled<TimePlan> {
        if t.received {
            let with = t.column.0.first().or(t.clock.as_ref()).or(t.format.as_ref());
            if let Some(word) = with {
                return slip(word, "`received` takes the moment of the import; leave the other words of this time out");
            }
            let (cells, clock, day_format, zone) = (Vec::new(), None, None, None);
            return Ok(TimePlan { cells, clock, day_format, format: TimeFormat::Usual, zone });
        }
        if t.column.0.is_empty() {
            return slip("{", "a time needs a `column`, or `received = true` where nothing says when");
        }
        let cells = self.cells(&t.column)?;
        let clock = match &t.clock {
            Some(name) => self.cells(&OneOrMany(vec![name.clone()]))?.pop(),
            None => None,
        };
        if let Some(cell) = cells.iter().chain(&clock).find(|c| c.several) {
            return slip(
                &cell.name,
                format!("`{}` has several values, because its file is joined as a list; a time needs one", cell.name),
            );
        }
        let format = match t.format.as_deref() {
            None | Some("%Y-%m-%d %H:%M:%S" | "%Y-%m-%dT%H:%M:%S") => TimeFormat::Usual,
            Some("unix_seconds") => TimeFormat::UnixSeconds,
            Some("unix_millis") => TimeFormat::UnixMillis,
            Some("unix_micros") => TimeFormat::UnixMicros,
            Some(pattern) => {
                let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
                let mut shown = String::new();
                if !pattern.contains('%')
                    || jiff::fmt::strtime::BrokenDownTime::from(&sample).format(pattern, &mut shown).is_err()
                {
                    return slip(
                        pattern,
                        format!(
                            "`{pattern}` is not a pattern of times; write one such as \"%d/%m/%Y %H:%M\", or \"unix_seconds\", \"unix_millis\" or \"unix_micros\""
                        ),
                    );
                }
                TimeFormat::Pattern(pattern.to_owned())
            }
        };
        let zone = match t.zone.as_ref().or(self.recipe.zone.as_ref()) {
            None => None,
            Some(word) => Some(match &word.0.constant {
                Some(name) => match Zone::new(name) {
                    Ok(zone) => Choice::Always(zone),
                    Err(e) => return slip(name, e.to_string()),
                },
                None => Choice::Read(Box::new(self.word(word)?)),
            }),
        };
        // The pattern of a day and a time of day is cut where the time of day begins.
        let day_format = match (&clock, &format) {
            (Some(_), TimeFormat::Pattern(pattern)) => {
                let cut = ["%H", "%I", "%k", "%l", "%T", "%R"].iter().filter_map(|d| pattern.find(d)).min();
                let day = pattern[..cut.unwrap_or(pattern.len())].trim_end();
                Some(if day == "%Y-%m-%d" { TimeFormat::Usual } else { TimeFormat::Pattern(day.to_owned()) })
            }
            _ => None,
        };
        Ok(TimePlan { cells, clock, day_format, format, zone })
    }

    fn money(&mut self, m: &crate::files::recipe::MoneyTable) -> Compiled<MoneyPlan> {
        let Some(word) = m.currency.as_ref().or(self.recipe.currency.as_ref()) else {
            return slip(
                "money",
                "`money` has no currency; write `currency = \"EUR\"` here, or once at the top of the recipe",
            );
        };
        let currency = match &word.0.constant {
            Some(code) => match Currency::new(code) {
                Ok(currency) => Choice::Always(currency),
                Err(e) => return slip(code, e.to_string()),
            },
            None => Choice::Read(Box::new(self.word(word)?)),
        };
        Ok(MoneyPlan { amount: self.single(&m.amount.0)?, currency, negate: m.negate })
    }

    fn score(&mut self, s: &crate::files::recipe::ScoreRecipe) -> Compiled<ScorePlan> {
        let bad = |e: ScoreError| (s.kind.clone(), e.to_string());
        let kind = ScoreKind::new(&s.kind).map_err(bad)?;
        let scale = match (s.min, s.max) {
            (Some(min), Some(max)) => Some((min, max)),
            (None, None) => None,
            _ => return slip(&s.kind, "`score` needs both `min` and `max`, or neither"),
        };
        let lowest = scale.or(kind.usual_scale()).map_or(0.0, |(min, _)| min);
        Score::new(kind.clone(), lowest, scale).map_err(bad)?;
        Ok(ScorePlan { kind, value: self.single(&s.value.0)?, scale })
    }

    fn promise(&mut self, p: &crate::files::recipe::PromiseRecipe) -> Compiled<PromisePlan> {
        if p.kind.trim().is_empty() || p.kind.len() > 100 {
            return slip("promise", "`promise.kind` says in up to 100 letters what was promised, such as \"delivery\"");
        }
        let precision = p.precision.map(|p| match p {
            PrecisionWord::Day => Precision::Day,
            PrecisionWord::Instant => Precision::Instant,
        });
        Ok(PromisePlan { kind: p.kind.clone(), due: self.time(&p.due.0)?, precision })
    }
}

pub(crate) const DIRECTIONS: &[(&str, Direction)] = &[("in", Direction::In), ("out", Direction::Out)];
pub(crate) const ACTORS: &[(&str, Actor)] = &[
    ("human", Actor::Human),
    ("agent", Actor::Agent),
    ("bot", Actor::Bot),
    ("prefetch", Actor::Prefetch),
    ("system", Actor::System),
    ("internal", Actor::Internal),
];
