//! The suite over schemas of a host, and over stores of which one thing is wrong: one cause is told once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use async_trait::async_trait;
use scim_core::{Resource, ResourceId, SchemaSet};
use scim_service::conformance::{CASES, Suite};
use scim_service::store::{StoreCapabilities, StoreError};
use scim_service::{
    Change, Context, Create, Delete, List, ListPage, Membership, MemoryStore, Modify, Read, Replace, Store,
    Transaction, Written,
};
use serde_json::{Value, json};

use crate::RUNTIME;
use crate::own_schemas::{least, own};

mod over_own_schemas {
    use super::*;

    scim_service::store_conformance!(async || MemoryStore::new(), |future| RUNTIME.block_on(future), own());
}

mod over_the_least_schemas {
    use super::*;

    scim_service::store_conformance!(async || MemoryStore::new(), |future| RUNTIME.block_on(future), least());
}

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Down,
    NoMeta,
    ForgetsEmails,
    ForgetsFamilyNames,
    ForgetsOwn,
    OneVersion,
    EmptyLists,
    Panics,
    NoGroups,
    NothingDeleted,
    NoTenants,
    CaseExactTitles,
    OwnFilters,
}

struct Broken(MemoryStore, Fault);

impl Broken {
    /// What the store keeps of a resource.
    fn kept(&self, mut resource: Resource) -> Resource {
        match self.1 {
            Fault::ForgetsEmails => resource.set("emails", None),
            Fault::ForgetsOwn => resource.set("level", None),
            Fault::ForgetsFamilyNames => {
                if let Some(Value::Object(name)) = resource.attributes_mut().get_mut("name") {
                    name.remove("familyName");
                }
                if resource.get("name").is_some_and(|name| name.members().next().is_none()) {
                    resource.set("name", None);
                }
            }
            _ => {}
        }
        resource
    }

    fn shown(&self, mut resource: Resource) -> Resource {
        match self.1 {
            Fault::NoMeta => resource.set("meta", None),
            Fault::OneVersion => resource.attributes_mut()["meta"]["version"] = json!("W/\"1\""),
            _ => {}
        }
        resource
    }

    fn told(&self, written: Written) -> Written {
        Written::new(self.shown(written.resource), written.change)
    }

    fn check(&self, cx: &Context) -> Result<(), StoreError> {
        match self.1 {
            Fault::Down => Err(StoreError::Unavailable("connection refused".into())),
            Fault::NoTenants if cx.tenant().is_some() => Err(StoreError::Unsupported { what: "has no tenants" }),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Broken {
    async fn create(&self, cx: &Context, mut request: Create<'_>) -> Result<Written, StoreError> {
        self.check(cx)?;
        assert_ne!(self.1, Fault::Panics, "the table is missing");
        if self.1 == Fault::NoGroups && request.of.resource_type().name().as_str() == "Group" {
            return Err(StoreError::internal("no such table: teams"));
        }
        request.resource = self.kept(request.resource);
        self.0.create(cx, request).await.map(|written| self.told(written))
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.check(cx)?;
        self.0.read(cx, request).await.map(|resource| self.shown(resource))
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.check(cx)?;
        if self.1 == Fault::EmptyLists {
            return Ok(ListPage::default().with_total(0));
        }
        let is_of_titles = self.1 == Fault::CaseExactTitles && request.filter.is_some_and(|by| by.mentions("title"));
        let is_of_levels = self.1 == Fault::OwnFilters && request.filter.is_some_and(|by| by.mentions("level"));
        let mut page = self.0.list(cx, request).await?;
        if is_of_levels {
            page = ListPage::default().with_total(0);
        }
        page.resources = page.resources.into_iter().map(|resource| self.shown(resource)).collect();
        if is_of_titles {
            page.resources.retain(|user| user.text("title").is_none_or(|title| !title.starts_with('D')));
        }
        Ok(page)
    }

    async fn replace(&self, cx: &Context, mut request: Replace<'_>) -> Result<Written, StoreError> {
        self.check(cx)?;
        request.resource = self.kept(request.resource);
        self.0.replace(cx, request).await.map(|written| self.told(written))
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        self.check(cx)?;
        self.0.patch(cx, request).await.map(|written| self.told(written))
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.check(cx)?;
        if self.1 == Fault::NothingDeleted {
            return Ok(Change::new(cx, request.of, request.id.clone()));
        }
        self.0.delete(cx, request).await
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.check(cx)?;
        self.0.memberships(cx, members).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.0.capabilities()
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        self.0.begin(cx).await
    }
}

/// What the cases say of a store, all of them.
fn said(fault: Fault, schemas: SchemaSet) -> Vec<String> {
    let suite = Suite::new(schemas);
    let mut said = Vec::new();
    for (_, case) in CASES {
        let run = || {
            let store = async || Broken(MemoryStore::new(), fault);
            suite.run(store, |future| RUNTIME.block_on(future), *case);
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            let text = panic.downcast_ref::<String>().cloned();
            said.push(text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default());
        }
    }
    said
}

#[test]
fn a3_one_cause_is_told_once() {
    for (fault, cause) in [
        (
            Fault::Down,
            "a user with a `userName` alone cannot be created: the store is not available: connection refused",
        ),
        (Fault::NoMeta, "guarantee 1: `create` answers with a user without complete `meta`"),
        (Fault::OneVersion, "guarantee 4: the version of a user stays the same when the user changes"),
        (Fault::EmptyLists, "guarantee 7: a list without a filter holds 0 users, expected the one there is"),
        (Fault::Panics, "the store cannot be tried: "),
        (Fault::NoGroups, "guarantee 1: a group cannot be created: the store failed: no such table: teams"),
        (Fault::NothingDeleted, "guarantee 10: a user that was deleted can still be read"),
        (Fault::ForgetsEmails, "guarantee 1: the store does not keep `emails` of User, which the schemas have"),
        (
            Fault::ForgetsFamilyNames,
            "guarantee 1: the store does not keep `name.familyName` of User, which the schemas have",
        ),
    ] {
        let said = said(fault, SchemaSet::builtin());
        assert_eq!(said.len(), 1, "{fault:?}: {said:#?}");
        assert!(said[0].contains(cause), "{fault:?}: {said:?}");
        assert!(said[0].lines().count() == 1 || fault == Fault::Panics, "{said:?}");
    }
    let said = said(Fault::ForgetsOwn, own());
    assert!(said.len() == 1 && said[0].contains("does not keep `level` of User"), "{said:?}");
}

#[test]
fn a3_what_is_no_common_cause_is_told_by_its_case() {
    let said = said(Fault::CaseExactTitles, SchemaSet::builtin());
    assert!(
        !said.is_empty() && said.iter().all(|said| said.contains("guarantee 7") || said.contains("guarantee 1")),
        "{said:#?}"
    );
}

#[test]
fn a2_filters_of_a_hosts_own_attributes_are_tried() {
    let said = said(Fault::OwnFilters, own());
    assert!(said.len() == 1 && said[0].contains("User: level pr"), "{said:#?}");
}

#[test]
fn a2_a_store_without_tenants_is_held_to_all_else() {
    assert_eq!(said(Fault::NoTenants, SchemaSet::builtin()), [""; 0]);
}
