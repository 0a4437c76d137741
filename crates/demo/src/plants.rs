//! What was planted in the world, and by which names it may be found.
//!
//! Each plant bends some chances where customers meet it (`visit.rs`, `order.rs`, `care.rs`,
//! `answers.rs`); nothing else in the world knows of it. Names are those that a finding of pain points
//! bears: a kind (`event`, `repeated`, `ref`, `property`, `touchpoint`, `stage`, `promise`, `channel`),
//! a dimension where the kind has one, and a value.

/// Something planted, by its lasting name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plant {
    /// A carrier that is late.
    SlowCarrier,
    /// A coupon that the checkout refuses.
    RefusedCoupon,
    /// A payment window that does not open on one telephone.
    FailingPayment,
    /// A product that breaks.
    FlawedProduct,
    /// An advert that promises more than there is.
    ProudAdvert,
    /// A help desk that lets people tell it all three times.
    HandedAround,
    /// A store whose people delight.
    DelightfulStore,
    /// Complaints that are made good at once.
    Recovery,
}

/// A set of plants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plants(u16);

impl Plants {
    pub(crate) const ALL: Self = Self(u16::MAX);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn has(self, plant: Plant) -> bool {
        self.0 >> plant as u16 & 1 == 1
    }

    pub(crate) fn with(self, plant: Plant) -> Self {
        Self(self.0 | 1 << plant as u16)
    }

    pub(crate) fn without(self, plant: Plant) -> Self {
        Self(self.0 & !(1 << plant as u16))
    }
}

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
    /// Customers come back more often.
    MorePurchases,
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

/// Something planted, as a reader of the numbers may be held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truth {
    /// Which one.
    pub plant: Plant,
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
    /// What it is to lack it: for a harm a bright spot, for a good thing a pain point.
    pub complement: &'static [Sign],
    /// What it is to have been spared it: findings of the other kind that are right too, and tell nothing
    /// by themselves.
    pub spared: &'static [Sign],
    /// Findings that would be wrong about it unless they are shown as the shadow of another: they
    /// only occur together with the cause.
    pub innocent: &'static [Sign],
}

impl Truth {
    /// True for the cause and its proxies: whoever reads this has found the truth.
    pub fn is_told_by(&self, kind: &str, dimension: &str, value: &str) -> bool {
        std::iter::once(&self.cause).chain(self.proxies).any(|s| s.is(kind, dimension, value))
    }

    /// True for the cause, its proxies and its consequences.
    pub fn admits(&self, kind: &str, dimension: &str, value: &str) -> bool {
        self.is_told_by(kind, dimension, value) || self.consequences.iter().any(|s| s.is(kind, dimension, value))
    }

    /// True for what it is to lack it.
    pub fn is_lacked_by(&self, kind: &str, dimension: &str, value: &str) -> bool {
        self.complement.iter().any(|s| s.is(kind, dimension, value))
    }

    /// True for what it is to have been spared it.
    pub fn spares(&self, kind: &str, dimension: &str, value: &str) -> bool {
        self.spared.iter().any(|s| s.is(kind, dimension, value))
    }

    /// True for what must not be blamed.
    pub fn is_innocent(&self, kind: &str, dimension: &str, value: &str) -> bool {
        self.innocent.iter().any(|s| s.is(kind, dimension, value))
    }

