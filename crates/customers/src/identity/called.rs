//! What somebody is called, as far as it can be compared without being known: keyed hashes of the words of a name.

use throughline_interactions::NodeSecret;

/// Words of a name that are kept.
const WORDS: usize = 4;
const IS_INITIAL: u32 = 1 << 31;
const INITIAL: u32 = 0x7f << 24;

/// A name, given names first. Each word is a keyed hash of 24 bits, and one of 7 bits of its first letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Called([u32; WORDS]);

/// How two names compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Of one person, as far as names tell.
    Same,
    /// It cannot be told: initials, a surname alone, another surname after the same given name.
    Unknown,
    /// Of two people: other given names, or nothing in common.
    Other,
}

/// What stands beside names and is no part of them.
const NO_NAME: &[&str] = &[
    "mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "hr", "fr", "fam", "familie", "family", "the", "mme", "m",
    "mlle", "sr", "sra", "jr", "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "la", "le", "al",
    "el", "bin", "ibn", "bint", "und", "and", "y", "et",
];

/// Letters with marks, as they are without; those that are taken apart already have their marks left out.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{300}'..='\u{36f}' => return None,
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' | 'ō' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ţ' | 'ț' => 't',
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ё' => 'е',
        other => other,
    })
}

/// Scripts that write the surname first and nothing between.
fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

fn words(name: &str) -> Vec<String> {
    let turned = match name.split_once(',') {
        Some((last, first)) if !first.contains(',') => format!("{first} {last}"),
        _ => name.to_owned(),
    };
    let folded: String = turned.to_lowercase().chars().filter_map(plain).collect();
    let letters: Vec<char> = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    if letters.len() >= 2 && letters.iter().all(|c| is_east_asian(*c)) {
        return vec![letters[1..].iter().collect(), letters[0].to_string()];
    }
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty() && !NO_NAME.contains(w))
        .map(str::to_owned)
        .collect()
}

impl Called {
    /// A name; `None` where it has no word that is one.
    pub fn new(secret: &NodeSecret, name: &str) -> Option<Self> {
        let words = words(name);
        let kept: Vec<&String> = match words.len() {
            0 => return None,
            n if n > WORDS => words[..WORDS - 1].iter().chain(words.last()).collect(),
            _ => words.iter().collect(),
        };
        let mut called = [0; WORDS];
        for (slot, word) in called.iter_mut().zip(kept) {
            let first = word.chars().next().map(String::from).unwrap_or_default();
            let is_initial = word.chars().nth(1).is_none() && !word.chars().all(is_east_asian);
            let initial = (secret.keyed("initial", &first) as u32) << 24 & INITIAL;
            let whole = (secret.keyed("word", word) as u32 & 0x00ff_ffff).max(1);
            *slot = initial | whole | if is_initial { IS_INITIAL } else { 0 };
        }
        Some(Self(called))
    }

    /// As it is stored.
    pub fn to_text(self) -> String {
        self.0.iter().map(|w| format!("{w:08x}")).collect()
    }

    /// Reads what was stored.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut called = [0; WORDS];
        for (i, slot) in called.iter_mut().enumerate() {
            *slot = u32::from_str_radix(text.get(i * 8..i * 8 + 8)?, 16).ok()?;
        }
        Some(Self(called))
    }

    fn words(&self) -> &[u32] {
        &self.0[..self.0.iter().position(|w| *w == 0).unwrap_or(WORDS)]
    }

    /// Compares two names.
    pub fn likeness(&self, other: &Self) -> Likeness {
        let (short, long) = match (self.words(), other.words()) {
            (x, y) if x.len() <= y.len() => (x, y),
            (x, y) => (y, x),
        };
        let ([first, .., _], [other_first, .., other_last]) = (short, long) else { return Likeness::Unknown };
        let is_initial = |w: u32| w & IS_INITIAL != 0;
        let all_in = short.iter().all(|w| !is_initial(*w) && long.contains(w));
        if all_in && (first == other_first || short.len() == long.len()) {
            return Likeness::Same;
        }
        let by_initial = (is_initial(*first) || is_initial(*other_first)) && first & INITIAL == other_first & INITIAL;
        if all_in || first == other_first || by_initial || first == other_last || short.last() == long.first() {
            return Likeness::Unknown;
        }
        Likeness::Other
    }
}

/// Compares what two are called, each by several names, perhaps.
pub(super) fn likeness(x: &[Called], y: &[Called]) -> Likeness {
    let mut all_other = !x.is_empty() && !y.is_empty();
    for (a, b) in x.iter().flat_map(|a| y.iter().map(move |b| (a, b))) {
        match a.likeness(b) {
            Likeness::Same => return Likeness::Same,
            Likeness::Unknown => all_other = false,
            Likeness::Other => {}
        }
    }
    if all_other { Likeness::Other } else { Likeness::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_in_any_script() {
        let called = |name: &str| Called::new(&NodeSecret([5; 16]), name);
        let check = |x: &str, y: &str, expected: Likeness| {
            let (a, b) = (called(x).unwrap(), called(y).unwrap());
            assert_eq!((a.likeness(&b), b.likeness(&a)), (expected, expected), "{x} / {y}");
            assert_eq!(Called::from_text(&a.to_text()), Some(a));
        };
        use Likeness::{Other, Same, Unknown};
        check("Ana Berg", "ana  BERG", Same);
        check("Berg, Ana", "Ana Berg", Same);
        check("Dr. Ana von Berg", "Ana Berg", Same);
        check("Ana Maria Berg", "Ana Berg", Same);
        check("José Núñez", "Jose Nun\u{303}ez", Same);
        check("Анна Петрова", "анна петрова", Same);
        check("王小明", "王 小明", Same);
        check("محمد علي", "محمد علي", Same);
        check("Ana Berg", "Tom Berg", Other);
        check("Ana Berg", "Bo Lind", Other);
        check("Ana Berg", "Anna Petrova", Other);
        check("王小明", "王小红", Other);
        check("김철수", "박영희", Other);
        check("Анна Петрова", "Иван Петров", Other);
        check("A. Berg", "Ana Berg", Unknown);
        check("Ana Berg", "Ana Lind", Unknown);
        check("Berg", "Ana Berg", Unknown);
        check("Familie Berg", "Berg", Unknown);
        assert_eq!(called(" . "), None);
        assert_eq!(called("Herr"), None);
    }
}
