//! A file of places by address, which the owner of the installation supplies: one in the format of MaxMind,
//! as MaxMind, DB-IP, IPinfo and others publish. None ships with this program.

use maxminddb::{LookupResult, PathElement, Reader};
use std::net::IpAddr;
use std::path::Path;
use throughline_wire::place::{Place, Places};

/// The file, in memory.
pub(crate) struct PlaceFile(Reader<Vec<u8>>);

impl std::fmt::Debug for PlaceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PlaceFile").field(&self.0.metadata().database_type).finish()
    }
}

impl PlaceFile {
    /// Reads a file; in words, why it cannot be used.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
        let reader = Reader::from_source(bytes)
            .map_err(|e| format!("it is no file of places in MaxMind's format (.mmdb): {e}"))?;
        let file = Self(reader);
        let is_of_places = file.0.metadata().database_type.to_ascii_lowercase();
        if ["asn", "isp", "domain", "anonymous", "connection"].iter().any(|kind| is_of_places.contains(kind)) {
            let kind = &file.0.metadata().database_type;
            return Err(format!("it is a database of another kind, `{kind}`; take one of countries or cities"));
        }
        Ok(file)
    }
}

/// The first of several ways to say it.
fn text(found: &LookupResult<'_, Vec<u8>>, ways: &[&[PathElement<'_>]]) -> String {
    let said = ways.iter().find_map(|way| found.decode_path::<&str>(way).ok().flatten());
    said.unwrap_or_default().chars().take(100).collect()
}

impl Places for PlaceFile {
    fn place(&self, address: IpAddr) -> Option<Place> {
        use PathElement::{Index, Key};
        let found = self.0.lookup(address).ok().filter(LookupResult::has_data)?;
        let place = Place {
            country: text(&found, &[&[Key("country"), Key("iso_code")], &[Key("country_code")], &[Key("country")]]),
            region: text(&found, &[&[Key("subdivisions"), Index(0), Key("names"), Key("en")], &[Key("region")]]),
            city: text(&found, &[&[Key("city"), Key("names"), Key("en")], &[Key("city")]]),
        };
        let Place { country, .. } = &place;
        let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        Some(if is_code { place } else { Place { country: String::new(), ..place } })
    }
}
