//! Receipts of erasures: what was erased, when and how much, signed, and never who.
//!
//! A receipt is JSON; the signature is Ed25519 (RFC 8032) over its canonical form (RFC 8785: members
//! sorted, no spaces), so that any other tool can check it. The person is in it as salted digests:
//! whoever has the receipt and knows an identifier can see that it is theirs, and two receipts do not
//! tell whether they are about one person. The key is the installation's own and lies wrapped with the
//! master key.

use crate::brand::Brand;
use crate::engine::Inner;
use crate::erasure::ErasureFrame;
use crate::keys::{Keys, hex, random, unhex};
use crate::{Engine, EngineError};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use throughline_interactions::{Identifier, Timestamp, WorkspaceId};
use throughline_ledger::Frame;
use throughline_store::Store;
use throughline_store::sql::{self, Row, Transaction, params};

/// How a receipt says what it is.
const FORMAT: &str = "throughline-receipt/1";
/// What the master key wraps.
const PURPOSE: &str = "the key that signs receipts";
/// Digests that one receipt lists; somebody may have had a hundred thousand identifiers.
const MOST_DIGESTS: usize = 100;
/// What stands before a public key of Ed25519 in DER (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What the receipt of one person is made of; it stands in the erasure's frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasedPerson {
    pub(crate) id: String,
    pub(crate) salt: String,
    pub(crate) who: Vec<String>,
    pub(crate) interactions: u64,
    pub(crate) aside: u64,
    pub(crate) identifiers: u64,
    pub(crate) links: u64,
    pub(crate) traits: u64,
    pub(crate) consents: u64,
    pub(crate) elsewhere: u64,
}

/// One pass over the files, in which one or many were erased.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) people: u64,
    pub(crate) interactions: u64,
    /// Rows taken out of the open history, where there is one.
    pub(crate) lake_rows: Option<u64>,
    pub(crate) finished_at: Timestamp,
}

/// A receipt with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReceipt {
    /// Under which it is found: 16 hexadecimal digits.
    pub id: String,
    /// `person` or `file`.
    pub kind: String,
    /// The file that named the person; empty for none.
    pub run: String,
    /// The erasure's place in the ledger; 0 for a file.
    pub position: u64,
    /// When it was signed.
    pub made_at: Timestamp,
    /// How many interactions were erased.
    pub interactions: u64,
    /// What is signed, to the byte: JSON in canonical form.
    pub receipt: String,
    /// The signature, 128 hexadecimal digits.
    pub signature: String,
    /// The key it was made with, 64 hexadecimal digits.
    pub public_key: String,
}

/// The key with which anybody checks receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptKey {
    /// `Ed25519`.
    pub algorithm: &'static str,
    /// 64 hexadecimal digits.
    pub public_key: String,
    /// The same as other tools read it (RFC 8410).
    pub pem: String,
}

/// Why a receipt is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// It cannot be read.
    #[error("this is no receipt: {0}")]
    Unreadable(String),
    /// The signature is another's.
    #[error("the signature does not fit: the receipt was changed, or another key signed it")]
    Forged,
    /// It was signed, but not with the key that was expected.
    #[error("it is signed with the key {found}, not with {expected}")]
    OtherKey {
        /// The key in the file.
        found: String,
        /// The key that was given.
        expected: String,
    },
}

/// A receipt whose signature fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// What it says.
    pub receipt: Value,
    /// The key that signed it, 64 hexadecimal digits.
    pub public_key: String,
}

impl Verified {
    /// Whether the receipt is about whoever has this identifier; a digest is compared, for there is no
    /// identifier in it.
    pub fn is_about(&self, identifier: &Identifier) -> bool {
        let who = &self.receipt["who"];
        let salt = who["salt"].as_str().and_then(unhex).unwrap_or_default();
        let digest = digest(&salt, identifier);
        who["digests"].as_array().into_iter().flatten().any(|d| d.as_str() == Some(&digest))
    }
}

