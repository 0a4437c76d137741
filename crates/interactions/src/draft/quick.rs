//! From a sender's text to a record, for interactions that are as most are: without a tree of JSON,
//! without an [`Interaction`](crate::Interaction), and with the texts left where they stand.
//!
//! Whatever is unusual — a wrong type, an unknown field, a repeated one, too much of anything — is
//! left to [`parse_interaction`](super::parse_interaction), which knows what to say about it. What
//! this writes are the same bytes; a property test compares the two.

use super::borrowed::{Fields, Text};
use super::{money, promise, score};
use crate::interaction::{Actor, Direction, limits};
use crate::record::Written;
use crate::{Identifier, Record, SourceId, Timestamp, WorkspaceId, Zone};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

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
    #[serde(borrow)]
    text: Option<Text<'a>>,
    promise: Option<Value>,
    consent: Option<BTreeMap<String, bool>>,
    #[serde(borrow)]
    properties: Option<Fields<'a>>,
    // The edge has decided these already; a sender may repeat them.
    workspace: Option<IgnoredAny>,
    source: Option<IgnoredAny>,
    received_at: Option<IgnoredAny>,
    sent_at: Option<IgnoredAny>,
    ambiguous_time: Option<IgnoredAny>,
}

/// The record of an interaction that is as most are, as [`Draft::receive`](super::Draft::receive)
/// would make it over HTTP; `None` for anything else, right or wrong.
pub fn quick_record(
    text: &str,
    index: u32,
    workspace: WorkspaceId,
    source: &SourceId,
    received_at: Timestamp,
) -> Option<Record> {
    let sent: Sent<'_> = serde_json::from_str(text).ok()?;
    let _ = (sent.workspace, sent.source, sent.received_at, sent.sent_at, sent.ambiguous_time);
    let message_id = word(sent.message_id, limits::VALUE)?;
    let event = word(sent.event, limits::EVENT)?;
    let event = event.trim();
    if message_id.is_empty() || event.is_empty() {
        return None;
    }
    let zone = sent.zone.map(|z| Zone::new(&z.0)).transpose().ok()?;
    let at = sent.occurred_at.map(|t| Timestamp::parse(&t.0, zone.as_ref())).transpose().ok()?;
    let occurred_at = at.as_ref().map_or(received_at, |at| at.instant);
    if occurred_at.0 > received_at.0.saturating_add(limits::FUTURE_MICROS) {
        return None;
    }
    let identifiers = sent.identifiers.unwrap_or_default().sorted(limits::IDENTIFIERS)?;
    let identifiers: Vec<_> = identifiers.iter().map(|p| Identifier::new(&p.kind, &p.value)).collect();
    let refs = sent.refs.unwrap_or_default().sorted(limits::REFS)?;
    let score = sent.score.map(score).transpose().ok()?;
    let promise = sent.promise.map(|v| promise(v, zone.as_ref())).transpose().ok()?;
    let written = Written {
        workspace,
        source,
        message_id: &message_id,
        occurred_at,
        zone: zone.as_ref(),
        ambiguous_time: at.is_some_and(|at| at.ambiguous),
        received_at,
        source_seq: sent.source_seq.unwrap_or(index),
        event,
        channel: &word(sent.channel, limits::NAME)?,
        touchpoint: &word(sent.touchpoint, limits::VALUE)?,
        direction: sent.direction.unwrap_or_default(),
        actor: sent.actor.unwrap_or_default(),
        identifiers: &identifiers,
        refs: (!refs.is_empty()).then_some(&refs),
        money: sent.money.map(money).transpose().ok()?,
        score: score.as_ref(),
        text: sent.text.as_ref().map(|t| &*t.0),
        promise: promise.as_ref(),
        consent: &sent.consent.unwrap_or_default(),
        properties: sent.properties.filter(|p| !p.is_empty()),
    };
    // What the edge adds: the workspace, the source, the time of receiving, the place in the batch,
    // and the names of the parts of every identifier and ref.
    let payload = written.payload(text.len() + 256);
    let undated = written.is_undated();
    let message_id = written.message_id.to_owned();
    (payload.len() <= limits::HTTP_BYTES).then_some(Record { message_id, identifiers, received_at, payload, undated })
}

/// A text of at most so many bytes; nothing where none was sent.
fn word(text: Option<Text<'_>>, most: usize) -> Option<Cow<'_, str>> {
    let word = text.map_or(Cow::Borrowed(""), |t| t.0);
    (word.len() <= most).then_some(word)
}

/// One identifier or ref, its kind in lower case.
#[derive(Serialize)]
struct Pair<'a> {
    kind: Cow<'a, str>,
    value: Cow<'a, str>,
}

/// An object of kinds with one value or several each.
#[derive(Default)]
struct Pairs<'a>(Vec<(Cow<'a, str>, Values<'a>)>);

enum Values<'a> {
    One(Option<Cow<'a, str>>),
    Several(Vec<Option<Cow<'a, str>>>),
}

impl<'a> Pairs<'a> {
    /// In the order of the kinds as they were sent; `None` where one came twice, is empty or too
    /// long, or where there are too many.
    fn sorted(self, most: usize) -> Option<Vec<Pair<'a>>> {
        let mut pairs = self.0;
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        if pairs.windows(2).any(|w| w[0].0 == w[1].0) || pairs.iter().any(|(kind, _)| kind.trim().is_empty()) {
            return None;
        }
        let mut out = Vec::with_capacity(pairs.len());
        let mut push = |kind: Cow<'a, str>, value: Option<Cow<'a, str>>| {
            let fits = kind.len() <= limits::NAME && value.as_ref().is_none_or(|v| v.len() <= limits::VALUE);
            if let Some(value) = value.filter(|v| !v.trim().is_empty()) {
                out.push(Pair { kind, value });
            }
            fits.then_some(())
        };
        for (kind, values) in pairs {
            let kind = plain_kind(kind);
            match values {
                Values::One(value) => push(kind, value)?,
                Values::Several(values) => values.into_iter().try_for_each(|value| push(kind.clone(), value))?,
            }
        }
        (out.len() <= most).then_some(out)
    }
}

