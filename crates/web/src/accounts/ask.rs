//! Links by which customers are asked, each signed, each for one interaction and one answer.
//!
//! A link carries the workspace, the ledger's position of what is asked about, the question and the
//! day on which it ends, signed by a secret of the workspace. It names nobody: only the ledger knows
//! who stands at a position, and an erasure makes every link to it say nothing.

use super::secret::signing_secret;
use aws_lc_rs::hmac;
use throughline_interactions::{ScoreKind, Timestamp, WorkspaceId};
use throughline_store::sql::{self, Transaction, params};
use throughline_store::{Store, StoreError};

/// What is asked, by the kind of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Stars, 1–5.
    Stars,
    /// Likelihood to recommend, 0–10.
    Recommend,
    /// How easy it was, 1–7.
    Easy,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stars, Self::Recommend, Self::Easy];

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|q| q.as_str() == name)
    }

    /// The name in the store, in forms and in the fact.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stars => "stars",
            Self::Recommend => "nps",
            Self::Easy => "ces",
        }
    }

    /// The kind of score.
    pub fn kind(self) -> ScoreKind {
        match self {
            Self::Stars => ScoreKind::Stars,
            Self::Recommend => ScoreKind::Nps,
            Self::Easy => ScoreKind::Ces,
        }
    }

    /// Lowest and highest answer.
    pub fn scale(self) -> (u8, u8) {
        match self {
            Self::Stars => (1, 5),
            Self::Recommend => (0, 10),
            Self::Easy => (1, 7),
        }
    }
}

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The brand.
    pub workspace: WorkspaceId,
    /// The ledger's position of what is asked about.
    pub position: u64,
    /// What is asked.
    pub question: Question,
    /// The moment at which it ends, a whole number of seconds.
    pub expires_at: Timestamp,
}

/// Bytes of what is signed, and of the signature: half of SHA-256, as RFC 2104 allows.
const SAID: usize = 18;
const SIGNATURE: usize = 16;
/// Letters of a link are fewer than this.
const LETTERS: usize = 100;
/// The first byte of every link.
const VERSION: u8 = 1;

/// The key by which a workspace signs its links; made on first use.
pub fn ask_secret(store: &Store, workspace: WorkspaceId) -> Result<AskSecret, StoreError> {
    Ok(AskSecret::new(&signing_secret(store, workspace, "ask")?))
}

/// A workspace's key for its links.
pub struct AskSecret(hmac::Key);

impl AskSecret {
    fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The last part of a link.
    pub fn sign(&self, ask: &Ask) -> String {
        let mut bytes = said(ask).to_vec();
        let tag = hmac::sign(&self.0, &bytes);
        bytes.extend(&tag.as_ref()[..SIGNATURE]);
        encode(&bytes)
    }

    /// True if the workspace signed it.
    pub fn has_signed(&self, token: &str) -> bool {
        let Some(bytes) = decode(token, LETTERS).filter(|b| b.len() == SAID + SIGNATURE) else { return false };
        let tag = hmac::sign(&self.0, &bytes[..SAID]);
        aws_lc_rs::constant_time::verify_slices_are_equal(&tag.as_ref()[..SIGNATURE], &bytes[SAID..]).is_ok()
    }
}

/// What a link says of itself, before its signature has been looked at.
pub fn read_ask(token: &str) -> Option<Ask> {
    let bytes = decode(token, LETTERS).filter(|b| b.len() == SAID + SIGNATURE && b[0] == VERSION)?;
    let number = |from: usize, to: usize| bytes[from..to].iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
    Some(Ask {
        workspace: WorkspaceId(u32::try_from(number(1, 5)).ok()?),
        position: number(5, 13),
        question: *Question::ALL.get(usize::from(bytes[13]))?,
        expires_at: Timestamp::from_seconds(i64::try_from(number(14, 18)).ok()?),
    })
}

fn said(ask: &Ask) -> [u8; SAID] {
    let mut bytes = [0; SAID];
    bytes[0] = VERSION;
    bytes[1..5].copy_from_slice(&ask.workspace.0.to_be_bytes());
    bytes[5..13].copy_from_slice(&ask.position.to_be_bytes());
    bytes[13] = Question::ALL.iter().position(|q| *q == ask.question).unwrap_or(0) as u8;
    let seconds = u32::try_from(ask.expires_at.0 / 1_000_000).unwrap_or(u32::MAX);
    bytes[14..18].copy_from_slice(&seconds.to_be_bytes());
    bytes
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 for addresses (RFC 4648, 5), no padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let held = (0..3).fold(0_u32, |n, i| n << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(held >> (18 - 6 * i) & 63) as usize]));
        }
    }
    out
}

