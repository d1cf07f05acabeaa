//! How far a long run is.

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// SCIM groups are compared with `ab_group`.
    Groups,
    /// SCIM users are compared with `ab_user`.
    Users,
    /// Rows of `ab_user` without a SCIM user are looked at.
    Accounts,
    /// Findings are repaired.
    Repairs,
    /// The people of the directory are read.
    Directory,
    /// Deprovisioned users are deactivated.
    DeprovisionedUsers,
}

/// Is told how far a run is: after each chunk, from within the run, so it must not take long. `()` listens to nothing, and any
/// closure of these arguments is one.
///
/// ```
/// use superset_mapping::reconcile::{Progress, Stage};
///
/// let show = |stage: Stage, done: u64, total: Option<u64>| println!("{stage:?}: {done} of {total:?}");
/// show.advanced(Stage::Users, 400, Some(100_000));
/// ```
pub trait Progress: Send + Sync {
    /// So many are done, of so many in all where that is known.
    fn advanced(&self, stage: Stage, done: u64, total: Option<u64>);
}

impl Progress for () {
    fn advanced(&self, _: Stage, _: u64, _: Option<u64>) {}
}

impl<F: Fn(Stage, u64, Option<u64>) + Send + Sync> Progress for F {
    fn advanced(&self, stage: Stage, done: u64, total: Option<u64>) {
        self(stage, done, total);
    }
}
