//! The safety threshold: a broken export must not lock everybody out.

use thiserror::Error;

/// The share of people who may leave at once, unless told otherwise.
const MAX_SHARE: f64 = 0.1;

/// So many may leave whatever their share, unless told otherwise: a share of a small number is nobody.
const FLOOR: u64 = 3;

/// When leavers are not deactivated.
///
/// More leavers than 10 % of the active people of SCIM are refused, but never up to three, so that small installations work. With
/// a share of 0 nobody may leave. A directory without anybody, and one that ended before its own total, are refused whatever the share.
///
/// ```
/// use superset_mapping::reconcile::SafetyThreshold;
///
/// let threshold = SafetyThreshold::new();
/// assert!(threshold.check(100, 10, 90).is_ok());
/// assert!(threshold.check(100, 11, 89).is_err());
/// assert!(threshold.check(5, 3, 2).is_ok());
/// assert!(threshold.check(5, 3, 0).is_err(), "a directory without anybody");
/// assert!(threshold.with_max_share(0.5).check(100, 50, 50).is_ok());
/// assert!(threshold.with_max_share(0.0).check(100, 1, 99).is_err());
/// assert!(threshold.with_floor(0).check(5, 1, 4).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SafetyThreshold {
    max_share: f64,
    floor: u64,
    open: bool,
}

impl Default for SafetyThreshold {
    fn default() -> Self {
        Self { max_share: MAX_SHARE, floor: FLOOR, open: false }
    }
}

/// Why leavers are not deactivated.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SafetyThresholdError {
    /// Too many would leave.
    #[error(
        "{leavers} of {active} active people would be deactivated: expected at most {most}. Look at the directory, then raise \
         the share if it is right"
    )]
    Share {
        /// How many would leave.
        leavers: u64,
        /// Of how many.
        active: u64,
        /// How many may.
        most: u64,
    },
    /// The directory has nobody.
    #[error("the directory holds nobody: that is hardly true")]
    Empty,
    /// The directory said that it has more people than it showed.
    #[error("the directory ended early: it has more people than it showed")]
    EndedEarly,
}

impl SafetyThreshold {
    /// 10 %, or three people.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another share, from 0 to 1; what is beyond counts as the nearer of the two. 0 is nobody, whatever the floor.
    #[must_use]
    pub fn with_max_share(self, max_share: f64) -> Self {
        Self { max_share: if max_share.is_nan() { 0.0 } else { max_share.clamp(0.0, 1.0) }, ..self }
    }

    /// How many may leave whatever their share.
    #[must_use]
    pub fn with_floor(self, floor: u64) -> Self {
        Self { floor, ..self }
    }

    /// Lets everything pass: a share of 1, and directories that are empty or ended early.
    #[must_use]
    pub fn switched_off(self) -> Self {
        Self { open: true, ..self }
    }

    /// Judges so many leavers among so many active people, by a directory of so many.
    ///
    /// # Errors
    ///
    /// [`SafetyThresholdError::Share`] or [`SafetyThresholdError::Empty`].
    pub fn check(&self, active: u64, leavers: u64, directory: u64) -> Result<(), SafetyThresholdError> {
        if self.open || leavers == 0 {
            return Ok(());
        }
        if directory == 0 {
            return Err(SafetyThresholdError::Empty);
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of fewer than 2^53 people, rounded down"
        )]
        let share = (active as f64 * self.max_share) as u64;
        let most = if self.max_share > 0.0 { share.max(self.floor) } else { 0 };
        if leavers > most { Err(SafetyThresholdError::Share { leavers, active, most }) } else { Ok(()) }
    }

    pub(in crate::reconcile) fn check_walk(&self, ended_early: bool) -> Result<(), SafetyThresholdError> {
        if ended_early && !self.open { Err(SafetyThresholdError::EndedEarly) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s14_a_share_of_zero_is_nobody_and_the_floor_is_a_choice() {
        let most = |threshold: SafetyThreshold, active| {
            (0..=active).take_while(|left| threshold.check(active, *left, 1).is_ok()).last()
        };
        assert_eq!(most(SafetyThreshold::new(), 20), Some(3));
        assert_eq!(most(SafetyThreshold::new(), 50), Some(5));
        assert_eq!(most(SafetyThreshold::new().with_max_share(0.0), 20), Some(0));
        assert_eq!(most(SafetyThreshold::new().with_max_share(-1.0), 20), Some(0));
        assert_eq!(most(SafetyThreshold::new().with_max_share(f64::NAN), 20), Some(0));
        assert_eq!(most(SafetyThreshold::new().with_max_share(0.0).with_floor(9), 20), Some(0));
        assert_eq!(most(SafetyThreshold::new().with_floor(0), 20), Some(2));
        assert_eq!(most(SafetyThreshold::new().with_floor(7), 20), Some(7));
        assert_eq!(most(SafetyThreshold::new().with_max_share(0.0).switched_off(), 20), Some(20));
    }
}
