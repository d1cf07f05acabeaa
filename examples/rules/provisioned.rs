//! Everyone now provisioned, from Superset's database.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use chrono::Utc;
use scim_core::{Profile, Projection, Resource, ResourceTypeName, SchemaSet, TypeSchema, ValueRef};
use scim_service::{Context, List, Position, Principal, Start, Store};
use superset_mapping::{RuleSet, SupersetStore};

use crate::person::{ExternalIds, Person};

/// How many resources are read at a time.
const PAGE: u64 = 500;

/// A tenant's people in the database of a Superset. The rules in force have no part in it.
pub(crate) struct Provisioned {
    store: SupersetStore,
    cx: Context,
    schemas: SchemaSet,
}

impl Provisioned {
    pub(crate) async fn open(url: &str, tenant: Option<&str>) -> Result<Self, Box<dyn Error>> {
        let store = SupersetStore::connect(url, RuleSet::default()).await?;
        let internal = Context::internal("rules", Utc::now());
        let cx = match tenant {
            Some(tenant) => internal.with_principal(Principal::host("rules").in_tenant(tenant)),
            None => internal,
        };
        Ok(Self { store, cx, schemas: SchemaSet::builtin() })
    }

    /// The roles of Superset.
    pub(crate) async fn roles(&self) -> Result<BTreeSet<String>, Box<dyn Error>> {
        Ok(self.store.roles().await?)
    }

    /// What rules look at and the `groups` of a user leave out.
    pub(crate) async fn external_ids(&self) -> Result<ExternalIds, Box<dyn Error>> {
        let groups = self.of(&ResourceTypeName::group())?;
        let wanted = Projection::new(&["externalId"], &[] as &[&str], groups, &Profile::rfc())?;
        let mut external_ids = ExternalIds::new();
        self.each(groups, &wanted, |group| {
            let external_id = group.external_id().map(|id| id.as_str().to_owned());
            external_ids.extend(group.id().map(|id| (id.into_owned(), external_id)));
            Ok(())
        })
        .await?;
        Ok(external_ids)
    }

    /// Visits every user.
    pub(crate) async fn each_person(&self, mut visit: impl FnMut(&Person)) -> Result<(), Box<dyn Error>> {
        let external_ids = self.external_ids().await?;
        self.each(self.of(&ResourceTypeName::user())?, &Projection::default(), |user| {
            visit(&Person::new(user, &external_ids)?);
            Ok(())
        })
        .await
    }

    /// The user of this name, written exactly so.
    pub(crate) async fn person(&self, user_name: &str) -> Result<Person, Box<dyn Error>> {
        let external_ids = self.external_ids().await?;
        let mut found = None;
        self.each(self.of(&ResourceTypeName::user())?, &Projection::default(), |user| {
            if user.get("userName").and_then(ValueRef::as_str).as_deref() == Some(user_name) {
                found = Some(Person::new(user, &external_ids)?);
            }
            Ok(())
        })
        .await?;
        found.ok_or_else(|| format!("no user is provisioned under the name `{user_name}`").into())
    }

    fn of(&self, kind: &ResourceTypeName) -> Result<&Arc<TypeSchema>, Box<dyn Error>> {
        self.schemas.of(kind).ok_or_else(|| "the built-in schemas have users and groups".into())
    }

    /// Walks by position, so that nobody is missed or met twice who is there all the while.
    async fn each(
        &self,
        of: &TypeSchema,
        projection: &Projection,
        mut visit: impl FnMut(Resource) -> Result<(), String>,
    ) -> Result<(), Box<dyn Error>> {
        let mut start = Start::Index(1);
        loop {
            let list = List::new(of, PAGE).with_start(start).with_want(projection);
            let page = self.store.list(&self.cx, list).await?;
            let Some(last) = page.resources.last() else { return Ok(()) };
            start = Start::After(Position::of(last, None));
            page.resources.into_iter().try_for_each(&mut visit)?;
        }
    }
}
