//! Whether a delivery comes from whom it says: signatures as the makers describe them.

use crate::credentials::base64;
use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use throughline_interactions::Timestamp;
use throughline_wire::hooks::System;

/// Stripe's signatures are good for so long, in seconds, so that nobody sends an old one again.
const GOOD_FOR: i64 = 300;

/// Headers in which carriers and others put an HMAC-SHA-256 of the body, in hexadecimal or base64.
const USUAL: &[&str] = &[
    "x-hub-signature-256",
    "x-signature-256",
    "x-signature",
    "aftership-hmac-sha256",
    "x-hmac-signature",
    "sendcloud-signature",
    "x-webhook-signature",
];

/// Why a delivery is refused, in words for whoever set it up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// None of the headers is there; which ones are looked for.
    Unsigned(String),
    /// It was made with another secret, or over another body.
    Forged,
    /// It was made too long ago, or a clock is off; by how many seconds.
    Old(i64),
}

impl Refusal {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Unsigned(names) => {
                format!("the delivery is not signed: it has no {names}; set the secret at the sender too")
            }
            Self::Forged => {
                "the signature is none of this body under the secret that is known here; compare the secret at the sender"
                    .to_owned()
            }
            Self::Old(seconds) => {
                format!("the signature is {seconds} seconds away from this server's clock; at most {GOOD_FOR} are taken")
            }
        }
    }
}

/// Checks the signature of a system's delivery.
pub(super) fn check(
    system: Option<System>,
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Refusal> {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    match system {
        Some(System::Shopify) => by_header(header("x-shopify-hmac-sha256"), "X-Shopify-Hmac-SHA256", secret, body),
        Some(System::WooCommerce) => {
            by_header(header("x-wc-webhook-signature"), "X-WC-Webhook-Signature", secret, body)
        }
        Some(System::Stripe) => stripe(header("stripe-signature"), secret, body, now),
        None if secret.is_empty() => Ok(()),
        None => by_header(USUAL.iter().find_map(|n| header(n)), &USUAL.join(", "), secret, body),
    }
}

fn by_header(given: Option<&str>, name: &str, secret: &str, body: &[u8]) -> Result<(), Refusal> {
    let given = given.ok_or_else(|| Refusal::Unsigned(name.to_owned()))?;
    let given = given.strip_prefix("sha256=").or_else(|| given.strip_prefix("hmac-sha256-hex=")).unwrap_or(given);
    let tag = hex(given).or_else(|| base64(given)).ok_or(Refusal::Forged)?;
    is_of(secret, body, &tag).then_some(()).ok_or(Refusal::Forged)
}

/// `t=<seconds>,v1=<hex>`, one `v1` for each secret that is in use; over the time, a point and the body.
fn stripe(given: Option<&str>, secret: &str, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
    let given = given.ok_or_else(|| Refusal::Unsigned("Stripe-Signature".to_owned()))?;
    let parts = || given.split(',').filter_map(|p| p.trim().split_once('='));
    let at = parts().find(|(name, _)| *name == "t").map(|(_, at)| at).ok_or(Refusal::Forged)?;
    let signed = [at.as_bytes(), b".", body].concat();
    let is_known = |tag: &str| hex(tag).is_some_and(|tag| is_of(secret, &signed, &tag));
    if !parts().any(|(name, tag)| name == "v1" && is_known(tag)) {
        return Err(Refusal::Forged);
    }
    let seconds = at.parse::<i64>().map_err(|_| Refusal::Forged)?;
    let off = now.0.div_euclid(1_000_000).saturating_sub(seconds).saturating_abs();
    if off > GOOD_FOR { Err(Refusal::Old(off)) } else { Ok(()) }
}

/// Compared in constant time.
fn is_of(secret: &str, signed: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed, tag).is_ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    const BODY: &[u8] = br#"{"id":1}"#;
    // printf '{"id":1}' | openssl dgst -sha256 -hmac secret
    const HEX: &str = "03def589620c813f198fd03d7967e292b163ef0435ebf43071ce0e9519763cb7";
    const BASE64: &str = "A971iWIMgT8Zj9A9eWfikrFj7wQ16/Qwcc4OlRl2PLc=";

    #[test]
    fn signatures_as_openssl_makes_them() {
        let at = |system, pairs: &[(&'static str, &str)], body: &[u8]| {
            check(system, "secret", &headers(pairs), body, Timestamp::from_seconds(1_000))
        };
        let shopify = Some(System::Shopify);
        assert_eq!(at(shopify, &[("x-shopify-hmac-sha256", BASE64)], BODY), Ok(()));
        assert_eq!(at(shopify, &[("x-shopify-hmac-sha256", BASE64)], b"{}"), Err(Refusal::Forged));
        assert!(matches!(at(shopify, &[("x-wc-webhook-signature", BASE64)], BODY), Err(Refusal::Unsigned(_))));
        assert_eq!(at(Some(System::WooCommerce), &[("x-wc-webhook-signature", BASE64)], BODY), Ok(()));
        for name in ["x-hub-signature-256", "sendcloud-signature"] {
            assert_eq!(at(None, &[(name, &format!("sha256={HEX}"))], BODY), Ok(()), "{name}");
        }
        assert_eq!(at(None, &[("aftership-hmac-sha256", BASE64)], BODY), Ok(()));
        assert_eq!(at(None, &[("x-signature", &HEX.replace('0', "1"))], BODY), Err(Refusal::Forged));
        assert_eq!(at(None, &[("x-signature", "é")], BODY), Err(Refusal::Unsigned(USUAL.join(", "))));
        assert_eq!(check(None, "", &HeaderMap::new(), BODY, Timestamp(0)), Ok(()), "nothing is asked for");
    }

    #[test]
    fn stripes_signatures_grow_old() {
        // printf '1000.{"id":1}' | openssl dgst -sha256 -hmac secret
        const TAG: &str = "d3a89005f91de4309f7b063f6f889cd1e6dc7995c0c03fa87a0f4dc0a00330d9";
        let at = |given: &str, seconds: i64| {
            let headers = headers(&[("stripe-signature", given)]);
            check(Some(System::Stripe), "secret", &headers, BODY, Timestamp::from_seconds(seconds))
        };
        let given = format!("t=1000,v1={},v1={TAG},v0=00", "0".repeat(64));
        assert_eq!(at(&given, 1_300), Ok(()), "one of two secrets in use");
        assert_eq!(at(&given, 1_301), Err(Refusal::Old(301)));
        assert_eq!(at(&format!("t=1001,v1={TAG}"), 1_000), Err(Refusal::Forged), "the time is signed too");
        assert_eq!(at(&format!("v1={TAG}"), 1_000), Err(Refusal::Forged));
        assert_eq!(at("", 1_000), Err(Refusal::Forged));
    }
}
