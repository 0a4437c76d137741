use throughline_journeys::{Definition, Span, default_definitions};

fn check(toml: &str, expected: &str) {
    let got = Definition::from_toml(toml).map_or_else(|e| e.to_string(), |d| d.key);
    assert!(got.contains(expected), "{got}\nexpected: {expected}");
}

const HEAD: &str = "key = \"checkout\"\nname = \"Checkout\"\n";

#[test]
fn messages_name_the_field_and_the_mend() {
    let with = |rest: &str| format!("{HEAD}{rest}");
    let stage = "[[stage]]\nkey = \"cart\"\nevents = [\"Cart Viewed\"]\n";
    check(&with(stage), "checkout");
    check(&with(""), "journey `checkout` has no stages");
    check(&with("[[stage]]\nkey = \"cart\"\n"), "stage `cart` matches nothing; name its `events`");
    check(&with(&format!("{stage}{stage}")), "journey `checkout` has two stages `cart`; rename one");
    check(&with(&format!("{stage}optional = true\n")), "the first stage `cart` starts an instance");
    check(&with(&format!("{stage}expected_time = \"soon\"\n")), "`soon` is not a length of time; write it like 45d");
    check(&with(&format!("{stage}[drop_out]\nsilence = \"2h\"\n")), "`drop_out.silence` is shorter than a day");
    check(&with(&format!("{stage}[satisfaction]\ndissatisfied = 25\n")), "`satisfaction.dissatisfied` is a share");
    check(
        &with(&format!("{stage}[[promise]]\nkind = \"delivery\"\n")),
        "promise `delivery` names no event in `kept_by`",
    );
    let outcome = |rest: &str| with(&format!("{stage}[[outcome]]\nkey = \"late\"\nname = \"late\"\n{rest}"));
    check(&outcome("events = [\"Cart Lost\"]\n"), "checkout");
    check(&outcome(""), "outcome `late` is told by one thing: name its `events`, or a `promise`");
    check(&outcome("events = [\"x\"]\nnext_instance = true\n"), "outcome `late` is told by one thing");
    check(&outcome("promise = \"delivery\"\n"), "outcome `late` names promise `delivery`, which it does not have");
    check(&outcome("next_instance = true\n"), "outcome `late` with `next_instance` needs a journey with a `subject`");
    check(&outcome("events = [\"x\"]\nwithin = \"2h\"\n"), "`within` of outcome `late` is shorter than a day");
    let twice = "events = [\"x\"]\n[[outcome]]\nkey = \"late\"\nname = \"late\"\nevents = [\"x\"]\n";
    check(&outcome(twice), "journey `checkout` has two outcomes `late`; rename one");
    let reserved = "[[outcome]]\nkey = \"drop-out\"\nname = \"x\"\nevents = [\"x\"]\n";
    check(&with(&format!("{stage}{reserved}")), "outcome key `drop-out` is not");
    check(&with(&format!("{stage}colour = \"red\"\n")), "unknown field `colour`");
    check("key = \"Check out\"\nname = \"x\"\n", "journey key `Check out` is not");
}

#[test]
fn definitions_travel_as_json_and_toml() {
    for definition in default_definitions() {
        let json = serde_json::to_string(&definition).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&json).unwrap(), definition);
    }
    assert_eq!(Span::parse("36h").map(|s| s.to_string()), Some("36h".to_owned()));
    assert_eq!(Span::parse("99999999d"), None);
}
