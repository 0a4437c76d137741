//! What an interaction was made with, and in which country, by what its sender says: a browser's name for
//! itself, and its time zone. No address on the internet is asked for this.
//!
//! A browser is read by the `woothee` crate, whose list is compiled in. Countries by time zone are those of
//! the time zone database (`zone.tab`, in the public domain), with the older names that browsers still
//! send.

use crate::fields::Fields;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::OnceLock;
use woothee::parser::Parser;

/// A line a country: its code of ISO 3166, then its zones.
const ZONES: &str = include_str!("zones.txt");

/// A browser or app, as far as its name for itself tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// `phone`, `tablet`, `computer`, `console`, or nothing.
    pub kind: &'static str,
    /// Such as `Windows`, `iOS`, `Android`; empty where it does not tell.
    pub os: String,
    /// Such as `Firefox`; empty where it does not tell.
    pub browser: String,
    /// It is one of the known crawlers.
    pub is_crawler: bool,
}

/// Reads a browser's name for itself.
pub fn device(user_agent: &str) -> Device {
    // Whatever is longer is no browser's.
    let Some(read) = Some(user_agent).filter(|a| a.len() <= 1_000).and_then(|a| Parser::new().parse(a)) else {
        return Device::default();
    };
    let known = |word: &str| if word == "UNKNOWN" { String::new() } else { word.to_owned() };
    let os = match read.os {
        "iPhone" | "iPad" | "iPod" => "iOS".to_owned(),
        "Mac OSX" => "macOS".to_owned(),
        os if os.starts_with("Windows") && os != "Windows Phone OS" => "Windows".to_owned(),
        os => known(os),
    };
    // Tablets of Android leave out the word by which telephones call themselves.
    let is_tablet =
        read.os == "iPad" || (read.os == "Android" && !user_agent.contains("Mobile")) || user_agent.contains("Tablet");
    let kind = match read.category {
        "crawler" => "",
        _ if is_tablet => "tablet",
        "smartphone" | "mobilephone" => "phone",
        "pc" => "computer",
        "appliance" => "console",
        _ => "",
    };
    Device { kind, os, browser: known(read.name), is_crawler: read.category == "crawler" }
}

/// The country of a time zone, as a code of ISO 3166; `None` for a zone of several, or of none.
pub fn country(zone: &str) -> Option<&'static str> {
    static BY_ZONE: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    let by_zone = BY_ZONE.get_or_init(|| {
        let lines = ZONES.lines().filter_map(|l| l.split_once(' '));
        lines.flat_map(|(country, zones)| zones.split(' ').map(move |z| (z, country))).collect()
    });
    by_zone.get(zone).copied()
}

/// Adds what can be told to the properties of an event, where they do not say it themselves.
pub(crate) fn describe(properties: &mut Fields, user_agent: Option<&str>, zone: Option<&str>) {
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            properties.entry(name).or_insert_with(|| Value::String(value.to_owned()));
        }
    };
    if let Some(agent) = user_agent {
        let device = device(agent);
        if !device.is_crawler {
            add("device", device.kind);
            add("os", &device.os);
            add("browser", &device.browser);
        }
    }
    if let Some(country) = zone.and_then(country) {
        add("country", country);
    }
}
