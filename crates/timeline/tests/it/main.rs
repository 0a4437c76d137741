//! The hot tier from outside.
#![expect(clippy::unwrap_used, reason = "tests")]

mod rows;
mod segment;
mod damage;
mod golden;
mod oracle;
mod scan;
mod timeline;
