//! The policy that a story describes.

use std::collections::HashMap;

use async_trait::async_trait;
use scim_service::{Access, AccessDecision, AccessScope, AuthorizeError, Authorizer};
use serde::Deserialize;

/// What a story forbids. It concerns the principal `test` alone; others may do everything.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Policy {
    /// `Delete`, or `Delete Group` for one type; with `attribute` behind it, only where the request names that.
    deny: Vec<String>,
    /// The visible resources of each type.
    within: HashMap<String, String>,
    /// The hidden attributes of each type.
    hide: HashMap<String, Vec<String>>,
    /// Whether the policy cannot be asked.
    unavailable: bool,
}

#[async_trait]
impl Authorizer for Policy {
    async fn authorize(&self, access: &Access<'_>) -> Result<AccessDecision, AuthorizeError> {
        if self.unavailable {
            return Err(AuthorizeError::new("policy engine at 10.0.0.7 does not answer"));
        }
        if access.principal.name() != "test" {
            return Ok(AccessDecision::Allow);
        }
        let of = access.of.resource_type().name().as_str();
        let operation = format!("{:?}", access.operation);
        let mut requests = vec![operation.clone(), format!("{operation} {of}")];
        requests.extend(access.attributes.iter().map(|attribute| format!("{operation} {of} {attribute}")));
        if let Some(denied) = requests.iter().find(|request| self.deny.contains(request)) {
            return Ok(AccessDecision::deny(&format!("the story denies {denied}")));
        }
        let mut restriction = AccessScope::default();
        if let Some(filter) = self.within.get(of) {
            restriction = restriction.within(filter.parse().map_err(AuthorizeError::new)?);
        }
        for path in self.hide.get(of).into_iter().flatten() {
            restriction = restriction.hiding(path.parse().map_err(AuthorizeError::new)?);
        }
        Ok(if restriction == AccessScope::default() {
            AccessDecision::Allow
        } else {
            AccessDecision::Restrict(restriction)
        })
    }
}
