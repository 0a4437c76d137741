//! Reading an interaction that is as most are, without building a tree of JSON first.
//!
//! Whatever is unusual — a wrong type, an unknown field, a repeated one — is left to
//! [`parse_interaction`](super::parse_interaction), which knows what to say about it. What this
//! reads, it reads the same; a property test compares the two.

use super::{Draft, instant, money, promise, score};
use crate::interaction::{Actor, Direction, Ref};
use crate::{Identifier, Zone};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Text that stands in the body as it is, or with its escapes undone.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    fn owned(self) -> String {
        self.0.into_owned()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent<'a> {
    #[serde(borrow)]
    message_id: Option<Text<'a>>,
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    touchpoint: Option<Text<'a>>,
    #[serde(borrow)]
    zone: Option<Text<'a>>,
    #[serde(borrow)]
    occurred_at: Option<Text<'a>>,
    source_seq: Option<u32>,
    direction: Option<Direction>,
    actor: Option<Actor>,
    #[serde(borrow)]
    identifiers: Option<Pairs<'a>>,
    #[serde(borrow)]
    refs: Option<Pairs<'a>>,
    money: Option<Value>,
    score: Option<Value>,
    text: Option<String>,
    promise: Option<Value>,
    consent: Option<BTreeMap<String, bool>>,
    properties: Option<Map<String, Value>>,
    // The edge has decided these already; a sender may repeat them.
    workspace: Option<IgnoredAny>,
    source: Option<IgnoredAny>,
    received_at: Option<IgnoredAny>,
    sent_at: Option<IgnoredAny>,
    ambiguous_time: Option<IgnoredAny>,
}

/// The draft of an interaction that is as most are; `None` for anything else, right or wrong.
pub fn quick_interaction(text: &str, index: u32) -> Option<Draft> {
    let sent: Sent<'_> = serde_json::from_str(text).ok()?;
    let _ = (sent.workspace, sent.source, sent.received_at, sent.sent_at, sent.ambiguous_time);
    let owned = |t: Option<Text<'_>>| t.map(Text::owned).unwrap_or_default();
    let zone = sent.zone.map(|z| Zone::new(&z.0)).transpose().ok()?;
    let at = sent.occurred_at.map(|t| instant(&Value::String(t.owned()), "occurred_at", zone.as_ref()));
    let at = at.transpose().ok()?;
    let identifiers = sent.identifiers.map_or(Some(Vec::new()), |p| p.sorted(Identifier::of_pair))?;
    let refs = sent.refs.map_or(Some(Vec::new()), |p| p.sorted(|kind, value| Ref { kind, value }))?;
    Some(Draft {
        message_id: owned(sent.message_id),
        occurred_at: at.map(|(at, _)| at),
        ambiguous_time: at.is_some_and(|(_, ambiguous)| ambiguous),
        source_seq: sent.source_seq.unwrap_or(index),
        event: owned(sent.event),
        channel: owned(sent.channel),
        touchpoint: owned(sent.touchpoint),
        direction: sent.direction.unwrap_or_default(),
        actor: sent.actor.unwrap_or_default(),
        identifiers,
        refs,
        money: sent.money.map(money).transpose().ok()?,
        score: sent.score.map(score).transpose().ok()?,
        text: sent.text,
        promise: sent.promise.map(|v| promise(v, zone.as_ref())).transpose().ok()?,
        consent: sent.consent.unwrap_or_default(),
        properties: sent.properties.unwrap_or_default(),
        zone,
    })
}

impl Identifier {
    fn of_pair(kind: String, value: String) -> Self {
        Self::new(&kind, &value)
    }
}

/// An object of kinds with one value or several each.
#[derive(Default)]
struct Pairs<'a>(Vec<(Cow<'a, str>, Values)>);

enum Values {
    One(Option<String>),
    Several(Vec<Option<String>>),
}

