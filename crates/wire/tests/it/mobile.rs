//! The queues of the mobile libraries of Segment and RudderStack, in the form in which they upload them: the
//! life of an app, an installation's id, devices, and what waited for a line.

use crate::{about, at, segments, who};
use serde_json::Value;
use throughline_interactions::Draft;
use throughline_wire::Event;

const SEGMENT_ANDROID: &str = include_str!("../fixtures/mobile/segment-android.json");
const SEGMENT_IOS: &str = include_str!("../fixtures/mobile/segment-ios.json");
const RUDDERSTACK_ANDROID: &str = include_str!("../fixtures/mobile/rudderstack-android.json");
const RUDDERSTACK_IOS: &str = include_str!("../fixtures/mobile/rudderstack-ios.json");

/// Reads a queue and checks what holds for every app: where it happened, and that nothing is lost.
fn queue(body: &str, device: &str, os: &str, country: &str) -> Vec<Event> {
    let events: Vec<Event> = segments(body).into_iter().map(Result::unwrap).collect();
    let sent: Value = serde_json::from_str(body).unwrap();
    for (event, sent) in events.iter().zip(sent["batch"].as_array().unwrap()) {
        let draft = &event.draft;
        assert_eq!(draft.channel, "app", "{}", draft.event);
        let says = |name: &str| draft.properties[name].as_str().unwrap();
        assert_eq!((says("device"), says("os"), says("country")), (device, os, country), "{}", draft.event);
        assert_eq!(draft.properties["app_version"], sent["context"]["app"]["version"]);
        let context: Value = draft.properties["context"].clone();
        for (name, value) in sent["context"].as_object().unwrap() {
            // Who somebody is stands once: in what an `identify` says.
            if name != "traits" || sent["type"] != "identify" {
                assert_eq!(&context[name], value, "{name} of {}", draft.event);
            }
        }
        for (name, value) in sent["properties"].as_object().into_iter().flatten() {
            assert_eq!(&draft.properties[name], value, "{name} of {}", draft.event);
        }
        assert_eq!(sent["messageId"], draft.message_id.as_str());
    }
    events
}

fn lines(events: &[Event]) -> Vec<String> {
    let line = |d: &Draft| format!("{} | {} | {} | {}", d.event, d.touchpoint, about(d), d.identifiers.len());
    events.iter().map(|e| line(&e.draft)).collect()
}

#[test]
fn a_file_of_segments_that_waited_two_days_is_not_taken_for_a_slow_clock() {
    let events = queue(SEGMENT_ANDROID, "phone", "Android", "DE");
    assert!(events.iter().all(|e| !e.corrected));
    assert_eq!(events[0].draft.occurred_at, Some(at("2026-11-24T06:58:01.120Z")));
    let expected = [
        "Application Installed |  |  | 2",
        "Application Opened |  |  | 2",
        "Deep Link Opened |  |  | 2",
        "Screen Viewed | Winterreifen |  | 2",
        "Identified |  |  | 4",
        "Product Added |  | product=reifen-28 | 3",
        "Application Backgrounded |  |  | 3",
    ];
    assert_eq!(lines(&events), expected);
    let jule = &events[4].draft;
    assert!(who(jule).starts_with("user_id=kunde-17 anonymous_id="), "{}", who(jule));
    assert!(who(jule).contains(" email=jule@example.org device_id="), "{}", who(jule));
}

#[test]
fn a_clock_of_segments_that_is_fast_is_put_right() {
    let events = queue(SEGMENT_IOS, "tablet", "iPadOS", "FR");
    assert!(events.iter().all(|e| e.corrected));
    assert_eq!(events[4].draft.occurred_at, Some(at("2026-11-26T08:26:00Z")), "forty minutes earlier than it said");
    let expected = [
        "Application Updated |  |  | 2",
        "Application Opened |  |  | 2",
        "Application Foregrounded |  |  | 2",
        "Screen Viewed | Panier |  | 2",
        "Order Completed |  | order=c-881 product=casque-2 | 3",
        "Identities Joined |  |  | 3",
        "Group Joined |  | account=club-velo | 3",
    ];
    assert_eq!(lines(&events), expected);
    assert_eq!(events[4].draft.money.map(|m| m.minor), Some(12_900));
}

#[test]
fn a_long_queue_of_rudderstacks_keeps_its_times() {
    let events = queue(RUDDERSTACK_ANDROID, "tablet", "Android", "GB");
    assert!(events.iter().all(|e| !e.corrected), "it says when it was sent at every try");
    assert_eq!(events[0].draft.occurred_at, Some(at("2026-11-23T18:00:00.001Z")));
    let expected = [
        "Application Installed |  |  | 2",
        "Application Opened |  |  | 2",
        "Screen Viewed | MainActivity |  | 2",
        "Identified |  |  | 5",
        "Order Completed |  | order=k-9 | 4",
        "Group Joined |  | account=store-7 | 3",
    ];
    assert_eq!(lines(&events), expected);
    assert!(who(&events[3].draft).contains("loyaltycard=lc-5512"), "{}", who(&events[3].draft));
    assert_eq!(events[3].draft.properties["email"], "sam@example.org");
}

#[test]
fn a_clock_of_rudderstacks_that_is_slow_is_put_right() {
    let events = queue(RUDDERSTACK_IOS, "phone", "iOS", "US");
    assert!(events.iter().all(|e| e.corrected));
    assert_eq!(events[0].draft.occurred_at, Some(at("2026-11-26T08:25:00.055Z")));
    let expected = [
        "Application Opened |  |  | 2",
        "Screen Viewed | Checkout |  | 2",
        "Application Crashed |  |  | 2",
        "Identified |  |  | 3",
        "Identities Joined |  |  | 4",
    ];
    assert_eq!(lines(&events), expected);
}

#[test]
fn devices_are_of_one_vocabulary() {
    let device = |context: Value| {
        let body = serde_json::json!({"batch": [{"type": "track", "event": "E", "userId": "u", "context": context}]});
        segments(&body.to_string()).remove(0).unwrap().draft.properties.get("device").cloned()
    };
    let of = |kind: &str| serde_json::json!({"device": {"type": kind}});
    for (said, kind) in [
        ("ios", "phone"),
        ("iPadOS", "tablet"),
        ("Android", "phone"),
        ("tvos", "tv"),
        ("watchOS", "watch"),
        ("macos", "computer"),
        ("visionOS", "headset"),
        ("mobile", "mobile"),
        ("Kiosk 7", "Kiosk 7"),
    ] {
        assert_eq!(device(of(said)), Some(kind.into()), "{said}");
    }
    let simulator = serde_json::json!({"device": {"type": "ios", "model": "arm64", "name": "iPad Air"}});
    assert_eq!(device(simulator), Some("tablet".into()));
    for strange in [serde_json::json!({"device": 3}), serde_json::json!({"device": {"type": null}})] {
        assert_eq!(device(strange), None);
    }
    for screen in [serde_json::json!(7), serde_json::json!({"density": 0, "width": -1, "height": "x"})] {
        let context = serde_json::json!({"device": {"type": "android"}, "screen": screen});
        assert_eq!(device(context), Some("phone".into()));
    }
}
