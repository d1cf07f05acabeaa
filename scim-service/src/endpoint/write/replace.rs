//! `PUT /Users/{id}` (RFC 7644 section 3.5.1).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::{Checker, Projection, TypeSchema};

use crate::authorize::Operation;
use crate::call::Call;
use crate::call::resource_id;
use crate::endpoint::write::groups_on_user::Write;
use crate::store::Store;
use crate::wire::Failure;

pub(crate) async fn replace<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &str,
) -> Result<Response<Bytes>, Failure> {
    let (mut projection, _) = call.projection(of)?;
    let when = call.precondition()?;
    let id = resource_id(id)?;
    let mut body = call.resource_of(of)?;
    let written = call.asked_of(&body, of);
    let permit = call.permit_write(of, Operation::Replace, Some(&id), &written).await?;
    projection = permit.project(projection.after_writing(&written));
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
    let replaced = write.with_groups(call, of, &permit, groups.as_ref(), &projection).await?;
    call.show(200, of, &replaced, &projection)
}
