//! Where the operational state is kept: in a file of the data directory, or in PostgreSQL.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where the operational state is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Place {
    /// In SQLite, in the data directory.
    #[default]
    Embedded,
    /// In one schema of a PostgreSQL database.
    Postgres(PostgresAddress),
}

/// A schema of a PostgreSQL database, and who enters. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    pub(crate) database: String,
    pub(crate) schema: String,
    pub(crate) tls: bool,
    pub(crate) authorities: Option<PathBuf>,
}

/// Why a place is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store must be `sqlite` or postgres://user:password@host:5432/database: {0}")]
pub struct PlaceError(String);

const PORT: u16 = 5432;
const SCHEMA: &str = "throughline";
/// A schema that is called after the data directory.
const OF_DIRECTORY: &str = "@directory";

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let text = text.trim();
        if text == "sqlite" {
            return Ok(Self::Embedded);
        }
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            // Not what was written: it may hold a password.
            .ok_or_else(|| PlaceError("it begins with neither".to_owned()))?;
        Ok(Self::Postgres(PostgresAddress::parse(rest)?))
    }
}

impl PostgresAddress {
    fn parse(rest: &str) -> Result<Self, PlaceError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, at) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (decoded(user)?, Some(decoded(password)?)),
            None => (decoded(login)?, None),
        };
        let (host, port) = match at.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => at.split_once(':').map_or((at, None), |(host, port)| (host, Some(port))),
        };
        // Not what was written: it may be a part of a password.
        let number = |port: &str| {
            let wrong = "its port is no number; in a name or password write / as %2F, @ as %40, : as %3A, % as %25";
            port.parse().map_err(|_| PlaceError(wrong.to_owned()))
        };
        let mut address = Self {
            host: decoded(host)?,
            port: port.filter(|p| !p.is_empty()).map(number).transpose()?.unwrap_or(PORT),
            user,
            password,
            database: decoded(database)?,
            schema: SCHEMA.to_owned(),
            tls: false,
            authorities: None,
        };
        let mut tls = None;
        for (name, value) in query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, ""))) {
            let value = decoded(value)?;
            match name {
                "host" => address.host = value,
                "port" => address.port = number(&value)?,
                "user" => address.user = value,
                "password" => address.password = Some(value),
                "dbname" => address.database = value,
                "schema" => address.schema = value,
                "sslrootcert" => address.authorities = Some(value.into()),
                "sslmode" => {
                    tls = Some(match value.as_str() {
                        "disable" => false,
                        "require" | "verify-ca" | "verify-full" => true,
                        other => {
                            return Err(PlaceError(format!(
                                "`sslmode={other}` is not offered; write `verify-full` or `disable`"
                            )));
                        }
                    });
                }
                other => {
                    return Err(PlaceError(format!(
                        "`{other}` is not known; there are schema, sslmode, sslrootcert, host, port, user, password and dbname"
                    )));
                }
            }
        }
        if address.host.is_empty() {
            address.host = "localhost".to_owned();
        }
        if address.user.is_empty() {
            return Err(PlaceError("it names no user".to_owned()));
        }
        if address.database.is_empty() {
            address.database.clone_from(&address.user);
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_named = address.schema != OF_DIRECTORY;
        if is_named && (address.schema.is_empty() || address.schema.len() > 60 || !address.schema.chars().all(plain)) {
            return Err(PlaceError("a schema has up to 60 lower-case letters, digits and underscores".to_owned()));
        }
        address.tls = tls.unwrap_or(!address.is_near());
        if address.tls && address.is_socket() {
            return Err(PlaceError("a socket of this machine is not encrypted; leave `sslmode` out".to_owned()));
        }
        Ok(address)
    }

    /// The same with this password, where none is in the address itself.
    #[must_use]
    pub fn or_password(mut self, password: Option<String>) -> Self {
        self.password = self.password.or(password);
        self
    }

    /// The same for this data directory: with the name of its schema, where that is called after it.
    pub(crate) fn of_directory(mut self, directory: &Path) -> Self {
        if self.schema == OF_DIRECTORY {
            let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
            let name = directory.to_string_lossy().to_lowercase();
            let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            let end = &name[name.len().saturating_sub(40)..];
            // Folders may differ in what was just left out.
            self.schema = format!("d{:016x}{end}", fnv(directory.as_os_str().as_encoded_bytes()));
        }
        self
    }

    /// A folder with a socket in it.
    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// On this machine.
    fn is_near(&self) -> bool {
        self.is_socket()
            || self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
    }

    /// The server alone, for people.
    pub(crate) fn server(&self) -> String {
        if self.is_socket() || self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@{}/{}?schema={}", self.user, self.server(), self.database, self.schema)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("sqlite"),
            Self::Postgres(address) => fmt::Display::fmt(address, f),
        }
    }
}

