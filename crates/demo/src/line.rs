//! One interaction while it is being written.

use crate::calendar::Calendar;
use serde_json::Value;
use throughline_interactions::{
    Actor, Currency, Direction, Draft, Identifier, Money, Precision, Promise, Ref, Score, ScoreKind, Timestamp,
};

/// A draft, its source and its time.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// One of [`crate::SOURCES`].
    pub source: &'static str,
    /// When, in microseconds.
    pub at: i64,
    pub draft: Draft,
}

impl Line {
    pub(crate) fn new(
        calendar: &Calendar,
        source: &'static str,
        at: i64,
        event: &str,
        channel: &str,
        touchpoint: &str,
    ) -> Self {
        let draft = Draft {
            occurred_at: Some(Timestamp(at)),
            zone: Some(calendar.zone.clone()),
            event: event.to_owned(),
            channel: channel.to_owned(),
            touchpoint: touchpoint.to_owned(),
            ..Draft::default()
        };
        Self { source, at, draft }
    }

    pub(crate) fn who(mut self, identifiers: &[Identifier]) -> Self {
        self.draft.identifiers.extend_from_slice(identifiers);
        self
    }

    pub(crate) fn about(mut self, kind: &str, value: &str) -> Self {
        self.draft.refs.push(Ref { kind: kind.to_owned(), value: value.to_owned() });
        self
    }

    pub(crate) fn by(mut self, actor: Actor) -> Self {
        self.draft.actor = actor;
        self
    }

    /// From the shop to the customer.
    pub(crate) fn out(mut self, actor: Actor) -> Self {
        self.draft.direction = Direction::Out;
        self.by(actor)
    }

    pub(crate) fn cents(mut self, minor: i64) -> Self {
        let currency = Currency::new(crate::CURRENCY).expect("the shop's currency is a code");
        self.draft.money = Some(Money { minor, currency });
        self
    }

    /// An answer; one outside the scale of its question is brought to its nearest end.
    pub(crate) fn score(mut self, kind: ScoreKind, value: i64) -> Self {
        let (min, max) = kind.usual_scale().unwrap_or((1.0, 5.0));
        self.draft.score = Score::new(kind, (value as f64).clamp(min, max), Some((min, max))).ok();
        self
    }

    pub(crate) fn says(mut self, text: String) -> Self {
        self.draft.text = Some(text);
        self
    }

    /// A delivery promised for the day that begins at `due`.
    pub(crate) fn promise(mut self, due: i64) -> Self {
        self.draft.promise =
            Some(Promise { kind: "delivery".to_owned(), due: Timestamp(due), precision: Precision::Day });
        self
    }

    pub(crate) fn with(mut self, property: &str, value: impl Into<Value>) -> Self {
        self.draft.properties.insert(property.to_owned(), value.into());
        self
    }

    pub(crate) fn consent(mut self, purpose: &str, allowed: bool) -> Self {
        self.draft.consent.insert(purpose.to_owned(), allowed);
        self
    }
}
