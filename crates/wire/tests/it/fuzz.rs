//! Bodies that were cut, spliced, bent and blown up: each is read or refused, in a moment, in little
//! memory, and never by a panic.
//!
//! A hundred thousand of them; `THROUGHLINE_FUZZ=10000000` reads more. The seed is fixed.

use crate::{at, memory};
use std::time::{Duration, Instant};
use throughline_interactions::{SourceId, WorkspaceId, limits, parse_interaction, quick_record};
use throughline_wire::hooks::{self, System};
use throughline_wire::{Around, posthog, read, script, segment};

/// Bodies to begin with, of every dialect.
const SEEDS: &[&str] = &[
    r#"{"batch":[{"type":"track","event":"Order Completed","messageId":"m-1","userId":"u1","anonymousId":null,"properties":{"order_id":"o1","revenue":12.5,"currency":"EUR","products":[{"product_id":"p","price":"3,10","quantity":2}]},"timestamp":"2026-11-26T08:26:11.442+00:00","context":{"library":{"name":"analytics-python","version":"2.4.0"},"ip":"10.0.0.1","timezone":"Europe/Berlin","userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)","consent":{"categoryPreferences":{"Analytics":true}}}},{"type":"identify","userId":"u1","traits":{"email":"a@b.c"},"messageId":"2"}],"sentAt":"2026-11-26T08:26:19.500Z","writeKey":"k"}"#,
    r#"{"batch":[{"properties":{"x":1,"$set":{"email":"q@w.e"},"$lib":"posthog-python","$timezone":"America/Sao_Paulo"},"timestamp":"2026-11-26T08:26:12.611121+00:00","distinct_id":"d1","event":"$pageview","uuid":"5982"}],"sent_at":"2026-11-26T08:26:19.6+00:00","api_key":"phc_k"}"#,
    r#"{"items":[{"message_id":"a","event":"Page Viewed","occurred_at":"2026-11-26T08:26:12Z","properties":{"title":"x"},"context":{"page":{"path":"/a","url":"https://shop.example/a?b=c"}}}],"sent_at":"2026-11-26T08:26:12Z","context":{"userAgent":"x","campaign":{"name":"n"}}}"#,
    r#"[{"message_id":"order-1","occurred_at":"2026-03-01T09:30:00Z","zone":"America/Sao_Paulo","event":"Order Completed","channel":"web","identifiers":{"user_id":"u-1","email":["a@b.c","d@e.f"]},"refs":{"order":"o-1","product":["p-17"]},"money":{"amount":"129.90","currency":"EUR"},"score":{"kind":"nps","value":9},"promise":{"kind":"delivery","due":"2026-03-05"},"consent":{"marketing":true},"text":"h\u00e9llo \ud83d\ude00","properties":{"a":{"b":[1,-2.5e3,true,null]}}}]"#,
    "{\"message_id\":\"1\",\"event\":\"A\"}\r\n{\"message_id\":\"2\",\"event\":\"B\"}\n\n",
    r#"{"id":1,"name":"1001","email":"ana@example.org","currency":"EUR","total_price":"54.90","created_at":"2026-08-20T10:00:00+02:00","customer":{"id":5,"phone":"+49"},"line_items":[{"sku":"LAMP","quantity":1,"price":"54.90"}]}"#,
    r#"{"id":"evt_1","type":"charge.succeeded","created":1700000000,"data":{"object":{"id":"ch_1","amount":1200,"currency":"eur","customer":"cus_1","billing_details":{"email":"a@b.c"}}}}"#,
];

/// Pieces that parsers stumble over.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\\u",
    "\\ud83d",
    "\\udc00",
    "null",
    "true",
    "1e999",
    "-0",
    "0.1e-400",
    "99999999999999999999999",
    "NaN",
    "Infinity",
    "\u{feff}",
    "\0",
    "é",
    "\u{1f600}",
    "\r\n",
    "\"batch\":",
    "\"items\":",
    "\"messageId\":",
    "\"event\":",
    "\"properties\":{",
    "\"context\":",
    "\"timestamp\":\"0000-00-00\"",
    "\"occurred_at\":\"9999-12-31T23:59:60Z\"",
    "\"amount\":\"1e30\"",
    "\"a\":1,\"a\":2",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":",
];

