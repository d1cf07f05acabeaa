//! How much clients may do.

use clap::Args;
use scim_service::brake::{Holds, MemoryHolds, Threshold};

use crate::brake::watched::WatchedBrake;

/// Flags that say how much a client may do before its writes are held back.
#[derive(Args, Clone, Debug, Default)]
pub struct BrakeFlags {
    /// Hold all writes of a client back, until an operator releases them, once it did so much in so long a time: KIND=NUMBER/TIME or, as
    /// a share of the users, KIND=PERCENT%/TIME, such as deactivations=50/1h or deletions=5%/1d. The kinds are creations,
    /// deactivations, deletions and protected-grants. May be given several times
    #[arg(long, value_name = "KIND=MOST/TIME")]
    brake: Vec<Threshold>,
}

impl BrakeFlags {
    /// A brake whose holds are kept there; `None` where nothing is limited.
    pub fn brake(
        &self,
        holds: impl Holds,
        is_protected: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Option<WatchedBrake> {
        (!self.brake.is_empty()).then(|| WatchedBrake::new(self.brake.iter().copied(), holds, is_protected))
    }

    /// The same, where the holds are kept in memory and SIGUSR1 releases them all.
    pub fn brake_in_memory(&self) -> Option<WatchedBrake> {
        let holds = MemoryHolds::default();
        self.brake(holds.clone(), |_| false).map(|brake| brake.released_by_signal(holds))
    }
}
