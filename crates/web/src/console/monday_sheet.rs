//! The Monday page as a PDF: A4 portrait, one sheet as a rule, more where there is much to say.

use super::brief::Brief;
use super::news_words::Sentence;
use super::sheet::{BOLD, HIGH_MARK, LOW_MARK, RULE, SMALL, Sheet, Type, escaped};
use crate::format;
use throughline_paper::{Paper, PaperError, wrapped};

/// A4 at 96 pixels to the inch.
const WIDTH: f32 = 794.0;
const HEIGHT: f32 = 1123.0;
const MARGIN: f32 = 64.0;
/// Text ends here; below stands the number of the sheet.
const BOTTOM: f32 = HEIGHT - MARGIN;
/// People to call; who wants more of them opens Today.
const CALLS: usize = 6;
/// A small curve and the space beside it.
const CURVE: f32 = 136.0;

const TITLE: Type = Type { size: 24.0, ..BOLD };
const HEAD: Type = Type { size: 16.0, ..BOLD };
const SAID: Type = Type { size: 13.0, ..BOLD };
const MORE: Type = Type { size: 12.0, ..SMALL };

/// Lines from the top down, on a new sheet where one is full.
#[derive(Default)]
struct Pages {
    full: Vec<String>,
    sheet: Sheet,
    at: f32,
}

impl Pages {
    /// Begins a new sheet if `high` does not fit on this one.
    fn room(&mut self, high: f32) {
        if self.at + high > BOTTOM {
            self.full.push(std::mem::take(&mut self.sheet).out);
            self.at = MARGIN;
        }
    }

    /// Paragraphs that stay on one sheet.
    fn together(&mut self, left: f32, parts: &[(&str, Type)], gap: f32) {
        let wide = WIDTH - MARGIN - left;
        let lines =
            |(text, look): &(&str, Type)| wrapped(text, look.size, look.is_bold, wide).len() as f32 * look.leading();
        self.room(parts.iter().map(lines).sum());
        for (text, look) in parts {
            self.at = self.sheet.paragraph((left, self.at), wide, text, *look);
        }
        self.at += gap;
    }

    /// The head of a section, which is never the last line of a sheet.
    fn head(&mut self, text: &str) {
        self.room(90.0);
        self.at += 16.0;
        self.sheet.line((MARGIN, self.at), (WIDTH - MARGIN, self.at), RULE, 1.0, "");
        self.at += 10.0;
        self.together(MARGIN, &[(text, HEAD)], 6.0);
    }

    /// A sentence beside its small curve.
    fn changed(&mut self, s: &Sentence) {
        self.room(40.0);
        let (top, colour) = (self.at, if s.is_worse { LOW_MARK } else { HIGH_MARK });
        if !s.spark.points.is_empty() {
            self.sheet.out += &format!(
                "<g transform=\"translate({MARGIN} {top:.1})\"><polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" \
                 stroke-width=\"2\"/><circle cx=\"{}\" cy=\"{}\" r=\"3\" fill=\"{colour}\"/></g>",
                s.spark.points, s.spark.last.0, s.spark.last.1
            );
        }
        self.together(MARGIN + CURVE, &[(&format!("{}.", s.text), SAID), (&s.whom, MORE)], 8.0);
        self.at = self.at.max(top + 36.0);
    }

    fn finish(mut self, title: &str) -> Result<Vec<u8>, PaperError> {
        self.full.push(self.sheet.out);
        let all = self.full.len();
        let drawn = self.full.into_iter().enumerate().map(|(n, elements)| {
            let mut foot = Sheet::default();
            let words = if all == 1 { "Throughline".to_owned() } else { format!("Throughline · {} of {all}", n + 1) };
            foot.text((WIDTH - MARGIN, HEIGHT - 36.0), &words, SMALL, "end");
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
                 viewBox=\"0 0 {WIDTH} {HEIGHT}\"><title>{}</title>{elements}{}</svg>",
                escaped(title),
                foot.out
            )
        });
        let drawn: Vec<String> = drawn.collect();
        throughline_paper::pages(&drawn.iter().map(String::as_str).collect::<Vec<_>>(), Paper::A4_PORTRAIT)
    }
}

/// Draws it. `day` in words.
pub(crate) fn pdf(workspace: &str, day: &str, brief: &Brief) -> Result<Vec<u8>, PaperError> {
    let title = format!("{workspace}: Monday, {day}");
    let mut pages = Pages { at: MARGIN, ..Pages::default() };
    let until = format!("As far as the data reach: {}.", brief.until);
    pages.together(MARGIN, &[(&title, TITLE), (&until, MORE)], 0.0);

    pages.head("What changed");
    brief.changed.iter().for_each(|s| pages.changed(s));
    if brief.changed.is_empty() {
        pages.together(MARGIN, &[(brief.unchanged(), MORE)], 6.0);
    }
    if !brief.steady.is_empty() {
        pages.together(MARGIN, &[(&format!("{}.", brief.steady), MORE)], 0.0);
    }

    pages.head("What hurts most");
    for (what, how_much, _) in &brief.findings {
        pages.together(MARGIN, &[(what, SAID), (how_much, MORE)], 8.0);
    }
    if brief.findings.is_empty() {
        pages.together(MARGIN, &[("Nothing stands out from chance.", MORE)], 0.0);
    }

    pages.head("Whom to call");
    for c in brief.calls.iter().take(CALLS) {
        let name = if c.reach.is_empty() { c.name.clone() } else { format!("{} · {}", c.name, c.reach) };
        let why: String = c.why.iter().map(|w| format!("{w}. ")).collect();
        pages.together(MARGIN, &[(&name, SAID), (&why, MORE)], 8.0);
    }
    let rest = brief.calls.len().saturating_sub(CALLS) as u64 + brief.others;
    if brief.calls.is_empty() {
        pages.together(MARGIN, &[(&brief.nobody(), MORE)], 0.0);
    } else if rest > 0 {
        let others = format!("{} on Today.", format::counted(rest, "other stands", "others stand"));
        pages.together(MARGIN, &[(&others, MORE)], 0.0);
    }

    if !brief.waits.is_empty() {
        pages.head("What waits");
        brief.waits.iter().for_each(|w| pages.together(MARGIN, &[(&w.words, SAID)], 6.0));
    }
    if !brief.unknown.is_empty() {
        pages.head("What cannot be known yet");
        for u in &brief.unknown {
            pages.together(MARGIN, &[(&u.what, SAID), (&format!("{}.", u.settles), MORE)], 8.0);
        }
    }
    pages.finish(&title)
}

impl Brief {
    /// What is said where nothing changed, or nothing could be told to have.
    pub(crate) fn unchanged(&self) -> &'static str {
        match self.steady.is_empty() {
            true => "There are too few whole weeks to tell a change from chance; six and the one after them would.",
            false => "Nothing differs from the weeks before by more than chance.",
        }
    }

    /// What is said where nobody is listed to be called.
    pub(crate) fn nobody(&self) -> String {
        if self.opens_people {
            return "Nobody, today.".to_owned();
        }
        let who = format::counted(self.others, "customer is", "customers are");
        format!("{who} worth a call. Your role does not open them.")
    }
}
