//! When a credential ends, as people say it.

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};

/// A span of days or hours, such as `90d` or `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(TimeDelta);

/// The end of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    At(DateTime<Utc>),
    After(Span),
    Never,
}

impl Span {
    pub(super) fn after(self, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
        now.checked_add_signed(self.0).ok_or_else(|| "expected a span that ends in this calendar".to_owned())
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span = |number: &str, of: fn(i64) -> Option<TimeDelta>| of(number.parse::<u32>().ok()?.into());
        let span = match (text.strip_suffix('d'), text.strip_suffix('h')) {
            (Some(days), _) => span(days, TimeDelta::try_days),
            (_, Some(hours)) => span(hours, TimeDelta::try_hours),
            _ => None,
        };
        span.map(Self).ok_or_else(|| "expected a span such as `90d` or `12h`".to_owned())
    }
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(day) = text.parse::<NaiveDate>() {
            // To the end of the day that is named.
            let next = day.checked_add_days(Days::new(1)).and_then(|next| next.and_hms_opt(0, 0, 0));
            return next.map(|next| Self::At(next.and_utc())).ok_or_else(|| "expected an earlier day".to_owned());
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(time.to_utc()));
        }
        let expected = |_| "expected a day such as `2027-11-01`, a time such as `2027-11-01T00:00:00Z`, a span such as `90d`, or `never`";
        text.parse().map(Self::After).map_err(|error: String| expected(error).to_owned())
    }
}

impl Expiry {
    /// The end of something that begins now; nothing where it has none.
    pub(super) fn after(self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        match self {
            Self::Never => Ok(None),
            Self::After(span) => span.after(now).map(Some),
            Self::At(time) if time > now => Ok(Some(time)),
            Self::At(time) => Err(format!("{} is over: expected a time to come", shown(time))),
        }
    }
}

/// A time as the file has it: in whole seconds.
pub(super) fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_ends_when_people_say() {
        let now: DateTime<Utc> = "2027-01-01T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2027-11-01", Ok(Some("2027-11-02T00:00:00Z"))),
            ("2027-11-01T08:00:00+02:00", Ok(Some("2027-11-01T06:00:00Z"))),
            ("90d", Ok(Some("2027-04-01T12:00:00Z"))),
            ("12h", Ok(Some("2027-01-02T00:00:00Z"))),
            ("never", Ok(None)),
            ("2026-11-01", Err("expected a time to come")),
            ("soon", Err("expected a day such as")),
            ("-1d", Err("expected a day such as")),
            ("4000000000d", Err("expected a span that ends")),
        ] {
            let expiry = text.parse::<Expiry>().and_then(|expiry| expiry.after(now));
            match (expiry, expected) {
                (Ok(ends), Ok(expected)) => assert_eq!(ends.map(shown).as_deref(), expected, "{text}"),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{text}: {error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
