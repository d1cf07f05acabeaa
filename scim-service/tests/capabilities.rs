//! What `/ServiceProviderConfig` advertises is what a service does, for every way to switch it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use bytes::Bytes;
use http::{Request, Response};
use scim_core::{SchemaSet, urn};
use scim_service::{
    BearerTokens, BulkAtomicity, Capabilities, MemoryStore, Principal, ScimService, ServiceConfig, ServiceLimits,
};
use serde_json::{Value, json};

struct Probe {
    service: ScimService<MemoryStore>,
}

impl Probe {
    fn of(capabilities: Capabilities) -> Self {
        let mut limits = ServiceLimits::default();
        (limits.page, limits.default_page) = (3, 2);
        (limits.bulk_operations, limits.bulk_payload) = (5, 900);
        let config =
            ServiceConfig::new("https://example.com").unwrap().with_capabilities(capabilities).with_limits(limits);
        let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
        Self { service: ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens) }
    }

    async fn send(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(format!("https://example.com{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.service.handle(request.header("authorization", "Bearer test-token").body(body).unwrap()).await
    }

    async fn json(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let response = self.send(method, path, body, &[]).await;
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
    }

    async fn create(&self, name: &str) -> String {
        let (status, made) = self.json("POST", "/Users", json!({"schemas": [urn::USER], "userName": name})).await;
        assert_eq!(status, 201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// Whether a list is sorted as asked: not by chance, because without sorting both directions are one and the same.
    async fn sorts(&self) -> bool {
        let names = async |order: &str| {
            let (_, list) = self.json("GET", &format!("/Users?sortBy=userName&sortOrder={order}"), Value::Null).await;
            let names = list["Resources"].as_array().unwrap().iter().map(|user| user["userName"].clone());
            names.collect::<Vec<_>>()
        };
        names("ascending").await[0] == "a" && names("descending").await[0] == "d"
    }

    /// `None` where a filter is refused.
    async fn filters(&self) -> Option<bool> {
        let (status, list) = self.json("GET", "/Users?filter=userName+eq+%22b%22", Value::Null).await;
        (status == 200).then(|| list["totalResults"] == 1)
    }

    async fn patches(&self, path: &str, attribute: &str) -> u16 {
        let patch = json!({"op": "replace", "path": attribute, "value": "x"});
        self.json("PATCH", path, json!({"schemas": [urn::PATCH_OP], "Operations": [patch]})).await.0
    }

    /// Whether there are tags, and whether a stale one stops a write.
    async fn has_versions(&self, path: &str) -> (bool, bool) {
        let read = self.send("GET", path, Value::Null, &[]).await;
        let user: Value = serde_json::from_slice(read.body()).unwrap();
        assert_eq!(read.headers().contains_key("etag"), user["meta"].get("version").is_some());
        let replaced = json!({"schemas": [urn::USER], "userName": user["userName"]});
        let stale = self.send("PUT", path, replaced, &[("if-match", "W/\"stale\"")]).await;
        (read.headers().contains_key("etag"), stale.status() == 412)
    }

    /// What becomes of a PATCH and of a DELETE with a stale version in a bulk request of the size advertised; `None` where there
    /// are no bulk requests. One operation or one byte more is too much.
    async fn in_bulk(&self, advertised: &Value, path: &str) -> Option<[String; 2]> {
        let most = |name: &str| usize::try_from(advertised[name].as_u64().unwrap()).unwrap();
        let patch = json!([{"op": "replace", "path": "title", "value": "x"}]);
        let mut operations = vec![
            json!({"method": "PATCH", "path": path, "data": patch}),
            json!({"method": "DELETE", "path": path, "version": "W/\"stale\""}),
        ];
        let supported = advertised["supported"] == true;
        operations.resize_with(most("maxOperations").max(2), || json!({"method": "DELETE", "path": "/Users/nobody"}));
        let job = |operations: &[Value]| json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
        let mut padded = job(&[]);
        let padding = (most("maxPayloadSize") + 1).saturating_sub(padded.to_string().len() + r#","x":"""#.len());
        padded["x"] = "x".repeat(padding).into();
        assert_eq!(self.json("POST", "/Bulk", padded).await.0, if supported { 413 } else { 501 });
        let (status, done) = self.json("POST", "/Bulk", job(&operations)).await;
        operations.push(json!({"method": "DELETE", "path": "/Users/nobody"}));
        let (too_many, _) = self.json("POST", "/Bulk", job(&operations)).await;
        if !supported {
            assert_eq!((status, too_many), (501, 501));
            return None;
        }
        assert_eq!((status, too_many), (200, 413));
        Some([0, 1].map(|index| done["Operations"][index]["status"].as_str().unwrap().to_owned()))
    }

    async fn changes_passwords(&self, path: &str) -> bool {
        let name = self.json("GET", path, Value::Null).await.1["userName"].clone();
        let user = json!({"schemas": [urn::USER], "userName": name, "password": "s3cret"});
        match self.json("PUT", path, user).await {
            (200, _) => true,
            (400, error) => {
                assert_eq!(error["scimType"], "mutability");
                false
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn r221_what_is_advertised_is_what_happens() {
    for switches in 0..64_u8 {
        let on = |bit: u8| switches & (1 << bit) != 0;
        let mut capabilities = Capabilities::default();
        capabilities.patch = on(0);
        capabilities.filter = on(1);
        capabilities.sort = on(2);
        capabilities.etag = on(3);
        capabilities.change_password = on(4);
        capabilities.bulk = on(5).then(BulkAtomicity::default);
        let probe = Probe::of(capabilities);
        let mut last = String::new();
        for name in ["d", "a", "c", "b"] {
            last = format!("/Users/{}", probe.create(name).await);
        }

        let (status, advertised) = probe.json("GET", "/ServiceProviderConfig", Value::Null).await;
        assert_eq!(status, 200);
        let says = |name: &str| advertised[name]["supported"].as_bool().unwrap();
        let all = [says("patch"), says("filter"), says("sort"), says("etag"), says("changePassword"), says("bulk")];
        assert_eq!(all, [on(0), on(1), on(2), on(3), on(4), on(5)]);

        assert_eq!(probe.patches(&last, "title").await, if says("patch") { 200 } else { 501 });
        assert_eq!(probe.filters().await, says("filter").then_some(true));
        assert_eq!(probe.sorts().await, says("sort"));
        assert_eq!(probe.has_versions(&last).await, (says("etag"), says("etag")));
        assert_eq!(probe.changes_passwords(&last).await, says("changePassword"));
        let patched = if says("changePassword") { 200 } else { 400 };
        assert_eq!(probe.patches(&last, "password").await, if says("patch") { patched } else { 501 });

        let (_, list) = probe.json("GET", "/Users?count=100", Value::Null).await;
        assert_eq!(list["itemsPerPage"], advertised["filter"]["maxResults"]);
        let in_bulk = probe.in_bulk(&advertised["bulk"], &last).await;
        let patched = if says("patch") { "200" } else { "501" };
        let stale = if says("etag") { "412" } else { "204" };
        assert_eq!(in_bulk, says("bulk").then(|| [patched.to_owned(), stale.to_owned()]));
    }
}

#[tokio::test]
async fn r221_r222_r223_what_is_said_of_authentication_is_so() {
    let probe = Probe::of(Capabilities::default());
    let request = Request::get("https://example.com/ServiceProviderConfig").body(Bytes::new()).unwrap();
    let response = probe.service.handle(request).await;
    assert_eq!(response.status(), 200, "readable without credentials");
    let advertised: Value = serde_json::from_slice(response.body()).unwrap();
    let scheme = &advertised["authenticationSchemes"][0];
    assert_eq!(scheme["type"], "oauthbearertoken");
    assert!(scheme["name"].is_string() && scheme["description"].is_string());
    let request = Request::get("https://example.com/Users").body(Bytes::new()).unwrap();
    let challenge = probe.service.handle(request).await.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.starts_with("Bearer"), "{challenge}");
}

#[tokio::test]
async fn r222_discovery_may_ask_for_credentials() {
    let config = ServiceConfig::new("https://example.com").unwrap().with_anonymous_discovery(false);
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
    for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Schemas/urn:x"] {
        let request = || Request::get(format!("https://example.com{path}"));
        assert_eq!(service.handle(request().body(Bytes::new()).unwrap()).await.status(), 401, "{path}");
        let known = request().header("authorization", "Bearer test-token").body(Bytes::new()).unwrap();
        assert_ne!(service.handle(known).await.status(), 401, "{path}");
    }
}

#[tokio::test]
async fn r123_pages_of_what_nobody_changes_hold_each_resource_once() {
    let probe = Probe::of(Capabilities::default());
    for number in 0..50 {
        probe.create(&format!("u{number}")).await;
    }
    let mut seen = Vec::new();
    for start in (1..=50).step_by(3) {
        let (_, page) = probe.json("GET", &format!("/Users?startIndex={start}&count=3"), Value::Null).await;
        seen.extend(page["Resources"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
    }
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (50, 50));
}

#[tokio::test]
async fn r259_what_is_said_of_pages_is_so() {
    let probe = Probe::of(Capabilities::default());
    let (_, advertised) = probe.json("GET", "/ServiceProviderConfig", Value::Null).await;
    let advertised = &advertised["pagination"];
    assert_eq!([&advertised["cursor"], &advertised["index"]], [true, true]);
    for number in 0..=advertised["maxPageSize"].as_u64().unwrap() {
        probe.create(&format!("u{number}")).await;
    }
    for (query, size) in [("", "defaultPageSize"), ("&count=1000000", "maxPageSize")] {
        let (_, by_index) = probe.json("GET", &format!("/Users?startIndex=1{query}"), Value::Null).await;
        assert_eq!((&by_index["itemsPerPage"], &by_index["startIndex"]), (&advertised[size], &json!(1)));
        let (_, by_cursor) = probe.json("GET", &format!("/Users?cursor{query}"), Value::Null).await;
        assert_eq!((&by_cursor["itemsPerPage"], by_cursor.get("startIndex")), (&advertised[size], None));
        assert!(by_cursor["nextCursor"].is_string());
        assert_eq!(advertised["defaultPaginationMethod"], "index");
        let (_, unasked) = probe.json("GET", &format!("/Users?x=y{query}"), Value::Null).await;
        assert_eq!(unasked, by_index);
    }
}
