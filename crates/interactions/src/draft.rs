//! The door: JSON as people and programs send it, and what it takes to become an interaction.

mod borrowed;
mod quick;

pub use quick::quick_record;

use crate::interaction::{Actor, Direction, Interaction, Ref, limits};
use crate::{
    Currency, Fault, Identifier, Money, Precision, Promise, Score, ScoreKind, SourceId, Timestamp, WorkspaceId, Zone,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// An interaction before it has been received: what a sender or a file says, each part already of
/// the right type. [`Draft::receive`] makes it a fact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// See [`Interaction::message_id`]; empty when the sender has none.
    pub message_id: String,
    /// When it happened; `None` takes the receiving time.
    pub occurred_at: Option<Timestamp>,
    /// The zone of the source.
    pub zone: Option<Zone>,
    /// The first of two readings was taken.
    pub ambiguous_time: bool,
    /// Row or array index.
    pub source_seq: u32,
    /// What happened.
    pub event: String,
    /// Where.
    pub channel: String,
    /// Where exactly.
    pub touchpoint: String,
    /// Which way.
    pub direction: Direction,
    /// Who acted.
    pub actor: Actor,
    /// Who it was.
    pub identifiers: Vec<Identifier>,
    /// What it was about.
    pub refs: Vec<Ref>,
    /// What it was worth.
    pub money: Option<Money>,
    /// What was answered.
    pub score: Option<Score>,
    /// What was said.
    pub text: Option<String>,
    /// What was promised.
    pub promise: Option<Promise>,
    /// What the person allows.
    pub consent: BTreeMap<String, bool>,
    /// Everything else.
    pub properties: Map<String, Value>,
}

impl Draft {
    /// Checks sizes and times and makes the fact. `max_bytes` is [`limits::HTTP_BYTES`] or
    /// [`limits::FILE_BYTES`].
    pub fn receive(
        self,
        workspace: WorkspaceId,
        source: &SourceId,
        received_at: Timestamp,
        max_bytes: usize,
    ) -> Result<Interaction, Fault> {
        if self.event.trim().is_empty() {
            return Err(Fault::at(
                "event",
                "missing",
                "`event` is missing: say what happened, such as \"Order Completed\"",
            ));
        }
        if self.message_id.is_empty() {
            return Err(Fault::at(
                "message_id",
                "missing",
                "`message_id` is missing: give each interaction an id of its own, so that sending it twice counts once",
            ));
        }
        let too_long = |field: &str, text: &str, max: usize| {
            (text.len() > max).then(|| {
                Fault::at(field, "too_large", format!("`{field}` has {} bytes; at most {max} are taken", text.len()))
            })
        };
        let oversized = {
            let words = [
                ("event", &self.event, limits::EVENT),
                ("message_id", &self.message_id, limits::VALUE),
                ("channel", &self.channel, limits::NAME),
                ("touchpoint", &self.touchpoint, limits::VALUE),
            ];
            let pairs = self.identifiers.iter().map(|i| ("identifiers", &i.kind, &i.value));
            let pairs = pairs.chain(self.refs.iter().map(|r| ("refs", &r.kind, &r.value)));
            let pairs = pairs.flat_map(|(of, kind, value)| [(of, value, limits::VALUE), (of, kind, limits::NAME)]);
            words.into_iter().chain(pairs).find_map(|(field, text, max)| too_long(field, text, max))
        };
        if let Some(fault) = oversized {
            return Err(fault);
        }
        for (field, n, max) in
            [("identifiers", self.identifiers.len(), limits::IDENTIFIERS), ("refs", self.refs.len(), limits::REFS)]
        {
            if n > max {
                return Err(Fault::at(
                    field,
                    "too_many",
                    format!("`{field}` has {n} entries; at most {max} are taken"),
                ));
            }
        }
        let occurred_at = self.occurred_at.unwrap_or(received_at);
        if occurred_at.0 > received_at.0.saturating_add(limits::FUTURE_MICROS) {
            return Err(Fault::at(
                "occurred_at",
                "in_the_future",
                format!(
                    "`occurred_at` is {occurred_at}, more than a day after it was received; check the sender's clock"
                ),
            ));
        }
        let fact = Interaction {
            workspace,
            source: source.clone(),
            message_id: self.message_id,
            occurred_at,
            zone: self.zone,
            ambiguous_time: self.ambiguous_time,
            received_at,
            source_seq: self.source_seq,
            event: if self.event.trim().len() == self.event.len() { self.event } else { self.event.trim().to_owned() },
            channel: self.channel,
            touchpoint: self.touchpoint,
            direction: self.direction,
            actor: self.actor,
            identifiers: self.identifiers,
            refs: self.refs,
            money: self.money,
            score: self.score,
            text: self.text,
            promise: self.promise,
            consent: self.consent,
            properties: self.properties,
        };
        // Most facts are so small that nothing needs to be written to know it.
        if largest_size(&fact) <= max_bytes {
            return Ok(fact);
        }
        let size = fact.to_payload().len();
        if size > max_bytes {
            return Err(Fault::whole(
                "too_large",
                format!("the interaction has {size} bytes; at most {max_bytes} are taken here"),
            ));
        }
        Ok(fact)
    }
}

