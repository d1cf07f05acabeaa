//! Joiners, movers and leavers, as Okta, Entra ID and smaller clients send them, turn into Superset users with the right roles.
//!
//! Everything happens in this process, over an SQLite file with Superset's security tables: no network, no server.
//!
//! ```sh
//! cargo run --example quickstart
//! ```

mod story;
mod table;

use std::error::Error;

use bytes::Bytes;
use chrono::Utc;
use http::Request;
use scim_core::{Leniency, Profile, ResourceTypeName, SchemaSet};
use scim_service::{BearerTokens, Context, Principal, ScimService, ServiceConfig, Store};
use serde_json::json;
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};

use story::Story;

const BASE_URL: &str = "https://scim.example.com/scim/v2";
const TOKEN: &str = "quickstart-token";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let database = format!("sqlite://{}", folder.path().join("superset.db").display());
    create_demo_schema(&database).await?;

    let rules: RuleSet = include_str!("rules.toml").parse()?;
    let store = SupersetStore::connect(&database, rules).await?;
    let schemas = SchemaSet::builtin();

    // A group that is there already, for the first person to arrive with.
    let groups = schemas.of(&ResourceTypeName::group()).ok_or("there are no groups")?;
    let team = serde_json::from_value(json!({"schemas": [groups.base().id()], "displayName": "analytics-team"}))?;
    store.create(&Context::internal("quickstart", Utc::now()), groups, team).await?;

    let service = ScimService::new(
        store,
        schemas,
        // Some clients send a person's groups with the person.
        ServiceConfig::new(BASE_URL)?.with_profile(Profile::compatible().with(Leniency::GroupsOnUser)),
        BearerTokens::new().with_token(TOKEN, Principal::new("identity provider"))?,
    );

    let mut story = Story::read()?;
    while let Some(step) = story.next() {
        if !step.title.is_empty() {
            println!("\n## {}", step.title);
        }
        println!("\n{} {}", step.method, step.path);
        if !step.body.is_empty() {
            println!("{}", step.body);
        }
        let request = Request::builder()
            .method(step.method.as_str())
            .uri(format!("{BASE_URL}{}", step.path))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/scim+json; charset=utf-8")
            .body(Bytes::from(step.body))?;
        let response = service.handle(request).await;
        println!("-> {}\n", response.status());
        story.answered(response.body());
        println!("{}", table::accounts(&service.store().accounts().await?));
    }
    Ok(())
}
