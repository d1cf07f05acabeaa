//! Why an operation of a bulk job, or the job, was not done.

use thiserror::Error;

/// Why not. What a client is told of it, `fail.rs` says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum BulkError {
    /// The body is larger than the service takes (R217).
    #[error("the bulk request is larger than `maxPayloadSize`, {limit} bytes")]
    PayloadTooLarge { limit: usize },
    /// The job has more operations than the service takes (R217).
    #[error("the bulk request has {found} operations, more than `maxOperations`, {limit}")]
    TooManyOperations { found: usize, limit: usize },
    /// The path is not one below the base URL that operations have.
    #[error(
        "`path`: expected the path of a resource type or a resource, such as `/Users` or `/Users/2819c223`, without the \
         base URL and without query"
    )]
    Path,
    /// The version is no entity tag.
    #[error("`version`: expected an entity tag such as `W/\"7\"`")]
    Version,
    /// An earlier operation has the same name (R215).
    #[error("`bulkId`: expected a text that no operation before has")]
    BulkIdTaken,
    /// No operation creates a resource with this name (R215).
    #[error("`bulkId:{bulk_id}` refers to no operation that creates a resource")]
    UnknownReference { bulk_id: String },
    /// The operation that should have created the resource has not (R215).
    #[error("`bulkId:{bulk_id}` refers to an operation that created no resource")]
    FailedReference { bulk_id: String },
    /// Operations wait for each other (R214).
    #[error("the operation refers to one that in turn waits for it, and neither can be done first")]
    Circle,
    /// The operation was undone, or never tried, because another failed.
    #[error("nothing of the bulk request was done: another operation failed")]
    RolledBack,
}
