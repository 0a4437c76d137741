//! One-time links: the first administrator's, and everybody's after that.

use super::audit::{Entry, note};
use super::person::{NewPerson, create};
use super::role::Role;
use super::secret::{Secret, hash_of};
use throughline_interactions::Timestamp;
use throughline_store::sql::{OptionalExtension, params};
use throughline_store::{Store, StoreError};

/// How long a link opens: a day.
const OPEN_MICROS: i64 = 24 * 3600 * 1_000_000;

/// An open invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The workspace; 0 for every workspace.
    pub workspace: u32,
    /// What the invited person will be.
    pub role: Role,
    /// For whom, as the inviter wrote it.
    pub note: String,
    /// Who invites.
    pub created_by: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A link's secret for the first administrator while there is no account; a new one each time,
/// and the older ones stop working.
pub fn first_administrator(store: &Store, at: Timestamp) -> Result<Option<Secret>, StoreError> {
    let nobody: bool = store.read(|c| c.query_row("SELECT NOT EXISTS (SELECT 1 FROM web_people)", [], |r| r.get(0)))?;
    if !nobody {
        return Ok(None);
    }
    store.write(|tx| tx.execute("DELETE FROM web_invitations WHERE used_at IS NULL", []))?;
    let invitation = Invitation {
        workspace: super::EVERY_WORKSPACE,
        role: Role::Admin,
        note: "the first administrator".to_owned(),
        created_by: "throughline".to_owned(),
        expires_at: Timestamp(at.0 + OPEN_MICROS),
    };
    invite(store, &invitation, at, "this machine").map(Some)
}

/// Makes a link and notes it; `expires_at` of the invitation is a day from now.
pub fn invite(store: &Store, invitation: &Invitation, at: Timestamp, address: &str) -> Result<Secret, StoreError> {
    let secret = Secret::random("");
    store.write(|tx| {
        tx.execute(
            "INSERT INTO web_invitations (hash, workspace, role, note, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![
                hash_of(secret.reveal()),
                invitation.workspace,
                invitation.role.as_str(),
                invitation.note,
                invitation.created_by,
                at.0,
                at.0 + OPEN_MICROS
            ],
        )?;
        note(
            tx,
            &Entry {
                id: 0,
                at,
                workspace: invitation.workspace,
                who: invitation.created_by.clone(),
                action: "made an invitation".to_owned(),
                subject: format!("{} as {}", invitation.note, invitation.role.as_str()),
                address: address.to_owned(),
            },
        )
    })?;
    Ok(secret)
}

/// Whether a link still opens.
pub fn is_open(store: &Store, secret: &str, at: Timestamp) -> Result<bool, StoreError> {
    store.read(|c| {
        c.query_row(
            "SELECT EXISTS (SELECT 1 FROM web_invitations WHERE hash = $1 AND used_at IS NULL AND expires_at > $2)",
            params![hash_of(secret), at.0],
            |r| r.get(0),
        )
    })
}

/// Invitations that nobody has used yet.
pub fn open_invitations(store: &Store, at: Timestamp) -> Result<Vec<Invitation>, StoreError> {
    store.read(|c| {
        c.prepare(
            "SELECT workspace, role, note, created_by, expires_at FROM web_invitations
             WHERE used_at IS NULL AND expires_at > $1 ORDER BY created_at DESC",
        )?
        .query_map([at.0], |r| {
            Ok(Invitation {
                workspace: r.get(0)?,
                role: Role::new(&r.get::<_, String>(1)?).unwrap_or(Role::Viewer),
                note: r.get(2)?,
                created_by: r.get(3)?,
                expires_at: Timestamp(r.get(4)?),
            })
        })?
        .collect()
    })
}

/// Uses a link: makes the account and closes the link in one transaction. The inner error says
/// what is wrong, in words.
pub fn accept(
    store: &Store,
    secret: &str,
    new: &NewPerson<'_>,
    at: Timestamp,
    address: &str,
) -> Result<Result<(), &'static str>, StoreError> {
    if let Some(fault) = new.fault() {
        return Ok(Err(fault));
    }
    store.write(|tx| {
        let open = tx
            .query_row(
                "SELECT workspace, role FROM web_invitations WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
                params![hash_of(secret), at.0],
                |r| Ok((r.get::<_, u32>(0)?, r.get::<_, String>(1)?)),
            )
            .optional()?;
        let Some((workspace, role)) = open.and_then(|(w, r)| Role::new(&r).map(|r| (w, r))) else {
            return Ok(Err("this link was used already, or it is older than a day; ask for a new one"));
        };
        if !create(tx, new, workspace, role, at)? {
            return Ok(Err("this address has an account already; log in with it"));
        }
        tx.execute("UPDATE web_invitations SET used_at = $1 WHERE hash = $2", params![at.0, hash_of(secret)])?;
        let entry = Entry {
            id: 0,
            at,
            workspace,
            who: new.email.trim().to_lowercase(),
            action: "made an account by invitation".to_owned(),
            subject: role.as_str().to_owned(),
            address: address.to_owned(),
        };
        note(tx, &entry)?;
        Ok(Ok(()))
    })
}
