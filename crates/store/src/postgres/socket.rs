//! Bytes to the server and back: TCP, TLS over it, or a socket of this machine.

use super::{Failure, message};
use crate::place::PostgresAddress;
use rustix::net::{RecvFlags, sockopt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

/// How long a server may take to take a connection.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) enum Socket {
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Local(UnixStream),
}

impl Socket {
    pub(super) fn connect(address: &PostgresAddress) -> Result<Self, Failure> {
        if address.is_socket() {
            let path = format!("{}/.s.PGSQL.{}", address.host, address.port);
            return Ok(Self::Local(UnixStream::connect(path)?));
        }
        let mut last = None;
        for at in (address.host.as_str(), address.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&at, PATIENCE) {
                Ok(stream) => return Self::over(stream, address),
                Err(e) => last = Some(e),
            }
        }
        Err(last.map_or_else(|| Failure::Lost("the name has no address".to_owned()), Into::into))
    }

    fn over(mut stream: TcpStream, address: &PostgresAddress) -> Result<Self, Failure> {
        stream.set_nodelay(true)?;
        // A server that vanished without a word is noticed within a minute.
        let keep = || -> rustix::io::Result<()> {
            sockopt::set_socket_keepalive(&stream, true)?;
            #[cfg(target_os = "linux")]
            {
                sockopt::set_tcp_keepidle(&stream, Duration::from_secs(20))?;
                sockopt::set_tcp_keepintvl(&stream, Duration::from_secs(10))?;
                sockopt::set_tcp_keepcnt(&stream, 3)?;
                sockopt::set_tcp_user_timeout(&stream, 50_000)?;
            }
            Ok(())
        };
        keep().map_err(io::Error::from)?;
        if !address.tls {
            return Ok(Self::Tcp(stream));
        }
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut out = Vec::new();
        message::ssl_request(&mut out);
        stream.write_all(&out)?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        if answer != *b"S" {
            return Err(Failure::protocol(
                "the server does not encrypt; let it (`ssl = on`), or, where nobody listens in between, add ?sslmode=disable to the address",
            ));
        }
        let tls = |e: &dyn std::fmt::Display| Failure::Protocol(format!("TLS failed: {e}"));
        let name =
            ServerName::try_from(address.host.clone()).map_err(|_| tls(&format!("`{}` is no name", address.host)))?;
        let mut client = ClientConnection::new(Arc::new(trust(address)?), name).map_err(|e| tls(&e))?;
        while client.is_handshaking() {
            client.complete_io(&mut stream).map_err(|e| tls(&e))?;
        }
        stream.set_read_timeout(None)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(client, stream))))
    }

    /// Whether the connection stands and nothing has come that nobody asked for: a server that goes
    /// away says so.
    pub(super) fn is_quiet(&self) -> bool {
        let fd = match self {
            Self::Tcp(s) => s.as_fd(),
            Self::Tls(s) => s.sock.as_fd(),
            Self::Local(s) => s.as_fd(),
        };
        let mut byte = [0_u8; 1];
        let seen = rustix::net::recv(fd, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        matches!(seen, Err(rustix::io::Errno::WOULDBLOCK))
    }
}

fn trust(address: &PostgresAddress) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    match &address.authorities {
        Some(path) => {
            let wrong = |e: &dyn std::fmt::Display| {
                Failure::Protocol(format!("sslrootcert {} cannot be used: {e}", path.display()))
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(&e))? {
                roots.add(certificate.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
            }
        }
        None => {
            let (_added, _ignored) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Failure::Protocol(format!("TLS failed: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(s) => s.read(into),
            Self::Tls(s) => s.read(into),
            Self::Local(s) => s.read(into),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(s) => s.write(bytes),
            Self::Tls(s) => s.write(bytes),
            Self::Local(s) => s.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(s) => s.flush(),
            Self::Tls(s) => s.flush(),
            Self::Local(s) => s.flush(),
        }
    }
}