/// Checks the signature of a receipt as [`SignedReceipt::file`] wrote it; `key`, where it is given, is
/// the one it must be signed with.
pub fn verify_receipt(file: &str, key: Option<&str>) -> Result<Verified, ReceiptFault> {
    let unreadable = |why: &str| ReceiptFault::Unreadable(why.to_owned());
    let mut all: Value = serde_json::from_str(file).map_err(|e| ReceiptFault::Unreadable(e.to_string()))?;
    let text = |all: &Value, field: &str| {
        let text = all["signature"][field].as_str().map(str::to_owned);
        text.ok_or_else(|| ReceiptFault::Unreadable(format!("it has no signature.{field}")))
    };
    let (signature, found) = (text(&all, "value")?, text(&all, "public_key")?.to_lowercase());
    let receipt = all["receipt"].take();
    if receipt["format"] != FORMAT {
        return Err(unreadable("it has no receipt of a known format"));
    }
    if let Some(expected) = key.map(|k| k.trim().to_lowercase()).filter(|k| *k != found) {
        return Err(ReceiptFault::OtherKey { found, expected });
    }
    let bytes = unhex(&found).filter(|k| k.len() == 32).ok_or_else(|| unreadable("its key has not 64 digits"))?;
    let signature = unhex(&signature).ok_or_else(|| unreadable("its signature is not written in digits"))?;
    let signed = canonical(&receipt);
    let fits = UnparsedPublicKey::new(&ED25519, bytes).verify(signed.as_bytes(), &signature);
    fits.map_err(|_| ReceiptFault::Forged)?;
    Ok(Verified { receipt, public_key: found })
}

/// JSON in canonical form (RFC 8785), for values without fractions.
fn canonical(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            let member = |k: &&String| format!("{}:{}", Value::String((*k).clone()), canonical(&map[*k]));
            format!("{{{}}}", list(keys.iter().map(member).collect()))
        }
        Value::Array(all) => format!("[{}]", list(all.iter().map(canonical).collect())),
        other => other.to_string(),
    }
}

fn digest(salt: &[u8], identifier: &Identifier) -> String {
    let mut text = identifier.kind.as_bytes().to_vec();
    text.push(0);
    text.extend_from_slice(identifier.normalised().as_bytes());
    hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), &text).as_ref())
}

/// A fresh id, a fresh salt, and the digests of identifiers under it.
pub(crate) fn digests<'a>(
    identifiers: impl Iterator<Item = &'a Identifier>,
) -> Result<(String, String, Vec<String>), EngineError> {
    let (id, salt) = (random::<8>()?, random::<16>()?);
    let named = identifiers.filter(|i| i.kind != "message").take(MOST_DIGESTS);
    let mut who: Vec<String> = named.map(|i| digest(&salt, i)).collect();
    who.sort_unstable();
    Ok((hex(&id), hex(&salt), who))
}

/// The installation's key for receipts.
pub(crate) struct Signer(Ed25519KeyPair);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// The key of the store, made on first use.
    pub(crate) fn open(store: &Store, keys: &Keys) -> Result<Self, EngineError> {
        let (_, fresh) = keys.fresh::<32>(PURPOSE)?;
        let kept: String = store.write(|tx| {
            tx.execute("UPDATE pipeline_instance SET receipt_key = $1 WHERE one = 1 AND receipt_key = ''", [fresh])?;
            tx.query_row("SELECT receipt_key FROM pipeline_instance WHERE one = 1", [], |r| r.get(0))
        })?;
        let seed = keys.unwrap::<32>(PURPOSE, &kept)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| EngineError::Damaged("the key that signs receipts cannot be used".to_owned()))?;
        Ok(Self(pair))
    }

    fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }
}

