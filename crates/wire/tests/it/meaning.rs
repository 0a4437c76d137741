//! What an event is about, as Segment's specifications name it.

use crate::{about, at, now, segments, who};
use throughline_interactions::{Actor, Direction, Draft, Precision};

/// The draft of one track call with these properties.
fn track(event: &str, properties: &str) -> Draft {
    let body = format!(
        r#"{{"type":"track","event":"{event}","messageId":"m","userId":"u","timestamp":"2026-11-26T08:00:00Z","properties":{properties}}}"#
    );
    segments(&body).remove(0).unwrap().draft
}

#[test]
fn an_order_with_its_products_and_its_money() {
    let d = track(
        "Order Completed",
        r#"{"order_id":50314,"checkout_id":"c-1","coupon":"SPRING","total":"1,027.50","revenue":25.00,"currency":"usd",
            "products":[{"product_id":"p-1","price":19},{"sku":"s-2"},{"name":"nameless"},"p-3",{"product_id":"p-1"}]}"#,
    );
    assert_eq!(about(&d), "order=50314 checkout=c-1 coupon=SPRING product=p-1 product=s-2 product=p-3");
    assert_eq!(
        d.money.map(|m| (m.minor, m.currency.to_string())),
        Some((2500, "USD".to_owned())),
        "revenue goes first"
    );
    assert_eq!(d.properties["total"], "1,027.50", "what was sent comes back");
    let money = |event: &str, properties: &str| track(event, properties).money.map(|m| m.minor);
    assert_eq!(money("Order Completed", r#"{"total":"$1,027.50"}"#), Some(102_750));
    assert_eq!(money("Order Refunded", r#"{"total":30}"#), Some(-3000));
    assert_eq!(money("Product Viewed", r#"{"price":18.99,"value":18.99}"#), None, "a price is not spent");
    assert_eq!(money("Product Viewed", r#"{"revenue":1}"#), Some(100));
    assert_eq!(money("Order Completed", r#"{"total":"a lot"}"#), None);
}

#[test]
fn answers_words_and_promises() {
    let d = track("Product Reviewed", r#"{"product_id":"p","review_id":"r","review_body":"Love it","rating":"5"}"#);
    assert_eq!(
        (d.text.as_deref(), d.score.as_ref().map(|s| (s.kind.as_str().to_owned(), s.value))),
        (Some("Love it"), Some(("stars".to_owned(), 5.0)))
    );
    assert_eq!(track("Survey Answered", r#"{"nps":9}"#).score.map(|s| s.value), Some(9.0));
    assert_eq!(track("Survey Answered", r#"{"nps":11}"#).score, None, "outside its scale");
    assert_eq!(track("Signed Up", r#"{"description":"x"}"#).text, None, "nobody spoke");
    let day = track("Order Shipped", r#"{"order_id":"o","carrier":"Nordpost","estimated_delivery":"2026-12-01"}"#);
    assert_eq!(day.promise.map(|p| (p.due, p.precision)), Some((at("2026-12-01T00:00:00Z"), Precision::Day)));
    let moment = track("Order Shipped", r#"{"promised_delivery":"2026-12-01T12:00:00+01:00"}"#);
    assert_eq!(moment.promise.map(|p| (p.due, p.precision)), Some((at("2026-12-01T11:00:00Z"), Precision::Instant)));
    assert_eq!(track("Order Delivered", r#"{"delivery_date":"2026-12-01"}"#).promise, None);
    assert_eq!(track("Order Shipped", r#"{"eta":30}"#).promise, None);
}

#[test]
fn where_it_happened_and_who_acted() {
    let check = |event: &str, expected: (&str, Direction, Actor)| {
        let d = track(event, "{}");
        assert_eq!((d.channel.as_str(), d.direction, d.actor), expected, "{event}");
    };
    check("Order Shipped", ("delivery", Direction::Out, Actor::System));
    check("email opened", ("email", Direction::In, Actor::Human));
    check("Email Delivered", ("email", Direction::Out, Actor::System));
    check("POS Sale", ("store", Direction::In, Actor::Human));
    check("Anything", ("", Direction::In, Actor::Human));
    let with = |context: &str| {
        let body =
            format!(r#"{{"type":"track","event":"Clicked","messageId":"m","anonymousId":"a","context":{context}}}"#);
        segments(&body).remove(0).unwrap().draft
    };
    let phone = with(
        r#"{"library":{"name":"analytics-ios","version":"3.0"},"device":{"id":"B5372DB0","type":"ios"},"os":{"name":"iPhone OS"},"app":{"version":"545"},"timezone":"Europe/Amsterdam","ip":"8.8.8.8","campaign":{"name":"spring","source":"google"},"traits":{"email":"ana@example.org"},"externalIds":[{"id":"7","type":"Loyalty_Card","collection":"users"}]}"#,
    );
    assert_eq!(phone.channel, "app");
    assert_eq!(who(&phone), "anonymous_id=a email=ana@example.org device_id=B5372DB0 loyalty_card=7");
    assert_eq!(about(&phone), "campaign=spring");
    assert_eq!(phone.zone.map(|z| z.name().to_owned()).as_deref(), Some("Europe/Amsterdam"));
    let flat = |name: &str| phone.properties[name].as_str().unwrap().to_owned();
    assert_eq!([flat("os"), flat("device"), flat("app_version")], ["iPhone OS", "phone", "545"]);
    assert!(phone.properties["context"].get("ip").is_none());
    assert_eq!(with(r#"{"page":{"url":"https://a.b"},"userAgent":"HeadlessChrome/1"}"#).actor, Actor::Bot);
    assert_eq!(with(r#"{"page":{"url":"https://a.b"}}"#).channel, "web");
    let consent = with(r#"{"consent":{"categoryPreferences":{"Advertising":false,"Analytics":true}}}"#).consent;
    assert_eq!(
        consent.into_iter().collect::<Vec<_>>(),
        [("Advertising".to_owned(), false), ("Analytics".to_owned(), true)]
    );
}

#[test]
fn clocks_that_are_off_are_corrected_and_small_delays_are_not() {
    let check = |timestamp: &str, sent_at: &str, expected: (&str, bool)| {
        let body = format!(
            r#"{{"batch":[{{"type":"track","event":"E","messageId":"m","userId":"u","timestamp":{timestamp}}}],"sentAt":{sent_at}}}"#
        );
        let event = segments(&body).remove(0).unwrap();
        assert_eq!(
            (event.draft.occurred_at, event.corrected),
            (Some(at(expected.0)), expected.1),
            "{timestamp} {sent_at}"
        );
    };
    check(r#""2026-11-26T08:26:00Z""#, r#""2026-11-26T08:26:19Z""#, ("2026-11-26T08:26:00Z", false));
    check(r#""2026-11-26T09:26:00Z""#, r#""2026-11-26T09:26:20Z""#, ("2026-11-26T08:26:00Z", true));
    check(r#""2031-01-01T00:00:00Z""#, r#""2031-01-01T00:01:00Z""#, ("2026-11-26T08:25:20Z", true));
    check("1795681560000", "null", ("2026-11-26T08:26:00Z", false));
    check(r#""2026-11-26 08:26:00""#, r#""nonsense""#, ("2026-11-26T08:26:00Z", false));
    let undated = segments(r#"{"type":"track","event":"E","messageId":"m","userId":"u"}"#).remove(0).unwrap();
    assert!(undated.corrected && undated.draft.occurred_at.is_none());
    assert!(now().0 > 0);
}

#[test]
fn an_alias_joins_a_browser_or_an_account() {
    let alias = |previous: &str| {
        let body = format!(r#"{{"type":"alias","messageId":"m","userId":"ana","previousId":"{previous}"}}"#);
        who(&segments(&body).remove(0).unwrap().draft)
    };
    assert_eq!(
        alias("4f0e1d22-9d01-4455-8a6b-1b2c3d4e5f60"),
        "user_id=ana anonymous_id=4f0e1d22-9d01-4455-8a6b-1b2c3d4e5f60"
    );
    assert_eq!(alias("old-account"), "user_id=ana user_id=old-account");
}
