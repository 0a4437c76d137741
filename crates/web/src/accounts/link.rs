//! Addresses that somebody opens — a code on a parcel, a link in a mail, a picture that tells that a mail
//! was opened, a kiosk — and what was signed for one person to open.
//!
//! An address names nobody. Where it is to tell who opens it, it carries what a signature vouches for:
//! numbers of orders and accounts, never an address or a telephone number, because addresses end up in
//! histories, logs and shared screens.

use super::ask::{Question, decode, encode};
use super::secret::signing_secret;
use aws_lc_rs::hmac;
use throughline_interactions::{Identifier, Ref, Timestamp, WorkspaceId};
use throughline_store::sql::{self, OptionalExtension, Row, Transaction, params};
use throughline_store::{Store, StoreError};

/// What it is, and so what it means that somebody opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// A code on a parcel, a receipt, in a leaflet.
    Packaging,
    /// A code in a shop: on a shelf, a door, a window.
    Store,
    /// A short link anywhere.
    Short,
    /// A link in a mail.
    EmailLink,
    /// A picture in a mail.
    EmailPicture,
    /// A link of an advert.
    AdLink,
    /// A picture in an advert.
    AdPicture,
    /// A screen in a shop that asks whoever stands before it.
    Kiosk,
}

impl LinkKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Packaging,
        Self::Store,
        Self::Short,
        Self::EmailLink,
        Self::EmailPicture,
        Self::AdLink,
        Self::AdPicture,
        Self::Kiosk,
    ];

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == name)
    }

    /// The name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packaging => "packaging",
            Self::Store => "store",
            Self::Short => "short",
            Self::EmailLink => "email-link",
            Self::EmailPicture => "email-picture",
            Self::AdLink => "ad-link",
            Self::AdPicture => "ad-picture",
            Self::Kiosk => "kiosk",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packaging => "a code on a parcel or receipt",
            Self::Store => "a code in a shop",
            Self::Short => "a short link",
            Self::EmailLink => "a link in a mail",
            Self::EmailPicture => "a picture in a mail",
            Self::AdLink => "a link of an advert",
            Self::AdPicture => "a picture in an advert",
            Self::Kiosk => "a kiosk",
        }
    }

    /// What it means that somebody opened it, and on which channel; a kiosk is opened by nobody.
    pub fn opened(self) -> (&'static str, &'static str) {
        match self {
            Self::Packaging => ("Code Scanned", "packaging"),
            Self::Store | Self::Kiosk => ("Code Scanned", "store"),
            Self::Short => ("Link Opened", "web"),
            Self::EmailLink => ("Email Link Clicked", "email"),
            Self::EmailPicture => ("Email Opened", "email"),
            Self::AdLink => ("Ad Clicked", "ads"),
            Self::AdPicture => ("Ad Impression", "ads"),
        }
    }

    /// A picture of one pixel.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::EmailPicture | Self::AdPicture)
    }
}

/// One address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Eight letters and digits.
    pub code: String,
    /// The brand.
    pub workspace: WorkspaceId,
    /// What it is.
    pub kind: LinkKind,
    /// What people call it; the touchpoint of what happens there.
    pub name: String,
    /// Where it leads; empty where it asks, or is a picture.
    pub target: String,
    /// What it asks whoever opens it.
    pub question: Option<Question>,
    /// What it is about.
    pub about: Option<Ref>,
    /// Since when.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

/// How often one was opened in a while.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opened {
    /// By people, as far as can be told.
    pub people: u64,
    /// By machines.
    pub machines: u64,
}

/// No vowels and nothing that is taken for something else: no words come of it, and it can be typed.
const LETTERS: &[u8; 32] = b"23456789bcdfghjkmnpqrstvwxzBDGHQ";

impl Link {
    /// A code that nobody guesses: forty random bits.
    pub fn new_code() -> String {
        let mut bytes = [0_u8; 8];
        getrandom::fill(&mut bytes).expect("the system has a random device");
        bytes.iter().map(|b| char::from(LETTERS[usize::from(b & 31)])).collect()
    }
}

