//! The lines that a SIEM takes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use http::Method;
use scim_core::{SchemaSet, urn};
use scim_service::observe::ObservedStore;
use scim_service::observe::ocsf::{OcsfEvent, OcsfWriter, events_of_change};
use scim_service::{
    AccessChange, BearerTokens, Change, Context, Grant, GrantKind, MemoryStore, Principal, ScimService, ServiceConfig,
};
use serde_json::{Value, json};

use crate::{TOKEN, ask, user};

/// What was written, with how many calls.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(String::from_utf8(bytes.to_vec()).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn taken(&self) -> Vec<Value> {
        let calls = std::mem::take(&mut *self.0.lock().unwrap());
        calls.iter().map(|call| serde_json::from_str(call.strip_suffix('\n').unwrap()).unwrap()).collect()
    }

    /// Class and activity, and whether it was done.
    fn kinds(&self) -> Vec<(u64, u64)> {
        let kind = |event: &Value| (event["type_uid"].as_u64().unwrap(), event["status_id"].as_u64().unwrap());
        self.taken().iter().map(kind).collect()
    }
}

fn service() -> (ScimService<ObservedStore<MemoryStore>>, Lines) {
    let lines = Lines::default();
    let writer = Arc::new(OcsfWriter::new(lines.clone()));
    let config = ServiceConfig::new("https://example.com/scim").unwrap();
    let tokens = BearerTokens::new().with_token(TOKEN, Principal::new("okta")).unwrap();
    let store = ObservedStore::new(MemoryStore::new(), writer.clone());
    (ScimService::new(store, SchemaSet::builtin(), config, tokens).with_observer(writer), lines)
}

fn patch(path: &str, value: &Value) -> Value {
    json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "replace", "path": path, "value": value}]})
}

async fn made(service: &ScimService<ObservedStore<MemoryStore>>, path: &str, body: &Value) -> String {
    let response = ask(service, (Method::POST, path), TOKEN, body).await;
    let made: Value = serde_json::from_slice(response.body()).unwrap();
    format!("{path}/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn each_write_and_each_refusal_is_a_line() {
    let (service, lines) = service();
    let ada = made(&service, "/Users", &user("ada")).await;
    let [event] = &lines.taken()[..] else { panic!() };
    assert_eq!(
        (&event["class_uid"], &event["category_uid"], &event["type_uid"]),
        (&json!(3001), &json!(3), &json!(300_101))
    );
    assert_eq!(event["user"], json!({"uid": ada.rsplit('/').next().unwrap(), "name": "ada"}));
    assert_eq!((&event["actor"]["app_name"], &event["src_endpoint"]["ip"]), (&json!("okta"), &json!("192.0.2.7")));
    assert_eq!(event["unmapped"]["scim"]["changes"]["set"][0], json!({"path": "userName", "after": "ada"}));
    assert_eq!(event["metadata"]["correlation_uid"], event["actor"]["session"]["uid"]);

    for (path, value, kind) in [
        ("title", json!("Dr"), 300_199),
        ("active", json!(false), 300_105),
        ("active", json!(true), 300_102),
        ("password", json!("correct horse"), 300_104),
    ] {
        ask(&service, (Method::PATCH, &ada), TOKEN, &patch(path, &value)).await;
        assert_eq!(lines.kinds(), [(kind, 1)], "{path}");
    }
    ask(&service, (Method::PATCH, &ada), TOKEN, &patch("title", &json!("Dr"))).await;
    assert!(lines.taken().is_empty(), "nothing changed");

    let member = json!([{"value": ada.rsplit('/').next().unwrap()}]);
    let group = json!({"schemas": [urn::GROUP], "displayName": "staff", "members": member});
    let group = made(&service, "/Groups", &group).await;
    assert_eq!(lines.kinds(), [(300_606, 1), (300_603, 1)]);
    ask(&service, (Method::PATCH, &group), TOKEN, &patch("members", &json!([]))).await;
    assert_eq!(lines.kinds(), [(300_604, 1)]);
    ask(&service, (Method::PATCH, &group), TOKEN, &patch("displayName", &json!("all"))).await;
    ask(&service, (Method::DELETE, &group), TOKEN, &Value::Null).await;
    ask(&service, (Method::DELETE, &ada), TOKEN, &Value::Null).await;
    assert_eq!(lines.kinds(), [(300_699, 1), (300_605, 1), (300_106, 1)]);

    for (call, token, kind) in [
        ((Method::DELETE, ada.as_str()), TOKEN, 300_106),
        ((Method::DELETE, group.as_str()), TOKEN, 300_605),
        ((Method::GET, ada.as_str()), TOKEN, 600_302),
        ((Method::GET, "/Users"), "planted", 300_201),
        ((Method::POST, "/Nope"), TOKEN, 600_301),
    ] {
        ask(&service, call, token, &Value::Null).await;
        assert_eq!(lines.kinds(), [(kind, 2)]);
    }
    ask(&service, (Method::GET, "/Users"), TOKEN, &Value::Null).await;
    assert!(lines.taken().is_empty());

    let operation =
        |method: &str, path: &str| json!({"method": method, "path": path, "bulkId": "b", "data": user("eve")});
    let operations = [operation("POST", "/Users"), operation("DELETE", "/Users/nobody"), operation("POST", "/Nope")];
    let bulk = json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
    ask(&service, (Method::POST, "/Bulk"), TOKEN, &bulk).await;
    let kinds: std::collections::BTreeSet<(u64, u64)> = lines.kinds().into_iter().collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [(300_101, 1), (300_106, 2), (600_301, 2)]);
}

