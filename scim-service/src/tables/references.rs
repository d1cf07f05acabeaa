//! What a resource says of others: `members` of a group, `groups` of a user. They are read where somebody looks at them.

use std::collections::HashMap;

use scim_core::{Projection, Resource, ResourceId, TypeSchema};
use serde_json::Value;

use super::database::{Connection, Fault};
use super::members::Closure;
use super::record::Record;
use super::session::{Session, is_group, is_user};

/// Which references of a resource are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct References {
    pub(super) members: bool,
    pub(super) groups: bool,
}

impl References {
    pub(super) fn wanted(of: &TypeSchema, want: &Projection) -> Self {
        let wants = |name: &str| of.base().attribute(name).is_some_and(|attribute| want.wants(None, attribute));
        Self { members: is_group(of) && wants("members"), groups: is_user(of) && wants("groups") }
    }

    pub(super) fn any(self) -> bool {
        self.members || self.groups
    }
}

impl<C: Connection> Session<'_, C> {
    /// The resource as a client sees it.
    pub(super) async fn show(
        &mut self,
        of: &TypeSchema,
        id: &ResourceId,
        want: &Projection,
    ) -> Result<Resource, Fault> {
        let record = self.find(of, id.as_str()).await?;
        let mut shown = vec![record.shown(of, self.tenant)];
        self.refer(&mut shown, References::wanted(of, want)).await?;
        Ok(shown.pop().unwrap_or_default())
    }

    /// Adds references to resources, with few statements for all of them.
    pub(super) async fn refer(&mut self, resources: &mut [Resource], references: References) -> Result<(), Fault> {
        if !references.any() || self.layouts.related().is_none() {
            return Ok(());
        }
        let ids: Vec<String> = resources.iter().filter_map(|resource| resource.id().map(Into::into)).collect();
        let name = if references.members { "members" } else { "groups" };
        let mut found: HashMap<String, Vec<Value>> =
            if references.members { self.member_values(&ids).await? } else { self.group_values(&ids).await? };
        for resource in resources {
            let values = resource.id().and_then(|id| found.remove(&*id)).filter(|values| !values.is_empty());
            resource.set(name, values.map(Value::Array));
        }
        Ok(())
    }

    /// What a resource says, besides its row: for a patch that looks at it.
    pub(super) async fn shown(
        &mut self,
        of: &TypeSchema,
        record: &Record,
        references: References,
    ) -> Result<Resource, Fault> {
        let mut shown = vec![record.shown(of, self.tenant)];
        self.refer(&mut shown, references).await?;
        Ok(shown.pop().unwrap_or_default())
    }

    /// Moves the versions of the users among these resources and below them: their `groups` have changed (R204).
    pub(super) async fn touch_users(&mut self, users: Vec<String>, others: Vec<String>) -> Result<(), Fault> {
        let Some(related) = self.layouts.related() else { return Ok(()) };
        let below = Closure::below(self, others).await?;
        let mut users = users;
        users.extend(below);
        users.sort();
        users.dedup();
        self.touch(related.users, &users, false).await
    }
}
