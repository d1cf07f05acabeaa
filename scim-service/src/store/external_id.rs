//! Whose form an `externalId` may have.

use scim_core::Source;

use crate::context::Context;
use crate::store::StoreError;

/// Refuses to give a resource an `externalId` whose form is not the caller's: what logins make is found by it
/// ([`Source::may_claim`]). One that the resource has already stays. For stores.
///
/// # Errors
///
/// [`StoreError::InvalidValue`].
pub fn reserve_external_id(cx: &Context, old: Option<&str>, new: Option<&str>) -> Result<(), StoreError> {
    match new {
        Some(external_id) if old != new && !cx.principal.source().may_claim(external_id) => {
            let expected =
                format!("an identifier that does not start with `{}`, which logins alone use", Source::BY_LOGIN);
            Err(StoreError::InvalidValue { attribute: "externalId".to_owned(), expected })
        }
        _ => Ok(()),
    }
}
