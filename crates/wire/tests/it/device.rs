//! What an interaction was made with, and in which country.

use throughline_wire::device::{country, device};

#[test]
fn browsers_say_what_they_are() {
    let check = |agent: &str, kind: &str, os: &str, browser: &str| {
        let read = device(agent);
        assert_eq!((read.kind, read.os.as_str(), read.browser.as_str()), (kind, os, browser), "{agent}");
        assert!(!read.is_crawler, "{agent}");
    };
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "computer",
        "Windows",
        "Chrome",
    );
    check(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "computer",
        "macOS",
        "Safari",
    );
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "phone",
        "iOS",
        "Safari",
    );
    check(
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        "tablet",
        "iOS",
        "Safari",
    );
    check(
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        "phone",
        "Android",
        "Chrome",
    );
    check(
        "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "tablet",
        "Android",
        "Chrome",
    );
    check("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "computer", "Linux", "Firefox");
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
        "computer",
        "Windows",
        "Edge",
    );
    check("", "", "", "");
    check(&"Mozilla/5.0 ".repeat(1_000), "", "", "");
    assert!(device("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)").is_crawler);
}

#[test]
fn a_zone_tells_a_country_where_it_is_of_one() {
    for (zone, expected) in [
        ("Europe/Amsterdam", Some("NL")),
        ("America/Sao_Paulo", Some("BR")),
        ("Asia/Calcutta", Some("IN")),
        ("Asia/Kolkata", Some("IN")),
        ("Europe/Kiev", Some("UA")),
        ("US/Pacific", Some("US")),
        ("Etc/UTC", None),
        ("UTC", None),
        ("Mars/Olympus", None),
        ("", None),
    ] {
        assert_eq!(country(zone), expected, "{zone}");
    }
}
