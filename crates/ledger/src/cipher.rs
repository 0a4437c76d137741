//! Payloads at rest: whoever holds the keys encrypts them before they are written and decrypts them when
//! they are read. The ledger itself knows no cipher; headers, by which it finds and orders, stay as they are.

/// What an encrypted payload belongs to: under another header, it cannot be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The brand.
    pub workspace: u32,
    /// The frame's message key.
    pub key: u128,
}

/// The payload was encrypted with another key, or it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecrypted;

/// Encrypts and decrypts payloads.
pub trait Cipher: std::fmt::Debug + Send + Sync {
    /// Encrypts a payload in place; `false` left it as it was, because its workspace has no key.
    fn encrypt(&self, of: Binding, payload: &mut Vec<u8>) -> bool;

    /// Decrypts in place what was encrypted.
    fn decrypt(&self, of: Binding, payload: &mut Vec<u8>) -> Result<(), Undecrypted>;
}