#[tokio::test]
async fn no_line_has_what_is_planted() {
    let (service, lines) = service();
    let planted = "Pl4nted-Sekret";
    for number in 0..300 {
        let mut body = user(&format!("u{number}"));
        body["password"] = json!(format!("{planted}{number}"));
        match number % 5 {
            0 => drop(made(&service, "/Users", &body).await),
            1 => {
                let one = made(&service, "/Users", &body).await;
                ask(&service, (Method::PATCH, &one), TOKEN, &patch("password", &json!(format!("{planted}-{number}"))))
                    .await;
                ask(&service, (Method::DELETE, &one), TOKEN, &Value::Null).await;
            }
            2 => drop(ask(&service, (Method::GET, "/Users"), &format!("{planted}{number}"), &Value::Null).await),
            3 => {
                body["active"] = json!(planted);
                ask(&service, (Method::POST, "/Users"), TOKEN, &body).await;
            }
            _ => {
                let filter = format!("/Users?filter=password%20eq%20%22{planted}%22");
                ask(&service, (Method::GET, &filter), TOKEN, &Value::Null).await;
            }
        }
    }
    let lines = lines.taken();
    assert!(lines.len() > 300, "{}", lines.len());
    assert!(!lines.iter().any(|line| line.to_string().contains(planted)));
}

#[test]
fn a_role_is_a_policy_with_its_rule() {
    let cx = Context::new(Principal::new("okta").in_tenant("acme"), "r-1", chrono::Utc::now());
    let schemas = SchemaSet::builtin();
    let alpha = |of: &str| Grant::new(GrantKind::Role, "Alpha", of, "x".parse().unwrap());
    let access = AccessChange::default()
        .gaining(alpha("User").by_rule("rule 1").on_word_of("client:okta"))
        .losing(alpha("Group"))
        .losing(Grant::new(GrantKind::Group, "staff", "User", "x".parse().unwrap()));
    let change = Change::new(&cx, schemas.group().unwrap(), "g".parse().unwrap()).with_access(access);
    let change = change.with_versions(Some(scim_core::Version::new(1)), Some(scim_core::Version::new(1)));
    let events: Vec<Value> = events_of_change(&cx, &change)
        .iter()
        .map(|event: &OcsfEvent| serde_json::from_str(&event.to_string()).unwrap())
        .collect();
    let [given, taken] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&given["type_uid"], &given["policy"]["desc"]), (&json!(300_107), &json!("rule 1")));
    assert_eq!(
        (&given["unmapped"]["scim"]["source"], &given["metadata"]["tenant_uid"]),
        (&json!("client:okta"), &json!("acme"))
    );
    assert_eq!((&taken["type_uid"], &taken["privileges"]), (&json!(300_602), &json!(["Alpha"])));
}
