//! What a workspace asks of what arrives: plans that keep aside, mends, consent, its own people; the same
//! after a rebuild.

use crate::world::{SHOP, open, options, same_after_a_rebuild, send, source};
use serde_json::{Value, json};
use throughline_customers::CustomerQuery;
use throughline_interactions::{Actor, Fault, Outcome, Record};
use throughline_pipeline::{AsideQuery, DoorRules, Engine, Received, Verdict, Whereabout};
use throughline_rules::{Consent, Mend, Mode, Plan, Step, Untold};

fn plan(mode: Mode) -> Plan {
    let schema = json!({"properties": {"properties": {
        "required": ["price"], "properties": {"price": {"type": "number"}},
    }}});
    Plan { event: "Priced".to_owned(), note: String::new(), schema, mode }
}

fn priced(id: &str, price: Value) -> Value {
    json!({"message_id": id, "event": "Priced", "occurred_at": "2026-05-01T00:00:00Z", "identifiers": {"user_id": "ana"}, "properties": {"price": price}})
}

fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted => "accepted".to_owned(),
        Outcome::Duplicate => "duplicate".to_owned(),
        Outcome::Rejected(Fault { code, .. }) => format!("rejected {code}"),
        Outcome::Quarantined(Fault { code, .. }) => format!("aside {code}"),
    }
}

fn words(engine: &Engine, facts: Vec<Value>) -> Vec<String> {
    let words = send(engine, facts).iter().map(word).collect();
    engine.wait_folded().unwrap();
    words
}

fn state(engine: &Engine, id: &str) -> Vec<Whereabout> {
    engine.where_is(SHOP, id).unwrap().into_iter().map(|f| f.state).collect()
}

#[test]
fn what_does_not_fit_is_kept_aside_mended_and_known_when_it_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    assert_eq!(words(&engine, vec![priced("before", json!("9"))]), ["accepted"], "there was no plan");
    engine.set_plan(SHOP, &plan(Mode::Watch)).unwrap();
    assert_eq!(words(&engine, vec![priced("watched", json!("8"))]), ["accepted"]);
    let latest = &engine.arrivals(SHOP, source().as_str()).unwrap().latest[0];
    assert!(latest.breaches[0].message.contains("is not of type \"number\""), "{latest:?}");
    engine.set_plan(SHOP, &plan(Mode::KeepAside)).unwrap();
    let sent = || {
        vec![
            priced("good", json!(1)),
            priced("text", json!("12,50")),
            priced("none", json!(null)),
            priced("before", json!("9")),
        ]
    };
    assert_eq!(words(&engine, sent()), ["accepted", "aside plan", "aside plan", "duplicate"]);
    assert_eq!(words(&engine, sent()), ["duplicate"; 4], "sent again");
    let tally = engine.sources(SHOP).unwrap().into_iter().find(|s| s.source == source().as_str()).unwrap();
    assert_eq!((tally.received, tally.tally.accepted, tally.tally.quarantined, tally.tally.duplicate), (10, 3, 2, 5));
    assert_eq!(tally.reasons, [("plan".to_owned(), 2)]);

    let find = |text: &str| {
        let query = AsideQuery { text: text.to_owned(), code: "plan".to_owned(), ..AsideQuery::default() };
        let found = engine.kept_aside(SHOP, &query, 10).unwrap();
        found.into_iter().map(|k| k.interaction.message_id).collect::<Vec<_>>()
    };
    assert_eq!(find("12,50"), ["text"]);
    assert_eq!((find("ANA"), find("ben")), (vec!["none".to_owned(), "text".to_owned()], vec![]));
    let waiting = engine.kept_aside(SHOP, &AsideQuery::default(), 10).unwrap();
    let positions: Vec<u64> = waiting.iter().map(|k| k.position).collect();
    let said: Vec<_> = waiting.iter().map(|k| k.interaction.clone()).collect();
    let mend =
        Mend { event: "Priced".to_owned(), source: None, steps: vec![Step::Number { field: "price".to_owned() }] };
    assert_eq!(engine.would_fit(SHOP, &mend, &said).unwrap(), 1);
    assert_eq!(engine.decide_aside(SHOP, "eva", &positions, &Verdict::Mend(mend.clone())).unwrap(), 1);
    assert_eq!(engine.waiting_aside(SHOP).unwrap(), 1, "what does not fit even so waits on");
    let [Whereabout::Counted { interaction, .. }] = &state(&engine, "text")[..] else {
        panic!("{:?}", state(&engine, "text"))
    };
    assert_eq!(interaction.properties["price"], 12.5);
    assert_eq!(interaction.properties["mended"], "`price` becomes a number");
    assert_eq!(words(&engine, vec![priced("text", json!("12,50"))]), ["duplicate"], "it was sent, and is here");
    assert_eq!(words(&engine, vec![priced("text", json!(12.5))]), ["aside conflict"], "that was never sent");

    // From now on it is mended as it comes.
    engine.set_door_rules(SHOP, &DoorRules { mends: vec![mend], ..DoorRules::default() }).unwrap();
    assert_eq!(
        words(&engine, vec![priced("later", json!("7,25")), priced("never", json!("?"))]),
        ["accepted", "aside plan"]
    );
    assert_eq!(words(&engine, vec![priced("later", json!("7,25"))]), ["duplicate"]);
    let unplanned = || vec![json!({"message_id": "u", "event": "Unheard Of"})];
    let rules = DoorRules { unplanned: Mode::KeepAside, ..engine.door_rules(SHOP).unwrap() };
    engine.set_door_rules(SHOP, &rules).unwrap();
    assert_eq!(words(&engine, unplanned()), ["aside plan"]);
    engine.remove_plan(SHOP, "Priced").unwrap();
    assert_eq!(words(&engine, vec![priced("free", json!("?"))]), ["accepted"], "no plan asks for anything");

    let ana =
        engine.customers(SHOP, &CustomerQuery { search: "ana".to_owned(), after: None, limit: 10 }).unwrap().rows[0].id;
    same_after_a_rebuild(engine, dir.path());

    // What was kept aside is erased with its person, and the reasons add up.
    let engine = Engine::open(dir.path(), &[], None, options()).unwrap();
    engine.erase(SHOP, "test", ana).unwrap();
    let sources = engine.sources(SHOP).unwrap();
    let shop = sources.iter().find(|s| s.source == source().as_str()).unwrap();
    assert_eq!((shop.tally.accepted, shop.tally.quarantined), (0, 1), "the one of nobody is left");
    assert_eq!(shop.reasons, [("plan".to_owned(), 1)]);
    engine.close().unwrap();
}

