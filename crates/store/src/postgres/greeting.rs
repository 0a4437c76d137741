//! Beginning a session: who are we, are we let in, and is this a server to work with.

use super::message::{self, Fields, ServerError, tag};
use super::scram::{self, Scram};
use super::socket::Socket;
use super::stream::Stream;
use super::{Failure, message::put};
use crate::place::PostgresAddress;

/// The oldest version that the tests run on.
const OLDEST: u32 = 15;

/// Opens a session whose statements mean the schema of `address`; `name` is what the server's lists call
/// it.
pub(super) fn greet(address: &PostgresAddress, name: &str) -> Result<Stream, Failure> {
    let mut stream = Stream::new(Socket::connect(address)?);
    message::startup(
        &mut stream.out,
        &[
            ("user", &address.user),
            ("database", &address.database),
            ("application_name", name),
            ("client_encoding", "UTF8"),
            ("search_path", &address.schema),
            // Numbers as short as they can be without losing anything.
            ("extra_float_digits", "3"),
            ("jit", "off"),
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            // A process that vanished without a word gives its lock back within a minute.
            ("tcp_keepalives_idle", "20"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
        ],
    );
    stream.send()?;
    let mut proof = None;
    loop {
        let (tag, body) = stream.receive()?;
        match tag {
            tag::ERROR => return Err(Failure::Server(Box::new(ServerError::read(stream.body(body))?))),
            tag::AUTHENTICATION => {
                let answer = authenticate(stream.body(body), address, &mut proof)?;
                if let Some(answer) = answer {
                    put(&mut stream.out, b'p', |out| out.extend_from_slice(&answer));
                    stream.send()?;
                }
            }
            tag::PARAMETER => {
                let mut fields = Fields(stream.body(body));
                suits(fields.text()?, fields.text()?)?;
            }
            tag::BACKEND_KEY => {}
            tag::READY => return Ok(stream),
            _ => return Err(Failure::protocol("what answers is no PostgreSQL server")),
        }
    }
}

fn authenticate(body: &[u8], address: &PostgresAddress, proof: &mut Option<Scram>) -> Result<Option<Vec<u8>>, Failure> {
    let mut fields = Fields(body);
    let kind = fields.i32()?;
    let password = || {
        address.password.as_deref().ok_or_else(|| {
            Failure::protocol(
                "the server wants a password and none is given; write it into the address, or set PGPASSWORD",
            )
        })
    };
    let text = |rest: &[u8]| String::from_utf8(rest.to_vec()).map_err(|_| Failure::protocol("a challenge is no text"));
    let under_way = || Failure::protocol("the server asks for the second step of a login before the first");
    match kind {
        0 => Ok(None),
        3 if address.tls || address.is_socket() => {
            let mut answer = password()?.as_bytes().to_vec();
            answer.push(0);
            Ok(Some(answer))
        }
        3 => Err(Failure::protocol(
            "the server wants the password in clear, over a connection that is not encrypted; set `scram-sha-256` in its pg_hba.conf",
        )),
        5 => Err(Failure::protocol(
            "the server asks for an md5 login, which is no longer safe; set `password_encryption = 'scram-sha-256'` there and give the user's password again",
        )),
        10 => {
            let mut offered = Vec::new();
            while let Ok(name) = fields.text()
                && !name.is_empty()
            {
                offered.push(name);
            }
            if !offered.contains(&scram::MECHANISM) {
                return Err(Failure::Protocol(format!("the server offers no {}", scram::MECHANISM)));
            }
            let scram = proof.insert(Scram::new(password()?)?);
            let first = scram.first();
            let mut answer = Vec::new();
            message::text(&mut answer, scram::MECHANISM);
            answer.extend_from_slice(&(first.len() as u32).to_be_bytes());
            answer.extend_from_slice(first.as_bytes());
            Ok(Some(answer))
        }
        11 => {
            let answer = proof.as_mut().ok_or_else(under_way)?.prove(&text(fields.0)?)?;
            Ok(Some(answer.into_bytes()))
        }
        12 => {
            proof.as_ref().ok_or_else(under_way)?.believe(&text(fields.0)?)?;
            Ok(None)
        }
        _ => Err(Failure::protocol(
            "the server asks for a login that is not offered here; set `scram-sha-256` in its pg_hba.conf",
        )),
    }
}

/// What the server says of itself, and whether it will do.
fn suits(name: &str, value: &str) -> Result<(), Failure> {
    let refuse = |what: String| Err(Failure::Protocol(what));
    match name {
        "server_version" => {
            let major = value.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<u32>().ok());
            match major {
                Some(major) if major < OLDEST => refuse(format!(
                    "the server is PostgreSQL {value}, which is too old; upgrade it to {OLDEST} or later"
                )),
                _ => Ok(()),
            }
        }
        "server_encoding" if value != "UTF8" => refuse(format!(
            "the database is encoded in {value}, which cannot hold every name; make one with ENCODING 'UTF8' TEMPLATE template0"
        )),
        "in_hot_standby" if value == "on" => {
            refuse("the server is a standby, which takes nothing; name the primary".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_will_not_do_is_refused_with_the_reason() {
        let check = |name: &str, value: &str, expected: &str| {
            let got = suits(name, value).map_or_else(|e| e.to_string(), |()| "fine".to_owned());
            assert!(got.contains(expected), "{got}");
        };
        check("server_version", "15.14 (Debian 15.14-0+deb12u1)", "fine");
        check("server_version", "17beta1", "fine");
        check("server_version", "13.2", "too old; upgrade it to 15 or later");
        check("server_version", "9.6.24", "too old");
        check("server_encoding", "LATIN1", "make one with ENCODING 'UTF8'");
        check("in_hot_standby", "on", "name the primary");
    }
}
