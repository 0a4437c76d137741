//! What an interaction was made with, and in which country, by what its sender says: a browser's name for
//! itself, and its time zone. No address on the internet is asked for this.
//!
//! A browser is read by the `woothee` crate, whose list is compiled in. Countries by time zone are those of
//! the time zone database (`zone.tab`, in the public domain), with the older names that browsers still
//! send.

use crate::fields::{Fields, as_text, text_of};
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
    // Browsers on tablets of Android leave out the word by which telephones call themselves; apps always do.
    let is_app = user_agent.starts_with("Dalvik/") || user_agent.starts_with("okhttp/");
    let is_tablet = read.os == "iPad"
        || (read.os == "Android" && !is_app && !user_agent.contains("Mobile"))
        || user_agent.contains("Tablet");
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

/// The smallest side of a tablet's screen, in pixels of a screen with 160 to the inch: the line that Android
/// draws between telephones and tablets.
const TABLET: f64 = 600.0;

/// What kind of device an app runs on, by what mobile libraries say of it: `phone`, `tablet`, `tv`, `watch`,
/// `computer` or `headset`; as it stands where `type` says a kind already; nothing where it does not tell.
/// They put the platform into `type`.
pub(crate) fn of_app(context: &Fields) -> Option<String> {
    let device = context.get("device")?.as_object()?;
    let said = as_text(device.get("type")?)?;
    let is_pad = || ["model", "name"].iter().any(|n| text_of(device, &[n]).is_some_and(|m| m.starts_with("iPad")));
    let kind = match said.to_ascii_lowercase().as_str() {
        "ios" | "ipados" if is_pad() => "tablet",
        "ios" => "phone",
        "ipados" => "tablet",
        "android" => match context.get("screen").and_then(Value::as_object).and_then(smallest_side) {
            Some(side) if side >= TABLET => "tablet",
            _ => "phone",
        },
        "tvos" => "tv",
        "watchos" => "watch",
        "macos" => "computer",
        "visionos" => "headset",
        _ => return Some(said),
    };
    Some(kind.to_owned())
}

/// A screen's smallest side in pixels of a screen with 160 to the inch. Segment's libraries say the density as
/// a factor of that, RudderStack's in pixels to the inch.
fn smallest_side(screen: &Fields) -> Option<f64> {
    let number = |name: &str| screen.get(name).and_then(Value::as_f64).filter(|n| *n > 0.0);
    let density = number("density")?;
    let factor = if density >= 40.0 { density / 160.0 } else { density };
    Some(number("width")?.min(number("height")?) / factor)
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
