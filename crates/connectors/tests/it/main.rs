//! The importer from the outside: recipes, bad input, and real data where it lies beside the
//! repository.

#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

mod bad_input;
mod csv_oracle;
mod world;
mod guess;
mod guess_tables;
mod known;
mod olist;
mod online_retail;
mod recipes;
mod resume;
mod shops;
mod values;
mod workbook;
