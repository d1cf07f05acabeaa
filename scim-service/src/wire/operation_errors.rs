//! What went wrong with the operations of a bulk request, on its way to whoever counts.

use std::collections::BTreeMap;

use crate::wire::fail::Failure;

/// How often what went wrong with the operations of a bulk request, in the words of [`Failure::error_type`]. The response has it among its
/// extensions until it is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperationErrors(BTreeMap<&'static str, u64>);

impl OperationErrors {
    pub(crate) fn add(&mut self, failure: &Failure) {
        *self.0.entry(failure.error_type()).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.0
    }
}
