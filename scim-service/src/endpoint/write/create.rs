//! `POST /Users` (RFC 7644 section 3.3).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::{Checker, ResourceId, TypeSchema};

use crate::authorize::Operation;
use crate::call::Call;
use crate::endpoint::write::groups_on_user::Write;
use crate::store::{Store, StoreError};
use crate::wire::Failure;

pub(crate) async fn create<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
) -> Result<Response<Bytes>, Failure> {
    let (mut projection, _) = call.projection(of)?;
    let mut body = call.resource_of(of)?;
    let written = call.asked_of(&body, of);
    let permit = call.permit_write(of, Operation::Create, None, &written).await?;
    projection = permit.project(projection.after_writing(&written));
    let groups = call.groups_of_resource(of, &mut body).await?;
    let mut checker = Checker::new(of, &mut call.tolerance).with_limits(call.config.limits().value);
    let checked = checker.resource(body);
    let mut draft = checked?;
    call.cx.says_active = draft.get("active").is_some();
    let groups = groups.map(|groups| groups.set_by(&mut draft));
    permit.check_result(&draft, None)?;
    call.check_references(of, &draft, None).await?;
    // Stores get a copy, and the restoring of a twin another: of a compact resource one costs nothing.
    draft.compact_as(of);
    let created = Write::Create { draft: &draft }.with_groups(call, of, &permit, groups.as_ref(), &projection).await?;
    // R039: a store that issues what cannot be an id is told by its first resource.
    created.id().unwrap_or_default().parse::<ResourceId>().map_err(StoreError::internal)?;
    let meta = of.top_level("meta").is_some_and(|meta| projection.wants(None, meta));
    if meta && created.meta().is_none() {
        let error =
            "the store answered a create with a resource whose `meta` is missing or incomplete: guarantee 1 of `Store`";
        return Err(StoreError::internal(error).into());
    }
    call.show(201, of, &created, &projection)
}
