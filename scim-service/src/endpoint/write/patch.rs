//! `PATCH /Users/{id}` (RFC 7644 section 3.5.2).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::message::PatchOp;
use scim_core::{AttributeRef, Projection, ResourceId, TypeSchema};
use scim_patch::{Patch, PatchLimits};

use crate::authorize::Operation;
use crate::call::Call;
use crate::call::resource_id;
use crate::call::{complete_paths, holds_members};
use crate::config::PatchResponse;
use crate::endpoint::write::groups_on_user::Write;
use crate::store::Store;
use crate::wire::Failure;
use crate::wire::empty_response;

pub(crate) async fn patch<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &str,
) -> Result<Response<Bytes>, Failure> {
    let (mut projection, asked) = call.projection(of)?;
    let when = call.precondition()?;
    let id = resource_id(id)?;
    let mut body = call.json_of(of)?;
    let groups = call.groups_of_patch(of, &mut body).await?;
    complete_paths(&mut body, of, call.schemas, call.config);
    let config = call.config;
    let message = PatchOp::from_json(body, &mut call.tolerance, config.limits().patch_operations)?;
    let limits = PatchLimits { value: config.limits().value, budget: Some(call.cx.budget.clone()) };
    let mut patch = match Patch::check_within(&message, of, config.profile(), limits) {
        Ok(patch) => patch.seen_through(&call.view(of)),
        Err(error) => {
            return Err(Box::pin(refused(call, of, &id, error.into())).await);
        }
    };
    call.tolerance.record(patch.quirks());
    let targets = patch.targets();
    call.cx.says_active = targets.iter().any(|target| target.is_in("active"));
    let permit = call.permit_write(of, Operation::Patch, Some(&id), &targets).await?;
    call.check_password_change(&targets)?;
    let groups = groups.and_then(|groups| groups.patched_by(&mut patch));
    let silent = !asked && is_silent(call, &targets);
    projection = if silent { minimum(call, of)? } else { projection.after_writing(&targets) };
    projection = permit.project(projection);
    let write = Write::Patch { id: &id, when: &when, patch: &patch };
    let patched = write.with_groups(call, of, &permit, groups.as_ref(), &projection).await?;
    if !silent {
        return call.show(200, of, &patched, &projection);
    }
    Ok(call.headed(empty_response(204), of, &patched))
}

/// Why a faulty patch is refused: a missing resource, or one that the client may not patch, is told before the fault (R179).
async fn refused<S: Store + ?Sized>(
    call: &Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &ResourceId,
    fault: Failure,
) -> Failure {
    let seen = async {
        let permit = call.permit_write(of, Operation::Patch, Some(id), &[]).await?;
        call.visible(of, id, &minimum(call, of)?, &permit).await
    };
    seen.await.err().unwrap_or(fault)
}

/// Whether a client that asks for no attributes gets no body.
fn is_silent<S: ?Sized>(call: &Call<'_, S>, targets: &[AttributeRef]) -> bool {
    match call.config.patch_response() {
        PatchResponse::Resource => false,
        PatchResponse::NoContent => true,
        PatchResponse::Auto => {
            let silent = targets.iter().any(|target| holds_members(target.attribute()));
            if silent {
                let request_id = &call.cx.request_id;
                tracing::info!(%request_id, patch_response = "auto", "a patch of members is answered without them");
            }
            silent
        }
    }
}

/// Only what the headers need.
fn minimum<S: ?Sized>(call: &Call<'_, S>, of: &TypeSchema) -> Result<Projection, Failure> {
    Ok(Projection::new(&["meta"], &[] as &[&str], of, call.config.profile())?)
}
