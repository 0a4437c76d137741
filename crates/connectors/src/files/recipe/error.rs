//! Errors of recipes: where, what, and how to mend it.

/// Why a recipe cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{line}:{column}: {message}")]
pub struct RecipeError {
    /// The recipe's file.
    pub origin: String,
    /// Line, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What is wrong, and a hint where there is one.
    pub message: String,
}

impl RecipeError {
    /// An error at a byte of the recipe's text.
    pub(crate) fn at(origin: &str, text: &str, byte: usize, message: String) -> Self {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        Self {
            origin: origin.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
        }
    }

    /// An error about something that is written in quotes, looked for behind byte `from`.
    pub(crate) fn about(origin: &str, text: &str, from: usize, quoted: &str, message: String) -> Self {
        let from = from.min(text.len());
        let in_quotes = format!("\"{quoted}\"");
        // What a part of the recipe takes over from its top is written before that part.
        let byte = text[from..]
            .find(&in_quotes)
            .map(|n| from + n)
            .or_else(|| text.find(&in_quotes))
            .map(|n| n + 1)
            .or_else(|| text[from..].find(quoted).map(|n| from + n))
            .unwrap_or(from);
        Self::at(origin, text, byte, message)
    }

    pub(crate) fn of_toml(origin: &str, text: &str, e: &toml::de::Error) -> Self {
        let message = e.message().trim().replace('\n', "; ");
        let hint = hint(&message);
        Self::at(origin, text, e.span().map_or(0, |s| s.start), message + &hint)
    }
}

/// A hint for the commonest slips.
fn hint(message: &str) -> String {
    let ticked: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.starts_with("unknown") && ticked.len() > 1 {
        return nearest(ticked[0], ticked[1..].iter().copied())
            .map_or(String::new(), |n| format!("; did you mean `{n}`?"));
    }
    String::new()
}

/// The candidate most like `name`, when one is like it.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .map(|c| (distance(&lower, &c.to_lowercase()), c))
        .filter(|(d, c)| *d <= 1 + name.len().min(c.len()) / 4)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
