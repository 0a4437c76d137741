//! Bodies recorded from the libraries themselves.

use crate::{at, posthogs, segments, who};
use throughline_interactions::{Actor, Draft};

fn line(draft: &Draft) -> String {
    format!("{} | {} | {}", draft.event, draft.channel, who(draft))
}

#[test]
fn segments_python() {
    let body = r#"{"batch": [{"integrations": {}, "anonymousId": null, "properties": {"order_id": "o1", "revenue": 12.5, "currency": "EUR"}, "timestamp": "2026-11-26T08:26:11.442+00:00", "context": {"library": {"name": "analytics-python", "version": "2.4.0"}}, "userId": "u1", "type": "track", "event": "Order Completed", "messageId": "bd6ba869"}, {"integrations": {}, "anonymousId": null, "timestamp": "2026-11-26T08:26:11.442+00:00", "context": {"library": {"name": "analytics-python", "version": "2.4.0"}}, "type": "identify", "userId": "u1", "traits": {"email": "a@b.c"}, "messageId": "01364ccb"}, {"integrations": {}, "anonymousId": null, "properties": {"url": "http://x"}, "timestamp": "2026-11-26T08:26:11.442+00:00", "category": "Docs", "context": {}, "userId": "u1", "type": "page", "name": "Python", "messageId": "58c7e67a"}, {"integrations": {}, "anonymousId": null, "properties": {}, "timestamp": "2026-11-26T08:26:11.443+00:00", "category": "Settings", "context": {}, "userId": "u1", "type": "screen", "name": "X", "messageId": "65ca8fc0"}, {"integrations": {}, "anonymousId": null, "timestamp": "2026-11-26T08:26:11.443+00:00", "groupId": "g1", "context": {}, "userId": "u1", "traits": {"name": "I"}, "type": "group", "messageId": "69396b87"}, {"integrations": {}, "previousId": "anon", "timestamp": "2026-11-26T08:26:11.443+00:00", "context": {}, "userId": "u1", "type": "alias", "messageId": "8a"}], "sentAt": "2026-11-26T08:26:19.500Z"}"#;
    let drafts: Vec<Draft> = segments(body).into_iter().map(|e| e.unwrap().draft).collect();
    let lines: Vec<String> = drafts.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "Order Completed |  | user_id=u1",
            "Identified |  | user_id=u1 email=a@b.c",
            "Page Viewed | web | user_id=u1",
            "Screen Viewed | app | user_id=u1",
            "Group Joined |  | user_id=u1",
            "Identities Joined |  | user_id=u1 user_id=anon",
        ]
    );
    assert_eq!(drafts[0].occurred_at, Some(at("2026-11-26T08:26:11.442Z")), "its clock is right");
    assert_eq!(drafts[0].money.map(|m| m.minor), Some(1250));
    assert_eq!(drafts[0].message_id, "bd6ba869");
    assert_eq!((drafts[2].touchpoint.as_str(), &drafts[2].properties["category"]), ("Python", &"Docs".into()));
    assert_eq!(drafts[0].properties["context"]["library"]["name"], "analytics-python");
    assert_eq!((drafts[4].refs[0].kind.as_str(), drafts[4].refs[0].value.as_str()), ("account", "g1"));
}

#[test]
fn rudderstacks_node_sends_its_clock_with_every_event() {
    let body = r#"{"batch":[{"userId":"u3","event":"R","properties":{"b":2},"type":"track","context":{"library":{"name":"analytics-node","version":"3.0.13"}},"channel":"server","_metadata":{"nodeVersion":"20.20.2"},"originalTimestamp":"2026-11-26T08:21:14.079Z","messageId":"59a1","sentAt":"2026-11-26T08:21:20Z"}],"timestamp":"2026-11-26T08:21:14.079Z","sentAt":"2026-11-26T08:21:20Z"}"#;
    let event = segments(body).remove(0).unwrap();
    assert!(event.corrected, "its clock is five minutes slow");
    assert_eq!(event.draft.occurred_at, Some(at("2026-11-26T08:26:14.079Z")));
    assert_eq!(event.draft.properties["b"], 2);
}

#[test]
fn posthogs_first_form() {
    let body = r#"{"batch": [{"properties": {"x": 1, "$set": {"email": "q@w.e"}, "$lib": "posthog-python", "$is_server": true}, "timestamp": "2026-11-26T08:26:12.611121+00:00", "distinct_id": "d1", "event": "ev", "uuid": "5982"}, {"properties": {"distinct_id": "old", "alias": "d1", "$lib": "posthog-python"}, "timestamp": "2026-11-26T08:26:12.611339+00:00", "event": "$create_alias", "distinct_id": "old", "uuid": "e9aa"}, {"event": "$groupidentify", "properties": {"$group_type": "company", "$group_key": "c1", "$group_set": {"n": 1}}, "distinct_id": "661cec1a-357c-4f92-8b8f-3ae8bef74ff8", "timestamp": "2026-11-26T08:26:12.611630+00:00", "uuid": "809e"}], "historical_migration": false, "sent_at": "2026-11-26T08:26:19.6+00:00", "api_key": "phc_k"}"#;
    assert_eq!(throughline_wire::read(body.as_bytes(), "batch").unwrap().envelope.key.as_deref(), Some("phc_k"));
    let lines: Vec<String> = posthogs(body).into_iter().map(|e| line(&e.unwrap().draft)).collect();
    assert_eq!(
        lines,
        ["ev |  | user_id=d1 email=q@w.e", "Identities Joined |  | user_id=old user_id=d1", "Group Joined |  | ",]
    );
}

#[test]
fn posthogs_second_form_and_who_has_not_logged_in() {
    let body = r#"{"created_at":"2026-11-26T08:26:19Z","batch":[{"event":"$pageview","uuid":"01","distinct_id":"dev-1","timestamp":"2026-11-26T08:26:12Z","options":{},"session_id":"s1","properties":{"$device_id":"dev-1","$is_identified":false,"$current_url":"https://shop.example/a","$pathname":"/a","$raw_user_agent":"Mozilla/5.0 (compatible; Googlebot/2.1)","$ip":"10.1.2.3"}},{"event":"$identify","uuid":"02","distinct_id":"ana","timestamp":"2026-11-26T08:26:13Z","properties":{"$anon_distinct_id":"dev-1"}}]}"#;
    let drafts: Vec<Draft> = posthogs(body).into_iter().map(|e| e.unwrap().draft).collect();
    assert_eq!(line(&drafts[0]), "Page Viewed | web | anonymous_id=dev-1");
    assert_eq!((drafts[0].touchpoint.as_str(), drafts[0].actor), ("/a", Actor::Bot));
    assert_eq!(drafts[0].properties["$session_id"], "s1");
    assert!(!drafts[0].properties.contains_key("$ip"), "where somebody lives is not kept");
    assert_eq!(line(&drafts[1]), "Identified |  | user_id=ana anonymous_id=dev-1");
}