/// SplitMix64: Steele, Lea, Flood 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn bent(random: &mut Random) -> Vec<u8> {
    let mut body = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=random.below(8) {
        let at = random.below(body.len() + 1);
        let to = (at + random.below(60)).min(body.len());
        match random.below(8) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..to)),
            2 if at < body.len() => body[at] = random.next() as u8,
            3 if at < body.len() => body[at] ^= 1 << random.below(8),
            4 => {
                let piece = body[at..to].to_vec();
                let times = [1, 2, 50][random.below(3)];
                let into = random.below(body.len() + 1);
                body.splice(into..into, piece.repeat(times));
            }
            5 => {
                let other = SEEDS[random.below(SEEDS.len())].as_bytes();
                let from = random.below(other.len());
                body.splice(at..to, other[from..].iter().copied().take(200));
            }
            6 => {
                let token = TOKENS[random.below(TOKENS.len())].as_bytes();
                let times = if random.below(200) == 0 { 2_000 } else { 1 };
                body.splice(at..at, token.repeat(times));
            }
            _ => {
                let token = TOKENS[random.below(TOKENS.len())].as_bytes();
                body.splice(at..to, token.iter().copied());
            }
        }
    }
    body.truncate(200_000);
    body
}

/// Reads a body in every way; how many events were understood.
fn every_way(body: &[u8]) -> usize {
    let (workspace, source) = (WorkspaceId(1), SourceId::new("fuzz").unwrap());
    let now = at("2026-11-27T00:00:00Z");
    let around = Around::new(now, "EUR");
    let mut understood = 0;
    let mut took = |event: Result<throughline_wire::Event, _>| {
        let fact = event.and_then(|e| e.draft.receive(workspace, &source, now, limits::HTTP_BYTES));
        if let Ok(fact) = fact {
            understood += 1;
            let payload = fact.to_payload();
            let again = throughline_interactions::Interaction::from_payload(&payload);
            assert_eq!(again.expect("what was written can be read").to_payload(), payload);
        }
    };
    for list in ["batch", "items"] {
        let Ok(sent) = read(body, list) else { continue };
        for (index, value) in sent.events.into_iter().enumerate() {
            let (Ok(value), index) = (value, index as u32) else { continue };
            match list {
                "batch" => {
                    took(segment::event(value.clone(), None, index, &sent.envelope, &around));
                    took(posthog::event(value, index, &sent.envelope, &around));
                }
                _ => took(script::event(value, index, &sent.envelope, &around, Some("visitor"))),
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(body) {
        let quick = quick_record(text, 0, workspace, &source, now);
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
            let slow = parse_interaction(value.clone(), 0);
            let slow = slow.and_then(|d| d.receive(workspace, &source, now, limits::HTTP_BYTES));
            if let Some(quick) = quick {
                assert_eq!(quick.payload, slow.expect("what is quick is right").to_payload());
            }
            for system in [System::Shopify, System::WooCommerce, System::Stripe] {
                let topic = ["orders/create", "order.updated", "charge.succeeded"][body.len() % 3];
                understood += usize::from(hooks::events(system, topic, value.clone(), &around).is_ok());
            }
        }
    }
    understood
}

#[test]
fn whatever_comes_is_read_or_refused() {
    let wanted = std::env::var("THROUGHLINE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000_u64);
    let mut random = Random(20_261_127);
    let (mut understood, mut slowest, mut largest) = (0_usize, Duration::ZERO, 0_usize);
    for _ in 0..wanted {
        let body = bent(&mut random);
        let started = Instant::now();
        let (n, peak) = memory::peak_of(|| every_way(&body));
        understood += n;
        slowest = slowest.max(started.elapsed());
        if peak > 64 << 20 {
            panic!("{peak} bytes for {}", String::from_utf8_lossy(&body));
        }
        largest = largest.max(peak);
    }
    println!("{wanted} bodies: {understood} events understood, the slowest {slowest:?}, at most {largest} bytes");
    assert!(understood as u64 > wanted / 10, "the bodies are too broken to test anything: {understood}");
    // A hang, not a figure: the slowest takes some milliseconds.
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
}
