//! `xsd:dateTime` texts (RFC 7643 section 2.3.5).

use chrono::{DateTime, Datelike, Duration, NaiveDate, SecondsFormat, Timelike, Utc};
use thiserror::Error;

/// The text is not an `xsd:dateTime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a date and time such as `2008-01-23T04:56:22Z`")]
pub struct DateTimeError;

/// Reads an `xsd:dateTime` as an instant, without allocating.
///
/// A missing zone means UTC and `24:00:00` the next midnight; a leap second is refused (R010, R011). Digits of a second
/// beyond the ninth are cut off.
///
/// # Errors
///
/// [`DateTimeError`] for anything else, a date without a time included.
///
/// ```
/// use scim_core::json::parse_date_time;
///
/// assert_eq!(parse_date_time("2011-05-13T06:42:34.000+02:00"), parse_date_time("2011-05-13T04:42:34Z"));
/// assert!(parse_date_time("2008-01-23").is_err());
/// ```
pub fn parse_date_time(text: &str) -> Result<DateTime<Utc>, DateTimeError> {
    let mut rest = Reader(text.as_bytes());
    let year = i32::try_from(rest.number(4)?).map_err(|_| DateTimeError)?;
    rest.literal(b'-')?;
    let month = rest.number(2)?;
    rest.literal(b'-')?;
    let day = rest.number(2)?;
    rest.literal(b'T')?;
    let hour = rest.number(2)?;
    rest.literal(b':')?;
    let minute = rest.number(2)?;
    rest.literal(b':')?;
    let second = rest.number(2)?;
    let nanosecond = rest.fraction()?;
    let offset = rest.zone()?;
    if !rest.0.is_empty() {
        return Err(DateTimeError);
    }
    let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(DateTimeError)?;
    let midnight_after = hour == 24 && minute == 0 && second == 0 && nanosecond == 0;
    let local = if midnight_after {
        date.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0))
    } else {
        date.and_hms_nano_opt(hour, minute, second, nanosecond)
    };
    local.and_then(|local| local.checked_sub_signed(offset)).map(|utc| utc.and_utc()).ok_or(DateTimeError)
}

/// The text of an instant as responses show it: UTC, milliseconds, `Z`.
///
/// ```
/// let instant = scim_core::json::parse_date_time("2011-05-13T06:42:34+02:00")?;
/// assert_eq!(scim_core::json::format_date_time(instant), "2011-05-13T04:42:34.000Z");
/// # Ok::<(), scim_core::json::DateTimeError>(())
/// ```
pub fn format_date_time(instant: DateTime<Utc>) -> String {
    let mut text = String::with_capacity(24);
    write_date_time(instant, &mut text);
    text
}

