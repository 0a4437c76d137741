//! Identifiers and the nodes of the identity graph.

mod phone;

use crate::MessageKey;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use std::borrow::Cow;
use std::hash::Hasher;

/// One identifier of a person, as sent.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier {
    /// `user_id`, `email`, `phone`, `anonymous_id`, …, lower case.
    pub kind: String,
    /// The value as sent.
    pub value: String,
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:…", self.kind)
    }
}

/// What an identifier says about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentifierClass {
    /// Names a person: an account, an e-mail address, a telephone number, a card.
    Person,
    /// Names a thing that a person uses or has: a browser, a telephone, a visit, an order, a parcel. Never joins
    /// two people.
    Device,
}

/// Strength of a kind, 0 strongest: a user id over an e-mail address over a telephone number over
/// other names of a person over a device over a visit, an order
/// or a parcel.
pub fn identifier_rank(kind: &str) -> u8 {
    match kind {
        "user_id" => 0,
        "email" => 1,
        "phone" => 2,
        "device_id" => 6,
        "anonymous_id" => 7,
        "cookie" => 8,
        "visit" | "order" | "parcel" => 9,
        _ => 3,
    }
}

/// A node of the identity graph: a keyed hash of kind and normalised value. It says nothing about
/// the value to somebody who has not the workspace's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Node(pub u64);

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A workspace's secret for nodes: 128 random bits, made with the workspace and kept for ever.
#[derive(Clone, Copy)]
pub struct NodeSecret(pub [u8; 16]);

impl std::fmt::Debug for NodeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeSecret(…)")
    }
}

impl NodeSecret {
    /// A keyed hash of a text, of which nobody without the secret learns anything but whether two are equal.
    pub fn keyed(&self, what: &str, text: &str) -> u64 {
        let mut h = SipHasher24::new_with_key(&self.0);
        h.write(what.as_bytes());
        h.write_u8(0);
        h.write(text.as_bytes());
        h.finish()
    }
}

/// Makes nodes of identifiers: by the usual rules ([`NodeSecret`]), or by those of a workspace
/// ([`crate::Naming`]).
pub trait NodesBy {
    /// The node of an identifier; `None` when its value names nobody.
    fn node_of(&self, identifier: &Identifier) -> Option<Node>;
    /// The workspace's secret.
    fn secret(&self) -> &NodeSecret;
}

impl NodesBy for NodeSecret {
    fn node_of(&self, identifier: &Identifier) -> Option<Node> {
        identifier.node(self)
    }

    fn secret(&self) -> &NodeSecret {
        self
    }
}

/// Values that name nobody, compared after trimming and lower-casing.
const BLOCKED: &[&str] = &[
    "",
    "-1",
    "null",
    "(null)",
    "<null>",
    "none",
    "nil",
    "undefined",
    "(undefined)",
    "nan",
    "n/a",
    "n.a.",
    "na",
    "anonymous",
    "anon",
    "guest",
    "unknown",
    "unassigned",
    "not set",
    "(not set)",
    "not available",
    "not provided",
    "default",
    "empty",
    "void",
    "deleted",
    "test",
    "[object object]",
    "true",
    "false",
];

/// What stands before the `@` of an address that nobody reads.
const NOBODYS_MAILBOX: &[&str] = &[
    "noreply",
    "no-reply",
    "no_reply",
    "no.reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "mailer-daemon",
    "noemail",
    "no-email",
    "no_email",
    "nomail",
    "no-mail",
    "nobody",
    "notprovided",
    "asdf",
    "xxx",
    "abc",
];

/// What stands after the `@` of an address that leads nowhere.
const NOWHERE: &[&str] = &["localhost", "invalid", "none", "null", "na", "n/a", "test", "test.test", "noemail.com"];

/// What stands before the `@` of an address that several people read.
const ROLES: &[&str] = &[
    "accounting",
    "accounts",
    "admin",
    "all",
    "billing",
    "booking",
    "bookings",
    "buchhaltung",
    "comercial",
    "compras",
    "contact",
    "contacto",
    "customerservice",
    "einkauf",
    "enquiries",
    "facturation",
    "familie",
    "family",
    "finance",
    "hello",
    "help",
    "helpdesk",
    "hr",
    "info",
    "infos",
    "inquiries",
    "invoice",
    "invoices",
    "jobs",
    "kontakt",
    "kundenservice",
    "mail",
    "marketing",
    "office",
    "order",
    "orders",
    "post",
    "postmaster",
    "purchasing",
    "rechnung",
    "reception",
    "reservations",
    "rezeption",
    "sales",
    "secretary",
    "sekretariat",
    "service",
    "shop",
    "staff",
    "support",
    "team",
    "vendas",
    "ventas",
    "vertrieb",
    "verwaltung",
    "webmaster",
    "zentrale",
];

