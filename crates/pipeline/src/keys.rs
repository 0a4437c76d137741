//! The keys with which what people said and who they are is encrypted at rest.
//!
//! One master key stands in a file, by default `master.key` in the data directory; kept on another disk, what
//! is copied or stolen of the data tells nothing. Under it each workspace has a key of its own, wrapped with
//! the master key in the store, as are the secrets of the keyed hashes: with those, guessing an e-mail
//! address and hashing it would tell who is who.
//!
//! Everything is AES-256-GCM-SIV (RFC 8452). The nonce of a payload is its message key, that of a name its
//! node: the same again gives the same bytes, so that a rebuild compares, and a nonce that comes twice tells
//! no more than that two texts are equal.

use crate::EngineError;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use throughline_customers::NameCodec;
use throughline_interactions::{Node, WorkspaceId};
use throughline_ledger::{Binding, Cipher, Undecrypted};

/// The file of the master key in a data directory, unless another is named.
pub(crate) const FILE: &str = "master.key";

/// How a wrapped secret begins.
const WRAPPED: &str = "w1:";

/// How an encrypted name begins in a table: no e-mail address, telephone number or id begins so.
const ENCRYPTED: &str = "\u{1}e1:";

/// The key of one workspace, and what follows from it.
pub(crate) struct WorkspaceKey {
    aead: LessSafeKey,
    index: hmac::Key,
    mark: String,
}

/// All keys of an installation.
pub(crate) struct Keys {
    path: PathBuf,
    master: LessSafeKey,
    mark: String,
    encrypts: bool,
    of: RwLock<HashMap<u32, Arc<WorkspaceKey>>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("path", &self.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WorkspaceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WorkspaceKey")
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], EngineError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| EngineError::Refused(format!("the system gives no random bytes: {e}")))?;
    Ok(bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(pair).collect())?
}

fn aead(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("the key has the cipher's length"))
}

fn mark(key: &[u8; 32]) -> String {
    hex(&hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"mark of a key").as_ref()[..8])
}

impl WorkspaceKey {
    /// By which the key is told from others, and which says nothing about it.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }
}

fn encrypt(key: &LessSafeKey, nonce: [u8; NONCE_LEN], bound_to: &[u8], text: &mut Vec<u8>) {
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), text)
        .expect("a text is shorter than the cipher's limit of 64 GB");
}

/// `None`: another key, or not what was encrypted.
fn decrypt(key: &LessSafeKey, nonce: [u8; NONCE_LEN], bound_to: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let length = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), text).ok()?.len();
    text.truncate(length);
    Some(())
}