pub(super) fn decode(text: &str, most: usize) -> Option<Vec<u8>> {
    if text.len() > most || text.bytes().any(|b| b == b'+' || b == b'/' || b == b'=') {
        return None;
    }
    let bytes = crate::credentials::base64(text)?;
    // One text for one link: no other ending that reads the same.
    (encode(&bytes) == text).then_some(bytes)
}

/// Notes that somebody is asked; a link that is there already keeps its day of asking.
pub fn note_asked(tx: &Transaction<'_>, ask: &Ask, by: &str, at: Timestamp) -> sql::Result<()> {
    tx.prepare_cached(
        "INSERT INTO web_asks (workspace, position, question, asked_at, asked_by, expires_at, answered_at)
         VALUES ($1, $2, $3, $4, $5, $6, NULL)
         ON CONFLICT (workspace, position, question) DO UPDATE SET expires_at = excluded.expires_at",
    )?
    .execute(params![
        ask.workspace.0,
        ask.position.cast_signed(),
        ask.question.as_str(),
        at.0,
        by,
        ask.expires_at.0
    ])?;
    Ok(())
}

/// Notes that the answer is in.
pub fn note_answered(tx: &Transaction<'_>, ask: &Ask, at: Timestamp) -> sql::Result<()> {
    tx.execute(
        "INSERT INTO web_asks (workspace, position, question, asked_at, asked_by, expires_at, answered_at)
         VALUES ($1, $2, $3, $4, '', $5, $6)
         ON CONFLICT (workspace, position, question) DO UPDATE SET answered_at = excluded.answered_at",
        params![ask.workspace.0, ask.position.cast_signed(), ask.question.as_str(), at.0, ask.expires_at.0, at.0],
    )?;
    Ok(())
}

/// Whether the answer is in.
pub fn is_answered(store: &Store, ask: &Ask) -> Result<bool, StoreError> {
    store.read(|c| {
        let found: i64 = c.query_row(
            "SELECT COUNT(*) FROM web_asks
             WHERE workspace = $1 AND position = $2 AND question = $3 AND answered_at IS NOT NULL",
            params![ask.workspace.0, ask.position.cast_signed(), ask.question.as_str()],
            |r| r.get(0),
        )?;
        Ok(found > 0)
    })
}

/// Positions about which somebody was asked since a moment, whatever the question.
pub fn asked_since(
    store: &Store,
    workspace: WorkspaceId,
    since: Timestamp,
) -> Result<std::collections::HashSet<u64>, StoreError> {
    store.read(|c| {
        c.prepare_cached("SELECT position FROM web_asks WHERE workspace = $1 AND asked_at >= $2")?
            .query_map(params![workspace.0, since.0], |r| r.get::<_, i64>(0).map(i64::cast_unsigned))?
            .collect()
    })
}

/// How many links there are, and how many have been answered.
pub fn asks(store: &Store, workspace: WorkspaceId) -> Result<(u64, u64), StoreError> {
    store.read(|c| {
        c.query_row("SELECT COUNT(*), COUNT(answered_at) FROM web_asks WHERE workspace = $1", [workspace.0], |r| {
            Ok((r.get::<_, i64>(0)?.cast_unsigned(), r.get::<_, i64>(1)?.cast_unsigned()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_what_was_signed_and_nothing_else_is_believed() {
        let secret = AskSecret::new("one");
        for (i, question) in Question::ALL.into_iter().enumerate() {
            let ask = Ask {
                workspace: WorkspaceId(7),
                position: u64::MAX - i as u64,
                question,
                expires_at: Timestamp::from_seconds(1_788_307_200),
            };
            let token = secret.sign(&ask);
            assert_eq!(token.len(), 46, "{token}");
            assert_eq!(read_ask(&token), Some(ask));
            assert!(secret.has_signed(&token) && !AskSecret::new("two").has_signed(&token));
            for at in 0..token.len() {
                for other in ['A', 'b', '_'] {
                    let mut changed: Vec<char> = token.chars().collect();
                    if changed[at] != other {
                        changed[at] = other;
                        assert!(!secret.has_signed(&changed.into_iter().collect::<String>()), "{at} {other}");
                    }
                }
            }
        }
        for nothing in ["", "A", "====", "../../etc/passwd", &"A".repeat(46), &"A".repeat(10_000)] {
            assert!(!secret.has_signed(nothing), "{nothing}");
        }
    }

    #[test]
    fn base64_as_the_rfc_prints_it() {
        // RFC 4648, 10.
        for (plain, expected) in
            [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), expected);
            assert_eq!(decode(expected, LETTERS).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decode("Zh", LETTERS), None, "another ending for the same bytes");
    }
}