impl Identifier {
    /// An identifier; the kind is trimmed and lower-cased, the value kept as sent.
    pub fn new(kind: &str, value: &str) -> Self {
        Self { kind: kind.trim().to_ascii_lowercase(), value: value.to_owned() }
    }

    /// What it says about a person.
    pub fn class(&self) -> IdentifierClass {
        if identifier_rank(&self.kind) >= 6 { IdentifierClass::Device } else { IdentifierClass::Person }
    }

    /// The form in which two spellings of one identifier are equal: trimmed; e-mail lower-cased
    /// without `+tag` (and without dots at gmail.com); a telephone number reduced to its digits.
    pub fn normalised(&self) -> Cow<'_, str> {
        let value = self.value.trim();
        match self.kind.as_str() {
            "email" => Cow::Owned(email(value, false)),
            "phone" => Cow::Owned(phone::Written::read(value).plain()),
            _ => Cow::Borrowed(value),
        }
    }

    /// True for an e-mail address that by its name is read by several people (`info@`, `office@`): it joins
    /// nobody unless a person allows it.
    pub fn is_role_mailbox(&self) -> bool {
        self.kind == "email"
            && self.value.trim().split_once('@').is_some_and(|(local, _)| {
                let name = local.split_once('+').map_or(local, |(name, _)| name);
                ROLES.iter().any(|r| r.eq_ignore_ascii_case(name))
            })
    }

    /// True for values that name nobody (`null`, `guest`, all zeros, `noreply@…`): they are kept on
    /// the fact and never used to tell people apart or to join them.
    pub fn is_blocked(&self) -> bool {
        let value = self.value.trim();
        // Most values are nothing of the kind, which can be told without a copy in lower case.
        if value.is_ascii() && self.kind != "email" && self.kind != "phone" {
            return BLOCKED.iter().any(|b| b.eq_ignore_ascii_case(value))
                || value.bytes().all(|c| matches!(c, b'0' | b'-' | b'.' | b' '));
        }
        let value = value.to_lowercase();
        if BLOCKED.contains(&value.as_str()) || value.chars().all(|c| matches!(c, '0' | '-' | '.' | ' ')) {
            return true;
        }
        match self.kind.as_str() {
            "email" => match value.rsplit_once('@') {
                Some((local, domain)) => {
                    let name = local.split_once('+').map_or(local, |(name, _)| name);
                    domain.is_empty()
                        || BLOCKED.contains(&name)
                        || NOBODYS_MAILBOX.contains(&name)
                        || NOWHERE.contains(&domain)
                        || name.chars().all(|c| c == '0')
                }
                None => true,
            },
            "phone" => phone::Written::read(&value).names_nobody(),
            _ => false,
        }
    }

    /// The node of this identifier; `None` when the value is blocked.
    pub fn node(&self, secret: &NodeSecret) -> Option<Node> {
        (!self.is_blocked()).then(|| self.hashed(&self.normalised(), secret))
    }

    /// The node of a normalised value of this kind.
    pub(crate) fn hashed(&self, normalised: &str, secret: &NodeSecret) -> Node {
        let mut h = SipHasher24::new_with_key(&secret.0);
        h.write(self.kind.as_bytes());
        h.write_u8(0);
        h.write(normalised.as_bytes());
        // 0 and the largest value are kept free as marks.
        Node(h.finish().clamp(1, u64::MAX - 1))
    }
}

/// An address in lower case, without dots where the mailbox does not tell them apart, and without `+tag` unless
/// these are kept.
pub(crate) fn email(value: &str, keeps_tags: bool) -> String {
    let lower = value.trim().to_lowercase();
    let Some((local, domain)) = lower.rsplit_once('@') else { return lower };
    let (name, tag) = local.split_at(local.find('+').unwrap_or(local.len()));
    let tag = if keeps_tags { tag } else { "" };
    if matches!(domain, "gmail.com" | "googlemail.com") {
        format!("{}{tag}@gmail.com", name.replace('.', ""))
    } else {
        format!("{name}{tag}@{domain}")
    }
}