/// More bytes than the payload of a fact can have: a byte of text takes at most six in JSON, and
/// the lengths of all other parts are known.
fn largest_size(fact: &Interaction) -> usize {
    fn of_value(v: &Value) -> usize {
        match v {
            Value::Null | Value::Bool(_) => 5,
            Value::Number(_) => 40,
            Value::String(s) => 2 + 6 * s.len(),
            Value::Array(list) => 2 + list.iter().map(|v| 1 + of_value(v)).sum::<usize>(),
            Value::Object(fields) => 2 + fields.iter().map(|(k, v)| 4 + 6 * k.len() + of_value(v)).sum::<usize>(),
        }
    }
    let words = [&fact.message_id, &fact.event, &fact.channel, &fact.touchpoint].map(|s| s.len()).iter().sum::<usize>();
    let pairs = |kind: &str, value: &str| 24 + 6 * (kind.len() + value.len());
    // Names of fields, numbers, times, the source, the zone and the score's kind are below 4 KB.
    4096 + 6 * (words + fact.text.as_ref().map_or(0, String::len) + fact.promise.as_ref().map_or(0, |p| p.kind.len()))
        + fact.identifiers.iter().map(|i| pairs(&i.kind, &i.value)).sum::<usize>()
        + fact.refs.iter().map(|r| pairs(&r.kind, &r.value)).sum::<usize>()
        + fact.consent.keys().map(|k| 8 + 6 * k.len()).sum::<usize>()
        + fact.properties.iter().map(|(k, v)| 4 + 6 * k.len() + of_value(v)).sum::<usize>()
}

