//! A Superset that is nothing but its tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::json::parse_date_time;
use scim_core::message::PatchOp;
use scim_core::{Profile, Resource, ResourceId, ResourceTypeName, SchemaSet, Tolerance, TypeSchema, ValueRef, urn};
use scim_filter::{Filter, check};
use scim_patch::Patch;
use scim_service::{Context, Create, Delete, List, ListPage, Modify, Principal, Read, Replace, Store, StoreError};
use serde_json::{Value, json};
use superset_mapping::store::Account;
use superset_mapping::{StoreOptions, SupersetStore};

use crate::engine::{Database, Kind, Tables};
use crate::harness::engine;

pub(crate) const RULES: &str = r#"
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    roles = ["Alpha"]
    [[rule]]
    group = "sql"
    roles = ["sql_lab", "Alpha"]
    [[rule]]
    group_external_id = "grp-exec"
    roles = ["Admin"]
    grants_protected = true
"#;

const THING: &str = r#"{
    "id": "urn:example:1.0:Thing", "name": "Thing", "attributes": [
        {"name": "serial", "uniqueness": "server"},
        {"name": "code", "type": "integer", "uniqueness": "global"},
        {"name": "secret", "mutability": "writeOnly", "returned": "never"},
        {"name": "colour"}
    ]
}"#;

pub(crate) struct Superset {
    pub(crate) store: SupersetStore,
    pub(crate) url: String,
    pub(crate) sql: Tables,
    schemas: SchemaSet,
    seconds: AtomicI64,
    _database: Database,
}

impl Superset {
    pub(crate) async fn start() -> Self {
        Self::with_rules(RULES).await
    }

    /// Superset's tables with one local administrator.
    pub(crate) async fn with_rules(rules: &str) -> Self {
        Self::prepared(rules, "").await
    }

    /// The same, changed by a script before the store opens it.
    pub(crate) async fn prepared(rules: &str, script: &str) -> Self {
        Self::with_options(rules, script, StoreOptions::new()).await
    }

    /// The same, with options.
    pub(crate) async fn with_options(rules: &str, script: &str, options: StoreOptions) -> Self {
        let database = Database::create(&engine()).await;
        let sql = Tables::open(&database.url).await;
        let columns = "first_name, last_name, username, password, active, email, created_on";
        let admin = "'Local', 'Admin', 'admin', 'x', TRUE, 'admin@local', '2026-01-01 00:00:00.000000'";
        sql.insert("ab_user", columns, admin).await;
        sql.insert("ab_user_role", "user_id, role_id", "1, 1").await;
        if !script.is_empty() {
            sql.run(script).await;
        }
        let store = SupersetStore::connect_with(&database.url, rules.parse().unwrap(), options).await.unwrap();
        let thing = Arc::new(serde_json::from_str(THING).unwrap());
        let kind = json!({"name": "Thing", "endpoint": "/Things", "schema": "urn:example:1.0:Thing"});
        let schemas = SchemaSet::builtin().with([thing], [serde_json::from_value(kind).unwrap()]).unwrap();
        let url = database.url.clone();
        Self { store, url, sql, schemas, seconds: AtomicI64::new(0), _database: database }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.sql {
            Tables::Sqlite(_) => Kind::Sqlite,
            Tables::Postgres(_) => Kind::Postgres,
            Tables::MySql(_) => Kind::MySql,
        }
    }

    pub(crate) fn of(&self, name: &str) -> &Arc<TypeSchema> {
        self.schemas.of(&ResourceTypeName::from(name)).unwrap()
    }

    /// A second later than the last time it was asked for.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let start = parse_date_time("2026-11-24T10:00:00.123456Z").unwrap();
        start + TimeDelta::seconds(self.seconds.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn cx(&self) -> Context {
        Context::internal("test", self.now()).with_principal(Principal::new("test"))
    }

    pub(crate) fn cx_of(&self, tenant: &str) -> Context {
        self.cx().with_principal(Principal::new("test").in_tenant(tenant))
    }

    pub(crate) async fn create(&self, of: &str, resource: Value) -> Result<Resource, StoreError> {
        self.store
            .create(&self.cx(), Create::new(self.of(of), self.resource(of, resource)))
            .await
            .map(|written| written.resource)
    }

    /// The resource as a check of the service leaves it.
    pub(crate) fn resource(&self, of: &str, resource: Value) -> Resource {
        let mut resource: Resource = serde_json::from_value(resource).unwrap();
        let schemas = self.of(of).schemas_of(resource.as_value());
        resource.attributes_mut().insert("schemas".into(), schemas);
        resource
    }

    pub(crate) async fn user(&self, user: Value) -> String {
        id_of(&self.create("User", user).await.unwrap())
    }

    pub(crate) async fn named(&self, user_name: &str) -> String {
        self.user(json!({ "userName": user_name })).await
    }

    pub(crate) async fn group(&self, display_name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        id_of(&self.create("Group", json!({"displayName": display_name, "members": members})).await.unwrap())
    }

    pub(crate) async fn get(&self, of: &str, id: &str) -> Result<Resource, StoreError> {
        self.store.read(&self.cx(), Read::new(self.of(of), &rid(id))).await
    }

    pub(crate) async fn replace(&self, of: &str, id: &str, resource: Value) -> Result<Resource, StoreError> {
        let resource = self.resource(of, resource);
        self.store
            .replace(&self.cx(), Replace::new(self.of(of), &rid(id), resource))
            .await
            .map(|written| written.resource)
    }

    pub(crate) fn checked_patch(&self, of: &str, operations: &Value) -> Patch {
        let profile = Profile::rfc();
        let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
        let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 1000).unwrap();
        Patch::check(&message, self.of(of), &profile).unwrap()
    }