#[cfg(test)]
pub(crate) use phone::PLANS;
pub(crate) use phone::{Dialling, Written};

/// The nodes of identifiers that are not blocked, strongest first, without repeats; equal strengths
/// in the order of their nodes, so that the order sent does not matter.
pub(crate) fn nodes<'a>(identifiers: &'a [Identifier], by: &(impl NodesBy + ?Sized)) -> Vec<(Node, &'a Identifier)> {
    let mut nodes: Vec<_> = identifiers.iter().filter_map(|i| by.node_of(i).map(|n| (n, i))).collect();
    nodes.sort_by_key(|(n, i)| (identifier_rank(&i.kind), *n));
    nodes.dedup_by_key(|(n, _)| *n);
    nodes
}

/// The node of the strongest identifier, for ever; one of its own for somebody quite unknown. Only
/// those that can be the strongest are hashed.
pub(crate) fn node_of(identifiers: &[Identifier], key: MessageKey, by: &(impl NodesBy + ?Sized)) -> Node {
    let mut best: Option<(u8, Node)> = None;
    for i in identifiers {
        let rank = identifier_rank(&i.kind);
        if best.is_none_or(|(r, _)| rank <= r)
            && let Some(node) = by.node_of(i)
        {
            best = Some(best.map_or((rank, node), |b| b.min((rank, node))));
        }
    }
    best.map_or_else(|| Node((key.0 as u64).clamp(1, u64::MAX - 1)), |(_, node)| node)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(kind: &str, value: &str) -> Option<Node> {
        Identifier::new(kind, value).node(&NodeSecret([7; 16]))
    }

    #[test]
    fn spellings_of_one_identifier_share_a_node() {
        assert_eq!(node("email", "Ana.B+shop@Example.org"), node("email", " ana.b@example.org"));
        assert_ne!(node("email", "ana.b@example.org"), node("email", "anab@example.org"));
        assert_eq!(node("email", "ana.b@gmail.com"), node("email", "AnaB@googlemail.com"));
        assert_eq!(node("phone", "+49 (30) 123-456"), node("phone", "004930123456"));
        assert_eq!(node("phone", "+49 (0)30 123-456"), node("phone", "tel:+4930123456;ext=12"));
        assert_eq!(node("phone", "+٤٩٣٠١٢٣٤٥٦"), node("phone", "+4930123456"));
        assert_ne!(node("user_id", "a1"), node("user_id", "A1"));
        assert_ne!(node("user_id", "42x"), node("email", "42x@a.b"));
    }

    #[test]
    fn values_that_name_nobody_have_no_node() {
        for (kind, value) in [
            ("user_id", "null"),
            ("user_id", " NULL "),
            ("user_id", "000000"),
            ("user_id", "0000-0000"),
            ("user_id", "[object Object]"),
            ("email", "noreply@shop.com"),
            ("email", "test@x.y"),
            ("email", "nobody"),
            ("anonymous_id", "00000000-0000-0000-0000-000000000000"),
            ("user_id", "-1"),
            ("phone", "12"),
            ("email", "null@null"),
            ("user_id", ""),
            ("email", "test@test.com"),
            ("email", "Test+7@shop.com"),
            ("email", "No-Reply+x@shop.com"),
            ("email", "ana@localhost"),
            ("email", "@shop.com"),
            ("email", "anonymous@shop.com"),
            ("phone", "00000 00000"),
            ("phone", "+49 0000 000"),
            ("phone", "111-111-1111"),
            ("phone", "1234567890"),
            ("phone", "none"),
            ("user_id", "N/A"),
        ] {
            assert_eq!(node(kind, value), None, "{kind} {value}");
        }
        assert!(node("user_id", "guestbook").is_some());
    }

    #[test]
    fn mailboxes_of_several_people_are_told_by_their_names() {
        let is = |value: &str| Identifier::new("email", value).is_role_mailbox();
        assert!(is("info@shop.com") && is("Office@Shop.com") && is("sales+de@shop.com"));
        assert!(!is("ana@info.com") && !is("information@shop.com") && !is("info"));
    }
}
