//! How much may pass in which time.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::brake::kind::{Kind, KindError};

/// The longest window: so long counts are kept.
pub const MAX_WINDOW: Duration = Duration::from_hours(7 * 24);

/// The shortest window.
pub const MIN_WINDOW: Duration = Duration::from_secs(1);

/// How many may pass in a window whatever share they are, where a threshold does not say so.
pub const LEAST_OF_SHARE: u64 = 10;

/// How many of a kind one client may do within a time.
///
/// As text it is `KIND=NUMBER/WINDOW` or `KIND=PERCENT%/WINDOW`: `deactivations=50/1h`, `deactivations=5%/1h`. Of a share of the users at least
/// [`LEAST_OF_SHARE`] may pass, or as many as `deactivations=5%,20/1h` says. A window is a whole number of seconds, minutes, hours or
/// days (`s`, `m`, `h`, `d`).
///
/// ```
/// use scim_service::brake::{Kind, Threshold};
///
/// let threshold: Threshold = "deactivations=5%,20/1h".parse()?;
/// assert_eq!((threshold.kind(), threshold.window().as_secs()), (Kind::Deactivations, 3_600));
/// assert_eq!((threshold.most(Some(1_000)), threshold.most(Some(60)), threshold.most(None)), (50, 20, 20));
/// assert_eq!(threshold.to_string(), "deactivations=5%,20/1h");
/// # Ok::<(), scim_service::brake::ThresholdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Threshold {
    kind: Kind,
    most: Most,
    window: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Most {
    Number(NonZeroU64),
    /// A share of the users, in percent, and what may pass whatever it is.
    Share {
        percent: u8,
        least: NonZeroU64,
    },
}

/// A text is no threshold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// It has another form.
    #[error("expected `KIND=NUMBER/WINDOW` or `KIND=PERCENT%/WINDOW`, such as `deactivations=50/1h`, found `{found}`")]
    Form {
        /// The text.
        found: String,
    },
    /// It names nothing that is counted.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The number is none.
    #[error("expected a whole number above 0, or a share from 1% to 100%, found `{found}`")]
    Number {
        /// The text.
        found: String,
    },
    /// The window is none.
    #[error("expected a time from 1s to 7d, such as `30s`, `15m`, `1h` or `1d`, found `{found}`")]
    Window {
        /// The text.
        found: String,
    },
}

impl Threshold {
    /// So many may pass in any window; the last of them holds the client.
    ///
    /// # Errors
    ///
    /// [`ThresholdError`] where the window is shorter than [`MIN_WINDOW`] or longer than [`MAX_WINDOW`].
    pub fn number(kind: Kind, number: NonZeroU64, window: Duration) -> Result<Self, ThresholdError> {
        Self::new(kind, Most::Number(number), window)
    }

    fn new(kind: Kind, most: Most, window: Duration) -> Result<Self, ThresholdError> {
        if window < MIN_WINDOW || window > MAX_WINDOW {
            return Err(ThresholdError::Window { found: duration_text(window) });
        }
        Ok(Self { kind, most, window })
    }

    /// What is counted.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// In which time.
    pub fn window(&self) -> Duration {
        self.window
    }

    /// How many may pass in a directory of so many users; `None` where nobody knows how many there are.
    pub fn most(&self, users: Option<u64>) -> u64 {
        match self.most {
            Most::Number(number) => number.get(),
            Most::Share { percent, least } => {
                let share = users.unwrap_or_default().saturating_mul(u64::from(percent)).div_ceil(100);
                share.max(least.get())
            }
        }
    }