const COLUMNS: &str = "code, workspace, kind, name, target, question, about_kind, about_value, created_at, created_by";

fn read(r: &Row<'_>) -> sql::Result<Link> {
    let text = |i: usize| r.get::<_, String>(i);
    let damaged = || sql::Error::InvalidColumnType(2, "web_links".to_owned(), sql::types::Type::Text);
    let about = Ref { kind: text(6)?, value: text(7)? };
    Ok(Link {
        code: text(0)?,
        workspace: WorkspaceId(r.get(1)?),
        kind: LinkKind::new(&text(2)?).ok_or_else(damaged)?,
        name: text(3)?,
        target: text(4)?,
        question: Question::new(&text(5)?),
        about: Some(about).filter(|a| !a.kind.is_empty()),
        created_at: Timestamp(r.get(8)?),
        created_by: text(9)?,
    })
}

/// Keeps a new one.
pub fn create_link(tx: &Transaction<'_>, link: &Link) -> sql::Result<()> {
    let about = link.about.as_ref();
    tx.execute(
        "INSERT INTO web_links (code, workspace, kind, name, target, question, about_kind, about_value, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            link.code,
            link.workspace.0,
            link.kind.as_str(),
            link.name,
            link.target,
            link.question.map_or("", Question::as_str),
            about.map_or("", |a| a.kind.as_str()),
            about.map_or("", |a| a.value.as_str()),
            link.created_at.0,
            link.created_by
        ],
    )?;
    Ok(())
}

/// Removes one: whoever opens it finds that it leads nowhere. False where there is none.
pub fn remove_link(tx: &Transaction<'_>, workspace: WorkspaceId, code: &str) -> sql::Result<bool> {
    tx.execute("DELETE FROM web_link_days WHERE code = $1", [code])?;
    Ok(tx.execute("DELETE FROM web_links WHERE workspace = $1 AND code = $2", params![workspace.0, code])? > 0)
}

/// Those of a workspace, the newest first, each with how often it was opened since a moment.
pub fn links(store: &Store, workspace: WorkspaceId, since: Timestamp) -> Result<Vec<(Link, Opened)>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM web_links WHERE workspace = $1 ORDER BY created_at DESC, code LIMIT 500");
    store.read(|c| {
        let all: Vec<Link> = c.prepare_cached(&sql)?.query_map([workspace.0], read)?.collect::<Result<_, _>>()?;
        let mut count = c.prepare_cached(
            "SELECT COALESCE(SUM(people), 0), COALESCE(SUM(machines), 0) FROM web_link_days WHERE code = $1 AND day >= $2",
        )?;
        all.into_iter()
            .map(|link| {
                let opened = count.query_row(params![link.code, day_of(since)], |r| {
                    Ok(Opened { people: r.get::<_, i64>(0)?.cast_unsigned(), machines: r.get::<_, i64>(1)?.cast_unsigned() })
                })?;
                Ok((link, opened))
            })
            .collect()
    })
}

/// The one of a code.
pub fn link(store: &Store, code: &str) -> Result<Option<Link>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM web_links WHERE code = $1");
    store.read(|c| c.prepare_cached(&sql)?.query_row([code], read).optional())
}

fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(86_400_000_000)
}

/// Counts that one was opened.
pub fn count_opened(tx: &Transaction<'_>, code: &str, at: Timestamp, by_machine: bool) -> sql::Result<()> {
    tx.prepare_cached(
        "INSERT INTO web_link_days (code, day, people, machines) VALUES ($1, $2, $3, $4)
         ON CONFLICT (code, day) DO UPDATE SET
             people = web_link_days.people + excluded.people, machines = web_link_days.machines + excluded.machines",
    )?
    .execute(params![code, day_of(at), i64::from(!by_machine), i64::from(by_machine)])?;
    Ok(())
}

/// Whom a personal address is for: what the signature vouches for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Personal {
    /// Who it is.
    pub identifiers: Vec<Identifier>,
    /// What it is about, besides what the address is about.
    pub refs: Vec<Ref>,
}

