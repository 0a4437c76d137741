//! The page of one customer with very many interactions, their profile, and a search in what they said, as a
//! browser and a program get them from a server.

use super::ingest::request;
use super::process::{Scratch, Server, key};
use crate::config::Config;
use anyhow::Context;
use clap::Args;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;
use throughline_interactions::Timestamp;

#[derive(Debug, Clone, Args)]
pub struct StoryArgs {
    /// Interactions of the customers who are looked at, one customer each
    #[arg(long, value_delimiter = ',', default_values_t = [50, 10_000, 100_000])]
    interactions: Vec<u64>,
    /// Interactions of others between two of theirs
    #[arg(long, default_value_t = 3)]
    others: u64,
    /// How often each is asked for
    #[arg(long, default_value_t = 100)]
    times: usize,
}

/// Interactions of a batch.
const BATCH: u64 = 500;

/// Runs the measurement.
pub fn run(config: &Config, args: StoryArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "story")?;
    let (writer, reader) = (key(&scratch.0, "writer")?, key(&scratch.0, "reader")?);
    let server = Server::start(&scratch.0, &[])?;
    let person = logged_in(&server)?;
    let program = format!("Authorization: Bearer {reader}");
    for n in &args.interactions {
        let began = Instant::now();
        fill(server.address, &writer, *n, args.others)?;
        let id = found(server.address, &reader, *n)?;
        println!("\n{n} interactions of one customer, there after {:.1} s", began.elapsed().as_secs_f64());
        let page = format!("/customers/{id}");
        let api = format!("/api/v1/customers/{id}");
        for (what, target) in [
            ("the page, oldest first", page.clone()),
            ("the page, newest first", format!("{page}?newest=1")),
            ("only orders", format!("{page}?kind=orders")),
            ("the profile", format!("{api}/profile")),
            ("the story in groups", format!("{api}/story/groups")),
            ("the story by entries", format!("{api}/story")),
        ] {
            let who = if target.starts_with("/api/") { &program } else { &person };
            measure(what, server.address, &target, who, args.times)?;
        }
        // A word that is in few texts: everything is looked through.
        measure("a search in what they said", server.address, &format!("{page}?q=gemstone"), &person, args.times / 10)?;
    }
    println!("\nthe server at most: {:.0} MB resident", server.peak() as f64 / 1e6);
    server.stop()
}

/// The cookie of somebody who has made the first account and logged in.
fn logged_in(server: &Server) -> anyhow::Result<String> {
    const PASSWORD: &str = "three+plain+words";
    let mut cookies = String::new();
    let link = server.first_link()?;
    for (path, fields) in [
        (link.as_str(), "name=Bench&email=bench%40example.org&password="),
        ("/login", "next=%2F&email=bench%40example.org&password="),
    ] {
        let (_, head, page) = ask(server.address, "GET", path, &cookies, "")?;
        keep(&head, &mut cookies);
        let page = String::from_utf8_lossy(&page);
        let token = page.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let form = format!("token={}&{fields}{PASSWORD}", token.context("find the form's token")?);
        let (status, head, _) = ask(server.address, "POST", path, &cookies, &form)?;
        anyhow::ensure!(status == 303, "{path} answered {status}");
        keep(&head, &mut cookies);
    }
    Ok(cookies)
}

/// Adds the cookies of an answer to the line of a request.
fn keep(head: &str, cookies: &mut String) {
    let set =
        head.lines().filter_map(|line| line.split_once(": ")).filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie"));
    for (_, value) in set {
        let pair = value.split(';').next().unwrap_or_default();
        let before = if cookies.is_empty() { "Cookie: " } else { "; " };
        cookies.push_str(before);
        cookies.push_str(pair);
    }
}

/// One request on a connection of its own: status, head and body.
fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    line: &str,
    form: &str,
) -> anyhow::Result<(u16, String, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).context("connect")?;
    stream.set_nodelay(true)?;
    let line = if line.is_empty() { String::new() } else { format!("{line}\r\n") };
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{line}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw)?;
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n").context("an HTTP answer")?;
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).context("an HTTP answer")?;
    Ok((status, head, raw.split_off(end + 4)))
}

fn measure(what: &str, address: SocketAddr, target: &str, who: &str, times: usize) -> anyhow::Result<()> {
    let mut millis = Vec::with_capacity(times);
    let mut bytes = 0;
    for _ in 0..times.max(3) {
        let began = Instant::now();
        let (status, _, body) = ask(address, "GET", target, who, "")?;
        anyhow::ensure!(status == 200, "{target} answered {status}: {}", String::from_utf8_lossy(&body));
        millis.push(began.elapsed().as_secs_f64() * 1000.0);
        bytes = body.len();
    }
    let first = millis[0];
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| millis[((millis.len() - 1) as f64 * share).round() as usize];
    println!(
        "  {what}: {:.1} ms median, {:.1} ms p95, {:.1} ms at most, the first {first:.1} ms; {} kB",
        at(0.5),
        at(0.95),
        at(1.0),
        bytes / 1000
    );
    Ok(())
}

