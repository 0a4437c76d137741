//! Who may do what: people with roles, their sessions, the keys of programs, one-time links and
//! the record of what was done. The only code that touches the `web_*` tables.

mod ask;
mod audit;
mod follow_up;
mod hook;
mod initiative;
mod invitation;
mod kept;
mod key;
mod link;
mod person;
mod role;
mod secret;
mod session;
mod throttle;
mod view;

pub use ask::{Ask, Question, ask_secret, asked_since, asks, is_answered, note_answered, note_asked, read_ask};
pub use audit::{Entry, audit_page, note};
pub use follow_up::{FollowUp, assign, finish, follow_ups};
pub use hook::{Hook, HookKind, create_hook, hook, hooks, remove_hook};
pub use initiative::{Aim, Initiative, InitiativeState, begin_initiative, change_initiative, initiative, initiatives};
pub use invitation::{Invitation, accept, first_administrator, invite, is_open, open_invitations};
pub use kept::{follow_ups_of, forget_follow_ups, forget_views, handed_out, positions_asked};
pub use key::{Key, KeyRole, create_key, find_key, keys, revoke_key, touch_key};
pub use link::{
    Link, LinkKind, LinkSecret, Opened, PERSONAL_BYTES, Personal, count_opened, create_link, link, links, remove_link,
};
pub use person::{NewPerson, Person, authenticate, disable, people, set_password};
pub use role::{Area, Holder, Role, allows};
pub use secret::{Secret, form_token, hash_of};
pub use session::{ABSOLUTE_SECONDS, end_session, find_session, start_session};
pub use throttle::{Pace, Throttle};
pub use view::{View, delete_view, save_view, views};

use throughline_store::{Migration, Table, TableKind};

/// The schema of the accounts and of what they promise to do.
pub const MIGRATIONS: [Migration; 6] = [FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH];

const SIXTH: Migration = Migration {
    room: "web",
    number: 6,
    sql: include_str!("migrations/0006.sql"),
    tables: &[
        Table { name: "web_links", kind: TableKind::Definition },
        Table { name: "web_link_days", kind: TableKind::Definition },
    ],
};

const FIFTH: Migration = Migration {
    room: "web",
    number: 5,
    sql: include_str!("migrations/0005.sql"),
    tables: &[Table { name: "web_hooks", kind: TableKind::Definition }],
};

const FOURTH: Migration = Migration {
    room: "web",
    number: 4,
    sql: include_str!("migrations/0004.sql"),
    tables: &[Table { name: "web_views", kind: TableKind::Definition }],
};

const THIRD: Migration = Migration {
    room: "web",
    number: 3,
    sql: include_str!("migrations/0003.sql"),
    tables: &[
        Table { name: "web_initiatives", kind: TableKind::Definition },
        Table { name: "web_asks", kind: TableKind::Definition },
        Table { name: "web_secrets", kind: TableKind::Definition },
    ],
};

const SECOND: Migration = Migration {
    room: "web",
    number: 2,
    sql: include_str!("migrations/0002.sql"),
    tables: &[Table { name: "web_follow_ups", kind: TableKind::Definition }],
};

const FIRST: Migration = Migration {
    room: "web",
    number: 1,
    sql: include_str!("migrations/0001.sql"),
    tables: &[
        Table { name: "web_people", kind: TableKind::Definition },
        Table { name: "web_members", kind: TableKind::Definition },
        Table { name: "web_sessions", kind: TableKind::Definition },
        Table { name: "web_invitations", kind: TableKind::Definition },
        Table { name: "web_keys", kind: TableKind::Definition },
        Table { name: "web_audit", kind: TableKind::Fact },
    ],
};

/// The workspace number that stands for every workspace.
pub const EVERY_WORKSPACE: u32 = 0;
