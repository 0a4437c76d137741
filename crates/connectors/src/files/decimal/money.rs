//! What stands around and inside the digits of an amount: signs of money and groups of digits.

/// Signs and codes that stand beside amounts, and the currency where they tell one. Longer ones that
/// begin with a shorter one come first.
const SIGNS: &[(&str, Option<&str>)] = &[
    ("US$", Some("USD")),
    ("CA$", Some("CAD")),
    ("AU$", Some("AUD")),
    ("R$", Some("BRL")),
    ("€", Some("EUR")),
    ("£", Some("GBP")),
    ("₹", Some("INR")),
    ("₺", Some("TRY")),
    ("₽", Some("RUB")),
    ("₩", Some("KRW")),
    ("₪", Some("ILS")),
    ("₫", Some("VND")),
    ("₱", Some("PHP")),
    ("฿", Some("THB")),
    ("zł", Some("PLN")),
    ("Kč", Some("CZK")),
    ("Ft", Some("HUF")),
    ("Fr.", Some("CHF")),
    // Several countries use these.
    ("$", None),
    ("¥", None),
    ("kr.", None),
    ("kr", None),
];

/// Codes that are read without a list of what else could be three letters.
const CODES: &[&str] = &[
    "EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "ISK", "TRY", "RUB", "UAH",
    "JPY", "CNY", "INR", "KRW", "AUD", "NZD", "CAD", "BRL", "MXN", "ARS", "CLP", "COP", "ZAR", "ILS", "AED", "SAR",
    "SGD", "HKD", "THB", "IDR", "MYR", "PHP", "VND",
];

/// The text without a sign or code before or behind it, and the currency that it told.
pub(crate) fn without_sign(text: &str) -> (&str, Option<&'static str>) {
    let all = SIGNS.iter().copied().chain(CODES.iter().map(|c| (*c, Some(*c))));
    for (sign, currency) in all {
        if let Some(rest) = text.strip_prefix(sign) {
            return (rest.trim_start(), currency);
        }
        if let Some(rest) = text.strip_suffix(sign) {
            return (rest.trim_end(), currency);
        }
    }
    (text, None)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// The digits without what groups them; `None` where the groups are not ones that people write: of
/// three digits, or of two before the last three.
pub(super) fn ungrouped(text: &str, comma: bool) -> Option<String> {
    let (point, other) = if comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = match text.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    if !whole.chars().any(|c| c == other || is_space(c) || matches!(c, '\'' | '’')) {
        return Some(text.to_owned());
    }
    let mut separator = None;
    let mut groups = vec![String::new()];
    for c in whole.chars() {
        if c.is_ascii_digit() {
            groups.last_mut()?.push(c);
            continue;
        }
        // One kind of separator in one number.
        let kind = if is_space(c) {
            ' '
        } else if c == '’' {
            '\''
        } else {
            c
        };
        if !(kind == other || kind == ' ' || kind == '\'') || *separator.get_or_insert(kind) != kind {
            return None;
        }
        groups.push(String::new());
    }
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let fits = |size: usize| (1..=size).contains(&first.len()) && middle.iter().all(|g| g.len() == size);
    if last.len() != 3 || !(fits(3) || fits(2)) {
        return None;
    }
    let digits = groups.concat();
    Some(match fraction {
        Some(fraction) => format!("{digits}{point}{fraction}"),
        None => digits,
    })
}

/// Whether the digits after the last sign can only be decimals: `Some(',')` for `1.234,5`, `None`
/// where `1,234` may be either.
pub(crate) fn decimal_sign(text: &str) -> Option<char> {
    let signs: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| matches!(c, ',' | '.')).collect();
    let &(at, last) = signs.last()?;
    let other = if last == ',' { '.' } else { ',' };
    if signs.iter().any(|(_, c)| *c == other) {
        return Some(last);
    }
    if signs.len() > 1 {
        // Several of one kind only group.
        return Some(other);
    }
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).count();
    let (before, after) = (digits(&text[..at]), digits(&text[at..]));
    (after != 3 || before == 0 || before > 3).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_before_decimals_is_told_where_it_can_be() {
        let check = |text: &str, expected: Option<char>| assert_eq!(decimal_sign(text), expected, "{text}");
        check("1.234,5", Some(','));
        check("1,234.5", Some('.'));
        check("1.234.567", Some(','));
        check("1,234", None);
        check("1234.567", Some('.'));
        check("0,5", Some(','));
        check("12,50 €", Some(','));
        check("12", None);
    }
}
