//! Protected roles that come and go: an event of its own in the log.

use scim_service::{Grant, StoreError};

/// Says in the log that a protected role was given or taken back.
pub(crate) fn tell_protected(grant: &Grant, granted: bool) {
    let Grant { name: role, holder_type: resource_type, holder: id, source, .. } = grant;
    let what = if granted { "a protected role was given" } else { "a protected role was taken back" };
    tracing::warn!(role, resource_type, %id, source, "{what}");
}

/// Refuses a write after which nobody holds a role any more that somebody has to hold.
pub(crate) fn last_holder(role: &str) -> StoreError {
    let reason = format!("the last active user with the role `{role}` can't lose it: give it to somebody else first");
    StoreError::Refused { reason }
}