impl SignedReceipt {
    /// As it is handed out: the receipt, its signature and how to check it.
    pub fn file(&self) -> String {
        let receipt: Value = serde_json::from_str(&self.receipt).unwrap_or_default();
        let all = json!({
            "receipt": receipt,
            "signature": {
                "algorithm": "Ed25519",
                "public_key": self.public_key,
                "signed": "the member `receipt` as canonical JSON (RFC 8785): members sorted, no spaces, UTF-8",
                "value": self.signature,
            },
        });
        let mut text = serde_json::to_string_pretty(&all).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What it says.
    pub fn says(&self) -> Value {
        serde_json::from_str(&self.receipt).unwrap_or_default()
    }

    pub(crate) fn keep(&self, tx: &Transaction<'_>, workspace: WorkspaceId) -> sql::Result<()> {
        tx.prepare_cached(
            "INSERT INTO pipeline_receipts (id, workspace, kind, run, position, made_at, interactions, receipt, signature, public_key)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            self.id,
            workspace.0,
            self.kind,
            self.run,
            self.position.cast_signed(),
            self.made_at.0,
            self.interactions.cast_signed(),
            self.receipt,
            self.signature,
            self.public_key
        ])?;
        Ok(())
    }
}

/// What is signed, beside what it says.
pub(crate) struct Signing<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) run: &'a str,
    pub(crate) position: u64,
    pub(crate) interactions: u64,
    pub(crate) at: Timestamp,
}

impl Inner {
    pub(crate) fn sign(&self, brand: &Brand, of: Signing<'_>, mut says: Map<String, Value>) -> SignedReceipt {
        says.insert("format".to_owned(), FORMAT.into());
        says.insert("kind".to_owned(), of.kind.into());
        says.insert("id".to_owned(), of.id.into());
        says.insert("workspace".to_owned(), json!({"key": brand.workspace.key, "name": brand.workspace.name}));
        says.insert("signed_at".to_owned(), of.at.to_string().into());
        let keys = json!({"master_key": self.keys.mark(), "workspace_key": brand.key.mark()});
        says.insert("keys_of_copies".to_owned(), keys);
        let receipt = canonical(&Value::Object(says));
        SignedReceipt {
            id: of.id.to_owned(),
            kind: of.kind.to_owned(),
            run: of.run.to_owned(),
            position: of.position,
            made_at: of.at,
            interactions: of.interactions,
            signature: hex(self.signer.0.sign(receipt.as_bytes()).as_ref()),
            public_key: self.signer.public(),
            receipt,
        }
    }
}

/// The receipt of one person.
pub(crate) fn of_person(
    inner: &Inner,
    brand: &Brand,
    frame: &Frame,
    erasure: &ErasureFrame,
    person: &ErasedPerson,
    pass: &Pass,
) -> Result<SignedReceipt, EngineError> {
    let all = person.interactions + person.aside;
    let mut places = vec![
        json!({"place": "ledger", "what": "payloads overwritten with zeros", "count": all}),
        json!({"place": "database", "what": "identifiers with names and counts", "count": person.identifiers}),
        json!({"place": "database", "what": "links between identifiers", "count": person.links}),
        json!({"place": "database", "what": "traits that were told", "count": person.traits}),
        json!({"place": "database", "what": "what they allowed, by purpose", "count": person.consents}),
        json!({"place": "database", "what": "messages kept aside", "count": person.aside}),
        json!({"place": "console", "what": "follow-ups, saved views and rejected rows", "count": person.elsewhere}),
        json!({"place": "timelines", "what": "rows", "count": person.interactions}),
    ];
    if pass.lake_rows.is_some() {
        places.push(json!({"place": "lake", "what": "rows", "count": person.interactions}));
    }
    let says = json!({
        "erased_at": Timestamp(frame.header.received_at).to_string(),
        "finished_at": pass.finished_at.to_string(),
        "by": erasure.by,
        "ledger_position": frame.header.position,
        "who": {
            "method": "HMAC-SHA-256, keyed with the salt, of kind, a zero byte and the normalised value",
            "salt": person.salt,
            "digests": person.who,
            "identifiers": person.identifiers,
        },
        "erased": places,
        "pass": {"people": pass.people, "interactions": pass.interactions, "lake_rows": pass.lake_rows},
        "file": erasure.run,
    });
    let Value::Object(says) = says else { return Err(EngineError::Damaged("a receipt is an object".to_owned())) };
    let run = erasure.run.as_deref().unwrap_or_default();
    let (position, at) = (frame.header.position, pass.finished_at);
    let of = Signing { id: &person.id, kind: "person", run, position, interactions: all, at };
    Ok(inner.sign(brand, of, says))
}

const COLUMNS: &str = "id, kind, run, position, made_at, interactions, receipt, signature, public_key";

