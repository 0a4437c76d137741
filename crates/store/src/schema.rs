//! Tables, what their rows are, and the numbered steps that make them.

/// What a table's rows are, and so what happens to them on a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Cannot be had again from anywhere else.
    Fact,
    /// Configured by people; backed up.
    Definition,
    /// Follows from facts and definitions; dropped and rebuilt.
    Derived,
}

/// A table and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name, beginning with the name of the room that owns it.
    pub name: &'static str,
    /// What its rows are.
    pub kind: TableKind,
}

/// One step of a room's schema; never edited after it has landed.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The room that owns the tables.
    pub room: &'static str,
    /// From 1, without gaps.
    pub number: u32,
    /// Statements separated by semicolons.
    pub sql: &'static str,
    /// The tables it creates.
    pub tables: &'static [Table],
}

/// The store's own tables.
pub(crate) const OWN: [Migration; 2] = [
    Migration {
        room: "store",
        number: 1,
        sql: include_str!("migrations/0001.sql"),
        tables: &[
            Table { name: "store_positions", kind: TableKind::Derived },
            Table { name: "store_timers", kind: TableKind::Derived },
            Table { name: "store_outbox", kind: TableKind::Definition },
        ],
    },
    Migration {
        room: "store",
        number: 2,
        sql: include_str!("migrations/0002.sql"),
        tables: &[Table { name: "store_instance", kind: TableKind::Definition }],
    },
];

/// The table of the steps that were taken.
pub(crate) const STEPS: &str = "CREATE TABLE IF NOT EXISTS store_migrations (room TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (room, number))";

/// A step as PostgreSQL is to take it: texts are ordered and compared byte by byte, as SQLite does it,
/// whatever the language of the database. How SQLite is to lay a table out is nothing to it.
pub(crate) fn for_postgres(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 200);
    for line in sql.lines() {
        let (code, remark) = line.split_once("--").map_or((line, ""), |(code, remark)| (code, remark));
        out.push_str(&code.replace(" TEXT", " TEXT COLLATE \"C\"").replace(") WITHOUT ROWID", ")"));
        if !remark.is_empty() {
            out.push_str("--");
            out.push_str(remark);
        }
        out.push('\n');
    }
    out
}
