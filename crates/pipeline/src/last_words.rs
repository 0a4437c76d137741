//! The last word of every node about every purpose: what the door goes by.
//!
//! Kept is every no, and a yes that answers a no or that somebody waits for. A later word goes before an earlier
//! one, whenever it came, and of two at the same moment the withdrawal. Words are taken one by one in the order of
//! the ledger, so that the size of a batch changes nothing.

use crate::brand::Brand;
use crate::door::Word;
use throughline_store::sql::{self, Transaction, params};

/// Keeps what people said of purposes. All words of the batch stand in `pipeline_consent_words` by now.
pub(crate) fn write_last_words(tx: &Transaction<'_>, brand: &Brand, words: &[Word]) -> sql::Result<()> {
    if words.is_empty() {
        return Ok(());
    }
    let workspace = brand.workspace.id.0;
    let mut put = tx.prepare_cached(
        "INSERT INTO pipeline_consents (workspace, node, purpose, allowed, occurred_at, position)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (workspace, node, purpose) DO UPDATE
         SET allowed = excluded.allowed, occurred_at = excluded.occurred_at, position = excluded.position
         WHERE excluded.occurred_at > pipeline_consents.occurred_at
            OR (excluded.occurred_at = pipeline_consents.occurred_at AND excluded.allowed < pipeline_consents.allowed)",
    )?;
    let mut known =
        tx.prepare_cached("SELECT 1 FROM pipeline_consents WHERE workspace = $1 AND node = $2 AND purpose = $3")?;
    let mut later_yes = tx.prepare_cached(
        "SELECT 1 FROM pipeline_consent_words
         WHERE workspace = $1 AND node = $2 AND purpose = $3 AND occurred_at > $4 AND position < $5 AND allowed = 1
         LIMIT 1",
    )?;
    let mut consents = brand.change_consents();
    for word in words {
        let (at, position) = (word.occurred_at, word.position.cast_signed());
        let is_kept = match word.allowed {
            true => word.is_waited_for || any(word, |node| known.exists(params![workspace, node, word.purpose]))?,
            // A yes that nothing waited for is not kept here, and yet a no that comes late does not undo it.
            false => !any(word, |node| later_yes.exists(params![workspace, node, word.purpose, at, position]))?,
        };
        for node in word.nodes.iter().filter(|_| is_kept) {
            let put = put.execute(params![
                workspace,
                node.0.cast_signed(),
                word.purpose,
                i64::from(word.allowed),
                at,
                position
            ])?;
            if put > 0 {
                consents.note(&word.purpose, *node, word.allowed);
            }
        }
    }
    Ok(())
}

/// Whether something holds for any node of a word.
fn any(word: &Word, mut holds: impl FnMut(i64) -> sql::Result<bool>) -> sql::Result<bool> {
    for node in &word.nodes {
        if holds(node.0.cast_signed())? {
            return Ok(true);
        }
    }
    Ok(false)
}