    /// Whether it depends on how many users there are.
    pub fn is_share(&self) -> bool {
        matches!(self.most, Most::Share { .. })
    }
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || ThresholdError::Form { found: text.to_owned() };
        let (kind, rest) = text.split_once('=').ok_or_else(form)?;
        let (most, window) = rest.split_once('/').ok_or_else(form)?;
        let number =
            |digits: &str| digits.parse::<NonZeroU64>().map_err(|_| ThresholdError::Number { found: most.to_owned() });
        let kind = kind.parse()?;
        let most_of = match most.split_once('%') {
            None => Most::Number(number(most)?),
            Some((percent, least)) => {
                let percent = u8::try_from(number(percent)?.get()).unwrap_or(u8::MAX);
                let least = match least.strip_prefix(',') {
                    Some(least) => number(least)?,
                    None if least.is_empty() => NonZeroU64::new(LEAST_OF_SHARE).unwrap_or(NonZeroU64::MIN),
                    None => return Err(ThresholdError::Number { found: most.to_owned() }),
                };
                if percent > 100 {
                    return Err(ThresholdError::Number { found: most.to_owned() });
                }
                Most::Share { percent, least }
            }
        };
        let window = parse_duration(window).ok_or_else(|| ThresholdError::Window { found: window.to_owned() })?;
        Self::new(kind, most_of, window)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.kind)?;
        match self.most {
            Most::Number(number) => write!(f, "{number}")?,
            Most::Share { percent, least } if least.get() == LEAST_OF_SHARE => write!(f, "{percent}%")?,
            Most::Share { percent, least } => write!(f, "{percent}%,{least}")?,
        }
        write!(f, "/{}", duration_text(self.window))
    }
}

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A whole number of seconds, minutes, hours or days: `30s`, `15m`, `1h`, `2d`. `None` for any other text.
///
/// ```
/// use scim_service::brake::parse_duration;
///
/// assert_eq!(parse_duration("90m").map(|time| time.as_secs()), Some(5_400));
/// assert_eq!(parse_duration("1.5h"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// The time in the largest unit of which it is a whole number.
fn duration_text(time: Duration) -> String {
    let whole = |seconds: u64| time.as_secs() > 0 && time.as_secs().is_multiple_of(seconds);
    let (unit, seconds) = UNITS.into_iter().find(|(_, seconds)| whole(*seconds)).unwrap_or(('s', 1));
    format!("{}{unit}", time.as_secs() / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_read() {
        for text in ["creations=1000/1d", "deactivations=5%/90m", "deletions=100%,1/45s", "protected-grants=1/1h"] {
            assert_eq!(text.parse::<Threshold>().unwrap().to_string(), text);
        }
        assert_eq!("creations=1/60m".parse::<Threshold>().unwrap().to_string(), "creations=1/1h");
    }

    #[test]
    fn what_is_no_threshold_is_told() {
        for (text, told) in [
            ("deactivations", "expected `KIND=NUMBER/WINDOW`"),
            ("deactivations=50", "expected `KIND=NUMBER/WINDOW`"),
            ("leavers=50/1h", "expected `creations`"),
            ("deletions=0/1h", "above 0"),
            ("deletions=-1/1h", "above 0"),
            ("deletions=0%/1h", "from 1% to 100%"),
            ("deletions=101%/1h", "from 1% to 100%"),
            ("deletions=5%20/1h", "from 1% to 100%"),
            ("deletions=5%,0/1h", "above 0"),
            ("deletions=5/0s", "from 1s to 7d"),
            ("deletions=5/8d", "from 1s to 7d"),
            ("deletions=5/99999999999999999999d", "from 1s to 7d"),
            ("deletions=5/1.5h", "from 1s to 7d"),
            ("deletions=5/h", "from 1s to 7d"),
            ("deletions=5/ü", "from 1s to 7d"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn a_share_is_rounded_up_and_never_less_than_the_least() {
        let threshold: Threshold = "deactivations=5%/1h".parse().unwrap();
        assert_eq!([0, 200, 201, 1_001].map(|users| threshold.most(Some(users))), [10, 10, 11, 51]);
        assert_eq!(threshold.most(Some(u64::MAX)), u64::MAX / 100 + 1);
    }
}
