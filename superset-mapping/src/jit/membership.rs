//! The groups of a person, made those of an assertion.

use scim_core::{Resource, ResourceId};
use scim_service::{Store, StoreError};
use serde_json::Value;

use crate::jit::group_claim::{GroupClaim, GroupNames};
use crate::jit::identity_provider::{GroupScope, IdentityProvider};
use crate::jit::login::{GroupChanges, group_ids};
use crate::jit::provisioning::{Provisioning, id_of};

impl<S: Store + ?Sized> Provisioning<'_, S> {
    /// Makes `wanted` the groups of a user, as far as the identity provider speaks for groups. Groups are left before any is
    /// joined.
    pub(super) async fn sync_groups(
        &self,
        provider: &IdentityProvider,
        user: &ResourceId,
        wanted: &[String],
    ) -> Result<GroupChanges, StoreError> {
        let mut changes = GroupChanges::default();
        let mut held = Vec::new();
        let direct = |element: &Value| element.get("type").and_then(Value::as_str) != Some("indirect");
        for id in group_ids(&self.user(user).await?, direct) {
            let group = match self.group(&id).await {
                Err(StoreError::NotFound) => continue,
                outcome => outcome?,
            };
            let Some(name) = asserted_name(provider, &group) else { continue };
            if wanted.contains(&name) {
                held.push(name);
            } else {
                self.leave(&id, user).await?;
                changes.left.push(display_name(&group).to_owned());
            }
        }
        for name in wanted.iter().filter(|name| !held.contains(name)) {
            match self.asserted_group(provider, name).await {
                Ok(group) => {
                    self.join(&id_of(&group)?, user).await?;
                    changes.joined.push(display_name(&group).to_owned());
                }
                // Somebody else's group has this name, or no group can have it.
                Err(StoreError::Uniqueness { .. } | StoreError::InvalidValue { .. } | StoreError::Refused { .. }) => {
                    changes.not_joined.push(name.clone());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(changes)
    }

    /// The group that an assertion means, created if it is not there.
    async fn asserted_group(&self, provider: &IdentityProvider, name: &str) -> Result<Resource, StoreError> {
        let (attribute, key) = key(provider, name);
        let exact = |group: &Resource| group.get(attribute).and_then(Value::as_str) == Some(&*key);
        if let Some(group) = self.groups(attribute, &key).await?.into_iter().find(exact) {
            return Ok(group);
        }
        let external_id = (attribute == "externalId").then_some(&*key);
        self.create_group(name, external_id).await
    }
}

/// The attribute by which the group of an assertion is found, and its value.
fn key(provider: &IdentityProvider, name: &str) -> (&'static str, String) {
    match (provider.groups(), names(provider)) {
        (GroupScope::Own, _) => ("externalId", provider.external_id(name)),
        (GroupScope::Shared, GroupNames::ExternalId) => ("externalId", name.to_owned()),
        (GroupScope::Shared, GroupNames::DisplayName) => ("displayName", name.to_owned()),
    }
}

/// What an assertion would call this group; `None` where the identity provider does not speak for it.
fn asserted_name(provider: &IdentityProvider, group: &Resource) -> Option<String> {
    match (provider.groups(), names(provider)) {
        (GroupScope::Own, _) => Some(group.external_id()?.as_str().strip_prefix(&*provider.own_prefix())?.to_owned()),
        (GroupScope::Shared, GroupNames::ExternalId) => Some(group.external_id()?.as_str().to_owned()),
        (GroupScope::Shared, GroupNames::DisplayName) => Some(display_name(group).to_owned()),
    }
}

fn names(provider: &IdentityProvider) -> GroupNames {
    provider.mapping().groups().map(GroupClaim::names).unwrap_or_default()
}

fn display_name(group: &Resource) -> &str {
    group.get("displayName").and_then(Value::as_str).unwrap_or_default()
}
