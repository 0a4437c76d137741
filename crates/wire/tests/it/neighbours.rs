//! One event that cannot be taken harms none of its neighbours.

use crate::segments;

fn outcomes(body: &str) -> Vec<String> {
    let each = segments(body).into_iter();
    each.map(|e| e.map_or_else(|f| f.code.to_string(), |e| e.draft.message_id)).collect()
}

#[test]
fn what_is_broken_is_told_by_itself() {
    let ok = |id: &str| format!(r#"{{"type":"track","event":"E","messageId":"{id}","userId":"u"}}"#);
    let deep = format!(
        r#"{{"type":"track","event":"E","messageId":"d","properties":{}1{}}}"#,
        r#"{"a":"#.repeat(500),
        "}".repeat(500)
    );
    let body = format!(
        r#"{{"batch":[{},{{"type":"track","event":"E","value":NaN}},7,{deep},{{"type":"bark"}},{{"type":"track"}},{{"type":"track","event":"E","timestamp":"soon"}},{}],"sentAt":"x"}}"#,
        ok("a"),
        ok("b")
    );
    let expected = ["a", "invalid_json", "wrong_type", "too_deep", "unknown_value", "missing", "invalid_time", "b"];
    assert_eq!(outcomes(&body), expected);
}

#[test]
fn an_event_without_an_id_gets_one_of_what_it_says() {
    let event = r#"{"type":"track","event":"E","userId":"u","timestamp":"2026-11-26T08:00:00Z"}"#;
    let again = r#"{"type":"track","event":"E","userId":"u","timestamp":"2026-11-26T08:00:00Z","_metadata":{"retryCount":1},"sentAt":"2026-11-26T08:26:20Z"}"#;
    let other = event.replace(r#""u""#, r#""v""#);
    let ids = [event, again, &other].map(|e| outcomes(&format!(r#"{{"batch":[{e}]}}"#)).remove(0));
    assert_eq!(ids[0], ids[1], "sent again");
    assert_ne!(ids[0], ids[2]);
    assert!(ids[0].starts_with("said-"));
}

#[test]
fn what_all_events_share_stands_around_them() {
    let body = r#"{"batch":[{"type":"track","event":"E","messageId":"a","context":{"locale":"de-DE"}}],"context":{"locale":"en","timezone":"Europe/Berlin"},"writeKey":"wk"}"#;
    let draft = segments(body).remove(0).unwrap().draft;
    assert_eq!(draft.properties["context"]["locale"], "de-DE", "its own goes first");
    assert_eq!(draft.zone.map(|z| z.name().to_owned()).as_deref(), Some("Europe/Berlin"));
}

#[test]
fn a_body_that_is_nothing_is_refused_as_a_whole() {
    for body in ["", "hello", "{", r#"{"batch":7}"#, "[1"] {
        assert!(throughline_wire::read(body.as_bytes(), "batch").is_err(), "{body}");
    }
    assert!(throughline_wire::read(br#"{"batch":[]}"#, "batch").unwrap().events.is_empty());
}

#[test]
fn nothing_makes_it_panic() {
    let words = [
        "{",
        "}",
        "[",
        "]",
        "\"batch\"",
        ":",
        ",",
        "null",
        "1e999",
        "\"type\"",
        "\"track\"",
        "\"\\ud800\"",
        "\u{feff}",
        "\"event\"",
        "-",
        "\"timestamp\"",
        "9999999999999999999",
    ];
    let mut state = 7_u64;
    for _ in 0..100_000 {
        let mut body = String::new();
        for _ in 0..state % 20 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            body.push_str(words[(state >> 33) as usize % words.len()]);
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        if throughline_wire::read(body.as_bytes(), "batch").is_ok() {
            segments(&body).len();
        }
    }
    assert!(state != 7);
}
