//! What a login needs of a store.

use std::sync::Arc;

use scim_core::message::PatchOp;
use scim_core::{AttrPath, Profile, Projection, Resource, ResourceId, SchemaSet, Tolerance, TypeSchema, urn};
use scim_filter::{Comparison, Filter, Literal, Operator, check};
use scim_patch::Patch;
use scim_service::{Context, Create, List, Modify, Read, Replace, StoreError, StoreExt};
use serde_json::{Value, json};

use crate::login::provision::login_store::LoginStore;

/// How often a write that lost a race is tried again.
const ATTEMPTS: usize = 16;

/// Most resources that a search for one value looks at.
const MAX_FOUND: u64 = 100;

/// Most values that one search looks for.
const MAX_SOUGHT: usize = 50;

/// The people and groups of a store, as a SCIM client would change them, in the tenant of one call.
pub(in crate::login) struct Provisioning<'a, S: ?Sized> {
    store: &'a S,
    cx: &'a Context,
    user: &'a Arc<TypeSchema>,
    group: &'a Arc<TypeSchema>,
}

/// What became of new groups.
#[derive(Default)]
pub(in crate::login) struct Created {
    pub(in crate::login) groups: Vec<Resource>,
    /// The display names of those that the store refused.
    pub(in crate::login) refused: Vec<String>,
}

impl<'a, S: LoginStore + ?Sized> Provisioning<'a, S> {
    /// `None` where the schemas have no users or no groups.
    pub(in crate::login) fn new(store: &'a S, cx: &'a Context, schemas: &'a SchemaSet) -> Option<Self> {
        let (user, group) = (schemas.user()?, schemas.group()?);
        Some(Self { store, cx, user, group })
    }

    /// The users for whom an attribute has this value.
    pub(in crate::login) async fn users(&self, attribute: &str, value: &str) -> Result<Vec<Resource>, StoreError> {
        self.find(self.user, attribute, &[value.to_owned()]).await
    }

    /// The groups for which an attribute has one of these values, without their members.
    pub(in crate::login) async fn groups(
        &self,
        attribute: &str,
        values: &[String],
    ) -> Result<Vec<Resource>, StoreError> {
        self.find(self.group, attribute, values).await
    }

    /// The groups with these ids, without their members. Those that are gone are left out.
    pub(in crate::login) async fn groups_by_id(&self, ids: &[ResourceId]) -> Result<Vec<Resource>, StoreError> {
        let ids: Vec<String> = ids.iter().map(ResourceId::to_string).collect();
        self.find(self.group, "id", &ids).await
    }

    async fn find(
        &self,
        of: &Arc<TypeSchema>,
        attribute: &str,
        values: &[String],
    ) -> Result<Vec<Resource>, StoreError> {
        let path: AttrPath = attribute.parse().map_err(StoreError::internal)?;
        // Members can be many, and nobody looks at them here.
        let projection = Projection::new(&[] as &[&str], &["members"], of, &Profile::rfc());
        let projection =
            if Arc::ptr_eq(of, self.group) { projection.unwrap_or_default() } else { Projection::default() };
        let mut found = Vec::new();
        for values in values.chunks(MAX_SOUGHT) {
            let equals = |value: &String| {
                let value = Literal::String(value.clone());
                Filter::Compare(Comparison { path: path.clone(), operator: Operator::Eq, value })
            };
            let filter = match values {
                [value] => equals(value),
                values => Filter::Or(values.iter().map(equals).collect()),
            };
            let predicate = check(&filter, of, &mut Tolerance::rfc()).map_err(StoreError::internal)?;
            let count = MAX_FOUND * u64::try_from(values.len()).unwrap_or(1);
            let list = List::new(of, count).with_filter(&predicate).with_want(&projection);
            found.extend(self.store.list(self.cx, list).await?.resources);
        }
        Ok(found)
    }

    /// The user with this id.
    pub(in crate::login) async fn user(&self, id: &ResourceId) -> Result<Resource, StoreError> {
        self.store.read(self.cx, Read::new(self.user, id)).await
    }

