//! Mail by SMTP.

use crate::Failure;
use crate::encrypted::Encrypted;
use lettre::address::{Address, Envelope};
use lettre::message::header::ContentType;
use lettre::message::{Attachment as Part, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;

/// A mail server must take a mail within this.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// Asked for after the greeting (STARTTLS), usually on port 587.
    #[default]
    StartTls,
    /// From the first byte, usually on port 465.
    Implicit,
    /// Not at all: for a relay on this machine.
    None,
}

impl SmtpTls {
    /// Reads `starttls`, `implicit` or `none`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "starttls" => Some(Self::StartTls),
            "implicit" => Some(Self::Implicit),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// The usual port.
    pub fn usual_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// The mail server by which mail leaves.
#[derive(Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Name and password, if it wants them.
    pub login: Option<(String, String)>,
    /// The sender, such as `Throughline <cx@example.org>`.
    pub from: String,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// A file with the certificates to trust, in PEM, instead of those of the system.
    pub ca: Option<PathBuf>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp({}:{}, {:?})", self.host, self.port, self.tls)
    }
}

impl Smtp {
    /// Refuses what could not work, or would send a password in clear.
    pub fn validate(&self) -> Result<(), MailError> {
        self.from.parse::<Mailbox>().map_err(|_| MailError::BadFrom)?;
        let local = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        match self.tls {
            SmtpTls::None if self.login.is_some() && !local => Err(MailError::PasswordInClear(self.host.clone())),
            _ => Ok(()),
        }
    }
}

/// A file that goes with a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type, such as `application/pdf`.
    pub media: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A mail to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As HTML.
    pub html: Option<String>,
    /// A file.
    pub attachment: Option<Attachment>,
    /// The same for every try: the left side of the `Message-ID`; letters, digits, `.`, `-`.
    pub id: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({})", self.id)
    }
}

/// Why a mail does not leave. Fields named `String` hold a server's or a library's own words.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// No mail server.
    #[error("no mail server is set up; name one as `[smtp]` in the configuration file or as THROUGHLINE_SMTP_HOST")]
    NotConfigured,
    /// Bad sender.
    #[error("`smtp.from` is not an address; write it like Throughline <cx@example.org>")]
    BadFrom,
    /// Bad recipient.
    #[error("the recipient's address cannot be read")]
    BadRecipient,
    /// A password would be readable on the way.
    #[error("`smtp.tls = \"none\"` would send the password to {0} in clear; use \"starttls\" or \"implicit\"")]
    PasswordInClear(String),
    /// The host is not a name.
    #[error("`smtp.host` `{0}` is not the name of a host")]
    BadHost(String),
    /// Not reached.
    #[error("the mail server could not be reached")]
    Io(#[from] std::io::Error),
    /// Too slow.
    #[error("the mail server did not answer in time")]
    Slow,
    /// No STARTTLS.
    #[error("the mail server offers no STARTTLS; use `smtp.tls = \"implicit\"` with port 465, or another server")]
    NoStartTls,
    /// Somebody else.
    #[error("what answers there is not a mail server; look at host, port and `smtp.tls`")]
    NotSmtp,
    /// A refusal before anything was sent.
    #[error("the mail server said: {0}")]
    Said(String),
    /// No encrypted connection.
    #[error("no encrypted connection to the mail server: {0}")]
    Tls(String),
    /// The file of certificates.
    #[error("the certificates in {0} cannot be used: {1}")]
    Authority(PathBuf, String),
    /// The mail cannot be put together.
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    /// The conversation failed.
    #[error("the mail server refused")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

impl MailError {
    /// What is shown and kept of it.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Smtp(e) => {
                let own = std::error::Error::source(e).map(ToString::to_string).unwrap_or_default();
                let words = match e.status() {
                    Some(code) => format!("the mail server said: {code} {own}"),
                    None => format!("the conversation with the mail server broke off: {own}"),
                };
                if e.is_permanent() { Failure::never(words) } else { Failure::later(words) }
            }
            Self::Io(e) => Failure::later(format!("{self}: {e}; look at host, port and `smtp.tls`")),
            Self::Said(line) if line.starts_with('5') => Failure::never(self.to_string()),
            // Certificates and settings are mended by somebody, and then the mail should leave.
            Self::Tls(_) | Self::Slow | Self::NoStartTls | Self::NotSmtp | Self::Said(_) | Self::Authority(..) => {
                Failure::later(self.to_string())
            }
            _ => Failure::never(self.to_string()),
        }
    }
}

/// Whether `text` is the address of a mailbox.
pub fn check_address(text: &str) -> bool {
    text.trim().parse::<Address>().is_ok()
}

/// Sends a mail.
pub(crate) async fn send(smtp: &Smtp, mail: &Mail) -> Result<(), Failure> {
    let sent = tokio::time::timeout(PATIENCE, talk(smtp, mail)).await;
    sent.unwrap_or(Err(MailError::Slow)).map_err(|e| e.failure())
}

async fn talk(smtp: &Smtp, mail: &Mail) -> Result<(), MailError> {
    smtp.validate()?;
    let from: Mailbox = smtp.from.parse().map_err(|_| MailError::BadFrom)?;
    let to: Address = mail.to.trim().parse().map_err(|_| MailError::BadRecipient)?;
    let envelope = Envelope::new(Some(from.email.clone()), vec![to.clone()])?;
    let message = write(mail, from.clone(), to)?;

    let hello = ClientId::Domain(from.email.domain().to_owned());
    let stream = TcpStream::connect((smtp.host.as_str(), smtp.port)).await?;
    let ca = smtp.ca.as_deref();
    let stream: Box<dyn AsyncTokioStream> = match smtp.tls {
        SmtpTls::None => Box::new(stream),
        SmtpTls::Implicit => Box::new(Encrypted::at_once(stream, &smtp.host, ca).await?),
        SmtpTls::StartTls => Box::new(Encrypted::after_starttls(stream, &smtp.host, ca, from.email.domain()).await?),
    };
    let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
    if let Some((user, password)) = &smtp.login {
        let credentials = Credentials::new(user.clone(), password.clone());
        connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    connection.send(&envelope, &message).await?;
    // It has left; a server that is rude when saying goodbye changes nothing.
    drop(connection.quit().await);
    Ok(())
}

fn write(mail: &Mail, from: Mailbox, to: Address) -> Result<Vec<u8>, MailError> {
    let id = format!("<{}@{}>", mail.id, from.email.domain());
    let message = lettre::Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(&mail.subject)
        .message_id(Some(id))
        .header(AutoSubmitted);
    let words = match &mail.html {
        Some(html) => MultiPart::alternative_plain_html(mail.text.clone(), html.clone()),
        None => MultiPart::alternative().singlepart(SinglePart::plain(mail.text.clone())),
    };
    let whole = match &mail.attachment {
        None => words,
        Some(file) => {
            let media = ContentType::parse(&file.media).unwrap_or(ContentType::TEXT_PLAIN);
            let part = Part::new(file.name.clone()).body(file.bytes.clone(), media);
            MultiPart::mixed().multipart(words).singlepart(part)
        }
    };
    Ok(message.multipart(whole)?.formatted())
}

/// Says that no person wrote this, so that nobody's holiday note answers (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
