//! Encrypted connections to a mail server: TLS from the first byte, or after STARTTLS (RFC 3207).

use crate::mail::MailError;
use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// No line of a mail server's answer is longer (RFC 5321 allows 512 bytes).
const LONGEST_LINE: usize = 2_000;

/// A connection that is encrypted. The greeting is what the client waits for first: a server that
/// has greeted before STARTTLS does not do so again.
pub(crate) struct Encrypted {
    greeting: &'static [u8],
    stream: TlsStream<TcpStream>,
}

impl Encrypted {
    /// TLS from the first byte.
    pub(crate) async fn at_once(stream: TcpStream, host: &str, ca: Option<&Path>) -> Result<Self, MailError> {
        Ok(Self { greeting: b"", stream: handshake(stream, host, ca).await? })
    }

    /// Asks for TLS in clear, and goes on encrypted. A server without STARTTLS is refused: nothing
    /// is ever sent in clear instead.
    pub(crate) async fn after_starttls(
        mut stream: TcpStream,
        host: &str,
        ca: Option<&Path>,
        hello: &str,
    ) -> Result<Self, MailError> {
        answer(&mut stream, "220").await?;
        stream.write_all(format!("EHLO {hello}\r\n").as_bytes()).await?;
        let offers = answer(&mut stream, "250").await?;
        if !offers.iter().any(|line| line.get(4..).is_some_and(|o| o.trim().eq_ignore_ascii_case("STARTTLS"))) {
            return Err(MailError::NoStartTls);
        }
        stream.write_all(b"STARTTLS\r\n").await?;
        answer(&mut stream, "220").await?;
        Ok(Self { greeting: b"220 encrypted\r\n", stream: handshake(stream, host, ca).await? })
    }
}

/// Reads one answer byte by byte, so that nothing that was sent in clear after it is ever taken for
/// something that came encrypted.
async fn answer(stream: &mut TcpStream, expected: &str) -> Result<Vec<String>, MailError> {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    loop {
        let byte = stream.read_u8().await?;
        if byte != b'\n' {
            line.push(byte);
            if line.len() > LONGEST_LINE || lines.len() > 100 {
                return Err(MailError::NotSmtp);
            }
            continue;
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut line)).trim_end().to_owned();
        let last = text.as_bytes().get(3) != Some(&b'-');
        lines.push(text);
        if last {
            break;
        }
    }
    match lines.last() {
        Some(line) if line.starts_with(expected) => Ok(lines),
        Some(line) if line.as_bytes().first().is_some_and(u8::is_ascii_digit) => Err(MailError::Said(line.clone())),
        _ => Err(MailError::NotSmtp),
    }
}

async fn handshake(stream: TcpStream, host: &str, ca: Option<&Path>) -> Result<TlsStream<TcpStream>, MailError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let read = |e: &dyn fmt::Display| MailError::Authority(path.to_owned(), e.to_string());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| read(&e))? {
                roots.add(certificate.map_err(|e| read(&e))?).map_err(|e| read(&e))?;
            }
        }
        None => {
            let (_added, _ignored) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| MailError::Tls(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| MailError::BadHost(host.to_owned()))?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    connected.map_err(|e| MailError::Tls(e.to_string()))
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted")
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, out);
        }
        let (now, later) = self.greeting.split_at(self.greeting.len().min(out.remaining()));
        out.put_slice(now);
        self.greeting = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}
