//! From a finding to what is tried against it, and to what came of it.

use crate::house::House;

/// The first link of a page that begins like this.
fn link(html: &str, begins: &str) -> String {
    let found = html.split("href=\"").skip(1).map(|h| h.split('"').next().unwrap()).find(|h| h.starts_with(begins));
    found.unwrap_or_else(|| panic!("no link to {begins} in {html}")).replace("&amp;", "&").replace("&#38;", "&")
}

fn query(path: &str, name: &str) -> String {
    let found = path.split(['?', '&']).find_map(|p| p.strip_prefix(&format!("{name}=")));
    found.unwrap().to_owned()
}

#[test]
fn an_initiative_is_begun_at_a_finding_measured_and_ended() {
    let house = House::new();
    house.fill(2_500);
    let mut admin = house.admin();
    let list = admin.get("/initiatives").text();
    assert!(list.contains("What one could be about"), "{list}");
    let map = admin.get("/journeys/buy-and-receive").text();
    let new = link(&map, "/initiatives/new?journey=buy-and-receive");
    let figure = query(&new, "figure");
    let page = admin.get(&new);
    let (text, token) = (page.text(), page.token());
    assert!(text.contains("A new initiative") && text.contains("in the weeks before"), "{text}");
    let fields = |changes: &[(&'static str, &'static str)]| -> Vec<(&'static str, String)> {
        let usual = [
            ("journey", "buy-and-receive"),
            ("what", "Another <b>carrier</b>"),
            ("owner", "admin@example.org"),
            ("cost", "1 200,50"),
            ("starts", "2026-06-01"),
            ("ends", "2026-07-15"),
            ("aim", "exposure"),
            ("target", "2,5 %"),
        ];
        usual
            .iter()
            .map(|(name, value)| {
                let changed = changes.iter().find(|(n, _)| n == name);
                (*name, changed.map_or(*value, |(_, v)| v).to_owned())
            })
            .chain([("figure", figure.clone())])
            .collect()
    };
    let send = |client: &mut crate::client::Client, token: &str, changes: &[(&'static str, &'static str)]| {
        let fields = fields(changes);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        client.form("/initiatives", token, &fields)
    };
    for (changes, said) in [
        (("ends", "2026-06-03"), "An initiative lasts at least seven days"),
        (("starts", "soon"), "The day is written as 2026-03-01"),
        (("what", " "), "Say what will be done"),
        (("target", "much"), "The target is a number of percent"),
        (("target", "120"), "The target is a number of percent"),
        (("cost", "-5"), "The cost is an amount"),
        (("cost", "a lot"), "The cost is an amount"),
        (("aim", "everything"), "Say what will be done"),
    ] {
        let text = send(&mut admin, &token, &[changes]).text();
        assert!(text.contains(said), "{changes:?}: {text}");
    }
    let made = send(&mut admin, &token, &[]);
    assert_eq!(made.header("location"), Some("/initiatives/1"), "{}", made.text());
    let text = admin.get("/initiatives/1").text();
    for expected in [
        "Another &#60;b&#62;carrier&#60;/b&#62;",
        "€\u{202f}1\u{202f}200.50",
        "1 Jun 2026",
        "Before and after",
        "is an association",
        "would have changed alike",
        "the target is for this share",
        "running",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in {text}");
    }
    // Every share opens as many people as it says.
    let mut opened = 0;
    for part in text.split("class=\"sm\" href=\"").skip(1) {
        let (href, rest) = part.split_once("\">").unwrap();
        let words = rest.split('<').next().unwrap();
        let Some((events, _)) = words.split_once(" of ") else { continue };
        let list = admin.get(&href.replace("&#38;", "&").replace("&amp;", "&"));
        let text = list.text();
        assert!(text.contains(&format!("{events}\u{a0}customer")), "{words}: {text}");
        opened += 1;
    }
    assert_eq!(opened, 8);

    // Planned for later: nothing is said before it begins; then it is started, and ended.
    let later = send(&mut admin, &token, &[("starts", "2026-10-01"), ("ends", "2026-12-01"), ("cost", "")]);
    assert_eq!(later.header("location"), Some("/initiatives/2"));
    let text = admin.get("/initiatives/2").text();
    assert!(
        text.contains("Nothing to compare yet: it begins on 1 Oct 2026") && text.contains("Start it today"),
        "{text}"
    );
    assert_eq!(admin.form("/initiatives/2/state", &token, &[("state", "ended")]).status, 409, "not before it runs");
    assert_eq!(admin.form("/initiatives/2/state", &token, &[("state", "running")]).status, 303);
    assert!(admin.get("/initiatives/2").text().contains("2 Sep 2026"), "it runs from today on");
    assert_eq!(admin.form("/initiatives/2/state", &token, &[("state", "stopped")]).status, 303);
    assert_eq!(admin.form("/initiatives/2/state", &token, &[("state", "running")]).status, 409, "over is over");
    assert_eq!(admin.form("/initiatives/9/state", &token, &[("state", "running")]).status, 404);
    assert_eq!(admin.get("/initiatives/9").status, 404);
    assert_eq!(admin.get("/initiatives/new?journey=buy-and-receive&figure=pain.event.1.drop-out").status, 404);
    let audit = admin.get("/settings/audit").text();
    assert!(audit.contains("began an initiative") && audit.contains("set an initiative to stopped"), "{audit}");

    // Begun at a finding of a part, it is about that part, and so are the people behind its shares.
    let part = admin.get("/journeys/buy-and-receive?without=ref%3Acarrier%3DNordpost").text();
    let of_part = link(&part, &format!("/initiatives/new?journey=buy-and-receive&#38;figure={figure}"));
    assert!(of_part.contains("&without=ref%3Acarrier%3DNordpost"), "{of_part}");
    let form = admin.get(&of_part);
    assert!(form.text().contains("(not carrier Nordpost)"), "{}", form.text());
    let fields = [
        ("journey", "buy-and-receive"),
        ("figure", &query(&of_part, "figure")),
        ("without", "ref:carrier=Nordpost"),
        ("what", "Write to them"),
        ("owner", "admin@example.org"),
        ("cost", ""),
        ("starts", "2026-06-01"),
        ("ends", "2026-07-15"),
        ("aim", "overall"),
        ("target", "1"),
    ];
    let made = admin.form("/initiatives", &form.token(), &fields);
    let text = admin.get(made.header("location").unwrap()).text();
    assert!(text.contains("(not carrier Nordpost)"), "{text}");
    let whole = admin.get("/initiatives/1").text();
    let shares = |text: &str| {
        let all = text.split("class=\"sm\" href=\"").skip(1);
        all.filter_map(|p| p.split_once("\">"))
            .map(|(href, rest)| {
                (href.replace("&#38;", "&").replace("&amp;", "&"), rest.split('<').next().unwrap().to_owned())
            })
            .collect::<Vec<_>>()
    };
    let of = |words: &str| words.split(" of ").nth(1).and_then(|n| n.replace('\u{202f}', "").parse::<u64>().ok());
    let (part, whole) = (shares(&text), shares(&whole));
    assert_eq!((part.len(), whole.len()), (8, 8));
    // The last two are about everybody who started.
    for (of_part, of_all) in part[6..].iter().zip(&whole[6..]) {
        assert!(of(&of_part.1) < of(&of_all.1) && of(&of_part.1) > Some(0), "{of_part:?} {of_all:?}");
        let events = of_part.1.split(" of ").next().unwrap();
        let list = admin.get(&of_part.0).text();
        assert!(list.contains(&format!("{events}\u{a0}customer")) && list.contains("carrier Nordpost"), "{list}");
    }

    // A viewer reads what came of it, without people, and changes nothing.
    let mut viewer = house.invited(&mut admin, "viewer");
    assert!(viewer.get("/initiatives").text().contains("Another"));
    let text = viewer.get("/initiatives/1").text();
    assert!(text.contains("Before and after") && !text.contains("End it") && !text.contains("/people?"), "{text}");
    assert_eq!(viewer.get(&new).status, 403);
    let token = viewer.get("/initiatives").token();
    assert_eq!(send(&mut viewer, &token, &[]).status, 403);
    assert_eq!(viewer.form("/initiatives/1/state", &token, &[("state", "ended")]).status, 403);
    let mut agent = house.invited(&mut admin, "agent");
    assert_eq!((agent.get("/initiatives/1").status, agent.get(&new).status), (200, 403));
}
