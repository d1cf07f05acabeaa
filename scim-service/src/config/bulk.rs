//! Whether and how bulk requests are done.

/// What happens to the operations of a bulk request when one of them fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BulkAtomicity {
    /// Each operation stands for itself: what is done stays (RFC 7644 section 3.7). The default.
    #[default]
    PerOperation,
    /// All of them are done, in one [`Transaction`](crate::Transaction) of the store, or none.
    ///
    /// The first failure ends the job, whatever `failOnErrors` says. The operation that failed has its own error; all others
    /// are reported with status 424. Over a store without transactions there are no bulk requests then. While the job runs, other
    /// writers may have to wait.
    AllOrNothing,
}
