//! What was planted in the world, and by which names it may be found.
//!
//! Names are those that a finding of pain points bears: a kind (`event`, `repeated`, `ref`,
//! `property`, `touchpoint`, `stage`, `promise`, `channel`), a dimension where the kind has one,
//! and a value.

/// What a planted truth does to customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Answers become worse.
    Dissatisfaction,
    /// Orders are not finished.
    DropOut,
    /// Customers come back less often.
    FewerPurchases,
    /// Answers become better.
    Delight,
}

/// The name under which something is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// `event`, `repeated`, `ref`, `property`, `touchpoint`, `stage`, `promise` or `channel`.
    pub kind: &'static str,
    /// Such as `carrier`; empty for kinds without.
    pub dimension: &'static str,
    /// The value, the event, the key of the stage, the kind of promise.
    pub value: &'static str,
}

impl Sign {
    /// True if a finding bears this name.
    pub fn is(&self, kind: &str, dimension: &str, value: &str) -> bool {
        self.kind == kind && self.dimension == dimension && self.value == value
    }
}

/// Something planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truth {
    /// A short lasting name.
    pub key: &'static str,
    /// What is so, in words.
    pub sentence: &'static str,
    /// What it does.
    pub effects: &'static [Effect],
    /// What is to blame, or to praise.
    pub cause: Sign,
    /// Other findings that are right about it: the ways in which the cause works.
    pub proxies: &'static [Sign],
    /// What those do who met it: findings that are right too, if less telling.
    pub consequences: &'static [Sign],
    /// Findings that would be wrong about it unless they are shown as the shadow of another: they
    /// only occur together with the cause.
    pub innocent: &'static [Sign],
}

impl Truth {
    /// True for the cause, its proxies and its consequences.
    pub fn admits(&self, kind: &str, dimension: &str, value: &str) -> bool {
        let mut signs = std::iter::once(&self.cause).chain(self.proxies).chain(self.consequences);
        signs.any(|s| s.is(kind, dimension, value))
    }

    /// True for what must not be blamed.
    pub fn is_innocent(&self, kind: &str, dimension: &str, value: &str) -> bool {
        self.innocent.iter().any(|s| s.is(kind, dimension, value))
    }
}

const fn sign(kind: &'static str, dimension: &'static str, value: &'static str) -> Sign {
    Sign { kind, dimension, value }
}

/// Whoever suffers asks for help, whatever it was.
const HELP: &[Sign] = &[
    sign("event", "", "Ticket Opened"),
    sign("event", "", "Ticket Resolved"),
    sign("repeated", "", "Ticket Opened"),
    sign("repeated", "", "Ticket Resolved"),
    sign("channel", "", "phone"),
    sign("channel", "", "chat"),
    sign("channel", "", "email"),
    sign("touchpoint", "touchpoint", "help desk"),
];

pub(crate) const TRUTHS: &[Truth] = &[
    Truth {
        key: "slow-carrier",
        sentence: "Brightway breaks more than half of its delivery promises; whoever waits gives fewer stars and comes back less often",
        effects: &[Effect::Dissatisfaction, Effect::FewerPurchases],
        cause: sign("ref", "carrier", "Brightway"),
        proxies: &[
            sign("property", "topic", "delivery"),
            sign("promise", "", "delivery"),
            sign("stage", "", "receive"),
        ],
        consequences: HELP,
        innocent: &[sign("property", "region", "north"), sign("property", "gift_wrap", "true")],
    },
    Truth {
        key: "refused-coupon",
        sentence: "the checkout refuses WELCOME15 six times out of ten; customers leave, cancel, or stay and are cross",
        effects: &[Effect::Dissatisfaction, Effect::DropOut],
        cause: sign("property", "coupon_result", "refused"),
        proxies: &[
            sign("property", "topic", "coupon"),
            sign("property", "coupon", "WELCOME15"),
            sign("event", "", "Coupon Denied"),
            sign("repeated", "", "Coupon Denied"),
            sign("property", "reason", "not valid"),
            sign("ref", "coupon", "WELCOME15"),
        ],
        consequences: HELP,
        innocent: &[sign("property", "coupon", "FRIENDS10"), sign("property", "coupon_result", "applied")],
    },
    Truth {
        key: "failing-payment",
        sentence: "on the telephone Nova X2 the payment window does not open every other time; most of those orders are lost",
        effects: &[Effect::DropOut],
        cause: sign("property", "phone_model", "Nova X2"),
        proxies: &[
            sign("property", "topic", "payment"),
            sign("event", "", "Payment Failed"),
            sign("repeated", "", "Payment Failed"),
            sign("property", "error", "confirmation window closed"),
            sign("property", "error", "declined"),
            sign("stage", "", "pay"),
        ],
        consequences: HELP,
        innocent: &[
            sign("property", "device", "phone"),
            sign("channel", "", "app"),
            sign("property", "phone_model", "Nova X1"),
        ],
    },
    Truth {
        key: "delightful-store",
        sentence: "the people of the store in Altona delight: more stars than in any other store",
        effects: &[Effect::Delight],
        cause: sign("ref", "store", "Altona"),
        proxies: &[],
        consequences: &[],
        innocent: &[],
    },
];
