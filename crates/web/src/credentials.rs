//! Keys as programs send them.

use axum::http::{HeaderMap, header};

/// The key of `Authorization: Bearer <key>` or of `Basic` with the key as the user's name.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned()).filter(|k| !k.is_empty());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let text = String::from_utf8(base64(rest)?).ok()?;
        let (user, password) = text.split_once(':').unwrap_or((&text, ""));
        let key = if user.is_empty() { password } else { user };
        return Some(key.to_owned()).filter(|k| !k.is_empty());
    }
    None
}

/// Standard base64, padding optional.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut held) = (Vec::with_capacity(text.len()), 0_u32, 0_u32);
    for b in text.trim_end_matches('=').bytes() {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_both_schemes() {
        let check = |value: &str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bearer(&headers).as_deref(), expected, "{value}");
        };
        check("Bearer tl_1", Some("tl_1"));
        check("bearer  tl_1 ", Some("tl_1"));
        check("Basic dGxfMTo=", Some("tl_1"));
        check("Basic OnRsXzE=", Some("tl_1"));
        check("Basic dGxfMQ", Some("tl_1"));
        check("Basic !!", None);
        check("Bearer ", None);
        check("Digest x", None);
    }
}
