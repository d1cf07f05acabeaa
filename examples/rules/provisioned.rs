//! Everyone now provisioned, from Superset's database.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use chrono::Utc;
use scim_core::{Profile, Projection, Resource, ResourceTypeName, SchemaSet, TypeSchema};
use scim_service::{Context, ListQuery, Position, Principal, Start, Store};
use serde_json::Value;
use superset_mapping::{RuleSet, SupersetStore};

use crate::person::Person;

/// How many resources are read at a time.
const PAGE: u64 = 500;

/// Visits every SCIM user of a tenant, with the groups that rules look at. The rules in force have no part in it.
pub(crate) async fn each_person(
    url: &str,
    tenant: Option<&str>,
    mut visit: impl FnMut(&Person),
) -> Result<(), Box<dyn Error>> {
    let store = SupersetStore::connect(url, RuleSet::default()).await?;
    let internal = Context::internal("rules", Utc::now());
    let cx = match tenant {
        Some(tenant) => Context { principal: Principal::host("rules").in_tenant(tenant), ..internal },
        None => internal,
    };
    let schemas = SchemaSet::builtin();
    let of = |kind: ResourceTypeName| schemas.of(&kind).ok_or("the built-in schemas have users and groups");
    let (users, groups) = (of(ResourceTypeName::user())?, of(ResourceTypeName::group())?);
    let mut external_ids = HashMap::new();
    let wanted = Projection::new(&["externalId"], &[] as &[&str], groups, &Profile::rfc())?;
    each(&store, &cx, groups, &wanted, |group| {
        if let (Some(id), Some(external_id)) = (group.id(), group.external_id()) {
            external_ids.insert(id.to_owned(), external_id.as_str().to_owned());
        }
        Ok(())
    })
    .await?;
    each(&store, &cx, users, &Projection::default(), |mut user| {
        let elements = user.attributes_mut().get_mut("groups").and_then(Value::as_array_mut);
        for element in elements.into_iter().flatten().filter_map(Value::as_object_mut) {
            let id = element.get("value").and_then(Value::as_str).unwrap_or_default();
            if let Some(external_id) = external_ids.get(id) {
                element.insert("externalId".to_owned(), external_id.as_str().into());
            }
        }
        visit(&Person::new(user)?);
        Ok(())
    })
    .await
}

/// Walks by position, so that nobody is missed or met twice who is there all the while.
async fn each(
    store: &SupersetStore,
    cx: &Context,
    of: &Arc<TypeSchema>,
    projection: &Projection,
    mut visit: impl FnMut(Resource) -> Result<(), String>,
) -> Result<(), Box<dyn Error>> {
    let mut start = Start::Index(1);
    loop {
        let query = ListQuery { start, projection: projection.clone(), ..ListQuery::first(None, PAGE) };
        let page = store.list(cx, of, &query).await?;
        let Some(last) = page.resources.last() else { return Ok(()) };
        start = Start::After(Position::of(last, None));
        page.resources.into_iter().try_for_each(&mut visit)?;
    }
}