/// Reads one interaction of the native API from JSON. `index` is its place in the array or the
/// line of the file, used for `source_seq` where the sender gives none.
pub fn parse_interaction(value: Value, index: u32) -> Result<Draft, Fault> {
    let Value::Object(mut o) = value else {
        return Err(Fault::whole("wrong_type", format!("an interaction is a JSON object, not {}", kind_of(&value))));
    };
    let mut d = Draft { source_seq: index, ..Draft::default() };
    d.message_id = text(&mut o, "message_id")?.unwrap_or_default();
    d.event = text(&mut o, "event")?.unwrap_or_default();
    d.channel = text(&mut o, "channel")?.unwrap_or_default();
    d.touchpoint = text(&mut o, "touchpoint")?.unwrap_or_default();
    d.zone = text(&mut o, "zone")?
        .map(|z| Zone::new(&z).map_err(|e| Fault::at("zone", "unknown_zone", e.to_string())))
        .transpose()?;
    if let Some(v) = take(&mut o, "occurred_at") {
        let (at, ambiguous) = instant(&v, "occurred_at", d.zone.as_ref())?;
        d.occurred_at = Some(at);
        d.ambiguous_time = ambiguous;
    }
    if let Some(v) = take(&mut o, "source_seq") {
        d.source_seq = v.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
            Fault::at("source_seq", "wrong_type", "`source_seq` must be a whole number from 0 to 4294967295")
        })?;
    }
    d.direction = choice(&mut o, "direction", &[("in", Direction::In), ("out", Direction::Out)])?.unwrap_or_default();
    d.actor = choice(
        &mut o,
        "actor",
        &[
            ("human", Actor::Human),
            ("agent", Actor::Agent),
            ("bot", Actor::Bot),
            ("prefetch", Actor::Prefetch),
            ("system", Actor::System),
            ("internal", Actor::Internal),
        ],
    )?
    .unwrap_or_default();
    d.identifiers = pairs(&mut o, "identifiers")?.into_iter().map(|(k, v)| Identifier::new(&k, &v)).collect();
    d.refs = pairs(&mut o, "refs")?.into_iter().map(|(kind, value)| Ref { kind, value }).collect();
    d.money = take(&mut o, "money").map(money).transpose()?;
    d.score = take(&mut o, "score").map(score).transpose()?;
    d.text = text(&mut o, "text")?;
    d.promise = take(&mut o, "promise").map(|v| promise(v, d.zone.as_ref())).transpose()?;
    if let Some(v) = take(&mut o, "consent") {
        for (purpose, allowed) in object(v, "consent")? {
            let Value::Bool(allowed) = allowed else {
                return Err(wrong_type(&format!("consent.{purpose}"), "true or false", &allowed));
            };
            d.consent.insert(purpose, allowed);
        }
    }
    if let Some(v) = take(&mut o, "properties") {
        d.properties = object(v, "properties")?;
    }
    // The edge has decided these already; a sender may repeat them.
    for known in ["workspace", "source", "received_at", "sent_at", "ambiguous_time"] {
        o.remove(known);
    }
    if let Some(name) = o.keys().next() {
        let hint = nearest(name).map_or_else(
            || "put your own fields into `properties`".to_owned(),
            |known| format!("did you mean `{known}`? Put your own fields into `properties`"),
        );
        return Err(Fault::at(name, "unknown_field", format!("`{name}` is not a field of an interaction; {hint}")));
    }
    Ok(d)
}

const FIELDS: &[&str] = &[
    "message_id",
    "occurred_at",
    "zone",
    "source_seq",
    "event",
    "channel",
    "touchpoint",
    "direction",
    "actor",
    "identifiers",
    "refs",
    "money",
    "score",
    "text",
    "promise",
    "consent",
    "properties",
];

fn nearest(name: &str) -> Option<&'static str> {
    let plain = |s: &str| s.to_ascii_lowercase().replace(['_', '-', ' '], "");
    let alias = match plain(name).as_str() {
        "timestamp" | "time" | "date" | "ts" | "originaltimestamp" => Some("occurred_at"),
        "messageid" | "id" | "uuid" | "eventid" => Some("message_id"),
        "userid" | "anonymousid" | "email" | "user" | "customer" | "identifier" => Some("identifiers"),
        "name" | "type" | "eventname" | "action" => Some("event"),
        "amount" | "price" | "total" | "value" | "revenue" => Some("money"),
        "comment" | "message" | "verbatim" | "body" => Some("text"),
        "rating" | "stars" | "nps" | "csat" => Some("score"),
        "order" | "orderid" | "product" | "ref" => Some("refs"),
        "props" | "attributes" | "data" => Some("properties"),
        "timezone" | "tz" => Some("zone"),
        _ => None,
    };
    alias.or_else(|| FIELDS.iter().copied().find(|f| plain(f) == plain(name)))
}

/// Takes a field out; an explicit null is no field.
fn take(o: &mut Map<String, Value>, field: &str) -> Option<Value> {
    o.remove(field).filter(|v| !v.is_null())
}

