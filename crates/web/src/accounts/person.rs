//! People and their passwords.

use super::role::Role;
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use std::sync::LazyLock;
use throughline_interactions::Timestamp;
use throughline_store::sql::{self, Connection, OptionalExtension, Transaction, params};
use throughline_store::{Store, StoreError};

/// Somebody with an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub id: u64,
    /// Their address, by which they log in.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they are, per workspace; 0 stands for every workspace.
    pub roles: Vec<(u32, Role)>,
    /// Since when they cannot log in any more.
    pub disabled_at: Option<Timestamp>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({})", self.id)
    }
}

impl Person {
    /// What they are in a workspace: the mightier of the role there and the role everywhere.
    pub fn role_in(&self, workspace: u32) -> Option<Role> {
        self.roles.iter().filter(|(w, _)| *w == workspace || *w == super::EVERY_WORKSPACE).map(|(_, r)| *r).max()
    }

    /// The mightiest role they have anywhere.
    pub fn highest_role(&self) -> Option<Role> {
        self.roles.iter().map(|(_, r)| *r).max()
    }
}

/// An account to be made.
pub struct NewPerson<'a> {
    /// The address.
    pub email: &'a str,
    /// The name.
    pub name: &'a str,
    /// The password, in clear, only here.
    pub password: &'a str,
}

impl NewPerson<'_> {
    /// What is wrong with it, in words; `None` when it can be made.
    pub fn fault(&self) -> Option<&'static str> {
        let email = self.email.trim();
        let shaped = email.split_once('@').is_some_and(|(l, d)| !l.is_empty() && d.contains('.') && !d.contains('@'));
        if !shaped || email.len() > 200 || email.contains(char::is_whitespace) {
            return Some("write an e-mail address such as ana@example.org");
        }
        if self.name.trim().is_empty() || self.name.len() > 200 {
            return Some("write your name");
        }
        password_fault(self.password)
    }
}

/// What is wrong with a password: length is what makes it strong (NIST SP 800-63B).
pub(super) fn password_fault(password: &str) -> Option<&'static str> {
    match password.chars().count() {
        0..12 => Some("the password needs at least 12 characters; three words make a good one"),
        12..=200 => None,
        _ => Some("the password has more than 200 characters"),
    }
}

/// The argon2id hash of a password, with a salt of its own.
fn hash(password: &str) -> String {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).expect("the system has a random device");
    let salt = SaltString::encode_b64(&salt).expect("sixteen bytes are a salt");
    Argon2::default().hash_password(password.as_bytes(), &salt).expect("the default parameters are valid").to_string()
}

/// Makes an account; false if the address has one already.
pub(super) fn create(
    tx: &Transaction<'_>,
    new: &NewPerson<'_>,
    workspace: u32,
    role: Role,
    at: Timestamp,
) -> sql::Result<bool> {
    let email = new.email.trim().to_lowercase();
    let n = tx.execute(
        "INSERT INTO web_people (id, email, name, password, created_at)
         SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4 FROM web_people WHERE TRUE ON CONFLICT (email) DO NOTHING",
        params![email, new.name.trim(), hash(new.password), at.0],
    )?;
    if n == 1 {
        tx.execute(
            "INSERT INTO web_members (person, workspace, role) SELECT id, $1, $2 FROM web_people WHERE email = $3",
            params![workspace, role.as_str(), email],
        )?;
    }
    Ok(n == 1)
}

/// The person of this address and password. An unknown address takes as long as a wrong password.
pub fn authenticate(store: &Store, email: &str, password: &str) -> Result<Option<Person>, StoreError> {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody has this password"));
    let found = store.read(|c| {
        c.query_row(
            "SELECT id, password FROM web_people WHERE email = $1 AND disabled_at IS NULL",
            [email.trim().to_lowercase()],
            |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)),
        )
        .optional()
    })?;
    let (id, kept) = found.map_or_else(|| (None, NOBODY.clone()), |(id, kept)| (Some(id), kept));
    let right = PasswordHash::new(&kept)
        .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok());
    match id {
        Some(id) if right => store.read(|c| by_id(c, id.cast_unsigned())),
        _ => Ok(None),
    }
}

pub(super) fn by_id(c: &Connection, id: u64) -> sql::Result<Option<Person>> {
    let person = c
        .prepare_cached("SELECT email, name, disabled_at FROM web_people WHERE id = $1")?
        .query_row([id.cast_signed()], |r| {
            Ok(Person {
                id,
                email: r.get(0)?,
                name: r.get(1)?,
                disabled_at: r.get::<_, Option<i64>>(2)?.map(Timestamp),
                roles: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut person) = person else { return Ok(None) };
    person.roles = c
        .prepare_cached("SELECT workspace, role FROM web_members WHERE person = $1 ORDER BY workspace")?
        .query_map([id.cast_signed()], |r| Ok((r.get::<_, u32>(0)?, r.get::<_, String>(1)?)))?
        .filter_map(|row| row.map(|(w, r)| Role::new(&r).map(|r| (w, r))).transpose())
        .collect::<sql::Result<_>>()?;
    Ok(Some(person))
}

/// Everybody with an account, by address.
pub fn people(store: &Store) -> Result<Vec<Person>, StoreError> {
    store.read(|c| {
        let ids = c
            .prepare("SELECT id FROM web_people ORDER BY email")?
            .query_map([], |r| Ok(r.get::<_, i64>(0)?.cast_unsigned()))?
            .collect::<sql::Result<Vec<_>>>()?;
        ids.into_iter().filter_map(|id| by_id(c, id).transpose()).collect()
    })
}

/// Shuts an account and ends its sessions; `None` is refused for the last administrator.
pub fn disable(store: &Store, id: u64, note: &super::Entry) -> Result<Option<()>, StoreError> {
    store.write(|tx| {
        let others: i64 = tx.query_row(
            "SELECT COUNT(*) FROM web_people p JOIN web_members m ON m.person = p.id
             WHERE m.role = 'admin' AND m.workspace = 0 AND p.disabled_at IS NULL AND p.id <> $1",
            [id.cast_signed()],
            |r| r.get(0),
        )?;
        if others == 0 {
            return Ok(None);
        }
        tx.execute(
            "UPDATE web_people SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL",
            params![note.at.0, id.cast_signed()],
        )?;
        tx.execute("DELETE FROM web_sessions WHERE person = $1", [id.cast_signed()])?;
        super::note(tx, note)?;
        Ok(Some(()))
    })
}

/// Sets a new password and ends the person's other sessions.
pub fn set_password(
    store: &Store,
    id: u64,
    password: &str,
    keep_session: &str,
    note: &super::Entry,
) -> Result<Result<(), &'static str>, StoreError> {
    if let Some(fault) = password_fault(password) {
        return Ok(Err(fault));
    }
    let hash = hash(password);
    store.write(|tx| {
        tx.execute("UPDATE web_people SET password = $1 WHERE id = $2", params![hash, id.cast_signed()])?;
        tx.execute(
            "DELETE FROM web_sessions WHERE person = $1 AND hash <> $2",
            params![id.cast_signed(), keep_session],
        )?;
        super::note(tx, note)
    })?;
    Ok(Ok(()))
}