    /// A new user.
    pub(in crate::login) async fn create_user(&self, user: Resource) -> Result<Resource, StoreError> {
        Ok(self.store.create(self.cx, Create::new(self.user, user)).await?.resource)
    }

    /// New groups without members, and those of them that the store refuses: somebody else's group has the name, or no group can have
    /// it. In one transaction, where the store has such.
    pub(in crate::login) async fn create_groups(&self, drafts: Vec<Resource>) -> Result<Created, StoreError> {
        let mut created = Created::default();
        if drafts.is_empty() {
            return Ok(created);
        }
        let begins = self.store.capabilities().transactions;
        let transaction = if begins { Some(self.store.begin(self.cx).await?) } else { None };
        for mut draft in drafts {
            let name = draft.text("displayName").unwrap_or_default().into_owned();
            let schemas = self.group.schemas_of(draft.as_value());
            draft.set("schemas", Some(schemas));
            let outcome = match &transaction {
                Some(transaction) => transaction.create(self.cx, Create::new(self.group, draft)).await,
                None => self.store.create(self.cx, Create::new(self.group, draft)).await,
            };
            match outcome {
                Ok(written) => created.groups.push(written.resource),
                Err(
                    StoreError::Uniqueness { .. }
                    | StoreError::HeldElsewhere { .. }
                    | StoreError::InvalidValue { .. }
                    | StoreError::Refused { .. },
                ) => {
                    created.refused.push(name);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(transaction) = transaction {
            transaction.commit().await?;
        }
        Ok(created)
    }

    /// Changes a user, again when another writer came between. Says whether anything changed.
    pub(in crate::login) async fn change_user(
        &self,
        id: &ResourceId,
        change: impl Fn(&mut Resource),
    ) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let current = self.user(id).await?;
            let mut changed = current.clone();
            change(&mut changed);
            if changed == current {
                return Ok(false);
            }
            let attributes = changed.attributes_mut();
            // Issued by the store, or computed by it.
            for name in ["id", "meta", "groups"] {
                attributes.remove(name);
            }
            let schemas = self.user.schemas_of(&*attributes);
            attributes.insert("schemas".to_owned(), schemas);
            let request = Replace::new(self.user, id, changed);
            if self.store.replace_seen(self.cx, request, &current).await?.is_some() {
                return Ok(true);
            }
        }
        Err(StoreError::PreconditionFailed)
    }

    /// Takes a user out of groups, and puts it into others after that. A group that is gone has no members.
    pub(in crate::login) async fn move_user(
        &self,
        user: &ResourceId,
        leave: &[ResourceId],
        join: &[ResourceId],
    ) -> Result<(), StoreError> {
        if (leave.is_empty() && join.is_empty()) || self.store.move_user(self.cx, self.group, user, leave, join).await?
        {
            return Ok(());
        }
        for group in leave {
            let path = format!("members[value eq {}]", Value::from(user.as_str()));
            match self.patch_group(group, json!({"op": "remove", "path": path})).await {
                Ok(()) | Err(StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        for group in join {
            let value = json!([{"value": user.as_str(), "type": "User"}]);
            self.patch_group(group, json!({"op": "add", "path": "members", "value": value})).await?;
        }
        Ok(())
    }

    async fn patch_group(&self, id: &ResourceId, operation: Value) -> Result<(), StoreError> {
        let profile = Profile::compatible();
        let message = json!({"schemas": [urn::PATCH_OP], "Operations": [operation]});
        let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 1).map_err(StoreError::internal)?;
        let patch = Patch::check(&message, self.group, &profile)?;
        let want = Projection::new(&["meta"], &[] as &[&str], self.group, &profile).unwrap_or_default();
        self.store.apply(self.cx, Modify::new(self.group, id, &patch).with_want(&want)).await?;
        Ok(())
    }
}

/// The id of a resource that came from a store.
pub(in crate::login) fn id_of(resource: &Resource) -> Result<ResourceId, StoreError> {
    resource.id().ok_or(StoreError::NotFound)?.parse().map_err(StoreError::internal)
}
