//! How much work one request may cause, counted in steps.

use std::sync::atomic::{AtomicU64, Ordering};

use scim_core::ValueRef;
use thiserror::Error;

/// The steps that a request may still take: whoever works for it counts them here, and stops when they are used up.
///
/// Steps are counted, never measured, so that a request is refused on every machine or on none. A step is a test of one
/// value; what costs more counts for more, such as 64 bytes of text that are searched or a part of a reference that is put
/// together. One takes 20 to 100 nanoseconds.
///
/// Two threads that count at the same moment may count too little. A request is worked on by one at a time.
///
/// ```
/// use scim_filter::Budget;
///
/// let budget = Budget::new(10);
/// assert!(budget.spend(7).is_ok());
/// assert_eq!(budget.left(), 3);
/// assert_eq!(budget.spend(4).unwrap_err().to_string(), "the request needs more than the limit of 10 steps");
/// ```
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    left: AtomicU64,
}

/// The work that a request needs exceeds its [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the request needs more than the limit of {limit} steps")]
pub struct BudgetExceeded {
    limit: u64,
}

impl BudgetExceeded {
    /// The steps that the request was given.
    pub fn limit(self) -> u64 {
        self.limit
    }
}

impl Budget {
    /// The most steps that a request takes by default: 1,048,576.
    pub const DEFAULT: u64 = 1 << 20;

    /// A budget of so many steps.
    pub const fn new(limit: u64) -> Self {
        Self { limit, left: AtomicU64::new(limit) }
    }

    /// A budget that no request uses up: for work that no client asked for.
    pub const fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// The steps that were given.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The steps that are left.
    pub fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes steps.
    ///
    /// # Errors
    ///
    /// [`BudgetExceeded`] where fewer are left; none are then.
    pub fn spend(&self, steps: u64) -> Result<(), BudgetExceeded> {
        // Not one atomic operation: that would cost more than most steps.
        let rest = self.left().checked_sub(steps);
        self.left.store(rest.unwrap_or_default(), Ordering::Relaxed);
        rest.map(|_| ()).ok_or(BudgetExceeded { limit: self.limit })
    }

    /// Whether so many steps are left, before the first of them is taken.
    ///
    /// # Errors
    ///
    /// [`BudgetExceeded`] where fewer are left.
    pub fn check(&self, steps: u64) -> Result<(), BudgetExceeded> {
        if steps <= self.left() { Ok(()) } else { Err(BudgetExceeded { limit: self.limit }) }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

/// What it costs to find one's way in the text of values.
pub(crate) fn steps_through(value: Option<ValueRef<'_>>) -> u64 {
    value.map_or(0, |value| value.scanned_len() as u64 / 64)
}

/// What a look at a text costs. What is not ASCII is folded character by character.
pub(crate) fn steps_of(text: &str) -> u64 {
    let folding = if text.is_ascii() { 0 } else { text.len() / 4 };
    1 + (text.len() / 64 + folding) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_at_its_limit_and_stays_used_up() {
        let budget = Budget::new(3);
        assert!(budget.spend(3).is_ok() && budget.spend(0).is_ok());
        assert_eq!(budget.spend(1).map_err(BudgetExceeded::limit), Err(3));
        let budget = Budget::new(3);
        assert!(budget.check(3).is_ok() && budget.check(4).is_err());
        assert!(budget.spend(4).is_err());
        assert_eq!(budget.left(), 0);
    }
}