#[test]
fn a_plan_is_learned_and_tried_before_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let facts = (0..40).map(|n| priced(&format!("m-{n}"), if n == 3 { json!("3") } else { json!(n) })).collect();
    words(&engine, facts);
    let recent = engine.recent_events(SHOP).unwrap();
    assert_eq!((recent.looked_at, recent.events["Priced"].0), (40, 40));
    let learned = engine.learn(SHOP, "Priced").unwrap();
    assert_eq!(learned.shape.seen, 40);
    let schema = learned.shape.schema();
    assert_eq!(schema["properties"]["properties"]["properties"]["price"]["type"], json!(["integer", "string"]));
    assert_eq!(engine.try_plan(SHOP, &Plan { schema, ..plan(Mode::Watch) }).unwrap().unfit, 0);
    let tried = engine.try_plan(SHOP, &plan(Mode::KeepAside)).unwrap();
    assert_eq!((tried.of, tried.unfit, tried.examples), (40, 1, vec!["m-3".to_owned()]));
    assert_eq!((tried.breaches[0].0.field.as_str(), tried.breaches[0].1), ("properties.price", 1));
    assert_eq!(engine.waiting_aside(SHOP).unwrap(), 0, "it was only tried");
    let bad = Plan { schema: json!({"type": "strnig"}), ..plan(Mode::Watch) };
    assert!(engine.set_plan(SHOP, &bad).unwrap_err().to_string().contains("not a JSON Schema"));
    engine.close().unwrap();
}

fn viewed(id: &str, who: Value, consent: Value) -> Value {
    json!({"message_id": id, "event": "Page Viewed", "channel": "web", "occurred_at": "2026-05-01T00:00:00Z", "identifiers": who, "consent": consent})
}

