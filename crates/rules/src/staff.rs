//! The brand's own people, who try out what customers use.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use throughline_interactions::Interaction;

/// How the brand's own people are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// Domains of their addresses, such as `north-shop.example`.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Their identifiers, of any kind.
    #[serde(default)]
    pub identifiers: Vec<String>,
    /// Hosts of pages that no customer sees, such as `localhost` or `staging.north-shop.example`.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Networks they sit in: an address, or one with the length of its prefix, such as `192.0.2.0/24`.
    #[serde(default)]
    pub networks: Vec<String>,
}

impl Staff {
    /// True where nobody is known.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty() && self.identifiers.is_empty() && self.hosts.is_empty() && self.networks.is_empty()
    }

    /// Why an interaction is taken for one of the brand's own people; `None` where it is not. `from` is the
    /// address that it was sent from, where a browser sent it.
    pub fn is_one(&self, i: &Interaction, from: Option<IpAddr>) -> Option<String> {
        let is_in = |list: &[String], value: &str| list.iter().any(|v| v.eq_ignore_ascii_case(value));
        for identifier in &i.identifiers {
            if is_in(&self.identifiers, &identifier.value) {
                return Some(format!("its {} is one of the staff", identifier.kind));
            }
            if let Some((_, domain)) = identifier.value.rsplit_once('@')
                && is_in(&self.domains, domain)
            {
                return Some(format!("its address is at {}", domain.to_ascii_lowercase()));
            }
        }
        if let Some(host) = host(i).filter(|h| is_in(&self.hosts, h)) {
            return Some(format!("the page is at {host}"));
        }
        let from = from?;
        let network = self.networks.iter().find(|n| contains(n, from) == Some(true))?;
        Some(format!("it came from {network}"))
    }

    /// The network that cannot be read, if one cannot.
    pub fn wrong_network(&self) -> Option<&str> {
        self.networks.iter().map(String::as_str).find(|n| contains(n, IpAddr::from([0, 0, 0, 0])).is_none())
    }
}

/// The host of the page that it happened on.
fn host(i: &Interaction) -> Option<&str> {
    let page = i.properties.get("context").and_then(|c| c.get("page"));
    let urls = [page.and_then(|p| p.get("url")), i.properties.get("url"), i.properties.get("$current_url")];
    let url = urls.into_iter().flatten().find_map(|u| u.as_str())?;
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // An address of version 6 stands in brackets.
    match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, _)| host),
        None => Some(host.split_once(':').map_or(host, |(host, _)| host)),
    }
}

/// Whether an address is in a network; `None` where the network cannot be read.
fn contains(network: &str, address: IpAddr) -> Option<bool> {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, Some(length.trim().parse::<u32>().ok()?)),
        None => (network, None),
    };
    let base: IpAddr = base.trim().parse().ok()?;
    let bits = |a: IpAddr| match a {
        IpAddr::V4(a) => (u128::from(a.to_bits()) << 96, 32),
        IpAddr::V6(a) => match a.to_ipv4_mapped() {
            Some(a) => (u128::from(a.to_bits()) << 96, 32),
            None => (a.to_bits(), 128),
        },
    };
    let ((base, width), (address, other)) = (bits(base), bits(address));
    let length = length.unwrap_or(width);
    if length > width {
        return None;
    }
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
    Some(width == other && base & mask == address & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_network_or_not() {
        let check = |network: &str, address: &str, expected: Option<bool>| {
            assert_eq!(contains(network, address.parse().expect("an address")), expected, "{network} {address}");
        };
        check("192.0.2.0/24", "192.0.2.77", Some(true));
        check("192.0.2.0/24", "192.0.3.1", Some(false));
        check("192.0.2.0/24", "::ffff:192.0.2.9", Some(true));
        check("192.0.2.7", "192.0.2.7", Some(true));
        check("0.0.0.0/0", "10.1.1.1", Some(true));
        check("0.0.0.0/0", "2001:db8::1", Some(false));
        check("2001:db8::/32", "2001:db8:1::1", Some(true));
        check("192.0.2.0/33", "192.0.2.1", None);
        check("office", "192.0.2.1", None);
    }
}
