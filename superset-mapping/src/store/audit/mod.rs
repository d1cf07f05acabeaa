//! The audit: what every call did, in the table `scim_audit`, and what shows that nobody changed it since.
//!
//! Each write leaves its rows in the transaction that made it. What it did to the resource is in the column `changes`, as a
//! [`ChangeRecord`](scim_service::change::ChangeRecord). Each row has a code of its own, by the [key](AuditKey) of the audit or a plain hash; soon after
//! the commit [`SupersetStore::seal_audit`](crate::SupersetStore::seal_audit) puts it into a chain of hashes, whose end a [`Checkpoint`] keeps
//! outside of the database. [`SupersetStore::verify_audit`](crate::SupersetStore::verify_audit) names every row that was altered, removed or added
//! by anybody else.
//!
//! | done to the database | found without a key | found with a key | found with a checkpoint of before |
//! |---|---|---|---|
//! | a row altered, by mistake or by hand | yes | yes | yes |
//! | a row altered, with its hash made anew | yes, where it was sealed | yes | yes |
//! | a row removed from the middle, or with its link | yes | yes | yes |
//! | a row added among sealed ones | yes | yes | yes |
//! | a row added at the end | no | yes | yes, once it is sealed |
//! | the last rows removed with their links | no | no | yes |
//! | all rows and links made anew from some row on | no | yes | yes |
//!
//! A checkpoint that lies where whoever changes the database cannot write is as good as a key for what it covers. Nothing shows what was
//! never sealed: the rows of the last second before a crash.

mod chain;
mod changed_access;
mod entry;
mod purge;
mod read;
mod taken;
mod verify;
mod write;

pub use crate::store::session::{AuditKey, AuditKeyError};
pub use chain::{Checkpoint, CheckpointError};
pub use entry::{AuditEntry, HeldRole};
pub use purge::PurgedAudit;
pub use read::{AuditQuery, MAX_AUDIT_PAGE};
pub(super) use taken::Taken;
pub use verify::{AuditFinding, AuditVerification, MAX_AUDIT_FINDINGS};
pub(super) use write::written;
