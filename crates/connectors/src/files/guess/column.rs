//! What the cells of one column look like.

use crate::files::decimal::{Decimal, money};
use crate::files::plan::TimeFormat;
use crate::files::time;
use std::collections::HashSet;
use throughline_interactions::Zone;

/// How times are written: `""` for the forms that everybody understands, a pattern such as
/// `%d/%m/%Y`, `unix_seconds`, `unix_millis` or `unix_micros`, as
/// in a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeForm(pub String);

impl TimeForm {
    fn format(&self) -> TimeFormat {
        match self.0.as_str() {
            "" => TimeFormat::Usual,
            "unix_seconds" => TimeFormat::UnixSeconds,
            "unix_millis" => TimeFormat::UnixMillis,
            "unix_micros" => TimeFormat::UnixMicros,
            pattern => TimeFormat::Pattern(pattern.to_owned()),
        }
    }

    /// True where the day stands before the month.
    fn day_first(&self) -> Option<bool> {
        let (day, month) = (self.0.find("%d")?, self.0.find("%m")?);
        Some(day < month)
    }
}

/// Days, and the clock times behind them.
const DAYS: [&str; 18] = [
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b-%d-%y",
    "%b %d, %Y",
    "%B %d, %Y",
];
const CLOCKS: [&str; 10] = [
    "",
    " %H:%M",
    " %H:%M:%S",
    " %I:%M %p",
    " %I:%M:%S %p",
    ", %H:%M",
    ", %H:%M:%S",
    ", %I:%M %p",
    ", %I:%M:%S %p",
    " %H:%M Uhr",
];
/// Times of day that stand in a column of their own.
const CLOCKS_ALONE: [&str; 5] = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M Uhr"];
const OTHERS: [&str; 4] = ["%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M", "%a, %d %b %Y %H:%M:%S %z", "%Y%m%d"];

/// Cells that are different are counted up to here.
const MOST_DISTINCT: usize = 5_000;
/// This share of the filled cells makes a column what most of them are.
const MOSTLY: f64 = 0.9;

/// What a sample of cells shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    pub(super) rows: usize,
    pub(super) filled: usize,
    pub(super) distinct: usize,
    pub(super) examples: Vec<String>,
    pub(super) emails: usize,
    pub(super) phones: usize,
    pub(super) currencies: usize,
    pub(super) numbers: usize,
    /// Numbers with a comma before their decimals, and with a point.
    pub(super) commas: usize,
    pub(super) points: usize,
    /// Numbers with a sign of money that tells the currency.
    signed: usize,
    sign: Option<&'static str>,
    signs_differ: bool,
    lowest: f64,
    highest: f64,
    whole: bool,
    pub(super) longest: usize,
    /// Cells with a digit, cells that could be a person's name, cells that say yes or no.
    pub(super) digits: usize,
    pub(super) names: usize,
    pub(super) yes_or_no: usize,
    /// The form in which nearly all cells are times of day.
    pub(super) clock: Option<TimeForm>,
    letters: usize,
    spaces: usize,
    /// The form that reads most cells, cells it reads, and all forms that read as many.
    pub(super) time: Option<TimeForm>,
    pub(super) times: usize,
    pub(super) time_forms: Vec<TimeForm>,
    pub(super) doubtful_day: Option<String>,
    pub(super) odd_time: Option<String>,
    pub(super) odd_number: Option<String>,
}

