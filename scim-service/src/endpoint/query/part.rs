//! What a query asks of one resource type, and which page of it.

use std::sync::Arc;

use scim_core::message::SearchRequest;
use scim_core::{Projection, TypeSchema};
use scim_filter::Predicate;

use crate::call::Call;

/// The part of a walk that goes through one resource type.
pub(super) struct Part {
    pub(super) of: Arc<TypeSchema>,
    pub(super) filter: Option<Predicate>,
    pub(super) projection: Projection,
}

/// The first index and the page size: R118, R119, R120.
pub(super) fn page<S: ?Sized>(call: &Call<'_, S>, request: &SearchRequest) -> (u64, u64) {
    let limits = call.config.limits();
    let start_index = request.start_index.and_then(|index| u64::try_from(index).ok()).unwrap_or(1).max(1);
    let count = match request.count {
        Some(count) => u64::try_from(count).unwrap_or(0),
        None => limits.default_page,
    };
    (start_index, count.min(limits.page))
}
