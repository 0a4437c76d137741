//! Why something did not leave, in words that can be shown and kept.

/// A failed attempt. Its words name no address and no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Failure {
    /// What happened and what to do, lower case, for people.
    pub words: String,
    /// Another try may succeed.
    pub again: bool,
}

impl Failure {
    /// It may work later.
    pub fn later(words: impl AsRef<str>) -> Self {
        Self { words: without_addresses(words.as_ref()), again: true }
    }

    /// It will never work as it is.
    pub fn never(words: impl AsRef<str>) -> Self {
        Self { words: without_addresses(words.as_ref()), again: false }
    }
}

/// Mail servers like to repeat an address in their answers; it is nobody's business in a log.
fn without_addresses(words: &str) -> String {
    let shown = |word: &str| if word.contains('@') { "(address)".to_owned() } else { word.to_owned() };
    let mut text = words.split_whitespace().map(shown).collect::<Vec<_>>().join(" ");
    if text.chars().count() > 300 {
        text = text.chars().take(300).chain(['…']).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_no_address() {
        let check = |said: &str, expected: &str| assert_eq!(Failure::never(said).words, expected);
        check("550 5.1.1 <ana@example.org>: unknown", "550 5.1.1 (address) unknown");
        check("no\r\nsuch host", "no such host");
    }
}