impl Evidence {
    /// Looks at the cells of a sample, without spaces around them.
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let mut e = Self { lowest: f64::INFINITY, highest: f64::NEG_INFINITY, whole: true, ..Self::default() };
        let mut filled: Vec<&str> = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for cell in cells {
            e.rows += 1;
            if cell.is_empty() {
                continue;
            }
            filled.push(cell);
            if seen.len() < MOST_DISTINCT && seen.insert(cell) && e.examples.len() < 3 {
                e.examples.push(cell.chars().take(60).collect());
            }
            e.cell(cell);
        }
        e.filled = filled.len();
        e.distinct = seen.len();
        e.read_times(&filled);
        e.read_clocks(&filled);
        e
    }

    fn cell(&mut self, cell: &str) {
        self.longest = self.longest.max(cell.chars().count());
        self.letters += cell.chars().count();
        self.spaces += cell.matches(' ').count();
        self.emails += usize::from(is_email(cell));
        self.phones += usize::from(is_phone(cell));
        self.digits += usize::from(cell.bytes().any(|b| b.is_ascii_digit()));
        self.names += usize::from(is_name(cell));
        self.yes_or_no += usize::from(is_yes_or_no(cell));
        self.currencies += usize::from(throughline_interactions::Currency::new(cell).is_ok() && cell.len() == 3);
        let (point, comma) = (Decimal::parse_amount(cell, false), Decimal::parse_amount(cell, true));
        // A day between points would be read as grouped digits.
        match point.or(comma).filter(|_| !is_day(cell)) {
            Some(number) => {
                self.numbers += 1;
                let value: f64 = number.to_string().parse().unwrap_or(f64::NAN);
                self.lowest = self.lowest.min(value);
                self.highest = self.highest.max(value);
                self.whole &= number.whole().is_some();
                let sign = money::decimal_sign(cell);
                self.points += usize::from(sign == Some('.'));
                self.commas += usize::from(sign == Some(','));
                if let (_, Some(code)) = money::without_sign(cell) {
                    self.signed += 1;
                    if *self.sign.get_or_insert(code) != code {
                        self.signs_differ = true;
                    }
                }
            }
            None => {
                self.odd_number.get_or_insert_with(|| cell.chars().take(60).collect());
            }
        }
    }

    /// The currency whose sign stands beside nearly all numbers.
    pub(super) fn signed_currency(&self) -> Option<&'static str> {
        self.sign.filter(|_| !self.signs_differ && self.mostly(self.signed))
    }

    /// Finds the forms in which the cells are times.
    fn read_times(&mut self, filled: &[&str]) {
        let Some(first) = filled.first() else { return };
        if !first.bytes().any(|b| b.is_ascii_digit()) || self.longest > 40 {
            return;
        }
        let Ok(zone) = Zone::new("UTC") else { return };
        let reads = |form: &TimeForm, cell: &str| {
            let format = form.format();
            time::read(cell, &format, Some(&zone), true).is_ok()
        };
        let days = DAYS.iter().flat_map(|day| CLOCKS.iter().map(move |clock| format!("{day}{clock}")));
        let all = std::iter::once(String::new()).chain(OTHERS.iter().map(|o| (*o).to_owned())).chain(days);
        let mut forms: Vec<TimeForm> = all.map(TimeForm).collect();
        if self.mostly_of(self.numbers, filled.len()) && self.whole {
            forms.clear();
            // Seconds, thousandths or millionths since 1970, of the years 1990 to 2100.
            if self.lowest >= 631e6 && self.highest < 4.1e9 {
                forms.push(TimeForm("unix_seconds".to_owned()));
            } else if self.lowest >= 631e9 && self.highest < 4.1e12 {
                forms.push(TimeForm("unix_millis".to_owned()));
            } else if self.lowest >= 631e12 && self.highest < 4.1e15 {
                forms.push(TimeForm("unix_micros".to_owned()));
            } else if filled.iter().all(|c| c.len() == 8) {
                forms.push(TimeForm("%Y%m%d".to_owned()));
            }
        }
        // Most forms fall out with the first cells.
        let few: Vec<&str> = filled.iter().copied().take(20).collect();
        forms.retain(|f| few.iter().filter(|c| reads(f, c)).count() * 2 > few.len());
        let counted: Vec<(usize, TimeForm)> =
            forms.into_iter().map(|f| (filled.iter().filter(|c| reads(&f, c)).count(), f)).collect();
        let Some(most) = counted.iter().map(|(n, _)| *n).max() else { return };
        if !self.mostly_of(most, filled.len()) {
            return;
        }
        let best: Vec<TimeForm> = counted.into_iter().filter(|(n, _)| *n == most).map(|(_, f)| f).collect();
        self.times = most;
        self.time = best.first().cloned();
        self.odd_time =
            best.first().and_then(|f| filled.iter().find(|c| !reads(f, c))).map(|c| c.chars().take(60).collect());
        // Two forms are two readings only if one begins with the day and one with the month.
        let of = |first: bool| best.iter().find(|f| f.day_first() == Some(first)).cloned();
        if let (Some(day), Some(month)) = (of(true), of(false)) {
            self.doubtful_day = filled.first().map(|c| (*c).to_owned());
            self.time_forms = vec![day, month];
        }
    }

    /// Finds the form in which the cells are times of day.
    fn read_clocks(&mut self, filled: &[&str]) {
        let Some(first) = filled.first().filter(|f| f.contains(':') && self.longest <= 14) else { return };
        let reads = |form: &str, cell: &str| jiff::civil::Time::strptime(form, cell).is_ok();
        let forms = CLOCKS_ALONE.iter().filter(|f| reads(f, first));
        let best = forms.map(|f| (filled.iter().filter(|c| reads(f, c)).count(), *f)).max_by_key(|(n, _)| *n);
        self.clock = best.filter(|(n, _)| self.mostly_of(*n, filled.len())).map(|(_, f)| TimeForm(f.to_owned()));
    }

    /// True for times that are days without a time of day.
    pub(super) fn is_day_alone(&self) -> bool {
        self.time.as_ref().is_some_and(|t| match t.0.as_str() {
            "" => self.longest <= 10,
            form => !["%H", "%I", "unix"].iter().any(|c| form.contains(c)),
        })
    }

    fn mostly_of(&self, n: usize, filled: usize) -> bool {
        n > 0 && n as f64 >= filled as f64 * MOSTLY
    }

    /// True if so many cells are nearly all that are filled.
    pub(super) fn mostly(&self, n: usize) -> bool {
        self.mostly_of(n, self.filled)
    }

    /// True for times that are bare numbers.
    pub(super) fn is_unix(&self) -> bool {
        self.time.as_ref().is_some_and(|t| t.0.starts_with("unix") || t.0 == "%Y%m%d")
    }

    /// True for sentences.
    pub(super) fn is_prose(&self) -> bool {
        let (letters, spaces) = (self.letters as f64, self.spaces as f64);
        let filled = self.filled.max(1) as f64;
        letters / filled >= 12.0 && spaces / filled >= 1.5 && !self.mostly(self.numbers)
    }

    /// True for a few words that come again and again.
    pub(super) fn is_category(&self) -> bool {
        self.longest <= 80 && self.distinct <= 60.max(self.filled / 20)
    }

    /// True for what can name something: short, without spaces around.
    pub(super) fn is_code(&self) -> bool {
        self.longest <= 80 && (self.spaces as f64) < self.filled as f64 * 0.5 && !self.is_amount_like()
    }

    /// True for numbers with decimals.
    pub(super) fn is_amount_like(&self) -> bool {
        self.mostly(self.numbers) && !self.whole
    }

    /// The scale on which the cells are answers, if they can be.
    pub(super) fn scale(&self) -> Option<(f64, f64)> {
        let between = |low: f64, high: f64| self.lowest >= low && self.highest <= high;
        if !self.mostly(self.numbers) {
            None
        } else if between(1.0, 5.0) {
            Some((1.0, 5.0))
        } else if between(1.0, 7.0) {
            Some((1.0, 7.0))
        } else if between(0.0, 10.0) {
            Some((0.0, 10.0))
        } else if between(0.0, 100.0) {
            Some((0.0, 100.0))
        } else {
            None
        }
    }
}