    pub(crate) async fn patch(&self, of: &str, id: &str, operations: Value) -> Result<Resource, StoreError> {
        let patch = self.checked_patch(of, &operations);
        self.store.patch(&self.cx(), Modify::new(self.of(of), &rid(id), &patch)).await.map(|written| written.resource)
    }

    pub(crate) async fn set(&self, of: &str, id: &str, path: &str, value: Value) -> Result<Resource, StoreError> {
        self.patch(of, id, json!([{"op": "replace", "path": path, "value": value}])).await
    }

    pub(crate) async fn add_member(&self, group: &str, member: &str) -> Resource {
        let add = json!([{"op": "add", "path": "members", "value": [{ "value": member }]}]);
        self.patch("Group", group, add).await.unwrap()
    }

    pub(crate) async fn remove_member(&self, group: &str, member: &str) -> Resource {
        let path = format!("members[value eq \"{member}\"]");
        self.patch("Group", group, json!([{ "op": "remove", "path": path }])).await.unwrap()
    }

    pub(crate) async fn delete(&self, of: &str, id: &str) -> Result<(), StoreError> {
        self.store.delete(&self.cx(), Delete::new(self.of(of), &rid(id))).await.map(drop)
    }

    pub(crate) async fn list(&self, of: &str, filter: &str) -> ListPage {
        self.list_as(&self.cx(), of, filter).await
    }

    pub(crate) async fn list_as(&self, cx: &Context, of: &str, filter: &str) -> ListPage {
        let filter = (!filter.is_empty()).then(|| {
            let filter: Filter = filter.parse().unwrap();
            check(&filter, self.of(of), &mut Tolerance::rfc()).unwrap()
        });
        self.store.list(cx, List::new(self.of(of), 100).with_filter(&filter)).await.unwrap()
    }

    /// The first column of every row, as text.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        self.sql.column(sql).await
    }

    pub(crate) async fn value(&self, sql: &str) -> String {
        self.column(sql).await.into_iter().next().unwrap()
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.sql.run(sql).await;
    }

    /// A row that a person makes in Superset.
    pub(crate) async fn by_hand(&self, table: &str, columns: &str, values: &str) {
        self.sql.insert(table, columns, values).await;
    }

    /// A local account that a person makes in Superset.
    pub(crate) async fn local_account(&self, username: &str, email: &str) {
        let values = format!("'L', 'L', '{username}', TRUE, '{email}', '2026-11-25 00:00:00.000000'");
        self.by_hand("ab_user", "first_name, last_name, username, active, email, created_on", &values).await;
    }

    /// The id of a user's row.
    pub(crate) async fn row_of(&self, username: &str) -> String {
        self.value(&format!("SELECT id FROM ab_user WHERE username = '{username}'")).await
    }

    pub(crate) async fn account(&self, username: &str) -> Account {
        let accounts = self.store.accounts().await.unwrap();
        accounts.into_iter().find(|account| account.username == username).unwrap()
    }

    pub(crate) async fn roles(&self, username: &str) -> Vec<String> {
        self.account(username).await.roles
    }

    pub(crate) async fn groups(&self, username: &str) -> Vec<String> {
        self.account(username).await.groups
    }
}

pub(crate) fn rid(id: &str) -> ResourceId {
    id.parse().unwrap()
}

pub(crate) fn id_of(resource: &Resource) -> String {
    resource.id().unwrap().into_owned()
}

/// The version, as a number.
pub(crate) fn version(resource: &Resource) -> u64 {
    resource.version().unwrap().opaque().parse().unwrap()
}

/// One sub-attribute of every element, sorted.
pub(crate) fn each(resource: &Resource, name: &str, sub: &str) -> Vec<String> {
    let elements = resource.get(name).into_iter().flat_map(ValueRef::elements);
    let mut texts: Vec<String> =
        elements.filter_map(|element| Some(element.get(sub)?.as_str()?.into_owned())).collect();
    texts.sort();
    texts
}

/// The attribute that a refusal names.
pub(crate) fn taken(outcome: Result<Resource, StoreError>) -> String {
    match outcome.unwrap_err() {
        StoreError::Uniqueness { attribute } | StoreError::HeldElsewhere { attribute, .. } => attribute,
        other => panic!("{other}"),
    }
}