/// The first byte of what is signed.
const VERSION: u8 = 1;
const SIGNATURE: usize = 16;
/// Most bytes of what is signed: an address can be printed as a code that a camera reads.
pub const PERSONAL_BYTES: usize = 300;

/// A workspace's key for personal addresses.
pub struct LinkSecret(hmac::Key);

impl LinkSecret {
    /// The key of a workspace, made on first use.
    pub fn of(store: &Store, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let secret = signing_secret(store, workspace, "link")?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())))
    }

    /// What is put behind an address for one person; `None` where it says more than an address holds.
    pub fn sign(&self, code: &str, personal: &Personal) -> Option<String> {
        let mut bytes = vec![VERSION];
        let identifiers = personal.identifiers.iter().map(|i| (b'i', &i.kind, &i.value));
        let refs = personal.refs.iter().map(|r| (b'r', &r.kind, &r.value));
        for (what, kind, value) in identifiers.chain(refs) {
            bytes.push(what);
            for text in [kind, value] {
                bytes.push(u8::try_from(text.len()).ok()?);
                bytes.extend(text.as_bytes());
            }
        }
        if bytes.len() > PERSONAL_BYTES {
            return None;
        }
        let tag = self.tag(code, &bytes);
        bytes.extend(tag);
        Some(encode(&bytes))
    }

    /// What was signed; `None` where it was not signed here, or for another address.
    pub fn read(&self, code: &str, token: &str) -> Option<Personal> {
        let bytes = decode(token, (PERSONAL_BYTES + SIGNATURE) * 4 / 3 + 4)?;
        let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.tag(code, said), tag).ok()?;
        let (version, mut rest) = said.split_first()?;
        if *version != VERSION {
            return None;
        }
        let mut personal = Personal::default();
        while let Some((what, more)) = rest.split_first() {
            let (kind, more) = text(more)?;
            let (value, more) = text(more)?;
            match what {
                b'i' => personal.identifiers.push(Identifier::new(kind, value)),
                _ => personal.refs.push(Ref { kind: kind.to_owned(), value: value.to_owned() }),
            }
            rest = more;
        }
        Some(personal)
    }

    fn tag(&self, code: &str, said: &[u8]) -> [u8; SIGNATURE] {
        let tag = hmac::sign(&self.0, &[code.as_bytes(), b"\0", said].concat());
        let mut half = [0; SIGNATURE];
        half.copy_from_slice(&tag.as_ref()[..SIGNATURE]);
        half
    }
}

fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_personal_address_says_what_was_signed_for_it() {
        let secret = LinkSecret(hmac::Key::new(hmac::HMAC_SHA256, b"one"));
        let personal = Personal {
            identifiers: vec![Identifier::new("user_id", "u-1")],
            refs: vec![Ref { kind: "order".to_owned(), value: "grüße 1".to_owned() }],
        };
        let token = secret.sign("abc", &personal).unwrap();
        assert_eq!(secret.read("abc", &token), Some(personal.clone()));
        assert_eq!(secret.read("abd", &token), None, "for another address");
        assert_eq!(LinkSecret(hmac::Key::new(hmac::HMAC_SHA256, b"two")).read("abc", &token), None);
        for at in 0..token.len() {
            let mut changed: Vec<u8> = token.bytes().collect();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(secret.read("abc", std::str::from_utf8(&changed).unwrap()), None, "{at}");
        }
        for nothing in ["", "A", &"A".repeat(60), &"A".repeat(10_000), "../.."] {
            assert_eq!(secret.read("abc", nothing), None, "{nothing}");
        }
        let long =
            Personal { refs: vec![Ref { kind: "order".to_owned(), value: "x".repeat(299) }], ..Personal::default() };
        assert_eq!(secret.sign("abc", &long), None);
    }

    #[test]
    fn codes_are_typed_without_a_doubt() {
        let code = Link::new_code();
        assert!(code.len() == 8 && code.bytes().all(|b| LETTERS.contains(&b)) && code != Link::new_code());
        assert!(!LETTERS.iter().any(|b| b"aeiou01lIO".contains(b)));
    }
}
