//! What a case works with.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::json::parse_date_time;
use scim_core::message::{PatchOp, SortOrder};
use scim_core::{Checker, Profile, Resource, ResourceId, SchemaSet, Tolerance, TypeSchema, ValueRef, urn};
use scim_filter::{Filter, Predicate, Sort, check};
use scim_patch::Patch;
use serde_json::{Value, json};

use crate::change::{Change, Written};
use crate::context::{Context, Principal};
use crate::store::{
    Create, Delete, List, ListPage, Modify, Precondition, Read, Replace, Store, StoreError, StoreExt, Transaction,
};

/// Waits for a future, on whatever runtime the store needs.
type BlockOn<'a> = dyn Fn(Pin<Box<dyn Future<Output = ()> + '_>>) + Sync + 'a;

/// How often a patch is tried again that other writers may have come before.
const ATTEMPTS: usize = 32;

/// A store under test, with the means to call it as the service does: what it gets is checked, and every call has a time
/// of its own, a second after the last.
pub struct Trial<'a> {
    store: &'a dyn Store,
    block_on: &'a BlockOn<'a>,
    schemas: Arc<SchemaSet>,
    tenant: Option<String>,
    client: &'a str,
    seconds: Arc<AtomicI64>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(store: &'a dyn Store, block_on: &'a BlockOn<'a>) -> Self {
        let schemas = Arc::new(SchemaSet::builtin());
        Self { store, block_on, schemas, tenant: None, client: "conformance", seconds: Arc::default() }
    }

    /// The same store as another tenant sees it.
    pub(super) fn in_tenant(&self, tenant: &str) -> Trial<'a> {
        Trial { tenant: Some(tenant.to_owned()), ..self.over(self.store) }
    }

    /// The same store as another client calls it.
    pub(super) fn by(&self, client: &'a str) -> Trial<'a> {
        Trial { client, ..self.over(self.store) }
    }

    /// The same, over another store, such as a transaction.
    pub(super) fn over<'b>(&self, store: &'b dyn Store) -> Trial<'b>
    where
        'a: 'b,
    {
        let (tenant, seconds) = (self.tenant.clone(), self.seconds.clone());
        let (schemas, client) = (self.schemas.clone(), self.client);
        Trial { store, block_on: self.block_on, schemas, tenant, client, seconds }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let mut output = None;
        (self.block_on)(Box::pin(async { output = Some(future.await) }));
        output.expect("`block_on` returns when the future is done")
    }

    pub(super) fn of(&self, name: &str) -> &Arc<TypeSchema> {
        self.schemas.of(&name.into()).expect("the type is built in")
    }

    /// A second later than the last time it was asked for.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let start = parse_date_time("2026-01-01T00:00:00.123Z").expect("the text is a time");
        start + TimeDelta::seconds(self.seconds.fetch_add(1, Ordering::Relaxed))
    }

    fn cx(&self) -> Context {
        let principal = Principal::new(self.client);
        let principal = match &self.tenant {
            Some(tenant) => principal.in_tenant(tenant),
            None => principal,
        };
        Context::new(principal, "conformance", self.now())
    }

    /// The resource as the service hands it over.
    fn checked(&self, of: &str, resource: Value) -> Resource {
        let mut resource = resource;
        let schema = if of == "Group" { urn::GROUP } else { urn::USER };
        let mut schemas = vec![schema];
        if resource.get(urn::ENTERPRISE_USER).is_some() {
            schemas.push(urn::ENTERPRISE_USER);
        }
        resource["schemas"] = json!(schemas);
        Checker::new(self.of(of), &mut Tolerance::rfc()).resource(resource).expect("the fixture is valid")
    }

    pub(super) fn create(&self, of: &str, resource: Value) -> Result<Resource, StoreError> {
        self.written_new(of, resource).map(|written| written.resource)
    }

    pub(super) fn written_new(&self, of: &str, resource: Value) -> Result<Written, StoreError> {
        let resource = self.checked(of, resource);
        self.wait(self.store.create(&self.cx(), Create::new(self.of(of), resource)))
    }

    /// Creates a user and returns the id.
    pub(super) fn user(&self, user_name: &str) -> String {
        id_of(&self.create("User", json!({ "userName": user_name })).expect("guarantee 1: a user can be created"))
    }

    /// Creates a group and returns the id.
    pub(super) fn group(&self, display_name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        let group = self.create("Group", json!({"displayName": display_name, "members": members}));
        id_of(&group.expect("guarantee 1: a group can be created"))
    }

    pub(super) fn get(&self, of: &str, id: &str) -> Result<Resource, StoreError> {
        self.wait(self.store.read(&self.cx(), Read::new(self.of(of), &rid(id))))
    }

    /// The resource, which is there.
    pub(super) fn read(&self, of: &str, id: &str) -> Resource {
        self.get(of, id).expect("guarantee 1: what was created can be read")
    }

    pub(super) fn replace(
        &self,
        of: &str,
        id: &str,
        resource: Value,
        when: &Precondition,
    ) -> Result<Resource, StoreError> {
        let resource = self.checked(of, resource);
        let written =
            self.wait(self.store.replace(&self.cx(), Replace::new(self.of(of), &rid(id), resource).with_when(when)));
        written.map(|written| written.resource)
    }

    /// Replaces by content as the service hands it over: an attribute that is `null` is one that only clients write, and goes.
    pub(super) fn written_over(&self, of: &str, id: &str, content: Value) -> Result<Written, StoreError> {
        let removed: Vec<String> = content
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.is_null())
            .map(|(name, _)| name.clone())
            .collect();
        let mut resource = self.checked(of, content);
        for name in removed {
            resource.attributes_mut().insert(name, Value::Null);
        }
        self.wait(self.store.replace(&self.cx(), Replace::new(self.of(of), &rid(id), resource)))
    }

    /// Patches through the store or, where it leaves that to the service, as the service does.
    pub(super) fn patch(
        &self,
        of: &str,
        id: &str,
        operations: &Value,
        when: &Precondition,
    ) -> Result<Resource, StoreError> {
        self.written_patch(of, id, operations, when).map(|written| written.resource)
    }

    pub(super) fn written_patch(
        &self,
        of: &str,
        id: &str,
        operations: &Value,
        when: &Precondition,
    ) -> Result<Written, StoreError> {
        let profile = Profile::rfc();
        let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
        let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 1000).expect("the patch is valid");
        let patch = Patch::check(&message, self.of(of), &profile).expect("the patch is valid");
        let (cx, id, of) = (self.cx(), rid(id), self.of(of));
        let request = Modify::new(of, &id, &patch).with_when(when);
        if !self.store.capabilities().patch {
            let refused = self.wait(self.store.patch(&cx, request));
            assert!(
                matches!(refused, Err(StoreError::Unsupported { .. })),
                "guarantee 12: `capabilities` name no patches, and `patch` gives {refused:?}"
            );
        }
        for _ in 0..ATTEMPTS {
            match self.wait(self.store.apply(&cx, request)) {
                // Others have been faster.
                Err(StoreError::PreconditionFailed) if *when == Precondition::None => {}
                outcome => return outcome,
            }
        }
        panic!("guarantee 5: a write under the version that `read` has just told was refused again and again");
    }

    /// Whether the store applies patches itself.
    pub(super) fn applies_patches(&self) -> bool {
        self.store.capabilities().patch
    }

    /// Sets one attribute.
    pub(super) fn set(&self, of: &str, id: &str, path: &str, value: &str) -> Result<Resource, StoreError> {
        self.patch(of, id, &json!([{"op": "replace", "path": path, "value": value}]), &Precondition::None)
    }

    pub(super) fn add_member(&self, group: &str, member: &str) -> Result<Resource, StoreError> {
        let add = json!([{"op": "add", "path": "members", "value": [{ "value": member }]}]);
        self.patch("Group", group, &add, &Precondition::None)
    }

    pub(super) fn remove_member(&self, group: &str, member: &str) -> Result<Resource, StoreError> {
        let path = format!("members[value eq \"{member}\"]");
        self.patch("Group", group, &json!([{"op": "remove", "path": path}]), &Precondition::None)
    }

    /// The groups that a resource is directly in and who says so; `None`, with a word to whoever reads the output, where the store does not
    /// tell.
    pub(super) fn memberships(&self, member: &str) -> Option<Vec<(String, String)>> {
        let told = self.wait(self.store.memberships(&self.cx(), &[rid(member)]));
        if !self.store.capabilities().memberships {
            let refused = told.err();
            assert!(
                matches!(refused, Some(StoreError::Unsupported { .. })),
                "guarantee 8: `capabilities` name no memberships, and `memberships` gives {refused:?}"
            );
            println!("the store does not tell who asserts memberships");
            return None;
        }
        let told = told.expect("guarantee 8: memberships are told").into_iter();
        let mut told: Vec<_> = told
            .map(|membership| {
                assert_eq!(membership.member.as_str(), member, "guarantee 8: memberships of those who were asked for");
                (membership.group.to_string(), membership.source.to_string())
            })
            .collect();
        told.sort();
        Some(told)
    }

    pub(super) fn delete(&self, of: &str, id: &str, when: &Precondition) -> Result<(), StoreError> {
        self.deleted(of, id, when).map(drop)
    }

    pub(super) fn deleted(&self, of: &str, id: &str, when: &Precondition) -> Result<Change, StoreError> {
        self.wait(self.store.delete(&self.cx(), Delete::new(self.of(of), &rid(id)).with_when(when)))
    }

    pub(super) fn list(&self, list: List<'_>) -> ListPage {
        self.wait(self.store.list(&self.cx(), list)).expect("guarantee 7: a checked query is answered")
    }

    /// The ids that a filter selects, in the order of the answer.
    pub(super) fn select(&self, of: &str, filter: &str) -> Vec<String> {
        let filter = self.predicate(of, filter);
        ids_of(&self.list(List::new(self.of(of), 1000).with_filter(&filter)))
    }

    pub(super) fn predicate(&self, of: &str, filter: &str) -> Predicate {
        let filter: Filter = filter.parse().expect("the filter is well formed");
        check(&filter, self.of(of), &mut Tolerance::rfc()).expect("the filter fits the schema")
    }

    pub(super) fn sort(&self, of: &str, path: &str, order: SortOrder) -> Sort {
        let path = path.parse().expect("the path is well formed");
        Sort::check(&path, order, self.of(of), &mut Tolerance::rfc()).expect("the path can be sorted by")
    }

    /// A transaction; `None`, with a word to whoever reads the output, where the store has none.
    pub(super) fn begin(&self) -> Option<Box<dyn Transaction>> {
        let begun = self.wait(self.store.begin(&self.cx()));
        if self.store.capabilities().transactions {
            return Some(begun.expect("guarantee 12: a transaction can begin"));
        }
        let refused = begun.err();
        assert!(
            matches!(refused, Some(StoreError::Unsupported { .. })),
            "guarantee 12: `capabilities` name no transactions, and `begin` gives {refused:?}"
        );
        println!("the store has no transactions: guarantee 12 does not bind it");
        None
    }

    pub(super) fn commit(&self, transaction: Box<dyn Transaction>) {
        self.wait(transaction.commit()).expect("guarantee 12: a transaction can be committed");
    }
}

