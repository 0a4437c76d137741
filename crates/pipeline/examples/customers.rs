//! Customers by the million: how fast interactions become profiles, how much memory that takes, how long the list
//! and its search take, and how late people enter and leave segments while others arrive.
//!
//! `cargo run --release -p throughline-pipeline --example customers -- [profiles] [each] [segments] [rate] [seconds]`

use std::process::ExitCode;
use std::time::{Duration, Instant};
use throughline_customers::CustomerQuery;
use throughline_interactions::{
    Currency, Draft, Identifier, Money, Record, Score, ScoreKind, SourceId, Timestamp, WorkspaceId, limits,
};
use throughline_pipeline::{Engine, NewSegment, NewWorkspace, Options, Received};
use throughline_segments::SegmentId;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const EVENTS: [&str; 8] = [
    "Page Viewed",
    "Product Viewed",
    "Product Added",
    "Order Completed",
    "Order Delivered",
    "Ticket Opened",
    "Survey Answered",
    "Return Requested",
];
const DAY: i64 = 86_400_000_000;

struct Shop {
    engine: Engine,
    id: WorkspaceId,
    source: SourceId,
    sent: u64,
}

/// A sequence that is the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

impl Shop {
    fn fact(&mut self, dice: &mut Dice, who: u64, ago: i64) -> Result<Record, Box<dyn std::error::Error>> {
        self.sent += 1;
        let event = EVENTS[dice.roll(8) as usize];
        let mut draft = Draft {
            message_id: format!("m{}", self.sent),
            occurred_at: Some(Timestamp(self.engine.now().0 - ago)),
            event: event.to_owned(),
            channel: if dice.roll(3) == 0 { "app" } else { "web" }.to_owned(),
            identifiers: vec![Identifier::new("user_id", &format!("user-{who}"))],
            ..Draft::default()
        };
        if dice.roll(4) == 0 {
            draft.identifiers.push(Identifier::new("email", &format!("person{who}@example.org")));
            draft.properties.insert("full_name".to_owned(), format!("Name{} Surname{who}", who % 1_000).into());
        }
        if event == "Order Completed" {
            draft.money = Some(Money { minor: 500 + dice.roll(20_000) as i64, currency: Currency::new("EUR")? });
        }
        if event == "Survey Answered" {
            draft.score = Some(Score::new(ScoreKind::Nps, dice.roll(11) as f64, None)?);
        }
        draft.properties.insert("category".to_owned(), format!("c{}", dice.roll(12)).into());
        let now = self.engine.now();
        Ok(Record::from(draft.receive(self.id, &self.source, now, limits::HTTP_BYTES)?))
    }

    fn send(&self, records: Vec<Record>) -> Result<(), Box<dyn std::error::Error>> {
        self.engine.receive_now(self.id, Received::new(self.source.clone(), records.into_iter().map(Ok).collect()))?;
        Ok(())
    }
}

/// Rules of all kinds, no two alike.
fn rule(n: u64) -> serde_json::Value {
    let event = EVENTS[(n % 8) as usize];
    let other = EVENTS[((n / 8 + 3) % 8) as usize];
    let days = 3 + n % 60;
    let what = serde_json::json!({"events": [event]});
    match n % 8 {
        0 => {
            serde_json::json!({"did": {"what": what, "times": {"at_least": 1 + n % 3}, "when": {"last": format!("{days}d")}}})
        }
        1 => {
            serde_json::json!({"sum": {"what": {"events": ["Order Completed"]}, "currency": "EUR", "minor": {"at_least": 1_000 * (1 + n % 30)}, "when": {"last": format!("{days}d")}}})
        }
        2 => serde_json::json!({"last": {"what": what, "ago": {"at_least": format!("{days}d")}}}),
        3 => {
            serde_json::json!({"sequence": {"steps": [what, {"events": [other]}], "within": format!("{}d", 1 + n % 9), "when": {"last": format!("{days}d")}}})
        }
        4 => serde_json::json!({"score": {"kind": "nps", "which": "last", "value": {"at_most": n % 10}}}),
        5 => {
            serde_json::json!({"all": [{"did": {"what": what, "times": {"at_least": 1}}}, {"not": {"did": {"what": {"events": [other]}, "times": {"at_least": 1}, "when": {"last": format!("{days}d")}}}}]})
        }
        6 => {
            serde_json::json!({"sequence": {"steps": [what], "when": {"last": "90d"}, "then_not": {"what": {"events": [other]}, "within": format!("{days}d")}}})
        }
        _ => {
            serde_json::json!({"did": {"what": {"with": [{"dimension": "property:category", "value": format!("c{}", n % 12)}], "channels": ["app"]}, "times": {"at_least": 1}, "when": {"last": format!("{days}d")}}})
        }
    }
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).map_or("?", str::trim).to_owned();
    format!("{} resident ({} of its own), {} at most", of("VmRSS:"), of("RssAnon:"), of("VmHWM:"))
}

