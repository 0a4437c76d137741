//! Exact decimal numbers: products and sums of amounts never pass through a float.

pub(crate) mod money;

use std::fmt;

/// `units` · 10^−`scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    pub(crate) const ZERO: Self = Self { units: 0, scale: 0 };
    pub(crate) const ONE: Self = Self { units: 1, scale: 0 };

    /// Reads an amount as people write it: a number of [`Decimal::parse`], grouped or not
    /// (`1,234.50`, `1.234,50`, `1 234,50`, `1'234.50`, `12,34,567.50`), with a sign of money or one
    /// of the usual codes before or behind it, and below zero as `-5`, `5-` or `(5)`.
    pub(crate) fn parse_amount(text: &str, comma: bool) -> Option<Self> {
        let text = text.trim();
        if let Some(number) = Self::parse(text, comma) {
            return Some(number);
        }
        let (text, in_brackets) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            Some(inner) => (inner.trim(), true),
            None => (text, false),
        };
        let (text, _) = money::without_sign(text);
        let (text, is_behind) = match text.strip_suffix(['-', '−']) {
            Some(before) => (before.trim_end(), true),
            None => (text, false),
        };
        let (text, is_before) = match text.strip_prefix(['-', '−']) {
            Some(rest) => (money::without_sign(rest.trim_start()).0, true),
            None => (text, false),
        };
        if u8::from(in_brackets) + u8::from(is_behind) + u8::from(is_before) > 1 {
            return None;
        }
        let number = Self::parse(&money::ungrouped(text, comma)?, comma)?;
        Some(if in_brackets || is_behind || is_before { number.negated() } else { number })
    }

    /// Reads `-12.90`; with `comma`, `-1.234,56`. `None` for anything that is not such a number,
    /// NaN and infinities included.
    pub(crate) fn parse(text: &str, comma: bool) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i32>().ok().filter(|e| e.abs() <= 30)?),
            None => (digits, 0),
        };
        let (point, thousands) = if comma { (b',', Some(b'.')) } else { (b'.', None) };
        let (mut units, mut scale, mut seen, mut after) = (0_i128, 0_i32, false, false);
        for b in mantissa.bytes() {
            if b.is_ascii_digit() {
                units = units.checked_mul(10)?.checked_add(i128::from(b - b'0'))?;
                scale += i32::from(after);
                seen = true;
            } else if b == point && !after {
                after = true;
            } else if Some(b) != thousands || after {
                return None;
            }
        }
        if !seen {
            return None;
        }
        scale -= exponent;
        if scale < 0 {
            units = units.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?;
            scale = 0;
        }
        Some(Self { units: if negative { -units } else { units }, scale: scale.unsigned_abs() })
    }

    pub(crate) fn times(self, other: Self) -> Option<Self> {
        Some(Self { units: self.units.checked_mul(other.units)?, scale: self.scale.checked_add(other.scale)? })
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let widen = |d: Self| d.units.checked_mul(10_i128.checked_pow(scale - d.scale)?);
        Some(Self { units: widen(self)?.checked_add(widen(other)?)?, scale })
    }

    pub(crate) fn negated(self) -> Self {
        Self { units: -self.units, scale: self.scale }
    }

    /// The whole number it is, if it is one.
    pub(crate) fn whole(self) -> Option<i128> {
        let unit = 10_i128.checked_pow(self.scale)?;
        (self.units % unit == 0).then(|| self.units / unit)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0width$}", self.units.unsigned_abs(), width = self.scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        let sign = if self.units < 0 { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn check(text: &str, comma: bool, expected: &str) {
        let got = Decimal::parse(text, comma).map_or("none".to_owned(), |d| d.to_string());
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, comma, expected) in [
            ("12.90", false, "12.90"),
            ("-0.5", false, "-0.5"),
            ("+3", false, "3"),
            (".5", false, "0.5"),
            ("1.234,56", true, "1234.56"),
            ("1,5", false, "none"),
            ("1e3", false, "1000"),
            ("1.5e-2", false, "0.015"),
            ("NaN", false, "none"),
            ("inf", false, "none"),
            ("", false, "none"),
            ("-", false, "none"),
            ("1.2.3", false, "none"),
            ("1e999", false, "none"),
            ("٣", false, "none"),
        ] {
            check(text, comma, expected);
        }
    }

    #[test]
    fn amounts_as_people_of_several_countries_write_them() {
        let check = |text: &str, comma: bool, expected: &str| {
            let got = Decimal::parse_amount(text, comma).map_or("none".to_owned(), |d| d.to_string());
            assert_eq!(got, expected, "{text}");
        };
        for (text, comma, expected) in [
            ("1,234.50", false, "1234.50"),
            ("$1,234,567.50", false, "1234567.50"),
            ("1.234,50 €", true, "1234.50"),
            ("1 234,50", true, "1234.50"),
            ("1\u{202f}234\u{a0}567,5", true, "1234567.5"),
            ("CHF 1'234.50", false, "1234.50"),
            ("1’234.50", false, "1234.50"),
            ("₹ 12,34,567.50", false, "1234567.50"),
            ("12,50 kr", true, "12.50"),
            ("EUR 12.50", false, "12.50"),
            ("R$ 12,50", true, "12.50"),
            ("-€5.00", false, "-5.00"),
            ("€ -5.00", false, "-5.00"),
            ("(5.00)", false, "-5.00"),
            ("($1,200.00)", false, "-1200.00"),
            ("5.00-", false, "-5.00"),
            ("−5", false, "-5"),
            ("1,5", false, "none"),
            ("1,23", false, "none"),
            ("12,3456.00", false, "none"),
            ("1,234,5.00", false, "none"),
            ("1 23", false, "none"),
            ("5 pieces", false, "none"),
            ("(-5)", false, "none"),
            ("-5-", false, "none"),
            ("€", false, "none"),
            ("", false, "none"),
            ("2026-03-01", false, "none"),
        ] {
            check(text, comma, expected);
        }
    }

    #[test]
    fn products_and_sums_keep_every_digit() {
        let d = |t| Decimal::parse(t, false).unwrap();
        assert_eq!(d("3").times(d("2.55")).unwrap().to_string(), "7.65");
        assert_eq!(d("0.1").plus(d("0.2")).unwrap(), d("0.3"));
        assert_eq!(d("-1.5").plus(d("1.50")).unwrap().whole(), Some(0));
        assert_eq!(d("1e30").times(d("1e30")), None);
    }
}