impl Pairs<'_> {
    /// In the order of the kinds as they were sent; `None` where one came twice or is empty.
    fn sorted<T>(self, make: impl Fn(String, String) -> T) -> Option<Vec<T>> {
        let mut pairs = self.0;
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        if pairs.windows(2).any(|w| w[0].0 == w[1].0) || pairs.iter().any(|(kind, _)| kind.trim().is_empty()) {
            return None;
        }
        let mut out = Vec::with_capacity(pairs.len());
        for (kind, values) in pairs {
            let kind = kind.trim().to_ascii_lowercase();
            let mut push = |kind: String, value: Option<String>| {
                if let Some(value) = value.filter(|v| !v.trim().is_empty()) {
                    out.push(make(kind, value));
                }
            };
            match values {
                Values::One(value) => push(kind, value),
                Values::Several(values) => values.into_iter().for_each(|value| push(kind.clone(), value)),
            }
        }
        Some(out)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of kinds")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::with_capacity(4);
                while let Some((Text(kind), values)) = map.next_entry::<Text<'de>, Values>()? {
                    pairs.push((kind, values));
                }
                Ok(Pairs(pairs))
            }
        }
        d.deserialize_map(Entries)
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_str<E: Error>(self, v: &str) -> Result<Values, E> {
                Ok(Values::One(Some(v.to_owned())))
            }

            fn visit_string<E: Error>(self, v: String) -> Result<Values, E> {
                Ok(Values::One(Some(v)))
            }

            fn visit_u64<E: Error>(self, v: u64) -> Result<Values, E> {
                Ok(Values::One(Some(v.to_string())))
            }

            fn visit_i64<E: Error>(self, v: i64) -> Result<Values, E> {
                Ok(Values::One(Some(v.to_string())))
            }

            fn visit_unit<E: Error>(self) -> Result<Values, E> {
                Ok(Values::One(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element::<Values>()? {
                    match value {
                        Values::One(value) => values.push(value),
                        Values::Several(_) => return Err(A::Error::custom("a list in a list")),
                    }
                }
                Ok(Values::Several(values))
            }
        }
        d.deserialize_any(One)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::super::parse_interaction;
    use super::*;
    use proptest::prelude::*;

    /// Where the quick way reads something, the thorough one reads the same.
    fn check(text: &str) -> bool {
        match quick_interaction(text, 3) {
            Some(quick) => {
                let value = serde_json::from_str(text).unwrap();
                assert_eq!(Ok(quick), parse_interaction(value, 3), "{text}");
                true
            }
            None => false,
        }
    }

    #[test]
    fn usual_interactions_are_read_quickly() {
        for text in [
            r#"{"message_id":"m","event":"Order Completed"}"#,
            r#"{"message_id":"m\u00e9\n","event":"e","occurred_at":"2026-03-01T09:30:00","zone":"Europe/Berlin","channel":null,"source_seq":7,
                "direction":"out","actor":"agent","identifiers":{"user_id":17,"email":["a@b.c"," ",null],"Anonymous_ID":"x"},
                "refs":{"product":["p1",2],"order":"o"},"money":{"amount":"12.90","currency":"EUR"},"score":{"kind":"nps","value":9},
                "text":"a \"b\"","promise":{"kind":"delivery","due":"2026-03-05"},"consent":{"marketing":true},
                "properties":{"a":{"b":[1,2.5,null]},"c":"d"},"sent_at":"x","workspace":{"any":1}}"#,
        ] {
            assert!(check(text), "{text}");
        }
    }

    #[test]
    fn anything_else_is_left_to_the_thorough_way() {
        for text in [
            "7",
            "{",
            r#"{"message_id":"m","event":7}"#,
            r#"{"message_id":"m","event":"e","tiem":"x"}"#,
            r#"{"message_id":"m","message_id":"n","event":"e"}"#,
            r#"{"message_id":"m","event":"e","identifiers":{"email":"a","email":"b"}}"#,
            r#"{"message_id":"m","event":"e","identifiers":{"email":1.5}}"#,
            r#"{"message_id":"m","event":"e","identifiers":[{"kind":"email","value":"a"}]}"#,
            r#"{"message_id":"m","event":"e","identifiers":{" ":"a"}}"#,
            r#"{"message_id":"m","event":"e","occurred_at":1700000000000}"#,
            r#"{"message_id":"m","event":"e","zone":"Mars"}"#,
            r#"{"message_id":"m","event":"e","score":{"kind":"nps","value":11}}"#,
        ] {
            assert!(!check(text), "{text}");
        }
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
            Just(Value::from("2026-03-01T09:30:00Z")),
            Just(Value::from("2026-03-29T02:30:00")),
            Just(Value::from("Europe/Berlin")),
            Just(Value::from("in")),
            Just(Value::from("bot")),
        ]
    }

    fn anything() -> impl Strategy<Value = Value> {
        scalar().prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(
                    prop_oneof![
                        "[a-cA-C ]{0,2}",
                        Just("email".to_owned()),
                        Just("kind".to_owned()),
                        Just("value".to_owned())
                    ],
                    inner,
                    0..4
                )
                .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    fn field() -> impl Strategy<Value = String> {
        let known = [super::super::FIELDS, &["sent_at", "workspace", "unknown"]].concat();
        prop::sample::select(known).prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn both_ways_read_the_same(
            fields in prop::collection::vec((field(), anything()), 0..8),
        ) {
            let parts: Vec<String> = fields.iter().map(|(k, v)| format!("{}:{v}", Value::from(k.as_str()))).collect();
            check(&format!("{{{}}}", parts.join(",")));
        }
    }
}
