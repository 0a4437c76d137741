//! Webhooks: a text as chats take it, or any JSON with a signature.

use crate::Failure;
use crate::reachable::is_public;
use aws_lc_rs::hmac;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};
use std::error::Error;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A receiver must take the connection within this …
const TO_CONNECT: Duration = Duration::from_secs(5);
/// … and answer within this.
const TO_ANSWER: Duration = Duration::from_secs(15);

/// What a webhook says.
#[derive(Clone, PartialEq, Eq)]
pub enum Shape {
    /// `{"text": …}`, as Slack, Mattermost, Rocket.Chat and Google Chat take it.
    Text(String),
    /// JSON of one's own, signed with this secret.
    Signed {
        /// The JSON.
        json: String,
        /// The secret that both sides know.
        secret: String,
    },
}

/// A webhook to be called.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// Where; it may hold a secret in its path.
    pub url: String,
    /// What.
    pub shape: Shape,
    /// The same for every try: `Throughline-Delivery`.
    pub id: String,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hook({})", self.id)
    }
}

/// The signature of a body sent at `timestamp` (seconds since 1970): hexadecimal HMAC-SHA-256 (RFC
/// 2104) over the timestamp, a point and the body. A receiver computes the same and refuses old
/// timestamps, so that nobody can send it again later.
pub fn signature(secret: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    tag.as_ref().iter().fold(String::with_capacity(64), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Reads where a webhook goes and refuses what can never be reached: anything but HTTPS, and
/// private addresses written as such, unless `allow_private`.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url, Failure> {
    let url = Url::parse(text.trim())
        .map_err(|_| Failure::never("this is not an address of the web; it begins with https://"))?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err(Failure::never("a webhook goes over https://, so that nobody reads it on the way")),
        _ => return Err(Failure::never("a webhook's address begins with https://")),
    }
    let host = url.host_str().ok_or_else(|| Failure::never("the address names no host"))?;
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    if !allow_private && literal.is_some_and(|ip| !is_public(ip)) {
        return Err(Failure::never(Private.to_string()));
    }
    Ok(url)
}

/// Calls a webhook. `now` is in microseconds.
pub(crate) async fn post(hook: &Hook, allow_private: bool, now: i64) -> Result<(), Failure> {
    let url = check_url(&hook.url, allow_private)?;
    // A redirect or a proxy would lead somewhere that nobody has looked at.
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Looking { allow_private }))
        .connect_timeout(TO_CONNECT)
        .timeout(TO_ANSWER)
        .user_agent(concat!("Throughline/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Failure::later(format!("webhooks cannot be sent from this machine: {}", deepest(&e))))?;
    let timestamp = now.div_euclid(1_000_000);
    let request = client.post(url).header("content-type", "application/json").header("throughline-delivery", &hook.id);
    let request = match &hook.shape {
        Shape::Text(text) => request.body(serde_json::json!({ "text": text }).to_string()),
        Shape::Signed { json, secret } => request
            .header("throughline-timestamp", timestamp)
            .header("throughline-signature", format!("v1={}", signature(secret, timestamp, json)))
            .body(json.clone()),
    };
    match request.send().await {
        Ok(answer) => match answer.status().as_u16() {
            200..=299 => Ok(()),
            status @ (408 | 425 | 429 | 500..=599) => Err(Failure::later(format!("the receiver answered {status}"))),
            status @ 300..=399 => Err(Failure::never(format!(
                "the receiver answered {status}, which leads elsewhere; write the address to which it leads"
            ))),
            status => Err(Failure::never(format!("the receiver answered {status}; it does not take this"))),
        },
        Err(e) if is_private(&e) => Err(Failure::never(Private.to_string())),
        Err(e) if e.is_timeout() => Err(Failure::later("the receiver did not answer in time")),
        // The error's own words would repeat the address, which can hold a secret.
        Err(e) => Err(Failure::later(format!("the receiver could not be reached: {}", deepest(&e)))),
    }
}

/// A name that leads into a private network.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "this address leads to this machine or into a private network; set `allow_private_webhooks = true` if that is meant"
)]
struct Private;

fn is_private(error: &reqwest::Error) -> bool {
    chain(error).any(|e| e.is::<Private>())
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e: &&'e (dyn Error + 'static)| (*e).source())
}

fn deepest(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Looks names up and passes on only what may be reached.
struct Looking {
    allow_private: bool,
}

impl Resolve for Looking {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let all: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let found = !all.is_empty();
            let open: Vec<SocketAddr> = all.into_iter().filter(|a| allow_private || is_public(a.ip())).collect();
            if found && open.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_rfc_4231() {
        // Case 2 of RFC 4231 signs "what do ya want for nothing?" with "Jefe"; here the text begins
        // with a timestamp, so the check goes by an independent computation of the same text.
        // python3: hmac.new(b"Jefe", b"1700000000.what do ya want for nothing?", "sha256").hexdigest()
        let expected = "1cdd0650c8be1cb0974b1788d458b1e781206cfef59b85faafc582d2e182c57e";
        assert_eq!(signature("Jefe", 1_700_000_000, "what do ya want for nothing?"), expected);
    }

    #[test]
    fn addresses_that_are_refused_before_anything_is_sent() {
        let check = |url: &str, private: bool, expected: Option<&str>| {
            let got = check_url(url, private).err().map(|f| f.words);
            assert_eq!(got.is_some(), expected.is_some(), "{url}: {got:?}");
            assert!(got.unwrap_or_default().contains(expected.unwrap_or_default()), "{url}");
        };
        check("https://hooks.example.com/T0/B0", false, None);
        check("http://hooks.example.com/", false, Some("https://"));
        check("ftp://example.com", true, Some("begins with https://"));
        check("hooks.example.com", false, Some("not an address of the web"));
        check("https://127.0.0.1/", false, Some("private network"));
        check("https://[::1]/", false, Some("private network"));
        check("https://0x7f.1/", false, Some("private network"));
        check("https://2130706433/", false, Some("private network"));
        check("http://127.0.0.1:8080/", true, None);
    }
}
