//! Rules against a database: who wrote there, and which groups have the identifiers by which rules give protected roles.

use std::error::Error;

use chrono::Utc;
use scim_service::Context;
use superset_mapping::{RuleSet, SupersetStore};

/// Says what the rules meet in a database. Opening it pins identifiers that the rules newly give protected roles by.
pub(crate) async fn check(url: &str, rules: RuleSet, release: Option<&str>) -> Result<(), Box<dyn Error>> {
    let store = SupersetStore::connect(url, rules).await?;
    if let Some(external_id) = release {
        let cx = Context::internal("rules", Utc::now());
        if !store.release_pin(&cx, external_id).await? {
            return Err(format!("no group has `{external_id}` pinned").into());
        }
        println!("released: {external_id}");
    }
    for source in store.writers().await? {
        println!("writes here: {source}");
    }
    for pin in store.pins().await? {
        let by = &pin.provenance;
        match &pin.display_name {
            Some(name) => println!("pinned: {} is the group {name:?} ({}) of {by}", pin.external_id, pin.group),
            None => println!("pinned: {} was a group ({}) of {by}, who may make it again", pin.external_id, pin.group),
        }
    }
    for role in store.missing_roles().await? {
        println!("missing: Superset has no role {role:?}");
    }
    store.check_writers(&[]).await?;
    Ok(())
}
