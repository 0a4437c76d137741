//! Open sessions.

use super::person::{Person, by_id};
use super::secret::{Secret, hash_of};
use throughline_interactions::Timestamp;
use throughline_store::sql::{OptionalExtension, params};
use throughline_store::{Store, StoreError};

/// A session ends after so long without a page: twelve hours.
const IDLE_SECONDS: i64 = 12 * 3600;
/// And after so long in any case: fourteen days.
pub const ABSOLUTE_SECONDS: i64 = 14 * 24 * 3600;
/// A visit is written down at most once in so long.
const TOUCH_SECONDS: i64 = 60;

const SECOND: i64 = 1_000_000;

/// Opens a session; the secret goes into the cookie. Sessions that have ended are swept away.
pub fn start_session(store: &Store, person: u64, at: Timestamp, note: &super::Entry) -> Result<Secret, StoreError> {
    let secret = Secret::random("");
    store.write(|tx| {
        tx.execute(
            "DELETE FROM web_sessions WHERE expires_at <= $1 OR seen_at <= $2",
            params![at.0, at.0 - IDLE_SECONDS * SECOND],
        )?;
        tx.execute(
            "INSERT INTO web_sessions (hash, person, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)",
            params![hash_of(secret.reveal()), person.cast_signed(), at.0, at.0 + ABSOLUTE_SECONDS * SECOND],
        )?;
        super::note(tx, note)
    })?;
    Ok(secret)
}

/// Whose session this is, if it is open and the account is too.
pub fn find_session(store: &Store, secret: &str, at: Timestamp) -> Result<Option<Person>, StoreError> {
    let hash = hash_of(secret);
    let found = store.read(|c| {
        let row = c
            .prepare_cached(
                "SELECT person, seen_at FROM web_sessions WHERE hash = $1 AND expires_at > $2 AND seen_at > $3",
            )?
            .query_row(params![hash, at.0, at.0 - IDLE_SECONDS * SECOND], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?))
            })
            .optional()?;
        let Some((person, seen_at)) = row else { return Ok(None) };
        Ok(by_id(c, person.cast_unsigned())?.map(|p| (p, seen_at)))
    })?;
    let Some((person, seen_at)) = found.filter(|(p, _)| p.disabled_at.is_none()) else { return Ok(None) };
    if at.0 - seen_at > TOUCH_SECONDS * SECOND {
        store.write(|tx| {
            tx.execute("UPDATE web_sessions SET seen_at = $1 WHERE hash = $2", params![at.0, hash])?;
            Ok(())
        })?;
    }
    Ok(Some(person))
}

/// Closes a session.
pub fn end_session(store: &Store, secret: &str) -> Result<(), StoreError> {
    store.write(|tx| {
        tx.execute("DELETE FROM web_sessions WHERE hash = $1", [hash_of(secret)])?;
        Ok(())
    })
}
