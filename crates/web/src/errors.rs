//! What a failure looks like: an outside message for the person, an inside message for the log.
//! Every status code but the good ones is decided here.

use crate::texts;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use throughline_imports::ImportsError;
use throughline_pipeline::EngineError;
use throughline_rights::RightsError;
use throughline_store::StoreError;

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The request cannot be read; code and message.
    Unreadable(&'static str, String),
    /// No key, or a wrong one.
    NoKey(&'static str),
    /// A delivery that is not signed as it should be.
    Forged(String),
    /// A page for people who have logged in.
    LoginNeeded,
    /// Known, and not allowed.
    NotAllowed(String),
    /// The form was not made by this console, or it is too old.
    StaleForm,
    /// There is no such thing.
    NotFound(String),
    /// The thing is there, the method is not.
    WrongMethod,
    /// The body did not come within so many seconds.
    Slow(u64),
    /// More bytes than are taken.
    TooLarge(String),
    /// A coding that is not understood.
    UnknownCoding(String),
    /// Wait so many seconds.
    TooMany(i64),
    /// Folding is behind; wait so many seconds. And by how many interactions.
    Behind(u32, u64),
    /// It cannot be done as things are.
    Refused(String),
    /// Nothing more can be written.
    DiskFull,
    /// The database is out of reach; the words are for the log.
    Away(String),
    /// This server is not reached under that name.
    WrongHost,
    /// Our own fault; the words are for the log.
    Broken(String),
}

/// What is told outside.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Told {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// Stable, in snake case.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) detail: String,
}

