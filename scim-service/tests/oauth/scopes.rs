//! What each scope allows, at every endpoint.

use scim_service::MeAnswer;
use serde_json::{Value, json};

use crate::lab::Lab;

fn user(name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
}

fn group(name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name})
}

fn rename(path: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": path, "value": "renamed"}]})
}

fn bulk(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}

async fn made(lab: &Lab, path: &str, body: &Value) -> String {
    let answer = lab.scim("POST", path, &lab.token("okta").await, body).await;
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    format!("{path}/{}", body["id"].as_str().unwrap())
}

#[tokio::test]
async fn each_scope_allows_its_share_of_every_endpoint() {
    let lab = Lab::new();
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
    // Who may: `a`ll, `r`ead, `u`sers, `g`roups, `b`oth read and users.
    let clients = [('a', "okta"), ('r', "reader"), ('u', "users"), ('g', "groups"), ('b', "both")];
    for (letter, client) in clients {
        let token = lab.token(client).await;
        let ada = made(&lab, "/Users", &user(&format!("ada-{client}"))).await;
        let staff = made(&lab, "/Groups", &group(&format!("staff-{client}"))).await;
        let cases: &[(&str, &str, Value, &str)] = &[
            ("GET", "/ServiceProviderConfig", Value::Null, "arugb"),
            ("GET", "/Schemas", Value::Null, "arugb"),
            ("GET", "/ResourceTypes", Value::Null, "arugb"),
            ("GET", "/", Value::Null, "arugb"),
            ("POST", "/.search", search.clone(), "arugb"),
            ("GET", "/Users", Value::Null, "arub"),
            ("HEAD", "/Users", Value::Null, "arub"),
            ("POST", "/Users/.search", search.clone(), "arub"),
            ("GET", &ada, Value::Null, "arub"),
            ("POST", "/Users", user(&format!("new-{client}")), "aub"),
            ("PATCH", &ada, rename("displayName"), "aub"),
            ("PUT", &ada, user(&format!("ada-{client}")), "aub"),
            ("GET", "/Groups", Value::Null, "argb"),
            ("POST", "/Groups/.search", search.clone(), "argb"),
            ("GET", &staff, Value::Null, "argb"),
            ("POST", "/Groups", group(&format!("new-{client}")), "ag"),
            ("PATCH", &staff, rename("displayName"), "ag"),
            ("PUT", &staff, group("other"), "ag"),
            ("POST", "/Bulk", bulk(&json!([])), "augb"),
            ("DELETE", &ada, Value::Null, "aub"),
            ("DELETE", &staff, Value::Null, "ag"),
        ];
        for (method, path, body, allowed) in cases {
            let answer = lab.scim(method, path, &token, body).await;
            let status = answer.status().as_u16();
            if allowed.contains(letter) {
                assert!(status < 300, "{client} {method} {path}: {status}");
                continue;
            }
            assert_eq!(status, 403, "{client} {method} {path}");
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer realm=\"scim\", error=\"insufficient_scope\", scope=\"scim"));
            if *method != "HEAD" {
                let error: Value = serde_json::from_slice(answer.body()).unwrap();
                assert_eq!(
                    (&error["status"], error["schemas"][0].as_str().unwrap()),
                    (&json!("403"), "urn:ietf:params:scim:api:messages:2.0:Error")
                );
            }
        }
    }
}

#[tokio::test]
async fn what_may_not_be_read_is_not_in_the_answer_for_all_types() {
    let lab = Lab::new();
    made(&lab, "/Users", &user("ada")).await;
    made(&lab, "/Groups", &group("staff")).await;
    for (client, seen) in [("okta", 2), ("reader", 2), ("users", 1), ("groups", 1)] {
        let answer = lab.scim("GET", "/", &lab.token(client).await, &Value::Null).await;
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(body["totalResults"], seen, "{client}");
    }
}

#[tokio::test]
async fn the_operations_of_a_bulk_request_are_asked_about_one_by_one() {
    let lab = Lab::new();
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": user("ada")},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group("staff")},
    ]);
    for (client, expected) in [("users", ["201", "403"]), ("groups", ["403", "201"])] {
        let answer = lab.scim("POST", "/Bulk", &lab.token(client).await, &bulk(&operations)).await;
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        let statuses: Vec<&str> =
            body["Operations"].as_array().unwrap().iter().map(|done| done["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, expected, "{client}");
    }
}

#[tokio::test]
async fn me_is_served_within_the_scope() {
    // Nobody is called as these clients are, so what is allowed is not found.
    for (client, read, write) in [("okta", 404, 404), ("reader", 404, 403), ("users", 404, 404), ("groups", 403, 403)] {
        let lab = Lab::new();
        let token = lab.token(client).await;
        assert_eq!(lab.scim("GET", "/Me", &token, &Value::Null).await.status(), read, "{client}");
        assert_eq!(lab.scim("DELETE", "/Me", &token, &Value::Null).await.status(), write, "{client}");
        let lab = Lab::with_me(MeAnswer::Redirect);
        let token = lab.token(client).await;
        let redirected = |allowed: u16| if allowed == 403 { 403 } else { 308 };
        assert_eq!(lab.scim("GET", "/Me", &token, &Value::Null).await.status(), redirected(read), "{client}");
        assert_eq!(lab.scim("DELETE", "/Me", &token, &Value::Null).await.status(), redirected(write), "{client}");
    }
}

#[tokio::test]
async fn a_static_token_has_the_scopes_of_its_client() {
    let lab = Lab::new();
    assert_eq!(lab.status("static-token").await, 200);
    assert_eq!(lab.scim("POST", "/Users", "static-token", &user("ada")).await.status(), 403);
}
