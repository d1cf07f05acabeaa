//! A Superset with faults, to look at reports without one's own.

use std::error::Error;

use chrono::Utc;
use scim_core::{Resource, ResourceTypeName, SchemaSet};
use scim_service::{Context, Create, Store};
use serde_json::{Value, json};
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};

/// The rules of the demonstration, as a file for `--rules`.
pub(crate) const RULES: &str = include_str!("demo.toml");

/// Makes Superset's tables in an empty database, with forty people in four groups. What is done to them by hand afterwards is up
/// to whoever has a client of the database.
pub(crate) async fn demo(url: &str) -> Result<(), Box<dyn Error>> {
    create_demo_schema(url).await?;
    let store = SupersetStore::connect(url, RULES.parse::<RuleSet>()?).await?;
    let (cx, schemas) = (Context::internal("demo", Utc::now()), SchemaSet::builtin());
    let create = async |kind: ResourceTypeName, resource: Value| -> Result<String, Box<dyn Error>> {
        let of = schemas.of(&kind).ok_or("no such resource type")?;
        let mut resource: Resource = serde_json::from_value(resource)?;
        let names = of.schemas_of(resource.as_value());
        resource.set("schemas", Some(names));
        Ok(store.create(&cx, Create::new(of, resource)).await?.resource.id().unwrap_or_default().into_owned())
    };
    let mut people = Vec::new();
    for number in 1..=40 {
        let name = json!({"givenName": "Person", "familyName": format!("Number {number}")});
        let active = number % 10 != 0;
        let user = json!({"userName": format!("person{number:02}@example.com"), "name": name, "active": active});
        people.push(create(ResourceTypeName::user(), user).await?);
    }
    for (index, group) in ["analysts", "engineers", "finance", "sales"].into_iter().enumerate() {
        let members: Vec<Value> = people.iter().skip(index * 10).take(10).map(|id| json!({ "value": id })).collect();
        create(ResourceTypeName::group(), json!({"displayName": group, "members": members})).await?;
    }
    store.close().await;
    Ok(())
}
