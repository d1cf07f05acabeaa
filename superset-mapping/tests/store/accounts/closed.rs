//! Accounts that somebody deactivated in Superset: they stay so until a client says `active: true`.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, Principal, Replace, ScimService, ServiceConfig, Store};
use serde_json::{Value, json};
use superset_mapping::SupersetStore;
use superset_mapping::reconcile::{DriftOptions, RepairOptions};

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of, rid};

pub(crate) const CASES: &[Case] = cases![
    s5_what_was_closed_in_superset_stays_closed_whatever_else_is_said,
    s5_what_was_closed_in_superset_is_opened_by_active_true,
    s5_over_http_a_request_that_says_active_opens_and_no_other,
];

const BASE: &str = "http://localhost/scim";

/// Somebody deactivates ada, whose row is the second.
async fn close(superset: &Superset, value: &str) {
    superset.run(&format!("UPDATE ab_user SET active = {value} WHERE id = 2")).await;
}

async fn is_open(superset: &Superset) -> bool {
    superset.value("SELECT CASE WHEN active IS TRUE THEN 'open' ELSE 'closed' END FROM ab_user WHERE id = 2").await
        == "open"
}

/// What a login or a host replaces a user by: all that is known of the person.
async fn replace(superset: &Superset, id: &str, user_name: &str, says_active: bool) {
    let user = superset.resource("User", json!({"userName": user_name, "active": true}));
    let cx = superset.cx().with_says_active(says_active);
    superset.store.replace(&cx, Replace::new(superset.of("User"), &rid(id), user)).await.unwrap();
}

async fn s5_what_was_closed_in_superset_stays_closed_whatever_else_is_said() {
    for closed in ["FALSE", "NULL"] {
        let superset = Superset::start().await;
        let ada = superset.user(json!({"userName": "ada", "active": true})).await;
        close(&superset, closed).await;
        superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
        assert!(!is_open(&superset).await, "a title");
        superset.set("User", &ada, "userName", json!("ada.king")).await.unwrap();
        assert!(!is_open(&superset).await, "another name");
        replace(&superset, &ada, "ada.byron", false).await;
        assert!(!is_open(&superset).await, "a login with another name");
        superset.set("User", &ada, "password", json!("secret")).await.unwrap();
        assert!(!is_open(&superset).await, "a password");
        let group = superset.group("analysts", &[&ada]).await;
        superset.set("Group", &group, "displayName", json!("sql")).await.unwrap();
        assert!(!is_open(&superset).await, "a group");
        superset.run("UPDATE ab_user SET first_name = 'x' WHERE id = 2").await;
        let options = RepairOptions::new(DriftOptions::new().with_local("admin"));
        superset.store.repair(&superset.cx(), &options, &()).await.unwrap();
        assert!(!is_open(&superset).await, "a repair");
        // SCIM's own word about the person is not touched by any of it.
        assert_eq!(superset.get("User", &ada).await.unwrap().get("active"), Some((&json!(true)).into()));
    }
}

async fn s5_what_was_closed_in_superset_is_opened_by_active_true() {
    let superset = Superset::start().await;
    let ada = superset.user(json!({"userName": "ada", "active": true})).await;
    superset.group("analysts", &[&ada]).await;
    close(&superset, "FALSE").await;
    let before = superset.get("User", &ada).await.unwrap();
    let after = superset.set("User", &ada, "active", json!(true)).await.unwrap();
    assert!(is_open(&superset).await, "a patch that changes nothing in SCIM");
    assert_eq!(before, after);
    close(&superset, "NULL").await;
    let both = json!([
        {"op": "replace", "path": "title", "value": "Dr"}, {"op": "replace", "path": "active", "value": true}
    ]);
    superset.patch("User", &ada, both).await.unwrap();
    assert!(is_open(&superset).await, "a patch with a title");
    close(&superset, "FALSE").await;
    replace(&superset, &ada, "ada.king", true).await;
    assert!(is_open(&superset).await, "a replacement that says so");
    assert_eq!(superset.roles("ada.king").await, ["Alpha"]);
    close(&superset, "FALSE").await;
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    superset.set("User", &ada, "active", json!(true)).await.unwrap();
    assert!(is_open(&superset).await, "from inactive to active");
    let opened = superset.column("SELECT resource_id FROM scim_audit WHERE action = 'activate'").await;
    assert_eq!(opened, [ada.as_str(), &ada, &ada]);
}

async fn put(service: &ScimService<SupersetStore>, id: &str, user: Value) {
    let mut user = user;
    user["schemas"] = json!([urn::USER]);
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("{BASE}/Users/{id}"))
        .header("authorization", "Bearer a-token-for-tests")
        .body(Bytes::from(user.to_string()))
        .unwrap();
    let response = service.handle(request).await;
    assert_eq!(response.status(), StatusCode::OK, "{:?}", response.body());
}

async fn s5_over_http_a_request_that_says_active_opens_and_no_other() {
    let superset = Superset::start().await;
    let tokens = BearerTokens::new().with_token("a-token-for-tests", Principal::new("test")).unwrap();
    let config = ServiceConfig::new(BASE).unwrap();
    let service = ScimService::new(superset.store.clone(), SchemaSet::builtin(), config, tokens);
    let ada = id_of(&superset.create("User", json!({"userName": "ada"})).await.unwrap());
    close(&superset, "FALSE").await;
    put(&service, &ada, json!({"userName": "ada", "title": "Dr"})).await;
    assert!(!is_open(&superset).await, "a replacement without `active`");
    put(&service, &ada, json!({"userName": "ada", "title": "Dr", "active": true})).await;
    assert!(is_open(&superset).await, "a replacement that says so");
    close(&superset, "FALSE").await;
    put(&service, &ada, json!({"userName": "ada", "title": "Dr", "active": true})).await;
    assert!(is_open(&superset).await, "the same once more");
    put(&service, &ada, json!({"userName": "ada", "title": "Dr", "active": false})).await;
    superset.run("UPDATE ab_user SET active = TRUE WHERE id = 2").await;
    put(&service, &ada, json!({"userName": "ada", "title": "Dr", "active": false})).await;
    assert!(!is_open(&superset).await, "inactive, said again");
}
