//! A store, a SCIM client's view of it, and logins into it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::json::parse_date_time;
use scim_core::{Resource, ResourceTypeName, SchemaSet};
use scim_service::{Context, Create, List, MemoryStore, Read, Replace};
use serde_json::{Value, json};
use superset_mapping::login::{Assertion, AuditError, Domains, LoginAudit, LoginOutcome, LoginRecord, LoginStore};
use superset_mapping::{AttributeMapping, IdentityProvider, JitLogin, Login, LoginError, People, RuleSet};

pub(crate) const RULES: &str = r#"
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    roles = ["Alpha"]
    [[rule]]
    group = "sql"
    roles = ["sql_lab"]
    [[rule]]
    when = 'title eq "boss"'
    roles = ["Alpha"]
    [[rule]]
    group_external_id = "grp-exec"
    roles = ["Admin"]
    grants_protected = true
"#;

/// A store with logins.
pub(crate) struct House {
    pub(crate) store: Arc<dyn LoginStore>,
    pub(crate) logins: JitLogin<dyn LoginStore>,
    pub(crate) records: Records,
    /// Whether names of groups are unique there.
    pub(crate) unique_groups: bool,
    schemas: SchemaSet,
    folder: Option<tempfile::TempDir>,
}

/// The records of logins, in memory.
#[derive(Clone, Default)]
pub(crate) struct Records(Arc<Mutex<Vec<LoginRecord>>>);

#[async_trait]
impl LoginAudit for Records {
    async fn record(&self, record: &LoginRecord) -> Result<(), AuditError> {
        self.0.lock().unwrap().push(record.clone());
        Ok(())
    }
}

impl Records {
    pub(crate) fn last(&self) -> LoginRecord {
        self.0.lock().unwrap().last().unwrap().clone()
    }

