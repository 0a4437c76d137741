//! The middle of the house: the path of one interaction from the door to the pages.
//!
//! [`Engine`] owns one data directory. [`Engine::receive`] appends to the ledger and answers after
//! the sync; one thread folds the ledger into customers, timelines and tallies, a batch in one
//! store transaction that also holds the ledger position; a second hands the rows to the open
//! history ([`History`], the lake). Reading goes the other way only: pages ask, nothing here
//! writes on their behalf but facts.
//!
//! This room knows no HTTP, no SQL console and no Arrow: the lake is behind the [`History`] trait,
//! so that nobody who works on journeys or pages builds it. Read `engine.rs` first, then
//! `receive.rs` and `folding.rs`.

mod error;
mod keys;
mod workspaces;
mod brand;
mod attributes;
mod rows;
mod engine;
mod receive;
mod arrivals;
mod aside;
mod door;
mod last_words;
mod recent;
mod tallies;
mod whereabouts;
mod folding;
mod ahead;
mod reconnecting;
mod recovery;
mod history;
mod jobs;
mod shelf;
mod journeys;
mod scorecards;
mod effects;
mod customers;
mod segments;
mod identity;
mod matching;
mod names;
mod story;
mod profile;
mod person;
mod erasure;
mod receipts;
mod retraction;
mod retiring;
mod erasing;
mod check;
mod background;

pub use arrivals::{Arrival, Arrivals};
pub use aside::{AsideQuery, KeptAside, MOST_AT_ONCE, Verdict};
pub use background::give_way;
pub use check::{CheckReport, Digest};
pub use door::DoorRules;
pub use effects::{Answered, Askable, Askables, Asked};
pub use engine::{Engine, Opened, Options, Status};
pub use erasure::{Erased, Erasing, Receipt, Target};
pub use error::EngineError;
pub use history::{Gone, History};
pub use identity::{
    IdentityChange, IdentityRules, IdentityThen, PersonThen, SharedIdentifier, Side, UnusualHour, WhatChanged,
};
pub use jobs::{Job, JobHandle};
pub use journeys::{BehindStage, Calls, Met, Person, ScoreReport, View};
pub use matching::{Matching, ReviewColumn, ReviewDecision, ReviewPage, ReviewPair, ReviewSide};
pub use person::LastWord;
pub use profile::{
    Computed, ConsentWord, Counted, CustomerStage, Inferred, LastAnswer, LastWords, Profile, PurposeConsent, Region,
    Seen, Spend, StageState, Stated, StatedBy,
};
pub use receipts::{ReceiptFault, ReceiptKey, SignedReceipt, Verified, verify_receipt};
pub use receive::Received;
pub use recent::{Learned, Recent, Tried};
pub use retiring::{Due, Keeping, Kind, Retired, Retiring, RuleDue, Then};
pub use retraction::Retraction;
pub use scorecards::{Beside, CardKind, LeftOut, Scorecards};
pub use segments::{
    Behind, NewSegment, RfmGroup, RfmReport, SegmentDefinition, SegmentPreview, SegmentStanding, Vocabulary, Within,
};
pub use story::{
    CurvePoint, CustomerFigure, Feeling, GroupKind, Joined, PromiseOutcome, PromiseState, Said, Signal, Step, Story,
    StoryEntry, StoryFilter, StoryGroup, StoryItem, StoryKind, StoryPage, StoryPageQuery, StoryQuery, VisitSum, What,
};
pub use tallies::SourceTally;
pub use whereabouts::{Whereabout, Whereabouts};
pub use workspaces::{NewWorkspace, Preferences, Workspace};

use throughline_store::{Migration, Table, TableKind};

/// The schema of this room and of the rooms below it.
pub fn migrations() -> Vec<Migration> {
    let own = Migration {
        room: "pipeline",
        number: 1,
        sql: include_str!("migrations/0001.sql"),
        tables: &[
            Table { name: "pipeline_instance", kind: TableKind::Definition },
            Table { name: "pipeline_workspaces", kind: TableKind::Definition },
            Table { name: "pipeline_journeys", kind: TableKind::Definition },
            Table { name: "pipeline_erasures", kind: TableKind::Definition },
            Table { name: "pipeline_sources", kind: TableKind::Derived },
            Table { name: "pipeline_reasons", kind: TableKind::Derived },
            Table { name: "pipeline_quarantine", kind: TableKind::Derived },
            Table { name: "pipeline_attributes", kind: TableKind::Derived },
            Table { name: "pipeline_changes", kind: TableKind::Derived },
        ],
    };
    let by_id = Migration { room: "pipeline", number: 2, sql: include_str!("migrations/0002.sql"), tables: &[] };
    let door = Migration {
        room: "pipeline",
        number: 3,
        sql: include_str!("migrations/0003.sql"),
        tables: &[
            Table { name: "pipeline_plans", kind: TableKind::Definition },
            Table { name: "pipeline_doors", kind: TableKind::Definition },
            Table { name: "pipeline_consents", kind: TableKind::Derived },
        ],
    };
    let keys = Migration { room: "pipeline", number: 4, sql: include_str!("migrations/0004.sql"), tables: &[] };
    let segments = Migration {
        room: "pipeline",
        number: 5,
        sql: include_str!("migrations/0005.sql"),
        tables: &[
            Table { name: "pipeline_segments", kind: TableKind::Definition },
            Table { name: "pipeline_memberships", kind: TableKind::Derived },
            Table { name: "pipeline_segment_days", kind: TableKind::Derived },
        ],
    };
    let words = Migration {
        room: "pipeline",
        number: 6,
        sql: include_str!("migrations/0006.sql"),
        tables: &[Table { name: "pipeline_consent_words", kind: TableKind::Derived }],
    };
    let rights = Migration {
        room: "pipeline",
        number: 7,
        sql: include_str!("migrations/0007.sql"),
        tables: &[
            Table { name: "pipeline_receipts", kind: TableKind::Fact },
            Table { name: "pipeline_retired", kind: TableKind::Derived },
        ],
    };
    let identity = Migration {
        room: "pipeline",
        number: 8,
        sql: include_str!("migrations/0008.sql"),
        tables: &[Table { name: "pipeline_identity", kind: TableKind::Definition }],
    };
    let matching = Migration {
        room: "pipeline",
        number: 9,
        sql: include_str!("migrations/0009.sql"),
        tables: &[
            Table { name: "pipeline_pairs", kind: TableKind::Definition },
            Table { name: "pipeline_matching", kind: TableKind::Definition },
        ],
    };
    let narrow = Migration { room: "pipeline", number: 10, sql: include_str!("migrations/0010.sql"), tables: &[] };
    [own, by_id, door, keys, segments, words, rights, identity, matching, narrow]
        .into_iter()
        .chain(throughline_customers::migrations().iter().copied())
        .collect()
}
