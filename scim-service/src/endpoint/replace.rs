//! `PUT /Users/{id}` (RFC 7644 section 3.5.1).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::{Checker, Leniencies, Projection, Resource, ResourceId, TypeSchema, ValueRef};

use super::groups_on_user::{Write, keep_groups};
use super::resource_id;
use crate::authorize::{Operation, Permit};
use crate::fail::Failure;
use crate::replacement::{Replacement, replacement};
use crate::service::Call;
use crate::store::{Precondition, Replace, Store, StoreError, StoreExt};

/// How often a write that lost a race is tried again.
pub(super) const ATTEMPTS: usize = 32;

pub(crate) async fn replace<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &str,
) -> Result<Response<Bytes>, Failure> {
    let (projection, _) = call.projection(of)?;
    let when = call.precondition()?;
    let id = resource_id(id)?;
    let mut body = call.resource_of(of)?;
    let written = call.asked_of(&body, of);
    let permit = call.permit_write(of, Operation::Replace, Some(&id), &written).await?;
    let projection = permit.project(projection.after_writing(&written));
    // A missing resource is told before a faulty body: PUT never creates (R185).
    call.visible(of, &id, &Projection::default(), &permit).await?;
    let groups = call.groups_of_resource(of, &mut body).await?;
    let mut checker = Checker::new(of, &mut call.tolerance).with_limits(call.config.limits().value);
    let checked = checker.resource(body);
    let mut draft = checked?;
    call.cx.says_active = draft.get("active").is_some();
    let groups = groups.map(|groups| groups.set_by(&mut draft));
    call.check_password_change(&written)?;
    // Each attempt gets a copy: of a compact resource one costs nothing.
    draft.compact_as(of);
    let write = Write::Replace { id: &id, when: &when, draft: &draft };
    let replaced = write.with_groups(call, of, &permit, groups, &projection).await?;
    call.show(200, of, &replaced, &projection)
}

/// Reads, makes the new content, and replaces; again when another writer came between.
pub(super) async fn replace_with<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &ResourceId,
    when: &Precondition,
    permit: &Permit,
    want: &Projection,
    make: impl Fn(&Resource) -> Result<(Resource, Leniencies), Failure>,
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
                    call.store.reaffirm(&call.cx, of, id).await?;
                }
                return Ok(current);
            }
            Replacement::Changed(draft) => draft,
        };
        permit.check_result(&draft, Some(&current))?;
        call.check_references(of, &draft, Some(&current)).await?;
        let request = Replace::new(of, id, draft).with_want(want);
        if let Some(written) = call.store.replace_seen(&call.cx, request, &current).await? {
            return Ok(written.resource);
        }
    }
    Err(Failure::TooManyRaces)
}
