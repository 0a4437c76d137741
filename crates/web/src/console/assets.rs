//! Style sheet, script and icon: compiled in, with a hash in their address so that browsers keep them.

use crate::errors::Problem;
use crate::texts;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const CSS: &str = include_str!("../../assets/console.css");
const JS: &str = include_str!("../../assets/console.js");
const KEYS: &str = include_str!("../../assets/keys.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// Where the files are, with their hashes.
pub(crate) struct Assets {
    pub(crate) css: String,
    pub(crate) js: String,
    pub(crate) keys: String,
    pub(crate) icon: String,
}

pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let address = |name: &str, text: &str| {
        let hash = Sha256::digest(text.as_bytes());
        format!("/assets/{name}?v={:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
    };
    Assets {
        css: address("console.css", CSS),
        js: address("console.js", JS),
        keys: address("keys.js", KEYS),
        icon: address("icon.svg", ICON),
    }
});

/// One of the files.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let (kind, text) = match name.as_str() {
        "console.css" => ("text/css; charset=utf-8", CSS),
        "keys.js" => ("text/javascript; charset=utf-8", KEYS),
        "console.js" => ("text/javascript; charset=utf-8", JS),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(Problem::NotFound(texts::NO_PAGE.to_owned())),
    };
    let kept = "public, max-age=31536000, immutable";
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], text).into_response())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn the_files_stay_small() {
        assert!(CSS.len() <= 26 * 1024, "{} bytes of CSS", CSS.len());
        assert!(JS.len() <= 5 * 1024, "{} bytes of JavaScript", JS.len());
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, format!("{JS}{KEYS}").as_bytes()).unwrap();
        let packed = packed.finish().unwrap().len();
        assert!(packed <= 8 * 1024, "{packed} bytes of JavaScript, packed");
    }
}
