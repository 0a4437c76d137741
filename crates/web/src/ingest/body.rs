//! The body as it comes over the wire: bounded, and inflated without trusting it.

use crate::errors::Problem;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, header};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// The largest body as sent.
pub(crate) const SENT_BYTES: usize = 4 * 1024 * 1024;
/// The largest body after inflating.
pub(crate) const INFLATED_BYTES: usize = 64 * 1024 * 1024;

/// How the body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Gzip,
    /// With a header of its own, as PostHog's libraries and most others mean it.
    Deflate,
    Zstd,
}

impl Coding {
    /// As `Content-Encoding` says.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(Self::Plain) };
        let name = value.to_str().unwrap_or("?").trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            "zstd" => Ok(Self::Zstd),
            other => Err(Problem::UnknownCoding(format!("content-encoding `{}` is not understood", clip(other)))),
        }
    }
}

/// Reads at most [`SENT_BYTES`].
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|n| n > SENT_BYTES) {
        return Err(too_large(SENT_BYTES));
    }
    to_bytes(body, SENT_BYTES).await.map_err(|e| {
        let inner = std::error::Error::source(&e).map(ToString::to_string).unwrap_or_default();
        if inner.contains("length limit") {
            too_large(SENT_BYTES)
        } else {
            Problem::Unreadable("broken_body", "the body ended before it was complete".to_owned())
        }
    })
}

/// Undoes the coding; never makes more than [`INFLATED_BYTES`].
pub(super) fn inflate(coding: Coding, sent: Bytes) -> Result<Bytes, Problem> {
    let room = (sent.len() * 6).min(INFLATED_BYTES);
    match coding {
        Coding::Plain => Ok(sent),
        Coding::Gzip => bounded(MultiGzDecoder::new(&sent[..]), room, "broken_gzip", "gzip"),
        Coding::Deflate => bounded(ZlibDecoder::new(&sent[..]), room, "broken_deflate", "deflate"),
        Coding::Zstd => match zstd::Decoder::new(&sent[..]) {
            Ok(decoder) => bounded(decoder, room, "broken_zstd", "zstd"),
            Err(e) => Err(broken("broken_zstd", "zstd", &e)),
        },
    }
}

fn bounded(decoder: impl Read, room: usize, code: &'static str, name: &str) -> Result<Bytes, Problem> {
    let mut plain = Vec::with_capacity(room);
    match decoder.take(INFLATED_BYTES as u64 + 1).read_to_end(&mut plain) {
        Ok(n) if n > INFLATED_BYTES => Err(too_large(INFLATED_BYTES)),
        Ok(_) => Ok(plain.into()),
        Err(e) => Err(broken(code, name, &e)),
    }
}

fn broken(code: &'static str, name: &str, e: &std::io::Error) -> Problem {
    Problem::Unreadable(code, format!("the body is not complete {name}: {e}"))
}

fn too_large(most: usize) -> Problem {
    Problem::TooLarge(format!("the body has more than {} MB", most / 1024 / 1024))
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}