/// `5.1.26`, `05.01.2026`.
fn is_day(cell: &str) -> bool {
    let parts: Vec<&str> = cell.split('.').collect();
    let digits = |part: &str, sizes: &[usize]| sizes.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.as_slice(), [day, month, year] if digits(day, &[1, 2]) && digits(month, &[1, 2]) && digits(year, &[2, 4]))
}

fn is_email(cell: &str) -> bool {
    let Some((local, domain)) = cell.rsplit_once('@') else { return false };
    !local.is_empty() && domain.contains('.') && !cell.contains(char::is_whitespace) && !domain.ends_with('.')
}

/// Up to five words of letters: `Ana Lima`, `Dr. Zoë O'Neill-Smith`.
fn is_name(cell: &str) -> bool {
    let words = cell.split_whitespace().count();
    (1..=5).contains(&words)
        && cell.chars().count() <= 60
        && cell.chars().all(|c| c.is_alphabetic() || c.is_whitespace() || ".,'’-&".contains(c))
        && cell.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

fn is_yes_or_no(cell: &str) -> bool {
    const WORDS: [&str; 22] = [
        "yes", "no", "y", "n", "true", "false", "ja", "nein", "j", "si", "sí", "sim", "não", "nao", "oui", "non",
        "nee", "x", "0", "1", "on", "off",
    ];
    WORDS.contains(&cell.to_lowercase().as_str())
}

fn is_phone(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    (6..=16).contains(&digits) && cell.chars().all(|c| c.is_ascii_digit() || " +-()/.'".contains(c))
}