impl std::fmt::Debug for Trial<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trial").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

pub(super) fn rid(id: &str) -> ResourceId {
    id.parse().expect("guarantee 1: the id is legal")
}

pub(super) fn id_of(resource: &Resource) -> String {
    resource.id().expect("guarantee 1: a resource has an id").into_owned()
}

pub(super) fn ids_of(page: &ListPage) -> Vec<String> {
    page.resources.iter().map(id_of).collect()
}

pub(super) fn version_of(resource: &Resource) -> String {
    resource.version().expect("guarantee 1: a resource has a version").as_str().to_owned()
}

/// One sub-attribute of every element of an attribute, sorted.
pub(super) fn each(resource: &Resource, attribute: &str, sub: &str) -> Vec<String> {
    let elements = resource.get(attribute).into_iter().flat_map(ValueRef::elements);
    let mut texts: Vec<String> =
        elements.filter_map(|element| Some(element.get(sub)?.as_str()?.into_owned())).collect();
    texts.sort();
    texts
}

/// Ids in order.
pub(super) fn sorted(ids: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    ids.sort();
    ids
}

pub(super) fn is_not_found<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::NotFound))
}

/// The attribute that a refusal names; `None` where it is no refusal for uniqueness.
pub(super) fn taken<T>(outcome: &Result<T, StoreError>) -> Option<&str> {
    match outcome {
        Err(StoreError::Uniqueness { attribute }) => Some(attribute),
        _ => None,
    }
}
