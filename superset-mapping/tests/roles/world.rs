//! A store whose roles follow, as its tests call it.

use std::sync::Arc;

use chrono::Utc;
use scim_core::message::PatchOp;
use scim_core::{Profile, Resource, ResourceId, SchemaSet, Tolerance, TypeSchema, urn};
use scim_patch::Patch;
use scim_service::{Change, Context, Create, Delete, Modify, Principal, Replace, Store, StoreError, StoreExt};
use serde_json::{Value, from_value, json};
use superset_mapping::{RoleSync, RoleTarget, RuleSet};

pub(crate) const RULES: &str = r#"
    sources = ["client:okta"]
    default_roles = ["Everybody"]
    [[rule]]
    group = "readers"
    roles = ["Reader"]
    [[rule]]
    group = "writers"
    roles = ["Reader", "Writer"]
    [[rule]]
    when = 'title eq "auditor"'
    roles = ["Auditor"]
    [[rule]]
    group_external_id = "grp-admins"
    roles = ["Admin"]
    grants_protected = true
"#;

pub(crate) fn sync<S: Store, T: RoleTarget>(store: S, target: T) -> RoleSync<S, T> {
    RoleSync::new(store, target, RULES.parse::<RuleSet>().unwrap(), &SchemaSet::builtin()).unwrap()
}

pub(crate) fn by(client: &str) -> Context {
    Context::new(Principal::new(client), "r-1", Utc::now())
}

pub(crate) fn of(name: &str) -> Arc<TypeSchema> {
    SchemaSet::builtin().of(&name.into()).unwrap().clone()
}

fn resource(value: Value) -> Resource {
    from_value(value).unwrap()
}

/// Calls of a store or a transaction by one client.
pub(crate) struct Calls<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) cx: Context,
}

pub(crate) fn okta(store: &dyn Store) -> Calls<'_> {
    Calls { store, cx: by("okta") }
}

impl Calls<'_> {
    pub(crate) async fn create(&self, name: &str, value: Value) -> Result<ResourceId, StoreError> {
        let written = self.store.create(&self.cx, Create::new(&of(name), resource(value))).await?;
        Ok(written.change.id)
    }

    pub(crate) async fn user(&self, name: &str) -> ResourceId {
        self.create("User", json!({ "userName": name })).await.unwrap()
    }

    pub(crate) async fn group(&self, name: &str, members: &[&ResourceId]) -> Result<ResourceId, StoreError> {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        self.create("Group", json!({"displayName": name, "members": members})).await
    }

    pub(crate) async fn replace(&self, name: &str, id: &ResourceId, value: Value) -> Result<Change, StoreError> {
        let written = self.store.replace(&self.cx, Replace::new(&of(name), id, resource(value))).await?;
        Ok(written.change)
    }

    pub(crate) async fn patch(&self, name: &str, id: &ResourceId, operation: Value) -> Result<Change, StoreError> {
        let (profile, of) = (Profile::rfc(), of(name));
        let message = json!({"schemas": [urn::PATCH_OP], "Operations": [operation]});
        let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 1000).unwrap();
        let patch = Patch::check(&message, &of, &profile).unwrap();
        Ok(self.store.apply(&self.cx, Modify::new(&of, id, &patch)).await?.change)
    }

    pub(crate) async fn add(&self, group: &ResourceId, member: &ResourceId) -> Result<Change, StoreError> {
        self.patch("Group", group, json!({"op": "add", "path": "members", "value": [{ "value": member }]})).await
    }

    pub(crate) async fn remove(&self, group: &ResourceId, member: &ResourceId) -> Result<Change, StoreError> {
        let path = format!("members[value eq \"{member}\"]");
        self.patch("Group", group, json!({"op": "remove", "path": path})).await
    }

    pub(crate) async fn set(
        &self,
        name: &str,
        id: &ResourceId,
        path: &str,
        value: Value,
    ) -> Result<Change, StoreError> {
        self.patch(name, id, json!({"op": "replace", "path": path, "value": value})).await
    }

    pub(crate) async fn delete(&self, name: &str, id: &ResourceId) -> Result<Change, StoreError> {
        self.store.delete(&self.cx, Delete::new(&of(name), id)).await
    }
}
