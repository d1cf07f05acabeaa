//! The same over SCIM: whatever name a client gives to a group, nobody in Superset gains or loses a protected role.

use bytes::Bytes;
use http::{Method, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use scim_core::SchemaSet;
use scim_service::{BearerTokens, Principal, ScimService, ServiceConfig};
use serde_json::{Value, json};
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};

use crate::rename::name;

const BASE: &str = "http://localhost/scim";

const RULES: &str = r#"
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    roles = ["Alpha"]
    [[rule]]
    group_pattern = "(?<role>Alpha|Gamma|sql_lab)-team"
    roles = ["${role}"]
    [[rule]]
    when = 'groups.display eq "Admin"'
    roles = ["sql_lab"]
    [[rule]]
    group_external_id = "grp-exec"
    roles = ["Admin"]
    grants_protected = true
"#;

/// A service over Superset's tables.
struct Superset {
    service: ScimService<SupersetStore>,
    _folder: tempfile::TempDir,
}

impl Superset {
    async fn start(rules: &RuleSet) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/superset.db", folder.path().display());
        create_demo_schema(&url).await.unwrap();
        let store = SupersetStore::connect(&url, rules.clone()).await.unwrap();
        let tokens = BearerTokens::new().with_token("a-token-for-tests", Principal::new("test")).unwrap();
        let service = ScimService::new(store, SchemaSet::builtin(), ServiceConfig::new(BASE).unwrap(), tokens);
        Self { service, _folder: folder }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("{BASE}{path}"))
            .header("authorization", "Bearer a-token-for-tests")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let response = self.service.handle(request).await;
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    async fn group(&self, external_id: &str, member: &str) -> String {
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": external_id,
            "externalId": external_id, "members": [{ "value": member }],
        });
        self.call(Method::POST, "/Groups", group).await["id"].as_str().unwrap().to_owned()
    }

    async fn admins(&self) -> Vec<String> {
        let accounts = self.service.store().accounts().await.unwrap();
        let admins = accounts.into_iter().filter(|account| account.roles.iter().any(|role| role == "Admin"));
        admins.map(|account| account.username).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn no_name_given_over_scim_moves_the_role_admin(renames in vec((0..2_usize, name(), any::<bool>()), 20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let admins = runtime.block_on(async {
            let superset = Superset::start(&RULES.parse().unwrap()).await;
            let mut groups = Vec::new();
            for (name, external_id) in [("ada", "grp-exec"), ("bob", "grp-other")] {
                let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name});
                let user = superset.call(Method::POST, "/Users", user).await["id"].as_str().unwrap().to_owned();
                groups.push(superset.group(external_id, &user).await);
            }
            let mut seen = vec![superset.admins().await];
            for (group, name, pathless) in &renames {
                let operation = if *pathless {
                    json!({"op": "replace", "value": { "displayName": name }})
                } else {
                    json!({"op": "replace", "path": "displayName", "value": name})
                };
                let patch = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]
                });
                superset.call(Method::PATCH, &format!("/Groups/{}", groups[*group]), patch).await;
                seen.push(superset.admins().await);
            }
            seen
        });
        prop_assert!(admins.iter().all(|admins| admins == &["ada"]), "{:?}", admins);
    }
}
