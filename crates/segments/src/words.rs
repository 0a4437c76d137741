//! Words of a text: runs of letters and digits of any script, in small letters.

/// The words of a text, in their order.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|t| !t.is_empty()).map(str::to_lowercase).collect()
}

/// Whether one of the phrases, each some words in a row, stands in the text.
pub(crate) fn any_in(phrases: &[Vec<String>], text: &str) -> bool {
    let words = tokens(text);
    phrases.iter().any(|p| !p.is_empty() && words.windows(p.len()).any(|w| w == p.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_in_a_row() {
        let check = |phrase: &str, text: &str, expected: bool| {
            assert_eq!(any_in(&[tokens(phrase)], text), expected, "`{phrase}` in `{text}`");
        };
        check("late", "It came LATE!", true);
        check("late", "latex gloves", false);
        check("too late", "much too,\nlate", true);
        check("too late", "too very late", false);
        check("zu spät", "Viel ZU SPÄT gekommen", true);
        check("遅い 配達", "遅い、配達", true);
        check("late", "", false);
    }
}
