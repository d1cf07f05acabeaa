//! The groups of a person, made those of an assertion.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use scim_core::{Resource, ResourceId, ValueRef};
use scim_service::StoreError;

use crate::group_reader::group_ids;
use crate::login::assertion::{GroupClaim, GroupNames};
use crate::login::assertion::{GroupScope, IdentityProvider};
use crate::login::outcome::GroupChanges;
use crate::login::provision::login_store::LoginStore;
use crate::login::provision::provisioning::{Provisioning, id_of};

impl<S: LoginStore + ?Sized> Provisioning<'_, S> {
    /// Makes `wanted` the groups of a user, as far as the identity provider speaks for groups. Groups are left before any is
    /// joined. However many there are, it takes few calls of the store.
    pub(in crate::login) async fn sync_groups(
        &self,
        provider: &IdentityProvider,
        user: &ResourceId,
        wanted: &[String],
    ) -> Result<GroupChanges, StoreError> {
        let mut changes = GroupChanges::default();
        let (mut held, mut leave) = (BTreeSet::new(), Vec::new());
        let direct = |element: ValueRef<'_>| element.get("type").is_none_or(|kind| kind != "indirect");
        for group in self.groups_by_id(&group_ids(&self.user(user).await?, direct)).await? {
            let Some(name) = asserted_name(provider, &group) else { continue };
            if wanted.contains(&name) {
                held.insert(name);
            } else {
                leave.push(id_of(&group)?);
                changes.left.push(display_name(&group).into_owned());
            }
        }
        let missing: Vec<&str> = wanted.iter().map(String::as_str).filter(|name| !held.contains(*name)).collect();
        let groups = self.asserted_groups(provider, &missing, &mut changes.not_joined).await?;
        let join = groups.iter().map(id_of).collect::<Result<Vec<_>, _>>()?;
        changes.joined.extend(groups.iter().map(|group| display_name(group).into_owned()));
        self.move_user(user, &leave, &join).await?;
        Ok(changes)
    }

    /// The groups that an assertion means by these names, in this order, created if they are not there.
    async fn asserted_groups(
        &self,
        provider: &IdentityProvider,
        names: &[&str],
        refused: &mut Vec<String>,
    ) -> Result<Vec<Resource>, StoreError> {
        let attribute = key_attribute(provider);
        let keys: Vec<String> = names.iter().map(|name| key(provider, name)).collect();
        let mut by_key = BTreeMap::new();
        let groups = self.groups(attribute, &keys).await?;
        for group in groups.into_iter().filter(|group| speaks_for(provider, group)) {
            // The first of several with one name, as the store lists them.
            if let Some(key) = group.text(attribute).map(Cow::into_owned) {
                by_key.entry(key).or_insert(group);
            }
        }
        let unknown = names.iter().zip(&keys).filter(|(_, key)| !by_key.contains_key(*key));
        let drafts = unknown.map(|(name, key)| draft(name, (attribute == "externalId").then_some(key))).collect();
        let created = self.create_groups(drafts).await?;
        refused.extend(created.refused);
        for group in created.groups {
            if let Some(key) = group.text(attribute).map(Cow::into_owned) {
                by_key.insert(key, group);
            }
        }
        Ok(keys.iter().filter_map(|key| by_key.remove(key)).collect())
    }
}

fn draft(display_name: &str, external_id: Option<&String>) -> Resource {
    let mut group = Resource::default();
    let attributes = group.attributes_mut();
    attributes.insert("displayName".to_owned(), display_name.into());
    if let Some(external_id) = external_id {
        attributes.insert("externalId".to_owned(), external_id.as_str().into());
    }
    group
}

/// The attribute by which the groups of an assertion are found.
fn key_attribute(provider: &IdentityProvider) -> &'static str {
    match (provider.groups(), names(provider)) {
        (GroupScope::Own, _) | (GroupScope::Shared, GroupNames::ExternalId) => "externalId",
        (GroupScope::Shared, GroupNames::DisplayName) => "displayName",
    }
}

/// The value that it has for the group of this name.
fn key(provider: &IdentityProvider, name: &str) -> String {
    match provider.groups() {
        GroupScope::Own => provider.external_id(name),
        GroupScope::Shared => name.to_owned(),
    }
}

/// Whether the identity provider may put people into a group, and take them out.
fn speaks_for(provider: &IdentityProvider, group: &Resource) -> bool {
    provider.groups() == GroupScope::Shared || provider.asserts(group)
}

/// What an assertion would call this group; `None` where the identity provider does not speak for it.
fn asserted_name(provider: &IdentityProvider, group: &Resource) -> Option<String> {
    if !speaks_for(provider, group) {
        return None;
    }
    match (provider.groups(), names(provider)) {
        (GroupScope::Own, _) => Some(group.external_id()?.as_str().strip_prefix(&*provider.own_prefix())?.to_owned()),
        (GroupScope::Shared, GroupNames::ExternalId) => Some(group.external_id()?.as_str().to_owned()),
        (GroupScope::Shared, GroupNames::DisplayName) => Some(display_name(group).into_owned()),
    }
}

fn names(provider: &IdentityProvider) -> GroupNames {
    provider.mapping().groups().map(GroupClaim::names).unwrap_or_default()
}

fn display_name(group: &Resource) -> Cow<'_, str> {
    group.text("displayName").unwrap_or_default()
}
