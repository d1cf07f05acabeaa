//! Grants in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scim_core::ResourceId;
use scim_service::StoreError;

use super::target::{RoleContext, RoleGrant, RoleTarget};

/// Keeps grants in memory: for tests and examples, and as a pattern for a target over a table of a host's own.
///
/// It is outside of any transaction, and has every role that it is asked for unless it is [told](Self::with_roles) which there are.
///
/// ```
/// use superset_mapping::MemoryRoles;
///
/// let (roles, ada) = (MemoryRoles::new(), "2819c223".parse()?);
/// roles.grant_manually(&ada, "Auditor");
/// assert_eq!(roles.roles_of(&ada), ["Auditor"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryRoles {
    existing: Option<BTreeSet<String>>,
    held: Mutex<BTreeMap<ResourceId, BTreeMap<String, RoleGrant>>>,
}

impl MemoryRoles {
    /// Nobody holds anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only these roles are there.
    #[must_use]
    pub fn with_roles<R: Into<String>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        Self { existing: Some(roles.into_iter().map(Into::into).collect()), ..self }
    }

    /// The roles of a user, in the order of their names.
    pub fn roles_of(&self, user: &ResourceId) -> Vec<String> {
        self.held().get(user).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// Grants a role as an operator would.
    pub fn grant_manually(&self, user: &ResourceId, role: &str) {
        self.held().entry(user.clone()).or_default().insert(role.to_owned(), RoleGrant::manual(role));
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<ResourceId, BTreeMap<String, RoleGrant>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RoleTarget for MemoryRoles {
    async fn existing(&self, _: &RoleContext<'_>, roles: &BTreeSet<String>) -> Result<BTreeSet<String>, StoreError> {
        Ok(match &self.existing {
            Some(existing) => roles.intersection(existing).cloned().collect(),
            None => roles.clone(),
        })
    }

    async fn held(&self, _: &RoleContext<'_>, user: &ResourceId) -> Result<Vec<RoleGrant>, StoreError> {
        Ok(self.held().get(user).into_iter().flat_map(BTreeMap::values).cloned().collect())
    }

    async fn give(&self, _: &RoleContext<'_>, user: &ResourceId, grants: &[RoleGrant]) -> Result<(), StoreError> {
        let mut held = self.held();
        let roles = held.entry(user.clone()).or_default();
        roles.extend(grants.iter().map(|grant| (grant.role.clone(), grant.clone())));
        Ok(())
    }

    async fn take(&self, _: &RoleContext<'_>, user: &ResourceId, roles: &[String]) -> Result<(), StoreError> {
        let mut held = self.held();
        if let Some(held) = held.get_mut(user) {
            held.retain(|role, _| !roles.contains(role));
        }
        held.retain(|_, roles| !roles.is_empty());
        Ok(())
    }

    async fn is_held_by_others(
        &self,
        _: &RoleContext<'_>,
        role: &str,
        except: &BTreeSet<ResourceId>,
    ) -> Result<bool, StoreError> {
        Ok(self.held().iter().any(|(user, roles)| !except.contains(user) && roles.contains_key(role)))
    }
}