    /// True if it does good.
    pub fn is_bright(&self) -> bool {
        self.effects.iter().all(|e| matches!(e, Effect::Delight | Effect::MorePurchases))
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
    sign("event", "", "Return Requested"),
    sign("event", "", "Return Received"),
    sign("event", "", "Order Refunded"),
];

/// Whoever asks a question has nothing to complain of, unlike the others who ask for help.
const ONLY_ASKS: &[Sign] = &[sign("property", "topic", "question")];

pub(crate) const TRUTHS: &[Truth] = &[
    Truth {
        plant: Plant::SlowCarrier,
        key: "slow-carrier",
        sentence: "Brightway breaks more than half of its delivery promises; whoever waits gives fewer stars and comes back less often",
        effects: &[Effect::Dissatisfaction, Effect::FewerPurchases],
        cause: sign("ref", "carrier", "Brightway"),
        proxies: &[
            sign("property", "topic", "delivery"),
            sign("promise", "", "delivery"),
            sign("stage", "", "receive"),
            sign("event", "", "Tracking Viewed"),
            sign("repeated", "", "Tracking Viewed"),
            sign("touchpoint", "touchpoint", "tracking page"),
        ],
        consequences: HELP,
        complement: &[],
        spared: &[
            sign("property", "topic", "question"),
            sign("ref", "carrier", "Nordpost"),
            sign("ref", "carrier", "Parcelo"),
            sign("ref", "carrier", "Stadtbote"),
        ],
        innocent: &[sign("property", "region", "north"), sign("property", "gift_wrap", "true")],
    },
    Truth {
        plant: Plant::RefusedCoupon,
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
        complement: &[],
        spared: &[sign("property", "topic", "question"), sign("property", "coupon_result", "none")],
        innocent: &[sign("property", "coupon", "FRIENDS10"), sign("property", "coupon_result", "applied")],
    },
    Truth {
        plant: Plant::FailingPayment,
        key: "failing-payment",
        sentence: "on the telephone Nova X2 with NovaOS 7 the payment window does not open every other time; most of those orders are lost",
        effects: &[Effect::DropOut],
        cause: sign("property", "phone_model", "Nova X2"),
        proxies: &[
            sign("property", "os", "NovaOS 7"),
            sign("property", "topic", "payment"),
            sign("event", "", "Payment Failed"),
            sign("repeated", "", "Payment Failed"),
            sign("property", "error", "confirmation window closed"),
            sign("property", "error", "declined"),
            sign("stage", "", "pay"),
        ],
        consequences: HELP,
        complement: &[],
        spared: ONLY_ASKS,
        innocent: &[
            sign("property", "device", "phone"),
            sign("channel", "", "app"),
            sign("property", "phone_model", "Nova X1"),
        ],
    },
    Truth {
        plant: Plant::FlawedProduct,
        key: "flawed-product",
        sentence: "the lighter of the camping stove (ember-stove) breaks within days; good service does not make up for it",
        effects: &[Effect::Dissatisfaction, Effect::FewerPurchases],
        cause: sign("ref", "product", "ember-stove"),
        proxies: &[sign("property", "topic", "defect"), sign("property", "return_reason", "broken")],
        consequences: HELP,
        complement: &[],
        spared: ONLY_ASKS,
        innocent: &[],
    },
    Truth {
        plant: Plant::ProudAdvert,
        key: "proud-advert",
        sentence: "the campaign forever-dry promises more than a jacket can hold; whoever came by it is disappointed",
        effects: &[Effect::Dissatisfaction, Effect::FewerPurchases],
        cause: sign("ref", "campaign", "forever-dry"),
        proxies: &[sign("property", "topic", "expectation")],
        consequences: HELP,
        complement: &[],
        spared: ONLY_ASKS,
        innocent: &[],
    },
    Truth {
        plant: Plant::HandedAround,
        key: "handed-around",
        sentence: "two of five who write a mail are sent on to the chat and then to the telephone, and tell it all three times (Ticket Transferred)",
        effects: &[Effect::Dissatisfaction, Effect::FewerPurchases],
        cause: sign("event", "", "Ticket Transferred"),
        proxies: &[
            sign("repeated", "", "Ticket Transferred"),
            sign("repeated", "", "Ticket Opened"),
            sign("property", "handed_to", "chat"),
            sign("property", "handed_to", "phone"),
            sign("property", "told_before", "true"),
        ],
        consequences: HELP,
        complement: &[],
        spared: ONLY_ASKS,
        innocent: &[],
    },
    Truth {
        plant: Plant::DelightfulStore,
        key: "delightful-store",
        sentence: "the people of the store in Altona delight: more stars than in any other store",
        effects: &[Effect::Delight, Effect::MorePurchases],
        cause: sign("ref", "store", "Altona"),
        proxies: &[],
        consequences: &[],
        complement: &[
            sign("ref", "store", "Kiel"),
            sign("ref", "store", "Mitte"),
            sign("ref", "store", "Schwabing"),
            sign("ref", "store", "Ehrenfeld"),
        ],
        spared: &[],
        innocent: &[],
    },
    Truth {
        plant: Plant::Recovery,
        key: "service-recovery",
        sentence: "whoever complains and has it made good at once is happier than others who complain, and more loyal than those who never had to",
        effects: &[Effect::Delight, Effect::MorePurchases],
        cause: sign("property", "remedy", "made good at once"),
        proxies: &[sign("event", "", "Credit Given"), sign("property", "credit", "true")],
        consequences: &[],
        complement: &[sign("property", "remedy", "answered")],
        spared: &[],
        innocent: &[],
    },
];

/// Something that the shop changed in the course of the year, so that before and after can be held
/// against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// A short lasting name.
    pub key: &'static str,
    /// What it was, in words.
    pub sentence: &'static str,
    /// Days before the end of the world.
    pub days_before_end: usize,
    /// Whom it is about.
    pub among: Sign,
    /// The truth that it takes back.
    pub mends: Plant,
}

/// The north gets another carrier in the ninth month.
pub(crate) const NEW_CARRIER: Change = Change {
    key: "new-carrier",
    sentence: "parcels for the north no longer go with Brightway",
    days_before_end: 100,
    among: sign("property", "region", "north"),
    mends: Plant::SlowCarrier,
};
