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
use http::{Request, Response};
use scim_core::{Profile, Quirk, SchemaSet, urn};
use scim_service::{BearerTokens, Principal, ScimService, ServiceConfig};
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
    let service = ScimService::new(
        SupersetStore::connect(&database, rules).await?,
        SchemaSet::builtin(),
        // Some clients send a person's groups with the person.
        ServiceConfig::new(BASE_URL)?.with_profile(Profile::compatible().with(Quirk::GroupsOnUser)),
        BearerTokens::new().with_token(TOKEN, Principal::new("identity provider"))?,
    );

    // A group that is there already, for the first person to arrive with.
    let team = json!({"schemas": [urn::GROUP], "displayName": "analytics-team"});
    send(&service, "POST", "/Groups", team.to_string()).await?;

    let mut story = Story::read()?;
    while let Some(step) = story.next() {
        if !step.title.is_empty() {
            println!("\n## {}", step.title);
        }
        println!("\n{} {}", step.method, step.path);
        if !step.body.is_empty() {
            println!("{}", step.body);
        }
        let response = send(&service, &step.method, &step.path, step.body).await?;
        println!("-> {}\n", response.status());
        story.answered(response.body());
        println!("{}", table::accounts(&service.store().accounts().await?));
    }
    Ok(())
}

/// A request of the identity provider.
async fn send(
    service: &ScimService<SupersetStore>,
    method: &str,
    path: &str,
    body: String,
) -> Result<Response<Bytes>, http::Error> {
    let request = Request::builder()
        .method(method)
        .uri(format!("{BASE_URL}{path}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/scim+json; charset=utf-8")
        .body(Bytes::from(body))?;
    Ok(service.handle(request).await)
}
