//! In which country, region and city somebody is, by the address on the internet that they send from: looked
//! up in what the owner of the installation supplies, and forgotten.

use crate::Around;
use crate::fields::Fields;
use serde_json::Value;
use std::net::IpAddr;

/// A place, as far as it is known; what is not is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its country, as a code of ISO 3166.
    pub country: String,
    /// The first division of the country, in English.
    pub region: String,
    /// The city, in English.
    pub city: String,
}

/// Whoever knows where addresses are.
pub trait Places: std::fmt::Debug + Send + Sync {
    /// Where an address is.
    fn place(&self, address: IpAddr) -> Option<Place>;
}

/// Adds where it was to the properties of an event, where they do not say it themselves. `told` is the
/// address that a server passes on; without one, what a page or an app sends (`is_own`) comes from where its
/// person is.
pub(crate) fn put(properties: &mut Fields, around: &Around<'_>, told: Option<&str>, is_own: bool) {
    let Some(places) = around.places else { return };
    let told = told.and_then(|t| t.trim().parse::<IpAddr>().ok()).filter(|a| !a.is_unspecified());
    let Some(place) = told.or(around.address.filter(|_| is_own)).and_then(|a| places.place(a)) else { return };
    for (name, value) in [("country", place.country), ("region", place.region), ("city", place.city)] {
        if !value.is_empty() {
            properties.entry(name).or_insert(Value::String(value));
        }
    }
}
