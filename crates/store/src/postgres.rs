//! PostgreSQL, spoken to directly: its protocol is small, and what the store needs of it smaller still.
//!
//! One thread, one connection, one answer after the other; many statements may be on their way before
//! the first answer is read ([`Session::queue`]), which is what makes a database on another machine
//! usable for batches of many rows. Read `session.rs` first, then `message.rs`.

mod greeting;
mod message;
mod row;
mod scram;
mod session;
mod socket;
mod stream;

pub use message::ServerError;
pub(crate) use row::{PostgresRow, PostgresRows};
pub(crate) use session::Session;

/// Why the server did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It says no.
    #[error("{0}")]
    Server(Box<ServerError>),
    /// It cannot be reached, or no longer.
    #[error("{0}")]
    Lost(String),
    /// It says something that cannot be understood, or asks for what is not offered.
    #[error("{0}")]
    Protocol(String),
}

impl Failure {
    fn protocol(what: &str) -> Self {
        Self::Protocol(what.to_owned())
    }

    /// The server's code, where it said one.
    pub fn code(&self) -> &str {
        match self {
            Self::Server(e) => &e.code,
            _ => "",
        }
    }

    /// Whether it may work once the server is there again: nothing is wrong with what was asked.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            // Shut down, crashed, starting; connections failed; too many of them.
            Self::Server(e) => e.code.starts_with("57P0") || e.code.starts_with("08") || e.code == "53300",
            Self::Protocol(_) => false,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Self::Lost(match e.kind() {
            std::io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
            _ => e.to_string(),
        })
    }
}
