//! Taking back what a client did, by the records of the audit, as ordinary changes.

mod history;
mod intent;
mod membership;
mod options;
mod report;
mod run;
mod step;

pub use options::UndoOptions;
pub use report::{UndoKind, UndoReport, UndoStep};
