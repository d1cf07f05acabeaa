//! What a login needs of a store.

use std::sync::Arc;

use scim_core::{
    Leniencies, PatchOp, Profile, Projection, Resource, ResourceId, ResourceTypeName, SchemaSet, TypeSchema, urn,
};
use scim_filter::{Comparison, Filter, Literal, Operator, check};
use scim_patch::{Patch, apply};
use scim_service::{Context, ListQuery, Precondition, Start, Store, StoreError};
use serde_json::{Value, json};

/// How often a write that lost a race is tried again.
const ATTEMPTS: usize = 16;

/// Most resources that a search for one of them looks at.
const MAX_FOUND: u64 = 100;

/// The people and groups of a store, as a SCIM client would change them, in the tenant of one call.
pub(super) struct Provisioning<'a, S: ?Sized> {
    store: &'a S,
    cx: &'a Context,
    user: &'a Arc<TypeSchema>,
    group: &'a Arc<TypeSchema>,
}

impl<'a, S: Store + ?Sized> Provisioning<'a, S> {
    /// `None` where the schemas have no users or no groups.
    pub(super) fn new(store: &'a S, cx: &'a Context, schemas: &'a SchemaSet) -> Option<Self> {
        let (user, group) = (schemas.of(&ResourceTypeName::user())?, schemas.of(&ResourceTypeName::group())?);
        Some(Self { store, cx, user, group })
    }

    /// The users for whom an attribute has this value.
    pub(super) async fn users(&self, attribute: &str, value: &str) -> Result<Vec<Resource>, StoreError> {
        self.find(self.user, attribute, value).await
    }

    /// The groups for which an attribute has this value.
    pub(super) async fn groups(&self, attribute: &str, value: &str) -> Result<Vec<Resource>, StoreError> {
        self.find(self.group, attribute, value).await
    }

    async fn find(&self, of: &Arc<TypeSchema>, attribute: &str, value: &str) -> Result<Vec<Resource>, StoreError> {
        let path = attribute.parse().map_err(StoreError::internal)?;
        let filter =
            Filter::Compare(Comparison { path, operator: Operator::Eq, value: Literal::String(value.to_owned()) });
        let predicate =
            check(&filter, of, &Profile::rfc(), &mut Leniencies::default()).map_err(StoreError::internal)?;
        // Members can be many, and nobody looks at them here.
        let projection = Projection::new(&[] as &[&str], &["members"], of, &Profile::rfc());
        let projection =
            if Arc::ptr_eq(of, self.group) { projection.unwrap_or_default() } else { Projection::default() };
        let query =
            ListQuery { filter: Some(predicate), sort: None, start: Start::Index(1), count: MAX_FOUND, projection };
        Ok(self.store.list(self.cx, of, &query).await?.resources)
    }

    /// The user with this id.
    pub(super) async fn user(&self, id: &ResourceId) -> Result<Resource, StoreError> {
        self.store.get(self.cx, self.user, id, &Projection::default()).await
    }

    /// The group with this id, without its members.
    pub(super) async fn group(&self, id: &ResourceId) -> Result<Resource, StoreError> {
        let projection = Projection::new(&[] as &[&str], &["members"], self.group, &Profile::rfc()).unwrap_or_default();
        self.store.get(self.cx, self.group, id, &projection).await
    }

    /// A new user.
    pub(super) async fn create_user(&self, user: Resource) -> Result<Resource, StoreError> {
        self.store.create(self.cx, self.user, user).await
    }

    /// A new group without members.
    pub(super) async fn create_group(
        &self,
        display_name: &str,
        external_id: Option<&str>,
    ) -> Result<Resource, StoreError> {
        let mut group = Resource::default();
        let attributes = group.attributes_mut();
        attributes.insert("displayName".to_owned(), display_name.into());
        if let Some(external_id) = external_id {
            attributes.insert("externalId".to_owned(), external_id.into());
        }
        let schemas = self.group.schemas_of(attributes);
        attributes.insert("schemas".to_owned(), schemas);
        self.store.create(self.cx, self.group, group).await
    }

    /// Changes a user, again when another writer came between. Says whether anything changed.
    pub(super) async fn change_user(
        &self,
        id: &ResourceId,
        change: impl Fn(&mut Resource),
    ) -> Result<bool, StoreError> {
        self.replace(self.user, id, |current| {
            let mut changed = current.clone();
            change(&mut changed);
            Ok(changed)
        })
        .await
    }

    /// Puts a user into a group.
    pub(super) async fn join(&self, group: &ResourceId, user: &ResourceId) -> Result<(), StoreError> {
        let value = json!([{"value": user.as_str(), "type": "User"}]);
        self.patch_group(group, json!({"op": "add", "path": "members", "value": value})).await
    }

    /// Takes a user out of a group. A group that is gone has no members.
    pub(super) async fn leave(&self, group: &ResourceId, user: &ResourceId) -> Result<(), StoreError> {
        let path = format!("members[value eq {}]", Value::from(user.as_str()));
        match self.patch_group(group, json!({"op": "remove", "path": path})).await {
            Err(StoreError::NotFound) => Ok(()),
            outcome => outcome,
        }
    }

    async fn patch_group(&self, id: &ResourceId, operation: Value) -> Result<(), StoreError> {
        let profile = Profile::compatible();
        let message = json!({"schemas": [urn::PATCH_OP], "Operations": [operation]});
        let message =
            PatchOp::from_json(message, &profile, &mut Leniencies::default(), 1).map_err(StoreError::internal)?;
        let patch = Patch::check(&message, self.group, &profile)?;
        let want = Projection::new(&["meta"], &[] as &[&str], self.group, &profile).unwrap_or_default();
        let done = self.store.patch(self.cx, self.group, id, &patch, &Precondition::None, &want).await?;
        if done.is_none() {
            self.replace(self.group, id, |current| {
                let mut patched = current.clone();
                apply(&patch, &mut patched)?;
                Ok(patched)
            })
            .await?;
        }
        Ok(())
    }

    async fn replace(
        &self,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        make: impl Fn(&Resource) -> Result<Resource, StoreError>,
    ) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let current = self.store.get(self.cx, of, id, &Projection::default()).await?;
            let mut changed = make(&current)?;
            if changed == current {
                return Ok(false);
            }
            let attributes = changed.attributes_mut();
            // Issued by the store, or computed by it.
            for name in ["id", "meta", "groups"] {
                attributes.remove(name);
            }
            let schemas = of.schemas_of(attributes);
            attributes.insert("schemas".to_owned(), schemas);
            let seen = current.version().map_or(Precondition::None, |version| Precondition::OneOf(vec![version]));
            match self.store.replace(self.cx, of, id, changed, &seen).await {
                Err(StoreError::PreconditionFailed) => {}
                outcome => return outcome.map(|_| true),
            }
        }
        Err(StoreError::PreconditionFailed)
    }
}

/// The id of a resource that came from a store.
pub(super) fn id_of(resource: &Resource) -> Result<ResourceId, StoreError> {
    resource.id().ok_or(StoreError::NotFound)?.parse().map_err(StoreError::internal)
}
