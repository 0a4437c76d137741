//! Money: whole minor units with a currency, never a float.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency by its ISO 4217 code, three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Why an amount cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three letters.
    #[error("`{0}` is not a currency; write its three-letter code such as EUR")]
    Currency(String),
    /// Not a decimal number.
    #[error("`{0}` is not an amount; write digits with a point, such as 12.90")]
    Amount(String),
    /// More than 18 digits of minor units.
    #[error("`{0}` is too large an amount")]
    TooLarge(String),
    /// A sum over two currencies.
    #[error("cannot add {0} to {1}: sums of mixed currencies are refused")]
    Mixed(Currency, Currency),
}

impl Currency {
    /// Reads a code; letters of either case.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        let bytes = code.trim().as_bytes();
        match bytes {
            [a, b, c] if bytes.iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(MoneyError::Currency(code.chars().take(20).collect())),
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is three ASCII letters")
    }

    /// Decimal digits of the minor unit (ISO 4217): 2 for most, 0 for yen, 3 for dinars.
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl std::fmt::Debug for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        Currency::new(&text).map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units (cents) of one currency; negative for a refund or a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal amount such as `12.90` or `-3`; an exponent is understood. Digits beyond
    /// the minor unit are rounded half to even.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let unreadable = || MoneyError::Amount(text.chars().take(40).collect());
        let too_large = || MoneyError::TooLarge(text.chars().take(40).collect());
        let trimmed = text.trim();
        let (mantissa, exponent) = match trimmed.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i32>().map_err(|_| unreadable())?),
            None => (trimmed, 0),
        };
        let (negative, digits) = match mantissa.as_bytes().first() {
            Some(b'-') => (true, &mantissa[1..]),
            Some(b'+') => (false, &mantissa[1..]),
            _ => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(unreadable());
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(unreadable());
        }
        let mut value: i128 = 0;
        for b in whole.bytes().chain(fraction.bytes()) {
            value = value * 10 + i128::from(b - b'0');
            if value > 10_i128.pow(36) {
                return Err(too_large());
            }
        }
        let shift = exponent - fraction.len() as i32 + currency.decimals() as i32;
        let minor = if value == 0 {
            0
        } else if shift >= 0 {
            if shift > 18 {
                return Err(too_large());
            }
            value * 10_i128.pow(shift as u32)
        } else if shift < -37 {
            0
        } else {
            let unit = 10_i128.pow(shift.unsigned_abs());
            let (quotient, twice) = (value / unit, (value % unit) * 2);
            quotient + i128::from(twice > unit || (twice == unit && quotient % 2 == 1))
        };
        let minor = i64::try_from(minor).map_err(|_| too_large())?;
        Ok(Self { minor: if negative { -minor } else { minor }, currency })
    }

    /// The sum, refused for mixed currencies and on overflow.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(other.currency, self.currency));
        }
        let minor = self.minor.checked_add(other.minor).ok_or_else(|| MoneyError::TooLarge(self.to_string()))?;
        Ok(Money { minor, currency: self.currency })
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = 10_u64.pow(self.currency.decimals());
        let sign = if self.minor < 0 { "-" } else { "" };
        let absolute = self.minor.unsigned_abs();
        match self.currency.decimals() {
            0 => write!(f, "{sign}{absolute} {}", self.currency),
            d => write!(f, "{sign}{}.{:0d$} {}", absolute / unit, absolute % unit, self.currency, d = d as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, expected: &str) {
        let got = Currency::new(code)
            .and_then(|c| Money::from_decimal(text, c))
            .map_or_else(|e| e.to_string(), |m| m.to_string());
        assert_eq!(got, expected);
    }

    #[test]
    fn amounts_are_exact() {
        check("12.90", "eur", "12.90 EUR");
        check("-0.5", "USD", "-0.50 USD");
        check("1e3", "JPY", "1000 JPY");
        check("1.005", "USD", "1.00 USD");
        check("1.015", "USD", "1.02 USD");
        check("0.001", "GBP", "0.00 GBP");
        check("1.2345", "KWD", "1.234 KWD");
        check("12,90", "EUR", "`12,90` is not an amount; write digits with a point, such as 12.90");
        check("NaN", "EUR", "`NaN` is not an amount; write digits with a point, such as 12.90");
        check("99999999999999999999999", "EUR", "`99999999999999999999999` is too large an amount");
        check("1", "EURO", "`EURO` is not a currency; write its three-letter code such as EUR");
        let eur = Money { minor: 1, currency: Currency::new("EUR").unwrap() };
        let usd = Money { minor: 1, currency: Currency::new("USD").unwrap() };
        assert!(eur.checked_add(usd).is_err());
    }
}
