//! What language somebody speaks and where their clock is: as they said it, or else a guess that is marked as one.

use serde::Serialize;
use std::collections::BTreeMap;
use throughline_customers::Trait;
use throughline_interactions::{Interaction, Timestamp, Zone};

/// A language as its code, or a zone by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Region {
    /// `de`, `Europe/Berlin`.
    pub value: String,
    /// Guessed, not said.
    pub is_inferred: bool,
    /// The trait that says it, or what it is guessed from.
    pub from: String,
    /// Of what it is guessed from: in how many of the last interactions, and of how many.
    pub n: u64,
    /// Of how many.
    pub of: u64,
    /// When it was said or seen last.
    pub at: Timestamp,
    /// Where it was said or seen, by places in the ledger.
    pub positions: Vec<u64>,
}

/// Traits by which people and shops tell a language; the first one that is there counts.
const LANGUAGE: [&str; 5] = ["language", "preferred_language", "locale", "lang", "accept_language"];
/// Traits by which they tell a zone.
const ZONE: [&str; 4] = ["timezone", "time_zone", "zone", "tz"];

fn told(traits: &[Trait], names: &[&str], reads: impl Fn(&str) -> Option<String>) -> Option<Region> {
    let of = |name: &&str| traits.iter().find(|t| t.name.eq_ignore_ascii_case(name));
    names.iter().filter_map(of).find_map(|t| {
        let now = t.told.first()?;
        Some(Region {
            value: reads(&now.value)?,
            is_inferred: false,
            from: t.name.clone(),
            n: 1,
            of: 1,
            at: now.last_said,
            positions: vec![now.position],
        })
    })
}

/// The zone: as told, or in which most of their last interactions told the time.
pub(crate) fn zone(traits: &[Trait], recent: &[(u64, Interaction)]) -> Option<Region> {
    let reads = |value: &str| Zone::new(value.trim()).ok().map(|z| z.name().to_owned());
    if let Some(said) = told(traits, &ZONE, reads) {
        return Some(said);
    }
    let mut counts: BTreeMap<&str, Vec<(Timestamp, u64)>> = BTreeMap::new();
    for (position, fact) in recent {
        if let Some(zone) = &fact.zone {
            counts.entry(zone.name()).or_default().push((fact.occurred_at, *position));
        }
    }
    let of = counts.values().map(Vec::len).sum::<usize>() as u64;
    let (value, seen) = counts.into_iter().max_by_key(|(name, seen)| (seen.len(), std::cmp::Reverse(*name)))?;
    Some(Region {
        value: value.to_owned(),
        is_inferred: true,
        from: "the zone in which their last interactions told the time".to_owned(),
        n: seen.len() as u64,
        of,
        at: seen.iter().map(|(at, _)| *at).max()?,
        positions: seen.into_iter().map(|(_, position)| position).take(super::NAMED).collect(),
    })
}

/// The language: as told, or what is spoken in the zone where one language is.
pub(crate) fn language(traits: &[Trait], zone: Option<&Region>) -> Option<Region> {
    if let Some(said) = told(traits, &LANGUAGE, code) {
        return Some(said);
    }
    let zone = zone?;
    let spoken = spoken(&zone.value)?;
    Some(Region {
        value: spoken.to_owned(),
        is_inferred: true,
        from: format!("the zone {}", zone.value),
        ..zone.clone()
    })
}

/// `de-DE`, `de_AT` and `DE` are `de`; what is no code stays as it was written, if it is short.
fn code(value: &str) -> Option<String> {
    let value = value.trim();
    let first = value.split(['-', '_', ',', ';']).next()?.trim();
    match first {
        "" => None,
        code if code.len() <= 3 && code.bytes().all(|b| b.is_ascii_alphabetic()) => Some(code.to_ascii_lowercase()),
        _ => Some(value.chars().take(40).collect()),
    }
}

/// What nearly everybody in a zone speaks. Zones of many languages are not here: nothing is guessed of them.
fn spoken(zone: &str) -> Option<&'static str> {
    Some(match zone {
        "Europe/Berlin" | "Europe/Vienna" | "Europe/Busingen" => "de",
        "Europe/Paris" => "fr",
        "Europe/Madrid" | "America/Mexico_City" | "America/Bogota" | "America/Santiago" | "America/Lima" => "es",
        "America/Argentina/Buenos_Aires" | "America/Buenos_Aires" | "America/Caracas" | "America/Montevideo" => "es",
        "Europe/Rome" => "it",
        "Europe/Lisbon" | "America/Sao_Paulo" | "America/Bahia" | "America/Fortaleza" | "America/Recife" => "pt",
        "Europe/Amsterdam" => "nl",
        "Europe/Warsaw" => "pl",
        "Europe/Prague" => "cs",
        "Europe/Budapest" => "hu",
        "Europe/Copenhagen" => "da",
        "Europe/Stockholm" => "sv",
        "Europe/Oslo" => "no",
        "Europe/Athens" => "el",
        "Europe/Bucharest" => "ro",
        "Europe/Istanbul" => "tr",
        "Europe/London" | "Europe/Dublin" | "Australia/Sydney" | "Australia/Melbourne" | "Pacific/Auckland" => "en",
        "America/New_York" | "America/Chicago" | "America/Denver" | "America/Los_Angeles" => "en",
        "Asia/Tokyo" => "ja",
        "Asia/Seoul" => "ko",
        "Asia/Shanghai" => "zh",
        "Asia/Jerusalem" => "he",
        "Asia/Riyadh" | "Africa/Cairo" => "ar",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use throughline_customers::Told;

    fn traits(name: &str, value: &str) -> Vec<Trait> {
        let at = Timestamp(1);
        let source = "shop".to_owned();
        let told = vec![Told { value: value.to_owned(), first_said: at, last_said: at, source, position: 7 }];
        vec![Trait { name: name.to_owned(), told }]
    }

    #[test]
    fn what_is_said_goes_before_what_is_guessed() {
        let check = |name: &str, value: &str, zone: Option<&str>, expected: Option<(&str, bool)>| {
            let traits = traits(name, value);
            let zone = zone.and_then(|z| super::zone(&self::traits("timezone", z), &[]));
            let found = language(&traits, zone.as_ref());
            assert_eq!(found.as_ref().map(|r| (r.value.as_str(), r.is_inferred)), expected);
        };
        check("language", "de-AT", None, Some(("de", false)));
        check("locale", "pt_BR", Some("Europe/Berlin"), Some(("pt", false)));
        check("Language", "Hochdeutsch", None, Some(("Hochdeutsch", false)));
        check("plan", "pro", Some("Europe/Berlin"), Some(("de", true)));
        check("plan", "pro", Some("Europe/Brussels"), None);
        check("language", "  ", None, None);
        check("plan", "pro", Some("Mars/Olympus"), None);
    }
}
