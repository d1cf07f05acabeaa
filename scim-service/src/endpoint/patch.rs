//! `PATCH /Users/{id}` (RFC 7644 section 3.5.2).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::{PatchOp, Projection, Resource, Target, TypeSchema};
use scim_patch::Patch;

use super::replace::replace_with;
use super::resource_id;
use crate::authorize::Operation;
use crate::config::PatchResponse;
use crate::fail::Failure;
use crate::reference::complete_paths;
use crate::replacement::patched as patched_by;
use crate::respond::{ResourceHeaders, empty_response, with_resource_headers};
use crate::service::Call;
use crate::store::Store;

pub(crate) async fn patch<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &str,
) -> Result<Response<Bytes>, Failure> {
    let (projection, asked) = call.projection(of)?;
    let when = call.precondition()?;
    let id = resource_id(id)?;
    let mut body = call.json_of(of)?;
    complete_paths(&mut body, of, call.schemas, call.config);
    let config = call.config;
    let message = PatchOp::from_json(body, config.profile(), &mut call.used, config.limits().patch_operations)?;
    let patch = match Patch::check(&message, of, config.profile()) {
        Ok(patch) => patch.seen_through(&call.view(of)),
        Err(error) => {
            // A missing resource is told before a faulty patch (R179).
            let permit = call.permit_write(of, Operation::Patch, Some(&id), &[]).await?;
            call.visible(of, &id, &minimum(call, of)?, &permit).await?;
            return Err(error.into());
        }
    };
    call.used.extend(patch.leniencies());
    let patched = call.patched(of, &patch.paths());
    let permit = call.permit_write(of, Operation::Patch, Some(&id), &patched).await?;
    call.check_password_change(&patch.paths())?;
    let silent = !asked && is_silent(call, &patched);
    let projection =
        if silent { minimum(call, of)? } else { projection.after_writing(&patch.paths(), of, config.profile()) };
    let projection = permit.project(projection);
    // Whether the result may be, is known once it is made: the service then does the work.
    let patched = if permit.is_restricted() || call.checks_references(of, &patched) {
        None
    } else {
        call.store.patch(&call.cx, of, &id, &patch, &when, &projection).await?
    };
    let patched = match patched {
        Some(patched) => patched,
        None => {
            let make = |current: &Resource| Ok(patched_by(of, current, &patch)?);
            replace_with(call, of, &id, &when, &permit, make).await?
        }
    };
    // Whoever has applied the patch, it knows what that needed.
    call.used.extend(patch.leniencies());
    if !silent {
        return Ok(call.show(200, of, patched, &projection));
    }
    let mut patched = patched;
    call.render(&mut patched, of);
    Ok(with_resource_headers(empty_response(204), &ResourceHeaders::of(&patched)))
}

/// Whether a client that asks for no attributes gets no body.
fn is_silent<S: ?Sized>(call: &Call<'_, S>, patched: &[Target]) -> bool {
    match call.config.patch_response() {
        PatchResponse::Resource => false,
        PatchResponse::NoContent => true,
        PatchResponse::Auto => {
            let members = |target: &Target| target.attribute.as_ref().is_some_and(|attribute| attribute.is_relation());
            let silent = patched.iter().any(members);
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