fn kind_of(v: &Value) -> &'static str {
    match v {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn wrong_type(field: &str, wanted: &str, got: &Value) -> Fault {
    Fault::at(field, "wrong_type", format!("`{field}` must be {wanted}, not {}", kind_of(got)))
}

fn object(v: Value, field: &str) -> Result<Map<String, Value>, Fault> {
    match v {
        Value::Object(o) => Ok(o),
        other => Err(wrong_type(field, "an object", &other)),
    }
}

fn text(o: &mut Map<String, Value>, field: &str) -> Result<Option<String>, Fault> {
    match take(o, field) {
        None => Ok(None),
        Some(Value::String(s)) => Ok(Some(s)),
        Some(other) => Err(wrong_type(field, "a text", &other)),
    }
}

fn choice<T: Copy>(o: &mut Map<String, Value>, field: &str, of: &[(&str, T)]) -> Result<Option<T>, Fault> {
    let Some(name) = text(o, field)? else { return Ok(None) };
    of.iter().find(|(n, _)| *n == name).map(|(_, t)| Some(*t)).ok_or_else(|| {
        let names: Vec<_> = of.iter().map(|(n, _)| *n).collect();
        Fault::at(field, "unknown_value", format!("`{field}` is `{}`; it can be {}", clip(&name), names.join(", ")))
    })
}

fn clip(s: &str) -> String {
    s.chars().take(60).collect()
}

/// A time as text, or as a number of milliseconds (the habit of JavaScript) since 1970.
fn instant(v: &Value, field: &str, zone: Option<&Zone>) -> Result<(Timestamp, bool), Fault> {
    let bad = |e: crate::TimeError| Fault::at(field, "invalid_time", format!("`{field}`: {e}"));
    match v {
        Value::String(s) => Timestamp::parse(s, zone).map(|t| (t.instant, t.ambiguous)).map_err(bad),
        Value::Number(n) => {
            let micros = match n.as_i64() {
                Some(ms) => ms.checked_mul(1000),
                None => n.as_f64().map(|ms| (ms * 1000.0).round() as i64),
            };
            let micros = micros.unwrap_or(i64::MAX);
            Timestamp(micros).in_range(&n.to_string()).map(|t| (t, false)).map_err(|e| {
                Fault::at(field, "invalid_time", format!("`{field}`: {e}; a number is read as milliseconds since 1970"))
            })
        }
        other => Err(wrong_type(field, "a time such as \"2026-03-01T09:30:00Z\"", other)),
    }
}

/// `{"email": "a@b.c", "product": ["1", "2"]}`, or `[{"kind": "email", "value": "a@b.c"}]`.
fn pairs(o: &mut Map<String, Value>, field: &str) -> Result<Vec<(String, String)>, Fault> {
    let mut out = Vec::new();
    let mut push = |kind: &str, v: Value, path: &str| -> Result<(), Fault> {
        let kind = kind.trim();
        if kind.is_empty() {
            return Err(Fault::at(field, "missing", format!("an entry of `{field}` has no kind")));
        }
        match v {
            Value::String(s) if s.trim().is_empty() => Ok(()),
            Value::String(s) => {
                out.push((kind.to_ascii_lowercase(), s));
                Ok(())
            }
            Value::Number(n) if n.is_i64() || n.is_u64() => {
                out.push((kind.to_ascii_lowercase(), n.to_string()));
                Ok(())
            }
            Value::Null => Ok(()),
            other => Err(wrong_type(path, "a text or a whole number", &other)),
        }
    };
    match take(o, field) {
        None => {}
        Some(Value::Object(map)) => {
            for (kind, v) in map {
                let path = format!("{field}.{kind}");
                match v {
                    Value::Array(list) => {
                        for v in list {
                            push(&kind, v, &path)?;
                        }
                    }
                    v => push(&kind, v, &path)?,
                }
            }
        }
        Some(Value::Array(list)) => {
            for (i, entry) in list.into_iter().enumerate() {
                let path = format!("{field}[{i}]");
                let mut entry = object(entry, &path)?;
                let kind = text(&mut entry, "kind")?
                    .ok_or_else(|| Fault::at(&path, "missing", format!("`{path}` needs `kind` and `value`")))?;
                let v = take(&mut entry, "value").unwrap_or(Value::Null);
                push(&kind, v, &path)?;
            }
        }
        Some(other) => return Err(wrong_type(field, "an object such as {\"email\": \"ana@example.org\"}", &other)),
    }
    Ok(out)
}

fn money(v: Value) -> Result<Money, Fault> {
    let mut o = object(v, "money")?;
    let code = text(&mut o, "currency")?.ok_or_else(|| {
        Fault::at("money.currency", "missing", "`money.currency` is missing; write a code such as EUR")
    })?;
    let currency = Currency::new(&code).map_err(|e| Fault::at("money.currency", "invalid_money", e.to_string()))?;
    let bad = |e: crate::MoneyError| Fault::at("money.amount", "invalid_money", format!("`money.amount`: {e}"));
    match (take(&mut o, "amount"), take(&mut o, "minor")) {
        (Some(Value::String(s)), None) => Money::from_decimal(&s, currency).map_err(bad),
        (Some(Value::Number(n)), None) => Money::from_decimal(&n.to_string(), currency).map_err(bad),
        (None, Some(Value::Number(n))) if n.is_i64() => {
            Ok(Money { minor: n.as_i64().expect("checked to be an i64"), currency })
        }
        (Some(other), None) => Err(wrong_type("money.amount", "a number or a text such as \"12.90\"", &other)),
        (None, Some(other)) => Err(wrong_type("money.minor", "a whole number of cents", &other)),
        _ => Err(Fault::at(
            "money",
            "invalid_money",
            "`money` needs either `amount` (12.90) or `minor` (1290), not both",
        )),
    }
}

fn score(v: Value) -> Result<Score, Fault> {
    let mut o = object(v, "score")?;
    let bad = |e: crate::ScoreError| Fault::at("score", "invalid_score", e.to_string());
    let kind = ScoreKind::new(&text(&mut o, "kind")?.unwrap_or_default()).map_err(bad)?;
    let number = |field: &str| match o.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => Ok(n.as_f64()),
        Some(other) => Err(wrong_type(&format!("score.{field}"), "a number", other)),
    };
    let value = number("value")?.ok_or_else(|| {
        Fault::at("score.value", "missing", "`score.value` is missing; a skipped question is no score, leave it out")
    })?;
    let scale = match (number("min")?, number("max")?) {
        (Some(min), Some(max)) => Some((min, max)),
        (None, None) => None,
        _ => return Err(Fault::at("score", "invalid_score", "`score` needs both `min` and `max`, or neither")),
    };
    Score::new(kind, value, scale).map_err(bad)
}