fn read(r: &Row<'_>) -> sql::Result<SignedReceipt> {
    let number = |i: usize| r.get::<_, i64>(i).map(i64::cast_unsigned);
    Ok(SignedReceipt {
        id: r.get(0)?,
        kind: r.get(1)?,
        run: r.get(2)?,
        position: number(3)?,
        made_at: Timestamp(r.get(4)?),
        interactions: number(5)?,
        receipt: r.get(6)?,
        signature: r.get(7)?,
        public_key: r.get(8)?,
    })
}

impl Engine {
    /// The key with which anybody checks receipts.
    pub fn receipt_key(&self) -> ReceiptKey {
        let public = self.inner().signer.0.public_key().as_ref();
        let der: Vec<u8> = SPKI.iter().chain(public).copied().collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64(&der));
        ReceiptKey { algorithm: "Ed25519", public_key: hex(public), pem }
    }

    /// Receipts of a workspace, the newest first; those of people whom a file named only where `run` is
    /// that file's.
    pub fn receipts(
        &self,
        workspace: WorkspaceId,
        run: &str,
        offset: u32,
        most: u32,
    ) -> Result<Vec<SignedReceipt>, EngineError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM pipeline_receipts
             WHERE workspace = $1 AND (run = $2 OR (kind = 'file' AND $2 = ''))
             ORDER BY made_at DESC, id LIMIT $3 OFFSET $4"
        );
        Ok(self
            .store()
            .read(|c| c.prepare_cached(&sql)?.query_map(params![workspace.0, run, most, offset], read)?.collect())?)
    }

    /// One receipt.
    pub fn receipt(&self, workspace: WorkspaceId, id: &str) -> Result<SignedReceipt, EngineError> {
        let sql = format!("SELECT {COLUMNS} FROM pipeline_receipts WHERE workspace = $1 AND id = $2");
        let found = self
            .store()
            .read(|c| c.prepare_cached(&sql)?.query_map(params![workspace.0, id], read)?.next().transpose())?;
        found.ok_or_else(|| EngineError::NotFound(format!("receipt `{id}`")))
    }

    /// Signs what became of a file of people, and keeps it; the same file again gives the same receipt.
    pub fn sign_for_file(
        &self,
        workspace: WorkspaceId,
        run: &str,
        says: Map<String, Value>,
    ) -> Result<SignedReceipt, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let (interactions, known): (i64, Option<String>) = self.store().read(|c| {
            let sql = "SELECT CAST(COALESCE(SUM(interactions), 0) AS BIGINT) FROM pipeline_receipts WHERE workspace = $1 AND run = $2";
            let sum = c.query_row(sql, params![workspace.0, run], |r| r.get(0))?;
            let sql = "SELECT id FROM pipeline_receipts WHERE workspace = $1 AND run = $2 AND kind = 'file'";
            let known = c.prepare(sql)?.query_map(params![workspace.0, run], |r| r.get(0))?.next().transpose()?;
            Ok((sum, known))
        })?;
        if let Some(id) = known {
            return self.receipt(workspace, &id);
        }
        let id = hex(&random::<8>()?);
        let interactions = interactions.cast_unsigned();
        let of = Signing { id: &id, kind: "file", run, position: 0, interactions, at: self.now() };
        let signed = self.inner().sign(&brand, of, says);
        self.store().write(|tx| signed.keep(tx, workspace))?;
        Ok(signed)
    }
}

/// Base64 (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let held = (0..3).fold(0_u32, |n, i| n << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let sextet = (held >> (18 - 6 * i) & 63) as usize;
            out.push(if i <= chunk.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_is_sorted_and_without_spaces() {
        let value = json!({"b": [1, null, true], "a": {"z": "é\n\u{1}\"", "y": {}}, "B": 0});
        assert_eq!(canonical(&value), "{\"B\":0,\"a\":{\"y\":{},\"z\":\"é\\n\\u0001\\\"\"},\"b\":[1,null,true]}");
    }

    #[test]
    fn base64_as_the_rfc_prints_it() {
        for (plain, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), expected);
        }
    }
}
