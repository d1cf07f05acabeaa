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
//! | a row removed from the middle | yes | yes | yes |
//! | a row removed with its link | yes, unless all later links were made anew | yes | yes |
//! | a row added among sealed ones | yes | yes | yes |
//! | a row added at the end | no | yes | yes, once it is sealed |
//! | the last rows removed with their links | no | no | yes |
//! | all links removed from some row on, and rows after it removed or put in another order before the store seals them again | no | no | yes |
//! | all rows and links made anew from some row on | no | yes | yes |
//! | the first rows removed as a purge does it | no | yes | yes |
//!
//! A key is good for what was written since the audit has it. Rows, links and a purge without its code at the beginning of the audit may be
//! older, or made by somebody else: with a key they are a [finding](AuditFinding::WithoutKey), until a checkpoint that was made with the
//! key shows that they are as they were when it was made. After the first row with a code of the key each row and link has to have one.
//! Without the key what has a code of it is counted as unchecked.
//!
//! Without a key everybody can remove the first rows as a purge does it. Where checkpoints are given, that of
//! [each purge](PurgedAudit::checkpoint) has to be among them.
//!
//! A store without the key neither seals nor purges an audit that has one, nor takes back what a client did there; what it writes else is
//! found as inserted. All programs that write to one database are to have the key, or none.
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
