//! A client whose writes are held back.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::brake::kind::Kind;

/// How many resources a hold names of each kind.
pub const MAX_SAMPLE: usize = 10;

/// The writes of a client are held back, or were: until an operator has looked and [released](crate::brake::Holds::release) them.
///
/// `Display` is one line for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hold {
    /// What it is known by: the client is told of it, and the operator releases it by it.
    pub id: String,
    /// The name of the client's [principal](crate::Principal); `None` for all clients together that there was no room to count apart.
    pub client: Option<String>,
    /// The tenant that the client wrote to.
    pub tenant: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Of what there was too much.
    pub kind: Kind,
    /// How much there was of it within the window.
    pub count: u64,
    /// How much of that was in a transaction, which was refused as a whole.
    pub pending: u64,
    /// How much may pass.
    pub most: u64,
    /// The [threshold](crate::brake::Threshold), as text.
    pub threshold: String,
    /// All that the client did within the window.
    pub done: Vec<Done>,
    /// How many writes were refused since.
    pub refused: u64,
    /// When the last of them was.
    pub last_refused: Option<DateTime<Utc>>,
    /// When and how it was released; `None` while the writes are held back.
    pub release: Option<Release>,
}

/// What a client did of one kind within the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Done {
    /// What.
    pub kind: Kind,
    /// How often.
    pub count: u64,
    /// When for the first time.
    pub first: DateTime<Utc>,
    /// When for the last time.
    pub last: DateTime<Utc>,
    /// Some of the resources, the newest last: at most [`MAX_SAMPLE`].
    pub sample: Vec<Sample>,
}

/// A resource that a write was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// The type, such as `User`.
    pub resource_type: String,
    /// The `id`.
    pub id: String,
}

/// How a hold was released. What was counted of the client until then no longer counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release {
    /// When.
    pub at: DateTime<Utc>,
    /// What may pass beyond the thresholds, if anything.
    pub allowance: Option<Allowance>,
}

/// What a client may do beyond the thresholds once its hold was released, of the kind that it was held for: because the operator has looked
/// at what is pending.
///
/// What it covers is not counted. Afterwards the thresholds are what they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Allowance {
    /// How many more may pass.
    pub number: u64,
    /// Until when.
    pub until: DateTime<Utc>,
    /// How many have.
    pub used: u64,
}

impl Release {
    /// At this time. The thresholds hold at once.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self { at, allowance: None }
    }

    /// Lets so many more pass until then.
    #[must_use]
    pub fn allowing(self, number: u64, until: DateTime<Utc>) -> Self {
        Self { allowance: Some(Allowance { number, until, used: 0 }), ..self }
    }
}

impl Allowance {
    /// The allowance as a store has it.
    pub fn new(number: u64, until: DateTime<Utc>, used: u64) -> Self {
        Self { number, until, used }
    }

    /// How many may still pass.
    pub fn left(&self, now: DateTime<Utc>) -> u64 {
        if now < self.until { self.number.saturating_sub(self.used) } else { 0 }
    }
}

impl Hold {
    /// Whether the writes of the client are held back by it.
    pub fn is_held(&self) -> bool {
        self.release.is_none()
    }

    /// Whether it matters any more: somebody is held by it, or may still do what its release allows.
    pub fn matters(&self, now: DateTime<Utc>) -> bool {
        let left = |release: &Release| release.allowance.as_ref().is_some_and(|allowance| allowance.left(now) > 0);
        self.release.as_ref().is_none_or(left)
    }

    /// Whose writes are held back, for people.
    pub fn whose(&self) -> String {
        let client = self.client.as_deref().map_or_else(|| "other clients".to_owned(), |client| format!("`{client}`"));
        match &self.tenant {
            Some(tenant) => format!("{client} of tenant `{tenant}`"),
            None => client,
        }
    }

    /// What happened, as the client and the operator are told.
    pub fn reason(&self) -> String {
        let (count, kind, most) = (self.count, self.kind.in_words(), self.most);
        let window = self.threshold.rsplit('/').next().unwrap_or_default();
        match self.pending {
            0 => format!("{count} {kind} within {window}, where {most} may pass"),
            pending => {
                format!(
                    "{count} {kind} within {window}, where {most} may pass: {pending} of them in one request, which was refused"
                )
            }
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: writes of {} are held back: {}", self.id, self.whose(), self.reason())
    }
}
