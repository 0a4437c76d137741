//! How long a line is, and where it must end.

use crate::font::{EM, FACES, Widths};
use std::sync::LazyLock;

static WIDTHS: LazyLock<[Widths; 2]> = LazyLock::new(|| FACES.each_ref().map(Widths::new));

/// How wide a text is in the unit of its size, set in the embedded font, regular or semibold.
pub fn width(text: &str, size: f32, is_bold: bool) -> f32 {
    WIDTHS[usize::from(is_bold)].text(text) / EM * size
}

/// The lines of a text that are no wider than `most`; a word that is wider stands alone. Spaces that
/// do not break stay where they are.
pub fn wrapped(text: &str, size: f32, is_bold: bool, most: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split([' ', '\n', '\t']).filter(|w| !w.is_empty()) {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, is_bold) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The beginning of a text that is no wider than `most`, with an ellipsis if it is not all of it.
pub fn shortened(text: &str, size: f32, is_bold: bool, most: f32) -> String {
    if width(text, size, is_bold) <= most {
        return text.to_owned();
    }
    let mut short = text.to_owned();
    while !short.is_empty() && width(&format!("{}…", short.trim_end()), size, is_bold) > most {
        short.pop();
    }
    format!("{}…", short.trim_end())
}