/// Sends one customer's life with others' between.
fn fill(address: SocketAddr, writer: &str, n: u64, others: u64) -> anyhow::Result<()> {
    for from in (0..n).step_by(BATCH as usize) {
        let mut body = String::from("[");
        for i in from..(from + BATCH).min(n) {
            for other in 0..others {
                let who = (i * others + other) % 2_000;
                let _ = write!(
                    body,
                    r#"{{"message_id":"o-{n}-{i}-{other}","event":"Product Viewed","occurred_at":"{}","channel":"web","identifiers":{{"user_id":"other-{who}"}},"refs":{{"product":"p-{}"}}}},"#,
                    time(i),
                    who % 97
                );
            }
            one(&mut body, n, i);
            body.push(if i + 1 == (from + BATCH).min(n) { ']' } else { ',' });
        }
        let (status, answer) = request(address, "POST", "/v1/interactions", writer, body.as_bytes())?;
        anyhow::ensure!(status == 200, "the server answered {status}: {}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

/// Twelve minutes apart: a round of twenty is four hours, a hundred thousand are two years and more.
fn time(i: u64) -> String {
    Timestamp::from_seconds(1_690_000_000 + (i * 720).cast_signed()).to_string()
}

/// One interaction of a life in rounds of twenty: a visit, an order with its promise, a ticket, a mail.
fn one(body: &mut String, n: u64, i: u64) {
    let (step, round) = (i % 20, i / 20);
    let (event, channel) = match step {
        0 => ("Site Visited", "web"),
        1..=8 => ("Product Viewed", "web"),
        9 => ("Search Performed", "web"),
        10 | 11 => ("Product Added", "web"),
        12 => ("Order Completed", "web"),
        13 => ("Payment Approved", "web"),
        14 => ("Order Shipped", "delivery"),
        15 => ("Order Delivered", "delivery"),
        16 => ("Product Reviewed", "email"),
        17 => ("Ticket Opened", "email"),
        18 => ("Ticket Resolved", "email"),
        _ => ("Newsletter Sent", "email"),
    };
    let _ = write!(
        body,
        r#"{{"message_id":"s-{n}-{i}","event":"{event}","occurred_at":"{}","zone":"Europe/Berlin","channel":"{channel}","touchpoint":"page {}","identifiers":{{"user_id":"looked-at-{n}","email":"looked-at-{n}@example.org"}},"properties":{{"category":"category {}","device":"phone","list":"search results","price":12.9}}"#,
        time(i),
        step,
        (round * step) % 7
    );
    match step {
        0..=11 => {
            let _ = write!(body, r#","refs":{{"visit":"v-{n}-{round}","product":"p-{}"}}"#, (i * 31) % 211);
        }
        12..=16 => {
            let _ = write!(body, r#","refs":{{"order":"order-{n}-{round}","product":"p-{}"}}"#, round % 211);
        }
        17 | 18 => {
            let _ = write!(body, r#","refs":{{"ticket":"t-{n}-{round}","order":"order-{n}-{round}"}}"#);
        }
        _ => {}
    }
    if step == 12 {
        let due = time(i + 40);
        let _ = write!(
            body,
            r#","money":{{"amount":"{}.90","currency":"EUR"}},"promise":{{"kind":"delivery","due":"{due}"}}"#,
            20 + round % 90
        );
    }
    if step == 16 {
        let words = if round % 97 == 5 { "like a gemstone" } else { "it came, it works, and it looks as it should" };
        let _ = write!(body, r#","score":{{"kind":"stars","value":{}}},"text":"{words}""#, round % 5 + 1);
    }
    if step == 17 {
        body.push_str(r#","text":"where is my parcel? nobody tells me anything""#);
    }
    if step == 18 || step == 19 {
        body.push_str(r#","direction":"out","actor":"agent""#);
    }
    if step == 0 && round.is_multiple_of(50) {
        let _ = write!(body, r#","consent":{{"marketing":{}}}"#, round.is_multiple_of(100));
    }
    body.push('}');
}

/// The id of the customer with so many interactions, once all of them are there.
fn found(address: SocketAddr, reader: &str, n: u64) -> anyhow::Result<String> {
    let target = format!("/api/v1/customers?search=looked-at-{n}%40example.org");
    for _ in 0..6_000 {
        let (_, body) = request(address, "GET", &target, reader, b"")?;
        let text = String::from_utf8_lossy(&body);
        let there = text.split("\"interactions\":").nth(1).and_then(|rest| rest.split(',').next()?.parse::<u64>().ok());
        if there.is_some_and(|there| there >= n) {
            let id = text.split("\"id\":\"").nth(1).and_then(|rest| rest.get(..16));
            return id.map(str::to_owned).context("read the customer's id");
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    anyhow::bail!("the interactions did not appear within ten minutes")
}