/// A hash that is the same everywhere (FNV-1a, 64 bits).
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// `%40` and its like, read.
fn decoded(text: &str) -> Result<String, PlaceError> {
    let wrong = || PlaceError("after a % there must be two hexadecimal digits".to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or_else(wrong)?, rest.next().ok_or_else(wrong)?];
        let digits = std::str::from_utf8(&digits).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| PlaceError("it is no UTF-8".to_owned()))
}

/// Where tests keep their state: where `THROUGHLINE_TEST_STORE` says, or else embedded. The product does
/// not look at that variable.
///
/// # Panics
/// Where the variable is no place.
#[doc(hidden)]
pub fn place_of_tests() -> Place {
    std::env::var("THROUGHLINE_TEST_STORE")
        .map_or(Place::Embedded, |text| text.parse().expect("THROUGHLINE_TEST_STORE names a place"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match text.parse::<Place>() {
            Ok(Place::Postgres(a)) => {
                format!("{a} password={:?} tls={} ca={:?}", a.password, a.tls, a.authorities)
            }
            Ok(place) => place.to_string(),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn addresses_are_read_and_shown_without_a_password() {
        let check = |text: &str, expected: &str| {
            let got = shown(text);
            assert!(got.contains(expected), "{text}: {got}");
        };
        check("sqlite", "sqlite");
        check(
            "postgres://cx:p%40ss@db.example.org/cx",
            "postgres://cx@db.example.org:5432/cx?schema=throughline password=Some(\"p@ss\") tls=true",
        );
        check(
            "postgresql://cx@localhost:5433",
            "postgres://cx@localhost:5433/cx?schema=throughline password=None tls=false",
        );
        check("postgres://cx@[::1]:5433/d", "postgres://cx@[::1]:5433/d");
        check("postgres://cx@/d?host=/run/postgresql", "@[/run/postgresql]:5432/d");
        check("postgres://cx@db/d?sslmode=disable&schema=two", "schema=two password=None tls=false");
        check("postgres://cx@db/d?sslrootcert=/etc/ca.pem", "tls=true ca=Some(\"/etc/ca.pem\")");
        check("postgres://cx@db/d?sslmode=prefer", "write `verify-full` or `disable`");
        check("postgres://cx@db/d?schema=Two", "lower-case letters");
        check("postgres://cx@db:many/d", "its port is no number");
        check("postgres://cx:se/cret@db/d", "write / as %2F");
        check("postgres://db/d", "it names no user");
        check("postgres://cx@db/d?ssl=1", "`ssl` is not known");
        check("postgres://c%x@db/d", "two hexadecimal digits");
        check("mysql://cx:secret@db/d", "it begins with neither");
        check("postgres://cx@db/d?schema=@directory", "schema=@directory");
        for text in ["mysql://cx:secret@db/d", "postgres://cx:secret@db:x/d", "postgres://cx:secret@db/d?a=b"] {
            assert!(!shown(text).contains("secret"), "{}", shown(text));
        }
        let place: Place = "postgres://cx:secret@db/d".parse().unwrap();
        assert!(!format!("{place:?} {place}").contains("secret"));
    }
}