/// Trimmed and in lower case; most are already.
fn plain_kind(kind: Cow<'_, str>) -> Cow<'_, str> {
    if kind.trim().len() == kind.len() && !kind.bytes().any(|b| b.is_ascii_uppercase()) {
        kind
    } else {
        Cow::Owned(kind.trim().to_ascii_lowercase())
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
                while let Some((Text(kind), values)) = map.next_entry::<Text<'de>, Values<'de>>()? {
                    pairs.push((kind, values));
                }
                Ok(Pairs(pairs))
            }
        }
        d.deserialize_map(Entries)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Values<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_borrowed_str<E: Error>(self, v: &'de str) -> Result<Values<'de>, E> {
                Ok(Values::One(Some(Cow::Borrowed(v))))
            }

            fn visit_str<E: Error>(self, v: &str) -> Result<Values<'de>, E> {
                Ok(Values::One(Some(Cow::Owned(v.to_owned()))))
            }

            fn visit_u64<E: Error>(self, v: u64) -> Result<Values<'de>, E> {
                Ok(Values::One(Some(Cow::Owned(v.to_string()))))
            }

            fn visit_i64<E: Error>(self, v: i64) -> Result<Values<'de>, E> {
                Ok(Values::One(Some(Cow::Owned(v.to_string()))))
            }

            fn visit_unit<E: Error>(self) -> Result<Values<'de>, E> {
                Ok(Values::One(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values<'de>, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element::<Values<'de>>()? {
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
    use crate::KeySecret;
    use proptest::prelude::*;

    /// Where the quick way makes a record, the thorough one makes the same, byte for byte.
    fn check(text: &str) -> bool {
        let (shop, source) = (WorkspaceId(1), SourceId::new("shop").unwrap());
        let now = Timestamp::parse("2026-03-02T00:00:00Z", None).unwrap().instant;
        let Some(quick) = quick_record(text, 3, shop, &source, now) else { return false };
        let draft = parse_interaction(serde_json::from_str(text).unwrap(), 3).unwrap();
        let fact = draft.receive(shop, &source, now, limits::HTTP_BYTES).unwrap();
        let thorough = Record::from(fact.clone());
        assert_eq!(String::from_utf8_lossy(&quick.payload), String::from_utf8_lossy(&thorough.payload), "{text}");
        assert_eq!(quick, thorough, "{text}");
        let secret = KeySecret([3; 16]);
        assert_eq!(quick.message_key(&secret, shop, &source), fact.message_key(&secret));
        true
    }

    #[test]
    fn usual_interactions_are_read_quickly() {
        for text in [
            r#"{"message_id":"m","event":"Order Completed"}"#,
            r#"{"message_id":"m\u00e9\n","event":"e","occurred_at":"2026-03-01T09:30:00","zone":"Europe/Berlin","channel":null,"source_seq":7,
                "direction":"out","actor":"agent","identifiers":{"user_id":17,"email":["a@b.c"," ",null],"Anonymous_ID":"x"},
                "refs":{"product":["p1",2],"order":"o"},"money":{"amount":"12.90","currency":"EUR"},"score":{"kind":"nps","value":9},
                "text":"a \"b\"","promise":{"kind":"delivery","due":"2026-03-05"},"consent":{"marketing":true},
                "properties":{"c":"\u00fc\"d","a":{"b":[1,2.50,-0.0,1e3,null,true]},"a":{"z":1,"y":18446744073709551615,"z":2}},
                "sent_at":"x","workspace":{"any":1}}"#,
            r#"{"message_id":"m","event":" e ","channel":"","touchpoint":"t","text":"","refs":{},"properties":{},"consent":{}}"#,
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
            r#"{"message_id":"","event":"e"}"#,
            r#"{"message_id":"m","event":" "}"#,
            r#"{"message_id":"m","event":"e","occurred_at":"2036-01-01T00:00:00Z"}"#,
            &format!(r#"{{"message_id":"m","event":"{}"}}"#, "e".repeat(201)),
            &format!(r#"{{"message_id":"m","event":"e","channel":"{}"}}"#, "c".repeat(101)),
            &format!(r#"{{"message_id":"m","event":"e","refs":{{"order":"{}"}}}}"#, "o".repeat(513)),
            &format!(r#"{{"message_id":"m","event":"e","refs":{{"{}":"o"}}}}"#, "k".repeat(101)),
            &format!(r#"{{"message_id":"m","event":"e","identifiers":{{"email":[{}"a"]}}}}"#, r#""a","#.repeat(20)),
            &format!(r#"{{"message_id":"m","event":"e","properties":{{"p":"{}"}}}}"#, "p".repeat(33_000)),
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
            let mut fields = fields;
            fields.push(("message_id".to_owned(), Value::from("m")));
            fields.push(("event".to_owned(), Value::from("e")));
            let parts: Vec<String> = fields.iter().map(|(k, v)| format!("{}:{v}", Value::from(k.as_str()))).collect();
            check(&format!("{{{}}}", parts.join(",")));
        }
    }
}
