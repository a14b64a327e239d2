//! Amounts of money, exact: whole minor units and a currency.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// ISO 4217 code, three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// What a currency code must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotACurrency(String);

impl fmt::Display for NotACurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a currency: three letters such as USD", self.0)
    }
}
impl std::error::Error for NotACurrency {}

impl Currency {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
    /// Decimal places of the minor unit (ISO 4217): 0 for yen and its like, 3 for the dinars, else 2.
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;
    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        match text.trim().as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(NotACurrency(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;
    fn try_from(text: String) -> Result<Self, NotACurrency> {
        text.parse()
    }
}
impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in whole minor units (cents). Without a currency it is in the organisation's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; negative for credits.
    pub minor: i64,
    /// `None` where the source names none.
    pub currency: Option<Currency>,
}

impl Money {
    /// Reads a decimal text as CRMs send it (`"1250.5"`, `"1.2E4"`); digits past the minor unit are rounded
    /// half away from zero. `None` when it is not a number or does not fit.
    pub fn parse(text: &str, currency: Option<Currency>) -> Option<Self> {
        let places = currency.map_or(2, Currency::exponent);
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut value: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        let shift =
            i32::try_from(places).ok()?.checked_add(exponent)? - i32::try_from(fraction.len()).ok()?;
        let scale = 10_i128.checked_pow(shift.unsigned_abs())?;
        let value = if shift >= 0 { value.checked_mul(scale)? } else { (value + scale / 2) / scale };
        let minor = i64::try_from(if negative { -value } else { value }).ok()?;
        Some(Self { minor, currency })
    }

    /// Decimal text in major units with all minor digits (`"1250.50"`), as vendors take it.
    pub fn decimal(&self) -> String {
        let places = self.currency.map_or(2, Currency::exponent);
        let scale = 10_u64.pow(places);
        let (sign, size) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        if places == 0 {
            return format!("{sign}{size}");
        }
        format!("{sign}{}.{:0width$}", size / scale, size % scale, width = places as usize)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency {
            Some(currency) => write!(f, "{} {currency}", self.decimal()),
            None => f.write_str(&self.decimal()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str, currency: &str) -> Option<i64> {
        Money::parse(text, currency.parse().ok()).map(|money| money.minor)
    }

    #[test]
    fn vendor_texts_become_exact_minor_units() {
        assert_eq!(minor("1250.5", "USD"), Some(125_050));
        assert_eq!(minor("-0.005", "EUR"), Some(-1));
        assert_eq!(minor("1.2E4", "USD"), Some(1_200_000));
        assert_eq!(minor("900", "JPY"), Some(900));
        assert_eq!(minor(".5", "KWD"), Some(500));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "134;137", "-", "1,000", "9999999999999999999999"] {
            assert_eq!(minor(text, "USD"), None, "{text}");
        }
    }

    #[test]
    fn decimal_text_reads_back() {
        for (text, currency) in [("-12.07", "USD"), ("5", "JPY"), ("1.250", "TND")] {
            let money = Money::parse(text, currency.parse().ok()).unwrap();
            assert_eq!(money.decimal(), text);
        }
    }
}
