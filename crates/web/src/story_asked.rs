//! Which part of a story is asked for, as addresses write it; the page and the API read the same.

use crate::console::percent_encoded;
use crate::errors::Problem;
use serde::Deserialize;
use throughline_interactions::{Precision, Promise, Timestamp, Zone};
use throughline_pipeline::{CustomerFigure, StoryFilter, StoryKind, StoryPageQuery};

/// Groups of one page of a story.
pub(crate) const GROUPS: usize = 25;
/// Entries of one page of a group.
pub(crate) const ENTRIES: usize = 100;

/// The fields of an address; what is empty is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct AskedStory {
    /// 1 for the last first.
    pub(crate) newest: u8,
    /// From 0.
    pub(crate) page: usize,
    /// `orders`, `visits`, `service`, `feedback`, `promises`.
    pub(crate) kind: String,
    pub(crate) channel: String,
    /// A first and a last day.
    pub(crate) from: String,
    pub(crate) until: String,
    /// Words.
    pub(crate) q: String,
    /// A figure of the profile.
    pub(crate) figure: String,
    /// One group, by any of its interactions.
    pub(crate) group: String,
    /// One interaction in full.
    pub(crate) only: String,
    /// The page with an interaction.
    pub(crate) at: String,
}

fn wrong(message: String) -> Problem {
    Problem::Unreadable("invalid_story", message)
}

fn position(text: &str) -> Result<Option<u64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| wrong(format!("`{number}` is no place in the ledger"))),
    }
}

/// A day in the zone: when it begins, and when it is over.
fn day(text: &str, zone: &Zone) -> Result<Option<(Timestamp, Timestamp)>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let unclear = || wrong(format!("`{}` is no day; write it as 2026-03-01", text.trim()));
    let due = Timestamp::parse(text.trim(), Some(zone)).map_err(|_| unclear())?.instant;
    let whole = Promise { kind: String::new(), due, precision: Precision::Day };
    let end = whole.deadline(zone).map_err(|_| unclear())?;
    Ok(Some((due, Timestamp(end.0 + 1))))
}

impl AskedStory {
    /// What the engine is asked.
    pub(crate) fn query(&self, zone: Option<&Zone>) -> Result<StoryPageQuery, Problem> {
        let utc = Zone::new("UTC").map_err(|e| wrong(e.to_string()))?;
        let zone = zone.unwrap_or(&utc);
        let named = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let kind = match named(&self.kind) {
            Some(key) => Some(StoryKind::of_key(&key).ok_or_else(|| {
                wrong(format!("there is no kind `{key}`; take orders, visits, service, feedback or promises"))
            })?),
            None => None,
        };
        let figure = match named(&self.figure) {
            Some(key) => {
                Some(CustomerFigure::of_key(&key).ok_or_else(|| wrong(format!("a profile has no figure `{key}`")))?)
            }
            None => None,
        };
        let (group, only) = (position(&self.group)?, position(&self.only)?);
        let limit = if group.is_some() || only.is_some() { ENTRIES } else { GROUPS };
        Ok(StoryPageQuery {
            newest_first: self.newest == 1,
            filter: StoryFilter {
                kind,
                channel: named(&self.channel),
                from: day(&self.from, zone)?.map(|(from, _)| from),
                until: day(&self.until, zone)?.map(|(_, until)| until),
                words: self.q.trim().to_owned(),
                figure,
                group,
                only,
            },
            offset: self.page.saturating_mul(limit),
            limit,
            at: position(&self.at)?,
        })
    }

    /// The address of the same with these fields set and the page, the place and the group forgotten.
    pub(crate) fn with(&self, path: &str, set: &[(&str, &str)]) -> String {
        let mut to = Self { page: 0, at: String::new(), group: String::new(), only: String::new(), ..self.clone() };
        for (name, value) in set {
            let value = (*value).to_owned();
            match *name {
                "newest" => to.newest = u8::from(value == "1"),
                "page" => to.page = value.parse().unwrap_or(0),
                "kind" => to.kind = value,
                "channel" => to.channel = value,
                "figure" => to.figure = value,
                "group" => to.group = value,
                "only" => to.only = value,
                _ => to.at = value,
            }
        }
        to.link(path)
    }

    fn link(&self, path: &str) -> String {
        let (newest, page) = (self.newest.to_string(), self.page.to_string());
        let fields = [
            ("newest", if self.newest == 0 { "" } else { &newest }),
            ("kind", &self.kind),
            ("channel", &self.channel),
            ("from", &self.from),
            ("until", &self.until),
            ("q", &self.q),
            ("figure", &self.figure),
            ("group", &self.group),
            ("only", &self.only),
            ("at", &self.at),
            ("page", if self.page == 0 { "" } else { &page }),
        ];
        let said = fields.iter().filter(|(_, value)| !value.trim().is_empty());
        let said: Vec<String> = said.map(|(name, value)| format!("{name}={}", percent_encoded(value.trim()))).collect();
        if said.is_empty() { path.to_owned() } else { format!("{path}?{}", said.join("&")) }
    }

    /// Whether all of the story is looked at.
    pub(crate) fn is_all(&self) -> bool {
        let fields =
            [&self.kind, &self.channel, &self.from, &self.until, &self.q, &self.figure, &self.group, &self.only];
        fields.iter().all(|f| f.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let asked = AskedStory {
            kind: "orders".into(),
            q: "späte Lieferung & Tee".into(),
            from: "2026-03-01".into(),
            until: "2026-03-01".into(),
            page: 3,
            ..AskedStory::default()
        };
        let berlin = Zone::new("Europe/Berlin").unwrap();
        let query = asked.query(Some(&berlin)).unwrap();
        let day = query.filter.until.unwrap().0 - query.filter.from.unwrap().0;
        assert_eq!((query.offset, query.filter.kind, day), (75, Some(StoryKind::Orders), 86_400_000_000));
        let link = asked.with("/customers/1", &[("newest", "1")]);
        assert_eq!(
            link,
            "/customers/1?newest=1&kind=orders&from=2026-03-01&until=2026-03-01&q=sp%C3%A4te%20Lieferung%20%26%20Tee"
        );
        assert_eq!(AskedStory::default().with("/customers/1", &[]), "/customers/1");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let check = |asked: AskedStory, expected: &str| match asked.query(None) {
            Err(Problem::Unreadable(_, message)) => assert!(message.contains(expected), "{message}"),
            other => panic!("{other:?}"),
        };
        let empty = AskedStory::default;
        check(AskedStory { kind: "gifts".into(), ..empty() }, "no kind `gifts`");
        check(AskedStory { from: "yesterday".into(), ..empty() }, "`yesterday` is no day");
        check(AskedStory { group: "-1".into(), ..empty() }, "`-1` is no place");
        check(AskedStory { figure: "hours.99.UTC".into(), ..empty() }, "no figure");
    }
}
