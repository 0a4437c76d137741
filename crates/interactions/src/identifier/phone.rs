//! Telephone numbers: as people write them, and in the one form of E.164 where the country is known.

/// Digits of a number and whether it says that it is international.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// ASCII digits, without the prefix of an international call.
    digits: String,
    is_international: bool,
}

/// How one dials within a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialling {
    /// ISO 3166, two letters.
    pub(crate) country: &'static str,
    /// ITU's code of the country.
    code: &'static str,
    /// What is dialled before a national number and is no part of it.
    trunk: &'static str,
    /// Digits of the longest national number.
    longest: usize,
}

const fn dialling(country: &'static str, code: &'static str, trunk: &'static str, longest: usize) -> Dialling {
    Dialling { country, code, trunk, longest }
}

/// Countries with their code, their trunk prefix and the length of their numbers (ITU, E.164 national numbering
/// plans).
pub(crate) const PLANS: &[Dialling] = &[
    dialling("AR", "54", "0", 11),
    dialling("AT", "43", "0", 13),
    dialling("AU", "61", "0", 9),
    dialling("BE", "32", "0", 9),
    dialling("BR", "55", "0", 11),
    dialling("CA", "1", "1", 10),
    dialling("CH", "41", "0", 9),
    dialling("CN", "86", "0", 11),
    dialling("CZ", "420", "", 9),
    dialling("DE", "49", "0", 11),
    dialling("DK", "45", "", 8),
    dialling("ES", "34", "", 9),
    dialling("FI", "358", "0", 10),
    dialling("FR", "33", "0", 9),
    dialling("GB", "44", "0", 10),
    dialling("GR", "30", "", 10),
    dialling("HU", "36", "06", 9),
    dialling("IE", "353", "0", 9),
    dialling("IN", "91", "0", 10),
    dialling("IT", "39", "", 11),
    dialling("JP", "81", "0", 10),
    dialling("KR", "82", "0", 10),
    dialling("MX", "52", "", 10),
    dialling("NL", "31", "0", 9),
    dialling("NO", "47", "", 8),
    dialling("NZ", "64", "0", 10),
    dialling("PL", "48", "", 9),
    dialling("PT", "351", "", 9),
    dialling("RO", "40", "0", 9),
    dialling("SE", "46", "0", 9),
    dialling("TR", "90", "0", 10),
    dialling("UA", "380", "0", 9),
    dialling("US", "1", "1", 10),
    dialling("ZA", "27", "0", 9),
];

/// A digit of any of the scripts in which telephone numbers are written.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 6] = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xff10];
    let zero = ZEROS.into_iter().find(|z| (*z..*z + 10).contains(&(c as u32)))?;
    char::from_digit(c as u32 - zero, 10)
}

impl Written {
    pub(crate) fn read(value: &str) -> Self {
        let value = value.trim();
        let lower = value.get(..4).filter(|p| p.eq_ignore_ascii_case("tel:"));
        let value = if lower.is_some() { value[4..].trim_start() } else { value };
        // What follows leads to a desk within the house.
        let value = value.split([';', '#', 'x', 'X', ',']).next().unwrap_or(value);
        let plus = value.starts_with(['+', '\u{ff0b}']);
        let zeros = value.trim_start_matches(['(', ' ']).starts_with("00");
        // `+49 (0)30 …`: the nought is for those who call from within.
        let without = if plus || zeros { value.replacen("(0)", "", 1) } else { value.to_owned() };
        let digits: String = without.chars().filter_map(digit).collect();
        match digits.strip_prefix("00").filter(|_| !plus) {
            Some(rest) => Self { digits: rest.to_owned(), is_international: true },
            None => Self { digits, is_international: plus },
        }
    }

    /// As it is where no country is known.
    pub(crate) fn plain(&self) -> String {
        if self.is_international { format!("+{}", self.digits) } else { self.digits.clone() }
    }

    /// Too short, or one digit again and again, or counted up: typed by somebody who would not say.
    pub(crate) fn names_nobody(&self) -> bool {
        let d = self.digits.as_bytes();
        let own = |d: &[u8]| d.windows(2).all(|w| w[0] == w[1]);
        d.len() < 5
            || own(d)
            || own(&d[d.len().min(3)..])
            || d.windows(2).all(|w| w[1] == w[0] + 1 || (w[0] == b'9' && w[1] == b'0'))
    }

    /// In E.164, with the country of whoever does not say another.
    pub(crate) fn e164(&self, home: Dialling) -> String {
        if self.is_international {
            return self.plain();
        }
        let d = self.digits.as_str();
        if home.code == "1" {
            return match (d.len(), d.strip_prefix("011")) {
                (_, Some(rest)) if d.len() > 11 => format!("+{rest}"),
                (11, _) if d.starts_with('1') => format!("+{d}"),
                (10, _) => format!("+1{d}"),
                _ => d.to_owned(),
            };
        }
        if !home.trunk.is_empty()
            && let Some(national) = d.strip_prefix(home.trunk)
        {
            return format!("+{}{national}", home.code);
        }
        // Written with the country's code and without a sign that it is one.
        let has_code = d.starts_with(home.code) && d.len() > home.longest.min(home.code.len() + 8);
        if has_code { format!("+{d}") } else { format!("+{}{d}", home.code) }
    }
}

impl Dialling {
    pub(crate) fn of(country: &str) -> Option<Self> {
        PLANS.iter().find(|p| p.country.eq_ignore_ascii_case(country)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_one_form_where_the_country_is_known() {
        let check = |country: &str, value: &str, expected: &str| {
            let home = Dialling::of(country).unwrap();
            assert_eq!(Written::read(value).e164(home), expected, "{country} {value}");
        };
        for value in ["030 123456", "+49 30 123456", "0049 (0)30 123456", "+49 (0) 30/123456", "(030) 12 34 56"] {
            // A space within the brackets is a digit of nobody.
            let value = value.replace("(0) ", "(0)");
            check("DE", &value, "+4930123456");
        }
        check("DE", "4915112345678", "+4915112345678");
        check("DE", "+31 6 12345678", "+31612345678");
        check("NL", "06-12345678", "+31612345678");
        check("US", "(212) 555-0123", "+12125550123");
        check("US", "1 212 555 0123", "+12125550123");
        check("US", "011 49 30 123456", "+4930123456");
        check("IT", "06 1234567", "+39061234567");
        check("ES", "612 345 678", "+34612345678");
        check("ES", "34612345678", "+34612345678");
        check("HU", "06 30 123 4567", "+36301234567");
        check("FR", "01 23 45 67 89 x12", "+33123456789");
    }
}
