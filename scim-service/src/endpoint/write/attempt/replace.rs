//! A replacement in the store, made again where another write came between.

use std::sync::Arc;

use scim_core::{Projection, Quirks, Resource, ResourceId, ResourceTypeName, TypeSchema, ValueRef};

use crate::call::{Call, InSpan, Permit};
use crate::store::{Precondition, Replace, Replacement, Store, StoreError, StoreExt, replacement};
use crate::wire::Failure;

/// How often a write that lost a race is tried again.
pub(in crate::endpoint::write) const ATTEMPTS: usize = 32;

/// Reads, makes the new content, and replaces; again when another writer came between.
pub(in crate::endpoint::write) async fn replace_with<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &ResourceId,
    when: &Precondition,
    permit: &Permit,
    want: &Projection,
    make: impl Fn(&Resource) -> Result<(Resource, Quirks), Failure>,
) -> Result<Resource, Failure> {
    for _ in 0..ATTEMPTS {
        let current = call.visible(of, id, &Projection::default(), permit).await?;
        let version = current.version();
        let active = |resource: &Resource| resource.get("active").and_then(ValueRef::as_bool);
        if !version.as_ref().is_none_or(|version| when.holds(version)) {
            return Err(Failure::Store(StoreError::PreconditionFailed));
        }
        let (mut draft, needed) = make(&current)?;
        call.tolerance.record(needed);
        permit.keep_hidden(&current, &mut draft);
        if call.tolerance.keeps_inactive(active(&current), active(&draft)) {
            draft.set("active", Some(false.into()));
        }
        keep_groups(of, &current, &mut draft);
        let draft = match replacement(of, &current, draft)? {
            Replacement::Unchanged => {
                if call.cx.says_active {
                    call.store.reaffirm(&call.cx, of, id).in_span_about("reaffirm", of).await?;
                }
                return Ok(current);
            }
            Replacement::Changed(draft) => draft,
        };
        permit.check_result(&draft, Some(&current))?;
        call.check_references(of, &draft, Some(&current)).await?;
        let request = Replace::new(of, id, draft).with_want(want);
        let replaced = call.store.replace_seen(&call.cx, request, &current).in_span_about("replace", of).await?;
        if let Some(written) = replaced {
            return Ok(written.resource);
        }
    }
    Err(Failure::TooManyRaces)
}

/// Leaves the groups of a user as they are in content that replaces the current one: they are changed by themselves.
fn keep_groups(of: &TypeSchema, current: &Resource, draft: &mut Resource) {
    if of.resource_type().name() != &ResourceTypeName::user() {
        return;
    }
    draft.set("groups", current.get("groups").map(ValueRef::to_value));
}