    /// The reason of the last refusal.
    pub(crate) fn reason(&self) -> String {
        match self.last().outcome {
            LoginOutcome::Refused { reason, .. } => reason.to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    parse_date_time("2026-01-15T10:00:00Z").unwrap()
}

/// Every store, empty.
pub(crate) async fn houses(rules: &str) -> Vec<House> {
    let mut houses = vec![House::over(Arc::new(MemoryStore::new()), rules, false, None)];
    #[cfg(feature = "sqlite")]
    {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/superset.db", folder.path().display());
        superset_mapping::create_demo_schema(&url).await.unwrap();
        let rule_set: RuleSet = rules.parse().unwrap();
        let store = superset_mapping::SupersetStore::connect(&url, rule_set).await.unwrap();
        houses.push(House::over(Arc::new(store), rules, true, Some(folder)));
    }
    houses
}

impl House {
    fn over(store: Arc<dyn LoginStore>, rules: &str, unique_groups: bool, folder: Option<tempfile::TempDir>) -> Self {
        let schemas = SchemaSet::builtin();
        let records = Records::default();
        let rules: RuleSet = rules.parse().unwrap();
        let logins = JitLogin::new(store.clone(), schemas.clone(), Arc::new(rules), records.clone());
        Self { store, logins, records, unique_groups, schemas, folder }
    }

    /// The host, which speaks for nobody: what it provisions stands for whatever SCIM clients do.
    fn cx() -> Context {
        Context::internal("scim", now())
    }

    /// Provisions a resource, as a SCIM client does.
    pub(crate) async fn provision(&self, of: &str, resource: Value) -> String {
        let of = self.schemas.of(&ResourceTypeName::from(of)).unwrap();
        let mut resource: Resource = serde_json::from_value(resource).unwrap();
        let schemas = of.schemas_of(resource.as_value());
        resource.attributes_mut().insert("schemas".into(), schemas);
        self.store.create(&Self::cx(), Create::new(of, resource)).await.unwrap().resource.id().unwrap().into_owned()
    }

    pub(crate) async fn get(&self, of: &str, id: &str) -> Resource {
        let of = self.schemas.of(&ResourceTypeName::from(of)).unwrap();
        self.store.read(&Self::cx(), Read::new(of, &id.parse().unwrap())).await.unwrap()
    }

    /// Changes attributes of a user, as a SCIM client does.
    pub(crate) async fn change(&self, id: &str, changes: Value) {
        let of = self.schemas.user().unwrap();
        let mut user = self.get("User", id).await;
        for name in ["id", "meta", "groups"] {
            user.attributes_mut().remove(name);
        }
        for (name, value) in changes.as_object().unwrap() {
            user.attributes_mut().insert(name.clone(), value.clone());
        }
        self.store.replace(&Self::cx(), Replace::new(of, &id.parse().unwrap(), user)).await.unwrap();
    }

    pub(crate) async fn login(&self, provider: &IdentityProvider, assertion: &Assertion) -> Result<Login, LoginError> {
        self.logins.login(provider, assertion, now()).await
    }

    /// Logs in somebody who is refused, and gives the reason that was recorded.
    pub(crate) async fn refused(&self, provider: &IdentityProvider, assertion: &Assertion) -> String {
        let refusal = self.login(provider, assertion).await.unwrap_err();
        assert!(matches!(refusal, LoginError::Refused(_)), "{refusal:?}");
        self.records.reason()
    }

    /// Changes Superset's tables behind everybody's back; `None` where the store has none.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn superset(&self, statement: &'static str) -> Option<u64> {
        let url = format!("sqlite://{}/superset.db", self.folder.as_ref()?.path().display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        Some(sqlx::query(statement).execute(&pool).await.unwrap().rows_affected())
    }

    /// The same store with other rules.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn with_rules(&self, rules: &str) -> Option<Self> {
        let url = format!("sqlite://{}/superset.db", self.folder.as_ref()?.path().display());
        let store = superset_mapping::SupersetStore::connect(&url, rules.parse().unwrap()).await.unwrap();
        Some(Self::over(Arc::new(store), rules, true, None))
    }

    /// The number of users.
    pub(crate) async fn users(&self) -> u64 {
        let of = self.schemas.user().unwrap();
        self.store.list(&Self::cx(), List::new(of, 100)).await.unwrap().total_results.unwrap()
    }
}

pub(crate) fn mapping() -> AttributeMapping {
    AttributeMapping::okta().with("title", "title").unwrap()
}

/// The people of the partners, who are created at their first login.
pub(crate) fn created() -> People {
    People::Created(Domains::new(["example.com"]).unwrap())
}

/// Whoever is created by a provider that is trusted with every name.
pub(crate) fn anybody() -> People {
    People::Created(Domains::any())
}

pub(crate) fn partners() -> IdentityProvider {
    IdentityProvider::new("partners", mapping(), created()).unwrap()
}

/// The same, trusted with every name.
pub(crate) fn trusted() -> IdentityProvider {
    IdentityProvider::new("partners", mapping(), anybody()).unwrap()
}

pub(crate) fn staff() -> IdentityProvider {
    IdentityProvider::new("staff", mapping(), People::Provisioned).unwrap()
}

/// What Okta says of a person.
#[expect(clippy::needless_pass_by_value, reason = "for `json!` in the argument")]
pub(crate) fn says(subject: &str, attributes: Value) -> Assertion {
    let values = |value: &Value| match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        value => vec![value.as_str().unwrap().to_owned()],
    };
    let attributes = attributes.as_object().unwrap().iter().map(|(name, value)| (name.clone(), values(value)));
    Assertion { id: "_assertion-1".to_owned(), subject: subject.to_owned(), attributes: attributes.collect() }
}

pub(crate) fn in_groups(groups: &[&str]) -> Assertion {
    says("ada@example.com", json!({ "groups": groups }))
}

pub(crate) fn roles(login: &Login) -> Vec<&str> {
    login.roles.iter().map(String::as_str).collect()
}