/// Appends the same to a text.
pub(crate) fn write_date_time(instant: DateTime<Utc>, out: &mut String) {
    let Ok(year @ 0..=9999) = u32::try_from(instant.year()) else {
        out.push_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true));
        return;
    };
    // In a leap second there are more than a thousand, and the second is a 60th.
    let (mut second, mut millisecond) = (instant.second(), instant.nanosecond() / 1_000_000);
    if millisecond >= 1000 {
        (second, millisecond) = (second + 1, millisecond - 1000);
    }
    let parts = [
        (year, 1000, b'-'),
        (instant.month(), 10, b'-'),
        (instant.day(), 10, b'T'),
        (instant.hour(), 10, b':'),
        (instant.minute(), 10, b':'),
        (second, 10, b'.'),
        (millisecond, 100, b'Z'),
    ];
    let mut text = [b'0'; "0000-00-00T00:00:00.000Z".len()];
    let mut bytes = text.iter_mut();
    for (number, mut place, after) in parts {
        while place > 0 {
            if let Some(byte) = bytes.next() {
                *byte += u8::try_from(number / place % 10).unwrap_or_default();
            }
            place /= 10;
        }
        if let Some(byte) = bytes.next() {
            *byte = after;
        }
    }
    out.push_str(str::from_utf8(&text).unwrap_or_default());
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self, digits: usize) -> Result<u32, DateTimeError> {
        let (number, rest) = self.0.split_at_checked(digits).ok_or(DateTimeError)?;
        self.0 = rest;
        number.iter().try_fold(0_u32, |sum, byte| match byte {
            b'0'..=b'9' => Ok(sum * 10 + u32::from(byte - b'0')),
            _ => Err(DateTimeError),
        })
    }

    fn literal(&mut self, byte: u8) -> Result<(), DateTimeError> {
        if self.take(byte) { Ok(()) } else { Err(DateTimeError) }
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// The optional fraction of a second, in nanoseconds.
    fn fraction(&mut self) -> Result<u32, DateTimeError> {
        if !self.take(b'.') {
            return Ok(0);
        }
        let (mut nanosecond, mut unit, mut digits) = (0, 100_000_000, 0);
        while let Some((digit @ b'0'..=b'9', rest)) = self.0.split_first() {
            nanosecond += u32::from(digit - b'0') * unit;
            unit /= 10;
            digits += 1;
            self.0 = rest;
        }
        if digits == 0 { Err(DateTimeError) } else { Ok(nanosecond) }
    }

    /// The optional zone, as the distance from UTC.
    fn zone(&mut self) -> Result<Duration, DateTimeError> {
        if self.0.is_empty() || self.take(b'Z') {
            return Ok(Duration::zero());
        }
        let sign = if self.take(b'+') {
            1
        } else {
            self.literal(b'-')?;
            -1
        };
        let hours = self.number(2)?;
        self.literal(b':')?;
        let minutes = self.number(2)?;
        if hours > 14 || minutes > 59 || (hours == 14 && minutes > 0) {
            return Err(DateTimeError);
        }
        Ok(Duration::minutes(sign * i64::from(hours * 60 + minutes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r010_a_date_time_has_a_date_and_a_time() {
        for good in [
            "2008-01-23T04:56:22Z",
            "2008-01-23T04:56:22.123+02:00",
            "2008-01-23T04:56:22",
            "2008-02-29T00:00:00-14:00",
        ] {
            assert!(parse_date_time(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2008-01-23",
            "yesterday",
            "2008-01-23T04:56Z",
            "2008-01-23 04:56:22Z",
            "2008-1-23T04:56:22Z",
            "2008-13-01T00:00:00Z",
            "2007-02-29T00:00:00Z",
            "2008-01-23T04:56:22.Z",
            "2008-01-23T04:56:22+2:00",
            "2008-01-23T04:56:22+15:00",
            "2008-01-23T04:56:22Zz",
            "2008-01-23t04:56:22Z",
            "é008-01-23T04:56:22Z",
        ] {
            assert!(parse_date_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn r011_corner_forms_of_xsd() {
        assert_eq!(parse_date_time("2020-01-01T24:00:00Z"), parse_date_time("2020-01-02T00:00:00Z"));
        assert_eq!(parse_date_time("2020-01-01T10:00:00"), parse_date_time("2020-01-01T10:00:00Z"));
        assert!(parse_date_time("2020-01-01T23:59:60Z").is_err());
        assert!(parse_date_time("2020-01-01T24:00:01Z").is_err());
    }

    #[test]
    fn nanoseconds_are_kept_and_more_digits_cut_off() {
        let instant = parse_date_time("2011-05-13T04:42:33.9999999999Z").unwrap();
        assert_eq!(instant.timestamp_subsec_nanos(), 999_999_999);
    }

    proptest::proptest! {
        #[test]
        fn times_are_written_as_chrono_writes_them(second in -70_000_000_000_i64..260_000_000_000, nanosecond in 0_u32..2_000_000_000) {
            // A leap second has more than a thousand milliseconds, and may only follow a 59th second.
            let second = if nanosecond < 1_000_000_000 { second } else { second.div_euclid(60) * 60 + 59 };
            let instant = DateTime::from_timestamp(second, nanosecond).unwrap();
            proptest::prop_assert_eq!(format_date_time(instant), instant.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
    }
}
