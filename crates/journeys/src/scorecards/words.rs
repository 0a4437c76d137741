//! Words by which the name of an event tells what it is. These are the only names that scorecards
//! know; whatever has others is counted in volume, promises and answers all the same.

/// Something came back, or its money did.
pub(super) const SENT_BACK: u8 = 1;
/// Something was wrong, and said to be.
pub(super) const COMPLAINED: u8 = 2;
/// Somebody turned to the help desk, if a customer did it.
pub(super) const HELP: u8 = 4;

/// Beginnings of words, in the languages that systems are most often named in.
const STEMS: [(u8, &[&str]); 3] = [
    (
        SENT_BACK,
        &[
            "return",
            "refund",
            "chargeback",
            "exchange",
            "retour",
            "rücksend",
            "erstatt",
            "devol",
            "reembols",
            "rembours",
        ],
    ),
    (
        COMPLAINED,
        &[
            "complain", "defect", "damage", "faulty", "warranty", "claim", "dispute", "beschwer", "reklam", "queja",
            "reclam", "plainte",
        ],
    ),
    (HELP, &["ticket", "case", "conversation", "support", "call", "chat", "help", "enquir", "inquir", "anfrage"]),
];

/// What an event is by its name; several at once are possible.
pub(super) fn meaning(event: &str) -> u8 {
    let mut out = 0;
    for word in
        event.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty() && *w != "returning")
    {
        for (what, stems) in STEMS {
            if stems.iter().any(|s| word.starts_with(s)) {
                out |= what;
            }
        }
    }
    out
}

/// What an event is by its name, as scorecards count it; several at once are possible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Something came back, or its money did.
    pub sent_back: bool,
    /// Something was wrong, and said to be.
    pub complaint: bool,
    /// Somebody turned to the help desk, if a customer did it.
    pub help: bool,
}

impl Meaning {
    /// Of an event's name.
    pub fn of(event: &str) -> Self {
        let what = meaning(event);
        Self { sent_back: what & SENT_BACK != 0, complaint: what & COMPLAINED != 0, help: what & HELP != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_understood_by_their_words() {
        let check = |event: &str, expected: u8| assert_eq!(meaning(event), expected, "{event}");
        check("Order Refunded", SENT_BACK);
        check("return_requested", SENT_BACK);
        check("Returning Visitor", 0);
        check("Warranty Claim Opened", COMPLAINED);
        check("Rücksendung angemeldet", SENT_BACK);
        check("Support Ticket: Defective Item Returned", SENT_BACK | COMPLAINED | HELP);
        check("Order Completed", 0);
        check("", 0);
    }
}
