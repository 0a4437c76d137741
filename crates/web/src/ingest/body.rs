//! The body as it comes over the wire: bounded, and inflated without trusting it.

use crate::errors::Problem;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, header};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::io::Read;
use std::time::Duration;

/// The largest body as sent.
pub(crate) const SENT_BYTES: usize = 4 * 1024 * 1024;
/// The largest body after inflating.
pub(crate) const INFLATED_BYTES: usize = 32 * 1024 * 1024;

/// What a zstd frame may look back over: 8 MB, the most that the format recommends.
const ZSTD_WINDOW_LOG: u32 = 23;

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

/// Reads at most [`SENT_BYTES`], and waits for them no longer than this.
pub(super) async fn read(patience: Duration, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|n| n > SENT_BYTES) {
        return Err(too_large(SENT_BYTES));
    }
    let read = tokio::time::timeout(patience, to_bytes(body, SENT_BYTES)).await;
    read.map_err(|_| Problem::Slow(patience.as_secs()))?.map_err(|e| {
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
        Coding::Zstd => {
            // A frame says itself how much memory it wants to be read with.
            let decoder = zstd::Decoder::new(&sent[..]).and_then(|mut d| d.window_log_max(ZSTD_WINDOW_LOG).map(|()| d));
            match decoder {
                Ok(decoder) => bounded(decoder, room, "broken_zstd", "zstd"),
                Err(e) => Err(broken("broken_zstd", "zstd", &e)),
            }
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use std::io::Write;

    fn coded(coding: Coding, plain: &[u8]) -> Vec<u8> {
        match coding {
            Coding::Plain => plain.to_vec(),
            Coding::Gzip => {
                let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                e.write_all(plain).unwrap();
                e.finish().unwrap()
            }
            Coding::Deflate => {
                let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                e.write_all(plain).unwrap();
                e.finish().unwrap()
            }
            Coding::Zstd => zstd::encode_all(plain, 1).unwrap(),
        }
    }

    /// Bytes cut, flipped and spliced; `THROUGHLINE_FUZZ` sets how many.
    #[test]
    fn broken_codings_are_refused_and_whole_ones_come_back() {
        let wanted = std::env::var("THROUGHLINE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000_u64);
        let mut state = 20_261_127_u64;
        let mut random = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n.max(1)
        };
        let plain: Vec<u8> = (0..400).flat_map(|n| format!("{{\"message_id\":\"{n}\"}},").into_bytes()).collect();
        let (mut whole, mut refused) = (0_u64, 0_u64);
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
            let sound = coded(coding, &plain);
            assert_eq!(inflate(coding, sound.clone().into()).unwrap(), plain);
            for _ in 0..wanted / 3 {
                let mut bent = sound.clone();
                for _ in 0..=random(3) {
                    let at = random(bent.len());
                    match random(4) {
                        0 => bent.truncate(at),
                        1 if !bent.is_empty() => bent[at] = random(256) as u8,
                        2 => drop(bent.drain(at..(at + random(20)).min(bent.len()))),
                        _ => {
                            let piece = bent[at..(at + random(40)).min(bent.len())].to_vec();
                            bent.splice(at..at, piece);
                        }
                    }
                }
                match inflate(coding, bent.into()) {
                    Ok(bytes) => {
                        assert!(bytes.len() <= INFLATED_BYTES);
                        whole += 1;
                    }
                    Err(Problem::Unreadable(..) | Problem::TooLarge(_)) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
        assert!(refused > whole && whole > 0, "{whole} whole, {refused} refused");
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_large() {
        let zeros = vec![0; INFLATED_BYTES + 1];
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
            let bomb = coded(coding, &zeros);
            assert!(bomb.len() < SENT_BYTES);
            assert!(matches!(inflate(coding, bomb.into()), Err(Problem::TooLarge(_))), "{coding:?}");
        }
        // A frame of a few bytes that wants a gigabyte to look back over.
        let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
        wide.window_log(27).unwrap();
        wide.include_contentsize(false).unwrap();
        wide.write_all(&zeros[..1_000]).unwrap();
        let wide = wide.finish().unwrap();
        assert!(matches!(inflate(Coding::Zstd, wide.into()), Err(Problem::Unreadable("broken_zstd", _))));
    }
}
