//! Import by recipe: records of CSV, NDJSON and other files become interactions, as a readable
//! recipe in TOML says. Nothing about any data set is in the code.
//!
//! ```toml
//! name = "Shop orders"          # what people call this import
//! source = "import:shop"        # ids are unique within a source
//! zone = "Europe/Berlin"        # of local times; needed unless all times have an offset
//! currency = "EUR"              # of amounts
//!
//! [files.orders]                # each file has a name here …
//! path = "orders.csv.gz"        # … and lies in the data folder
//!
//! [files.items]
//! path = "items.csv"
//! key = "order_id"              # the column by which other files find its rows
//!
//! [[interactions]]              # one per kind of interaction
//! from = "orders"               # each row of this file makes one
//! join = [{ file = "items", on = "id", many = "list" }]
//! when = { column = "status", is_not = "test" }
//! event = "Order Placed"
//! occurred_at = "placed_at"
//! message_id = "id"
//! identifiers = { user_id = "customer", email = "mail" }
//! refs = { order = "id", product = "items.sku" }
//! money = { amount = { times = ["items.price", "items.quantity"] } }
//! promise = { kind = "delivery", due = "promised_for", precision = "day" }
//! ```
//!
//! Every field is described in `examples/README.md` beside two whole recipes. The rules are few:
//!
//! - A text names a *column*, and `file.column` one of a joined file (`a.b` a field inside a field
//!   of JSON). Only `event`, `channel`, `touchpoint`, `direction`, `actor`, `zone` and `currency`
//!   take a text as the word itself. Either may be a table instead: `{ column = "…", … }`.
//! - An empty cell is no value: the field is left out. Only a row without its time, its event or
//!   its id is rejected.
//! - Spaces around a value do not count, except in `text`.
//! - The id of an interaction is the hash of the columns in `message_id`, or of the whole row, and
//!   the event; identical ones are numbered in the order of the file.
//! - A local time that occurred twice takes the first reading and says so; one that never existed
//!   is rejected. A date alone, and the day of a promise, begin where their local day begins.
//! - Every row is taken, rejected, a repetition, or left out by `when`, and is counted so.
//!
//! An [`Import`] reads; a [`Report`] of it is a dry run; a [`RejectsWriter`] writes what was not
//! taken. Read `files/recipe.rs` first, then `files/plan.rs` and `files/import.rs`.

mod decimal;
mod csv;
mod draft;
pub mod guess;
mod import;
pub mod known;
mod json_list;
mod lookup;
mod message_id;
mod ndjson;
mod plan;
pub mod recipe;
mod record;
mod rejects;
mod report;
mod row;
mod time;
mod unpack;
mod workbook;

pub use import::{Batch, Cursor, EventCount, Import, ImportOptions, JoinCount, Progress, Reject};
pub use recipe::{Recipe, RecipeError};
pub use record::{Formats, Opener, Record, RecordFault, RecordReader, Request, SEPARATOR};
pub use rejects::RejectsWriter;
pub use report::{Identified, Rejected, Report};
pub use unpack::UnpackLimits;