fn told(what: &str, mut times: Vec<Duration>) {
    if times.is_empty() {
        println!("{what}: none");
        return;
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what}: p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, most {:.1} ms, of {}",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
        times.len()
    );
}

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let mut number = |usual: u64| numbers.next().unwrap_or(Ok(usual));
    let (profiles, each, segments, rate, seconds) =
        (number(1_000_000)?, number(5)?, number(200)?, number(5_000)?, number(60)?);
    let dir = std::env::temp_dir().join(format!("throughline-customers-{}", std::process::id()));
    let engine = Engine::open(&dir, &[], None, Options::default())?;
    let shop = engine.create_workspace(&NewWorkspace {
        key: "shop".to_owned(),
        name: "Shop".to_owned(),
        zone: "UTC".to_owned(),
        currency: "EUR".to_owned(),
        week_start: 1,
        margin: None,
    })?;
    let mut shop =
        Shop { engine: engine.clone(), id: shop.id, source: SourceId::new("shop").ok_or("a source")?, sent: 0 };
    let mut dice = Dice(88_172_645_463_325_252);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores; {profiles} profiles of about {each} interactions, {segments} segments");

    let began = Instant::now();
    let total = profiles * each;
    while shop.sent < total {
        let mut batch = Vec::with_capacity(5_000);
        for _ in 0..5_000 {
            let who = if shop.sent < profiles { shop.sent } else { dice.roll(profiles) };
            let ago = dice.roll(100) as i64 * DAY + dice.roll(86_400) as i64 * 1_000_000;
            batch.push(shop.fact(&mut dice, who, ago)?);
        }
        shop.send(batch)?;
    }
    let received = began.elapsed().as_secs_f64();
    engine.wait_folded()?;
    let folded = began.elapsed().as_secs_f64();
    println!(
        "received in {received:.1} s, folded into profiles in {folded:.1} s: {:.0} a second",
        total as f64 / folded
    );
    println!("memory: {}", resident());
    // The order of the list, too, is made when this returns.
    engine.settle()?;

    let mut list = Vec::new();
    for n in 0..200 {
        let who = dice.roll(profiles);
        let search = match n % 4 {
            0 => format!("person{who}@"),
            1 => format!("user-{who}"),
            2 => format!("name{} surname{who}", who % 1_000),
            _ => String::new(),
        };
        let at = Instant::now();
        let found = engine.customers(shop.id, &CustomerQuery { search, after: None, limit: 50 })?;
        list.push(at.elapsed());
        if n % 4 == 1 && found.rows.is_empty() {
            return Err("a customer who is there was not found".into());
        }
    }
    told("the list and its search", list);

    let began = Instant::now();
    let looked = engine.match_now(shop.id)?;
    println!(
        "{} of {} customers compared in {:.1} s, {} pairs of them may be one person",
        looked.records,
        looked.customers,
        began.elapsed().as_secs_f64(),
        looked.pairs
    );
    println!("memory: {}", resident());

    let began = Instant::now();
    let make = |name: String, rule: serde_json::Value| -> Result<SegmentId, Box<dyn std::error::Error>> {
        let wanted = NewSegment { name, about: String::new(), rule: serde_json::from_value(rule)? };
        Ok(engine.put_segment(shop.id, None, "measurement", &wanted)?)
    };
    for n in 0..segments.saturating_sub(2) {
        make(format!("segment {n}"), rule(n))?;
    }
    let probe = serde_json::json!({"events": ["Probe"]});
    let entering = make("probed".to_owned(), serde_json::json!({"did": {"what": probe, "times": {"at_least": 1}}}))?;
    let leaving = make(
        "probed lately".to_owned(),
        serde_json::json!({"did": {"what": probe, "times": {"at_least": 1}, "when": {"last": "10s"}}}),
    )?;
    engine.wait_segments()?;
    let all = engine.segments(shop.id, false)?;
    let mut sizes = Vec::new();
    for d in &all {
        sizes.push(engine.segment_standing(shop.id, d.id, 1)?.people);
    }
    println!(
        "{} segments judged for everybody in {:.1} s; {} hold somebody, {} memberships",
        all.len(),
        began.elapsed().as_secs_f64(),
        sizes.iter().filter(|n| **n > 0).count(),
        sizes.iter().sum::<u64>()
    );
    println!("memory: {}", resident());

    let (mut entered, mut left) = (Vec::new(), Vec::new());
    // Probes on their way in, and those who are to leave: who, and when that began.
    let mut coming: Vec<(u64, Instant)> = Vec::new();
    let mut going: Vec<(u64, Timestamp)> = Vec::new();
    let start = Instant::now();
    let (mut sent, mut probes) = (0_u64, 0_u64);
    while start.elapsed() < Duration::from_secs(seconds) || !coming.is_empty() || !going.is_empty() {
        let is_sending = start.elapsed() < Duration::from_secs(seconds);
        let wanted = (start.elapsed().as_secs_f64() * rate as f64) as u64;
        if is_sending && wanted >= sent + 50 {
            let n = (wanted - sent).min(500);
            let mut batch = Vec::with_capacity(n as usize + 1);
            for _ in 0..n {
                let who = dice.roll(profiles);
                batch.push(shop.fact(&mut dice, who, 0)?);
            }
            sent += n;
            let is_probe = probes < start.elapsed().as_millis() as u64 / 100;
            if is_probe {
                probes += 1;
                let now = engine.now();
                let id = Identifier::new("user_id", &format!("probe-{probes}"));
                let draft = Draft {
                    message_id: format!("probe-{probes}"),
                    occurred_at: Some(now),
                    event: "Probe".to_owned(),
                    identifiers: vec![id],
                    ..Draft::default()
                };
                let fact = draft.receive(shop.id, &shop.source, now, limits::HTTP_BYTES)?;
                let node = engine.node_of(shop.id, &fact)?;
                batch.push(Record::from(fact));
                coming.push((node, Instant::now()));
                going.push((node, Timestamp(now.0 + 10_000_001)));
            }
            shop.send(batch)?;
        }
        let mut still = Vec::new();
        for (who, since) in std::mem::take(&mut coming) {
            if engine.is_in_segment(shop.id, entering, who)? {
                entered.push(since.elapsed())
            } else {
                still.push((who, since))
            }
        }
        coming = still;
        let now = engine.now();
        let mut still = Vec::new();
        for (who, due) in std::mem::take(&mut going) {
            if now >= due && !engine.is_in_segment(shop.id, leaving, who)? {
                left.push(Duration::from_micros((now.0 - due.0).unsigned_abs()));
            } else {
                still.push((who, due));
            }
        }
        going = still;
        std::thread::sleep(Duration::from_millis(2));
    }
    println!("{sent} interactions offered in {seconds} s");
    told("from sending to membership", entered);
    told("late after time alone", left);
    println!("memory: {}", resident());
    engine.close()?;
    drop((engine, shop));
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}