impl Problem {
    /// The outside of it.
    pub(crate) fn told(&self) -> Told {
        let told = |status, code, message: &str, detail: &str| Told {
            status,
            code,
            message: message.to_owned(),
            detail: detail.to_owned(),
        };
        match self {
            Self::Unreadable(code, message) => told(StatusCode::BAD_REQUEST, code, message, texts::DO_MEND_REQUEST),
            Self::Slow(seconds) => told(
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                &format!("the body did not arrive within {seconds} seconds"),
                texts::DO_SEND_FASTER,
            ),
            Self::NoKey(message) => told(StatusCode::UNAUTHORIZED, "unauthorized", message, texts::DO_GIVE_KEY),
            Self::Forged(message) => told(StatusCode::UNAUTHORIZED, "bad_signature", message, texts::DO_COMPARE_SECRET),
            Self::LoginNeeded => told(StatusCode::UNAUTHORIZED, "unauthorized", texts::NO_LOGIN, texts::DO_LOG_IN),
            Self::NotAllowed(message) => told(StatusCode::FORBIDDEN, "forbidden", message, texts::DO_ASK_ADMIN),
            Self::StaleForm => told(StatusCode::FORBIDDEN, "stale_form", texts::STALE_FORM, texts::DO_RELOAD),
            Self::NotFound(message) => told(StatusCode::NOT_FOUND, "not_found", message, texts::DO_CHECK_ADDRESS),
            Self::WrongMethod => {
                told(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", texts::WRONG_METHOD, texts::DO_CHECK_METHOD)
            }
            Self::TooLarge(message) => told(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message, texts::DO_SEND_LESS),
            Self::UnknownCoding(message) => {
                told(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_coding", message, texts::DO_SEND_GZIP)
            }
            Self::TooMany(seconds) => {
                told(StatusCode::TOO_MANY_REQUESTS, "too_many", texts::TOO_MANY, &format!("try again in {seconds} s"))
            }
            Self::Behind(seconds, lag) => told(
                StatusCode::TOO_MANY_REQUESTS,
                "behind",
                &format!("{lag} interactions wait to be counted, which is the limit"),
                &format!("send the same again in {seconds} s; what was accepted is safe"),
            ),
            Self::Refused(message) => told(StatusCode::CONFLICT, "refused", message, ""),
            Self::DiskFull => {
                told(StatusCode::INSUFFICIENT_STORAGE, "disk_full", texts::DISK_FULL, texts::DO_FREE_SPACE)
            }
            Self::Away(_) => {
                told(StatusCode::SERVICE_UNAVAILABLE, "store_away", texts::STORE_AWAY, texts::DO_WAIT_FOR_STORE)
            }
            Self::WrongHost => {
                told(StatusCode::MISDIRECTED_REQUEST, "wrong_host", texts::WRONG_HOST, texts::DO_USE_LOCALHOST)
            }
            Self::Broken(_) => told(StatusCode::INTERNAL_SERVER_ERROR, "broken", texts::BROKEN, texts::DO_READ_LOG),
        }
    }

    fn retry_after(&self) -> Option<i64> {
        match self {
            Self::TooMany(seconds) => Some((*seconds).clamp(1, 300)),
            Self::Behind(seconds, _) => Some(i64::from(*seconds).clamp(1, 300)),
            Self::DiskFull => Some(60),
            Self::Away(_) => Some(5),
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Broken(inside) = &self {
            tracing::error!(error = inside, "a request failed");
        }
        if let Self::Away(inside) = &self {
            tracing::warn!(error = inside, "a request waits for the database");
        }
        let told = self.told();
        let mut response = (told.status, Json(&told)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(self, Self::NoKey(_)) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"throughline\""));
        }
        response.extensions_mut().insert(told);
        response
    }
}

impl From<EngineError> for Problem {
    fn from(e: EngineError) -> Self {
        match e {
            EngineError::NotFound(what) => Self::NotFound(format!("there is no {what}")),
            EngineError::Refused(why) => Self::Refused(why),
            EngineError::Overloaded { retry_after_s, lag } => Self::Behind(retry_after_s, lag),
            EngineError::DiskFull => Self::DiskFull,
            EngineError::Store(e) => e.into(),
            other => Self::Broken(chain(&other)),
        }
    }
}

impl From<ImportsError> for Problem {
    fn from(e: ImportsError) -> Self {
        match e {
            ImportsError::NoSuchRun(_) => Self::NotFound(e.to_string()),
            ImportsError::Refused(why) => Self::Refused(why),
            ImportsError::Engine(e) => e.into(),
            ImportsError::Store(e) => e.into(),
            ImportsError::Io { ref source, .. } if source.kind() == std::io::ErrorKind::StorageFull => Self::DiskFull,
            other => Self::Broken(chain(&other)),
        }
    }
}

impl From<RightsError> for Problem {
    fn from(e: RightsError) -> Self {
        match e {
            RightsError::NoSuchRun(_) => Self::NotFound(e.to_string()),
            RightsError::Refused(why) => Self::Refused(why),
            RightsError::List(fault) => Self::Refused(fault.to_string()),
            RightsError::Engine(e) => e.into(),
            RightsError::Store(e) => e.into(),
            other @ RightsError::Write(_) => Self::Broken(chain(&other)),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::DiskFull { .. } => Self::DiskFull,
            StoreError::Unreachable { .. } => Self::Away(e.to_string()),
            other => Self::Broken(chain(&other)),
        }
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(e: tokio::task::JoinError) -> Self {
        Self::Broken(chain(&e))
    }
}

impl From<askama::Error> for Problem {
    fn from(e: askama::Error) -> Self {
        Self::Broken(chain(&e))
    }
}

impl From<QueryRejection> for Problem {
    fn from(e: QueryRejection) -> Self {
        Self::Unreadable("invalid_query", e.body_text().to_lowercase())
    }
}

impl From<PathRejection> for Problem {
    fn from(e: PathRejection) -> Self {
        Self::Unreadable("invalid_path", e.body_text().to_lowercase())
    }
}

/// An error and what caused it, on one line.
fn chain(e: &dyn std::error::Error) -> String {
    let mut out = e.to_string();
    let mut source = e.source();
    while let Some(s) = source {
        out.push_str(": ");
        out.push_str(&s.to_string());
        source = s.source();
    }
    out
}