#[test]
fn a_no_holds_before_anything_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let (browser, both, nothing) =
        (json!({"anonymous_id": "b-1"}), json!({"anonymous_id": "b-1", "user_id": "ana"}), json!({}));
    assert_eq!(words(&engine, vec![viewed("1", both.clone(), nothing.clone())]), ["accepted"]);
    let told = json!({"message_id": "2", "event": "Consent Withdrawn", "channel": "web", "occurred_at": "2026-05-01T00:00:01Z", "identifiers": {"user_id": "ana"}, "consent": {"analytics": false}});
    assert_eq!(words(&engine, vec![told]), ["accepted"]);
    // It holds for the browser too, which was known to be hers.
    assert_eq!(words(&engine, vec![viewed("3", browser.clone(), nothing.clone())]), ["rejected no_consent"]);
    let ordered = json!({"message_id": "4", "event": "Order Completed", "channel": "web", "identifiers": {"user_id": "ana"}, "refs": {"order": "o-1"}});
    assert_eq!(words(&engine, vec![ordered]), ["accepted"], "a contract asks for no consent");
    assert_eq!(
        words(&engine, vec![viewed("5", json!({"anonymous_id": "b-2"}), nothing.clone())]),
        ["accepted"],
        "somebody else"
    );
    // A no that comes with what it forbids is remembered.
    let refusing = viewed("6", json!({"anonymous_id": "b-3"}), json!({"Analytics": false}));
    assert_eq!(words(&engine, vec![refusing.clone()]), ["rejected no_consent"]);
    assert_eq!(
        words(&engine, vec![refusing, viewed("7", json!({"anonymous_id": "b-3"}), nothing.clone())]),
        ["rejected no_consent"; 2]
    );
    let yes = json!({"analytics": true});
    let mut later = viewed("8", browser.clone(), yes.clone());
    later["occurred_at"] = "2026-05-02T00:00:00Z".into();
    assert_eq!(words(&engine, vec![later]), ["accepted"], "she changed her mind");
    assert_eq!(
        words(&engine, vec![viewed("9", both.clone(), nothing.clone())]),
        ["accepted"],
        "and it holds for all her names"
    );
    engine.settle().unwrap();
    engine.close().unwrap();
    drop(engine);
    let engine = Engine::open(dir.path(), &[], None, options()).unwrap();
    assert_eq!(
        words(&engine, vec![viewed("10", json!({"anonymous_id": "b-3"}), nothing.clone())]),
        ["rejected no_consent"],
        "a start later"
    );
    assert!(state(&engine, "6").is_empty(), "nothing of what was refused is here");

    let consent = vec![Consent { untold: Untold::Refuse, ..Consent::usual().remove(0) }];
    engine.set_door_rules(SHOP, &DoorRules { consent, ..DoorRules::default() }).unwrap();
    assert_eq!(
        words(&engine, vec![viewed("11", json!({"anonymous_id": "b-9"}), nothing.clone())]),
        ["rejected no_consent"]
    );
    assert_eq!(words(&engine, vec![viewed("12", json!({"anonymous_id": "b-9"}), yes)]), ["accepted"]);
    assert_eq!(words(&engine, vec![viewed("13", json!({"anonymous_id": "b-9"}), nothing)]), ["accepted"], "once said");
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn the_brands_own_people_and_machines_are_in_no_figure() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let mut rules = DoorRules::default();
    rules.staff.domains = vec!["shop.example".to_owned()];
    rules.staff.networks = vec!["192.0.2.0/24".to_owned()];
    engine.set_door_rules(SHOP, &rules).unwrap();
    let ordered = |id: &str, who: Value, actor: &str| json!({"message_id": id, "event": "Order Completed", "channel": "web", "actor": actor, "occurred_at": "2026-04-01T00:00:00Z", "identifiers": who, "refs": {"order": id}});
    let facts = vec![
        ordered("o-1", json!({"email": "ana@example.org"}), "human"),
        ordered("o-2", json!({"email": "eva@shop.example"}), "human"),
        ordered("o-3", json!({"anonymous_id": "crawler"}), "bot"),
        ordered("o-4", json!({"email": "ana@example.org"}), "prefetch"),
    ];
    assert_eq!(words(&engine, facts), ["accepted"; 4]);
    // A browser in the office, and the same order from a program that passes it on.
    let fact = |id: &str| crate::world::fact(&source(), ordered(id, json!({"anonymous_id": id}), "human")).unwrap();
    for (id, from) in [("o-5", Some("192.0.2.7")), ("o-6", None)] {
        let received =
            Received::new(source(), vec![Ok(Record::from(fact(id)))]).from_address(from.map(|a| a.parse().unwrap()));
        engine.receive_now(SHOP, received).unwrap();
    }
    engine.wait_folded().unwrap();
    let actor = |id: &str| match &state(&engine, id)[..] {
        [Whereabout::Counted { interaction, .. }] => interaction.actor,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (actor("o-1"), actor("o-2"), actor("o-5"), actor("o-6")),
        (Actor::Human, Actor::Internal, Actor::Internal, Actor::Human)
    );
    let map = engine.map(SHOP, "buy-and-receive").unwrap();
    assert_eq!(map.started.instances, 2, "ana's order and the one that was passed on");
    let people = engine.customers(SHOP, &CustomerQuery { search: String::new(), after: None, limit: 10 }).unwrap();
    let names: Vec<String> = people.rows.iter().flat_map(|r| r.identifiers.iter().map(|i| i.value.clone())).collect();
    assert!(!names.iter().any(|n| n == "crawler"), "{names:?}");
    same_after_a_rebuild(engine, dir.path());
}
