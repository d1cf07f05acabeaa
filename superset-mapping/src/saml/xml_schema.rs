//! Times as XML Schema writes them.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// An `xs:dateTime`. SAML's are in UTC whether they say so or not (SAML core, section 1.3.3).
pub(super) fn date_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Some(time.to_utc()),
        Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc()),
    }
}

/// An `xs:duration` such as `P1DT12H`, with years of 365 days and months of 30. A negative one is refused.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    const DAY: i64 = 24 * 3_600;
    let text = text.trim().strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if text.is_empty() => return None,
        None => (text, ""),
    };
    let date = seconds(date, &[('Y', 365 * DAY), ('M', 30 * DAY), ('D', DAY)])?;
    let time = seconds(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    TimeDelta::try_seconds(date.checked_add(time)?)
}

/// The seconds of numbers with these units, each at most once and in this order.
fn seconds(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut seconds) = (text, 0_i64);
    for (unit, length) in units {
        let Some((number, after)) = rest.split_once(*unit) else { continue };
        // Fractions of a second are of no use to anybody.
        let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
        if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        seconds = seconds.checked_add(whole.parse::<i64>().ok()?.checked_mul(*length)?)?;
        rest = after;
    }
    rest.is_empty().then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        let noon = "2026-01-15T12:00:00Z".parse::<DateTime<Utc>>().unwrap();
        for text in
            ["2026-01-15T12:00:00Z", "2026-01-15T13:00:00.000+01:00", "2026-01-15T12:00:00", " 2026-01-15T12:00:00Z"]
        {
            assert_eq!(date_time(text), Some(noon), "{text}");
        }
        for text in ["", "2026-01-15", "tomorrow", "2026-13-15T12:00:00Z"] {
            assert_eq!(date_time(text), None, "{text}");
        }
    }

    #[test]
    fn durations_have_units_in_order() {
        for (text, seconds) in [
            ("PT1H", 3_600),
            ("P1D", 86_400),
            ("P1DT12H30M5.5S", 131_405),
            ("P1Y2M", 36_720_000),
            ("PT1M", 60),
            ("P1M", 2_592_000),
            ("PT0S", 0),
        ] {
            assert_eq!(duration(text), Some(TimeDelta::seconds(seconds)), "{text}");
        }
        for text in
            ["", "P", "PT", "P1DT", "1D", "-P1D", "P1H", "PT1D", "P1D2Y", "PxD", "PT-1H", "P99999999999999999999D"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