fn promise(v: Value, zone: Option<&Zone>) -> Result<Promise, Fault> {
    let mut o = object(v, "promise")?;
    let kind = text(&mut o, "kind")?.filter(|k| !k.trim().is_empty() && k.len() <= limits::NAME).ok_or_else(|| {
        Fault::at("promise.kind", "missing", "`promise.kind` is missing; say what was promised, such as \"delivery\"")
    })?;
    let precision = choice(&mut o, "precision", &[("day", Precision::Day), ("instant", Precision::Instant)])?;
    let due = take(&mut o, "due")
        .ok_or_else(|| Fault::at("promise.due", "missing", "`promise.due` is missing; say until when"))?;
    // A date alone promises the day; it is read in the interaction's zone, UTC where none is given.
    let is_date = due.as_str().is_some_and(|s| s.trim().len() == 10);
    let utc = Zone::new("UTC").expect("UTC is a zone");
    let zone = if is_date { Some(zone.unwrap_or(&utc)) } else { zone };
    let (due, _) = instant(&due, "promise.due", zone)?;
    let precision = precision.unwrap_or(if is_date { Precision::Day } else { Precision::Instant });
    Ok(Promise { kind, due, precision })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn receive(v: Value) -> Result<Interaction, Fault> {
        let now = Timestamp::parse("2026-03-02T00:00:00Z", None).unwrap().instant;
        parse_interaction(v, 3)?.receive(WorkspaceId(1), &SourceId::new("shop").unwrap(), now, limits::HTTP_BYTES)
    }

    fn check(patch: Value, expected: &str) {
        let mut v = json!({"message_id": "m1", "event": "Order Completed", "occurred_at": "2026-03-01T09:30:00Z"});
        for (k, p) in patch.as_object().unwrap() {
            v[k] = p.clone();
        }
        let got = receive(v).map_or_else(|e| e.to_string(), |i| String::from_utf8(i.to_payload()).unwrap());
        assert_eq!(got, expected);
    }

    #[test]
    fn a_full_interaction_keeps_every_field() {
        check(
            json!({
                "zone": "Europe/Berlin", "channel": "web", "touchpoint": "checkout", "direction": "in",
                "identifiers": {"email": "Ana@Example.org", "anonymous_id": 17},
                "refs": {"order": "o-1", "product": ["p1", "p2"]},
                "money": {"amount": 12.9, "currency": "eur"},
                "score": {"kind": "stars", "value": 4},
                "text": "fine <b>", "promise": {"kind": "delivery", "due": "2026-03-05"},
                "consent": {"marketing": false}, "properties": {"coupon": "SPRING"}
            }),
            r#"{"workspace":1,"source":"shop","message_id":"m1","occurred_at":"2026-03-01T09:30:00Z","zone":"Europe/Berlin","received_at":"2026-03-02T00:00:00Z","source_seq":3,"event":"Order Completed","channel":"web","touchpoint":"checkout","identifiers":[{"kind":"anonymous_id","value":"17"},{"kind":"email","value":"Ana@Example.org"}],"refs":[{"kind":"order","value":"o-1"},{"kind":"product","value":"p1"},{"kind":"product","value":"p2"}],"money":{"minor":1290,"currency":"EUR"},"score":{"kind":"stars","value":4.0,"min":1.0,"max":5.0},"text":"fine <b>","promise":{"kind":"delivery","due":"2026-03-04T23:00:00Z","precision":"day"},"consent":{"marketing":false},"properties":{"coupon":"SPRING"}}"#,
        );
    }

    #[test]
    fn the_largest_size_is_never_below_the_size() {
        let nasty = "\u{1}\"\\\n".repeat(50);
        let of = |v: Value| {
            let fact = receive(v).unwrap();
            assert!(largest_size(&fact) >= fact.to_payload().len());
        };
        of(json!({"message_id": "m", "event": "e"}));
        of(json!({
            "message_id": nasty, "event": "e", "zone": "America/Argentina/ComodRivadavia", "channel": "\u{1}".repeat(100),
            "touchpoint": nasty, "text": nasty.repeat(10), "actor": "prefetch", "direction": "out",
            "identifiers": {"\u{1}\u{2}": nasty, "email": ["a", "b"]}, "refs": {"\u{1}": [nasty, nasty]},
            "money": {"minor": i64::MIN, "currency": "EUR"},
            "score": {"kind": "\u{1}".repeat(60), "value": -1.234_567_890_123_456e-300, "min": -1e300, "max": 1e300},
            "promise": {"kind": "\u{1}".repeat(100), "due": "2026-01-01T00:00:00.123456Z"},
            "consent": {"\u{1}": true}, "properties": {"\u{1}": [null, {"\u{1}": nasty}, -1.234_567_890_123_456e-300, false]}
        }));
    }

    #[test]
    fn faults_name_the_field_and_the_mend() {
        check(
            json!({"occurred_at": "0000-00-00"}),
            "`occurred_at`: `0000-00-00` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
        );
        check(
            json!({"occurred_at": "2036-01-01T00:00:00Z"}),
            "`occurred_at` is 2036-01-01T00:00:00Z, more than a day after it was received; check the sender's clock",
        );
        check(
            json!({"occurred_at": 12}),
            "`occurred_at`: `12` is outside the years 1970 to 2105; a number is read as milliseconds since 1970",
        );
        check(json!({"zone": "Mars"}), "`Mars` is not a time zone; write an IANA name such as Europe/Berlin");
        check(json!({"event": 7}), "`event` must be a text, not a number");
        check(json!({"event": " "}), "`event` is missing: say what happened, such as \"Order Completed\"");
        check(json!({"score": {"kind": "nps", "value": 11}}), "score `nps` is 11, outside its scale 0 to 10");
        check(json!({"score": {"kind": "taste", "value": 1}}), "score `taste` needs its scale: give `min` and `max`");
        check(
            json!({"money": {"amount": "1.2.3", "currency": "EUR"}}),
            "`money.amount`: `1.2.3` is not an amount; write digits with a point, such as 12.90",
        );
        check(
            json!({"timestamp": "x"}),
            "`timestamp` is not a field of an interaction; did you mean `occurred_at`? Put your own fields into `properties`",
        );
        check(json!({"identifiers": ["a"]}), "`identifiers[0]` must be an object, not a text");
        check(json!({"direction": "up"}), "`direction` is `up`; it can be in, out");
        check(json!({"event": "x".repeat(300)}), "`event` has 300 bytes; at most 200 are taken");
        assert!(receive(json!([1])).unwrap_err().to_string().starts_with("an interaction is a JSON object"));
        let big = receive(json!({"message_id": "m", "event": "e", "properties": {"x": "y".repeat(40_000)}}));
        assert_eq!(big.unwrap_err().code, "too_large");
    }
}
