//! Calls of the store as one client or identity provider among several.

use scim_core::Resource;
use scim_service::{Context, Create, Delete, Modify, Principal, Read, Replace, Store, StoreError};
use serde_json::{Value, json};

use crate::support::{Superset, id_of, rid};

/// Rules that name their sources.
pub(crate) const SOURCES: &str = r#"
    sources = ["scim", "provider:partners"]
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    from = "scim"
    roles = ["Alpha"]
    [[rule]]
    group = "analysts"
    provider = "partners"
    roles = ["sql_lab"]
    [[rule]]
    group_external_id = "grp-exec"
    client = "okta"
    roles = ["Admin"]
    grants_protected = true
    [[rule]]
    group_external_id = "grp-boss"
    provider = "partners"
    roles = ["Admin"]
    grants_protected = true
"#;

/// Calls as somebody.
pub(crate) struct As<'s> {
    superset: &'s Superset,
    principal: Principal,
}

impl As<'_> {
    pub(crate) fn cx(&self) -> Context {
        self.superset.cx().with_principal(self.principal.clone())
    }

    pub(crate) async fn create(&self, of: &str, resource: Value) -> Result<Resource, StoreError> {
        let resource = self.superset.resource(of, resource);
        self.superset
            .store
            .create(&self.cx(), Create::new(self.superset.of(of), resource))
            .await
            .map(|written| written.resource)
    }

    pub(crate) async fn user(&self, user: Value) -> String {
        id_of(&self.create("User", user).await.unwrap())
    }

    pub(crate) async fn group(&self, name: &str, external_id: &str, members: &[&str]) -> Result<String, StoreError> {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        let group = json!({"displayName": name, "externalId": external_id, "members": members});
        self.create("Group", group).await.map(|group| id_of(&group))
    }

    pub(crate) async fn replace(&self, of: &str, id: &str, resource: Value) -> Result<Resource, StoreError> {
        let resource = self.superset.resource(of, resource);
        self.superset
            .store
            .replace(&self.cx(), Replace::new(self.superset.of(of), &rid(id), resource))
            .await
            .map(|written| written.resource)
    }

    pub(crate) async fn patch(&self, of: &str, id: &str, operations: Value) -> Result<Resource, StoreError> {
        let patch = self.superset.checked_patch(of, &operations);
        self.superset
            .store
            .patch(&self.cx(), Modify::new(self.superset.of(of), &rid(id), &patch))
            .await
            .map(|written| written.resource)
    }

    pub(crate) async fn set(&self, of: &str, id: &str, path: &str, value: Value) -> Result<Resource, StoreError> {
        self.patch(of, id, json!([{"op": "replace", "path": path, "value": value}])).await
    }

    pub(crate) async fn add(&self, group: &str, member: &str) -> Resource {
        let add = json!([{"op": "add", "path": "members", "value": [{ "value": member }]}]);
        self.patch("Group", group, add).await.unwrap()
    }

    pub(crate) async fn get(&self, of: &str, id: &str) -> Result<Resource, StoreError> {
        self.superset.store.read(&self.cx(), Read::new(self.superset.of(of), &rid(id))).await
    }

    pub(crate) async fn delete(&self, of: &str, id: &str) {
        let of = self.superset.of(of);
        self.superset.store.delete(&self.cx(), Delete::new(of, &rid(id))).await.unwrap();
    }
}

pub(crate) fn client<'s>(superset: &'s Superset, name: &str) -> As<'s> {
    As { superset, principal: Principal::new(name) }
}

pub(crate) fn provider<'s>(superset: &'s Superset, name: &str) -> As<'s> {
    As { superset, principal: Principal::provider(name) }
}

pub(crate) fn in_tenant<'s>(superset: &'s Superset, name: &str, tenant: &str) -> As<'s> {
    As { superset, principal: Principal::new(name).in_tenant(tenant) }
}

pub(crate) async fn generation(superset: &Superset, id: &str) -> i64 {
    superset.store.session_of(&superset.cx(), &rid(id)).await.unwrap().unwrap().generation
}

/// The details of audit records of an action, with who caused them.
pub(crate) async fn noted(superset: &Superset, action: &str) -> Vec<String> {
    let select = "SELECT concat(principal, ' ', detail) FROM scim_audit WHERE action = ";
    superset.column(&format!("{select}'{action}' ORDER BY position")).await
}

pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    match outcome.unwrap_err() {
        StoreError::Refused { reason } => reason,
        other => panic!("{other}"),
    }
}