impl Keys {
    /// Reads the master key. Where there is none one is made, unless the store holds something that was
    /// wrapped with one; whether it was made. Without `encrypts` payloads are only read with it.
    pub(crate) fn open(path: &Path, is_needed: bool, encrypts: bool) -> Result<(Self, bool), EngineError> {
        let io = |verb| move |source| EngineError::Io { verb, path: path.to_owned(), source };
        let mut made = false;
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && is_needed => {
                return Err(EngineError::Refused(format!(
                    "the master key {} is missing, and the data is encrypted with it; put the file back, or name it with --key-file",
                    path.display()
                )));
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                made = true;
                let text = hex(&random::<32>()?) + "\n";
                let mut file = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)
                    .map_err(io("create"))?;
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io("write"))?;
                let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                std::fs::File::open(dir).and_then(|d| d.sync_all()).map_err(io("sync"))?;
                text
            }
            Err(e) => return Err(io("read")(e)),
        };
        let key: Option<[u8; 32]> = unhex(text.trim()).and_then(|b| b.try_into().ok());
        let key = key.ok_or_else(|| {
            EngineError::Refused(format!(
                "{} is no master key: it holds 64 hexadecimal digits, as `throughline` writes them",
                path.display()
            ))
        })?;
        let (master, mark) = (aead(&key), mark(&key));
        Ok((Self { path: path.to_owned(), master, mark, encrypts, of: RwLock::default() }, made))
    }

    /// The file of the master key.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// By which the master key is told from others, and which says nothing about it.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// Whether a text of the store is a wrapped secret.
    pub(crate) fn is_wrapped(text: &str) -> bool {
        text.starts_with(WRAPPED)
    }

    /// A secret as it may stand in the store; `purpose` is what alone it unwraps for.
    pub(crate) fn wrap(&self, purpose: &str, secret: &[u8]) -> Result<String, EngineError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut text = secret.to_vec();
        encrypt(&self.master, nonce, purpose.as_bytes(), &mut text);
        Ok(format!("{WRAPPED}{}{}", hex(&nonce), hex(&text)))
    }

    /// A wrapped secret.
    pub(crate) fn unwrap<const N: usize>(&self, purpose: &str, text: &str) -> Result<[u8; N], EngineError> {
        let read = || {
            let bytes = unhex(text.strip_prefix(WRAPPED)?)?;
            let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>()?;
            let mut text = text.to_vec();
            decrypt(&self.master, *nonce, purpose.as_bytes(), &mut text)?;
            text.try_into().ok()
        };
        read().ok_or_else(|| {
            EngineError::Refused(format!(
                "{} is not the master key with which {purpose} was encrypted; name the right one with --key-file",
                self.path.display()
            ))
        })
    }

    /// A new secret and how it stands in the store.
    pub(crate) fn fresh<const N: usize>(&self, purpose: &str) -> Result<([u8; N], String), EngineError> {
        let secret = random::<N>()?;
        let wrapped = self.wrap(purpose, &secret)?;
        Ok((secret, wrapped))
    }

    /// From now on the workspace's payloads are encrypted with this key.
    pub(crate) fn admit(&self, workspace: WorkspaceId, key: &[u8; 32]) -> Arc<WorkspaceKey> {
        let index = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"index of names");
        let (index, mark) = (hmac::Key::new(hmac::HMAC_SHA256, index.as_ref()), mark(key));
        let key = WorkspaceKey { aead: aead(key), index, mark };
        let key = Arc::new(key);
        self.of.write().unwrap_or_else(PoisonError::into_inner).insert(workspace.0, key.clone());
        key
    }

    fn of(&self, workspace: u32) -> Option<Arc<WorkspaceKey>> {
        self.of.read().unwrap_or_else(PoisonError::into_inner).get(&workspace).cloned()
    }
}

/// The nonce of a payload, and what it is bound to.
fn place(of: Binding) -> ([u8; NONCE_LEN], [u8; 20]) {
    let (key, mut bound, mut nonce) = (of.key.to_le_bytes(), [0; 20], [0; NONCE_LEN]);
    nonce.copy_from_slice(&key[..NONCE_LEN]);
    bound[..4].copy_from_slice(&of.workspace.to_le_bytes());
    bound[4..].copy_from_slice(&key);
    (nonce, bound)
}

impl Cipher for Keys {
    fn encrypt(&self, of: Binding, payload: &mut Vec<u8>) -> bool {
        let Some(key) = self.of(of.workspace).filter(|_| self.encrypts) else { return false };
        let (nonce, bound) = place(of);
        encrypt(&key.aead, nonce, &bound, payload);
        true
    }

    fn decrypt(&self, of: Binding, payload: &mut Vec<u8>) -> Result<(), Undecrypted> {
        let key = self.of(of.workspace).ok_or(Undecrypted)?;
        let (nonce, bound) = place(of);
        decrypt(&key.aead, nonce, &bound, payload).ok_or(Undecrypted)
    }
}

/// The nonce of a name.
fn of_node(node: Node) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&node.0.to_le_bytes());
    nonce
}

const NAME: &[u8] = b"name";

impl NameCodec for WorkspaceKey {
    fn write(&self, node: Node, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        encrypt(&self.aead, of_node(node), NAME, &mut bytes);
        format!("{ENCRYPTED}{}", hex(&bytes))
    }

    fn read(&self, node: Node, stored: String) -> String {
        let Some(digits) = stored.strip_prefix(ENCRYPTED) else { return stored };
        let text = unhex(digits).and_then(|mut bytes| {
            decrypt(&self.aead, of_node(node), NAME, &mut bytes)?;
            String::from_utf8(bytes).ok()
        });
        text.unwrap_or_else(|| "(cannot be decrypted)".to_owned())
    }

    fn index(&self, lower: &str) -> String {
        format!("{ENCRYPTED}{}", hex(&hmac::sign(&self.index, lower.as_bytes()).as_ref()[..16]))
    }
}
