//! A patch, applied by the store or by the service.

use std::sync::Arc;

use scim_core::{Projection, Resource, ResourceId, TypeSchema};
use scim_patch::Patch;

use super::replace::replace_with;
use crate::call::{Call, InSpan, Permit};
use crate::store::{Modify, Precondition, Store, patched_content};
use crate::wire::Failure;

/// Has the store apply the patch, or applies it where the store can't.
pub(in crate::endpoint::write) async fn store_patched<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &ResourceId,
    patch: &Patch,
    when: &Precondition,
    permit: &Permit,
    want: &Projection,
) -> Result<Resource, Failure> {
    // Whether the result may be, is known once it is made: the service then does the work.
    if call.can.patch && !permit.is_restricted() && !call.checks_references(&patch.targets()) {
        let request = Modify::new(of, id, patch).with_when(when).with_want(want);
        let written = call.store.patch(&call.cx, request).in_span_about("patch", of).await?;
        call.tolerance.record(written.change.quirks);
        return Ok(written.resource);
    }
    let content = |current: &Resource| {
        let (content, applied) = patched_content(of, current, patch)?;
        Ok((content, applied.quirks()))
    };
    Box::pin(replace_with(call, of, id, when, permit, want, content)).await
}
