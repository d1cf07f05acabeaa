//! SCIM over tables that an application has already: users, teams and who is in which team.
//!
//! `store.rs` is all that a store takes: which column has which attribute, and how the application's database runs a statement.
//! `roles.rs` makes the roles of users follow: rules say which team gives which role. `tables.sql` has the tables.
//!
//! ```sh
//! cargo run --example own_tables
//! ```

mod roles;
mod store;

use std::error::Error;

use bytes::Bytes;
use http::Request;
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, Principal, ScimService, ServiceConfig};
use serde_json::{Value, json};
use sqlx::Row as _;
use superset_mapping::{RoleSync, RuleSet};

use roles::UserRoles;
use store::Application;

const BASE_URL: &str = "https://scim.example.com/scim/v2";
const TOKEN: &str = "own-tables-token";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let application = Application::open(&format!("sqlite://{}", folder.path().join("app.db").display())).await?;

    let schemas = SchemaSet::builtin();
    let rules: RuleSet = "[[rule]]\ngroup = 'Analysts'\nroles = ['Reports']".parse()?;
    let store = RoleSync::new(store::store(application, &schemas)?, UserRoles, rules, &schemas)?;
    let tokens = BearerTokens::new().with_token(TOKEN, Principal::new("identity provider"))?;
    let service = ScimService::new(store, schemas, ServiceConfig::new(BASE_URL)?, tokens);

    let send = async |method: &str, path: &str, body: Value| -> Result<Value, Box<dyn Error>> {
        let request = Request::builder().method(method).uri(format!("{BASE_URL}{path}"));
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        let request = request.header("content-type", "application/scim+json").body(Bytes::from(body.to_string()))?;
        let response = service.handle(request).await;
        println!("{method} {path} -> {}", response.status());
        Ok(serde_json::from_slice(response.body()).unwrap_or_default())
    };
    let ada = json!({
        "schemas": [urn::USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "King"},
        "emails": [{"value": "ada@example.com", "type": "work", "primary": true}], "nickName": "Countess"
    });
    let ada = send("POST", "/Users", ada).await?;
    let team = json!({"schemas": [urn::GROUP], "displayName": "Analysts", "members": [{"value": ada.get("id")}]});
    send("POST", "/Groups", team).await?;

    // What the application sees.
    let members = "SELECT u.login, u.first, u.email, u.scim_rest, t.name, r.role FROM users u \
                   JOIN team_members m ON m.user_id = u.id JOIN teams t ON t.id = m.team_id \
                   JOIN user_roles r ON r.user_id = u.id";
    for row in sqlx::query(members).fetch_all(&service.store().store().database().readers).await? {
        let text = |column: &str| row.try_get::<String, _>(column);
        println!("\n{}: {} <{}> is in {}", text("login")?, text("first")?, text("email")?, text("name")?);
        println!("role: {}", text("role")?);
        println!("without a column: {}", text("scim_rest")?);
    }
    Ok(())
}
