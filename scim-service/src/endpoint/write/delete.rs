//! `DELETE /Users/{id}` (RFC 7644 section 3.6).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::{Projection, TypeSchema};

use crate::authorize::Operation;
use crate::call::Call;
use crate::call::InSpan;
use crate::call::resource_id;
use crate::endpoint::write::attempt::ATTEMPTS;
use crate::store::{Delete, Precondition, Store, StoreError};
use crate::wire::Failure;
use crate::wire::empty_response;

pub(crate) async fn delete<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &str,
) -> Result<Response<Bytes>, Failure> {
    let when = call.precondition()?;
    let id = resource_id(id)?;
    let permit = call.permit_write(of, Operation::Delete, Some(&id), &[]).await?;
    if !permit.is_restricted() {
        let request = Delete::new(of, &id).with_when(&when);
        call.store.delete(&call.cx, request).in_span_about("delete", of).await?;
        return Ok(empty_response(204));
    }
    // What is deleted is what was seen: another writer may take it out of sight meanwhile.
    for _ in 0..ATTEMPTS {
        let version = call.visible(of, &id, &Projection::default(), &permit).await?.version();
        if !version.as_ref().is_none_or(|version| when.holds(version)) {
            return Err(Failure::Store(StoreError::PreconditionFailed));
        }
        let seen = version.map_or(Precondition::None, |version| Precondition::OneOf(vec![version]));
        let request = Delete::new(of, &id).with_when(&seen);
        match call.store.delete(&call.cx, request).in_span_about("delete", of).await {
            Err(StoreError::PreconditionFailed) => {}
            other => return Ok(other.map(|_| empty_response(204))?),
        }
    }
    Err(Failure::TooManyRaces)
}
