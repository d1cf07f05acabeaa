//! The gateway between a browser and a Superset that says what arrived.

use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use axum_extra::extract::cookie::Key;
use chrono::Utc;
use http::header::{ALLOW, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use metrics_exporter_prometheus::PrometheusBuilder;
use scim_core::{Resource, SchemaSet};
use scim_service::observe::LogLimit;
use scim_service::{Context, Create, Principal, Replace, Store};
use serde_json::{Value, json};
use superset_mapping::login::{Domains, JsonLines};
use superset_mapping::saml::SamlServiceProvider;
use superset_mapping::store::SqlReplays;
use superset_mapping::{
    AttributeMapping, IdentityProvider, JitLogin, People, RuleSet, StoreOptions, SupersetStore, create_demo_schema,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

use crate::anonymous::Anonymous;
use crate::idp::Idp;
use crate::origin::Origin;
use crate::proxy::Superset;
use crate::session::Cookies;
use crate::{Gateway, router};

#[path = "../../scim-service/tests/log/mod.rs"]
mod log;

use log::Log;

const PUBLIC: &str = "https://superset.test";

/// A gateway that is served, and somebody who is logged in.
struct House {
    gateway: Arc<Gateway>,
    url: String,
    /// The id of the user.
    ada: String,
    database: String,
    _folder: tempfile::TempDir,
}

impl House {
    /// Before a Superset that answers with what it was sent.
    async fn start() -> Self {
        let echo = async |method: Method, headers: HeaderMap| {
            let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            json!({
                "method": method.as_str(), "user": header("x-remote-user"), "cookie": header("cookie"),
                "token": header("authorization"), "guest": header("x-guesttoken"), "id": header("x-request-id")
            })
            .to_string()
        };
        let superset = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = superset.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(superset, axum::Router::new().fallback(echo)).await });
        Self::before(&format!("http://{address}")).await
    }

    async fn before(superset: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/superset.db", folder.path().display());
        create_demo_schema(&url).await.unwrap();
        let store = SupersetStore::connect(&url, RuleSet::default()).await.unwrap();
        let sessions = SqlReplays::connect(&url).await.unwrap();
        let service =
            SamlServiceProvider::new(&format!("{PUBLIC}/saml/metadata"), &format!("{PUBLIC}/saml/acs")).unwrap();
        let metadata =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../superset-mapping/tests/data/saml/idp_metadata.xml");
        let people = People::Created(Domains::new(["partner.example"]).unwrap());
        let provider = IdentityProvider::new("partners", AttributeMapping::okta(), people).unwrap();
        let replays = Arc::new(sessions.clone());
        let idp = Idp::open(metadata, "https://idp.test/metadata", service, replays, provider, false).unwrap();
        let public_paths = ["/health", "/static/"].map(str::to_owned);
        let audit = JsonLines::new(std::io::sink());
        let gateway = Arc::new(Gateway {
            logins: JitLogin::new(Arc::new(store.clone()), SchemaSet::builtin(), Arc::new(RuleSet::default()), audit),
            store,
            idp,
            sessions,
            origin: Origin::of(PUBLIC).unwrap(),
            anonymous: Anonymous::new(&public_paths, true).unwrap(),
            cookies: Cookies::new(Key::generate(), 8, true),
            superset: Superset::new(superset, PUBLIC, 1 << 20).unwrap(),
            log_limit: LogLimit::new(),
            measures: true,
        });
        let ada = provision(&gateway.store, "ada@partner.example").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let database = url;
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = router(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, served).await });
        Self { gateway, url, ada, database, _folder: folder }
    }

    /// The cookies of a browser that has just logged in.
    async fn logged_in(&self) -> String {
        let jar = self.gateway.cookies.jar(&HeaderMap::new());
        let cx = Context::internal("test", Utc::now());
        let account = self.gateway.store.session_of(&cx, &self.ada.parse().unwrap()).await.unwrap();
        let generation = account.unwrap().generation;
        let answer = axum::response::IntoResponse::into_response((
            self.gateway.cookies.with_session(jar, &self.ada, generation, Utc::now()),
            (),
        ));
        let cookies = answer.headers().get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
        let cookies: Vec<&str> = cookies.map(|cookie| cookie.split(';').next().unwrap()).collect();
        format!("{}; session=superset", cookies.join("; "))
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send_with(method, path, headers, Body::empty()).await
    }

    async fn send_with(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Response {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
        client.request(request.body(body).unwrap()).await.unwrap().map(Body::new)
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self.send(Method::GET, path, headers).await;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

fn cx(principal: Principal) -> Context {
    Context::internal("test", Utc::now()).with_principal(principal)
}

fn user(name: &str, external_id: &str, active: bool) -> Resource {
    let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
    let user = json!({"schemas": [schema], "userName": name, "externalId": external_id, "active": active});
    serde_json::from_value(user).unwrap()
}

/// A user as a login of the partners makes one.
async fn provision(store: &SupersetStore, name: &str) -> String {
    let schemas = SchemaSet::builtin();
    let of = schemas.user().unwrap();
    let user = user(name, &format!("jit:partners:{name}"), true);
    store
        .create(&cx(Principal::provider("partners")), Create::new(of, user))
        .await
        .unwrap()
        .resource
        .id()
        .unwrap()
        .into_owned()
}

#[tokio::test]
async fn s19_what_needs_no_login_arrives_as_nobodys() {
    let house = House::start().await;
    let cookies = house.logged_in().await;
    let claims = [("x-remote-user", "admin"), ("x_remote_user", "admin"), ("cookie", &*cookies)];
    for path in ["/health", "/static/a.js", "/static/../api/v1/me/", "/static/%2e%2e/api/v1/me/"] {
        let (status, arrived) = house.get(path, &claims).await;
        assert_eq!(
            (status, &arrived["user"], &arrived["cookie"]),
            (StatusCode::OK, &Value::Null, &Value::Null),
            "{path}"
        );
    }
    for token in [("authorization", "Bearer t"), ("x-guesttoken", "t")] {
        let (status, arrived) =
            house.get("/api/v1/me/", &[token, ("x-remote-user", "admin"), ("cookie", &cookies)]).await;
        assert_eq!((status, &arrived["user"], &arrived["cookie"]), (StatusCode::OK, &Value::Null, &Value::Null));
        assert!(arrived["token"] == "Bearer t" || arrived["guest"] == "t");
        assert_eq!(house.get("/superset/welcome/", &[token]).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(house.get("/api/v1/me/", &[]).await.0, StatusCode::UNAUTHORIZED);
    let (status, arrived) = house.get("/api/v1/me/", &[("cookie", &cookies)]).await;
    assert_eq!((status, &arrived["user"]), (StatusCode::OK, &json!("ada@partner.example")));
    assert_eq!(arrived["cookie"], "session=superset");
}

#[tokio::test]
async fn x14_methods_that_no_page_needs_are_not_passed_on() {
    let house = House::start().await;
    let cookies = house.logged_in().await;
    for method in ["TRACE", "PROPFIND", "get"] {
        for path in ["/api/v1/me/", "/health", "/saml/logout"] {
            let answer = house.send(method.parse().unwrap(), path, &[("cookie", &cookies)]).await;
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(answer.headers().contains_key(ALLOW));
        }
    }
    let mut tunnel = tokio::net::TcpStream::connect(house.url.trim_start_matches("http://")).await.unwrap();
    tunnel.write_all(b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    tunnel.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 405");
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let answer = house.send(method.clone(), "/api/v1/x", &[("cookie", &cookies)]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{method}");
    }
}

#[tokio::test]
async fn x14_logging_out_ends_every_copy_of_the_session() {
    let house = House::start().await;
    let (cookies, other) = (house.logged_in().await, house.logged_in().await);
    let is_in = async |cookies: &str| house.get("/api/v1/me/", &[("cookie", cookies)]).await.0 == StatusCode::OK;
    // By no link, and by no page of somebody else's.
    let asked = house.send(Method::GET, "/saml/logout", &[("cookie", &cookies)]).await;
    assert_eq!((asked.status(), asked.headers().contains_key(SET_COOKIE)), (StatusCode::OK, false));
    for origin in [&[][..], &[("origin", "https://evil.test")], &[("origin", "null")]] {
        let headers: Vec<_> = origin.iter().copied().chain([("cookie", &*cookies)]).collect();
        let refused = house.send(Method::POST, "/saml/logout", &headers).await;
        assert_eq!((refused.status(), refused.headers().contains_key(SET_COOKIE)), (StatusCode::FORBIDDEN, false));
    }
    assert!(is_in(&cookies).await);
    let ended = house.send(Method::POST, "/saml/logout", &[("cookie", &cookies), ("origin", PUBLIC)]).await;
    assert_eq!(ended.status(), StatusCode::OK);
    let removed =
        ended.headers().get_all(SET_COOKIE).iter().filter(|cookie| cookie.to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(removed.count(), 2);
    assert!(!is_in(&cookies).await && is_in(&other).await);
    // Nobody has to be logged in to log out.
    let twice = house.send(Method::POST, "/saml/logout", &[("cookie", &cookies), ("origin", PUBLIC)]).await;
    assert_eq!(twice.status(), StatusCode::OK);
}

#[tokio::test]
async fn x1_a_session_ends_with_a_deactivation_a_return_and_a_takeover() {
    let recorder = PrometheusBuilder::new().with_recommended_naming(true).build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let house = House::start().await;
    let is_in = async |cookies: &str| house.get("/api/v1/me/", &[("cookie", cookies)]).await.0 == StatusCode::OK;
    let options = StoreOptions::new().with_takeover();
    let scim = SupersetStore::connect_with(&house.database, RuleSet::default(), options).await.unwrap();
    let schemas = SchemaSet::builtin();
    let of = schemas.user().unwrap();
    let id = house.ada.parse().unwrap();
    let client = cx(Principal::new("okta"));
    let put = async |external_id: &str, active: bool| {
        let user = user("ada@partner.example", external_id, active);
        scim.replace(&client, Replace::new(of, &id, user)).await.unwrap();
    };
    let own = "jit:partners:ada@partner.example";
    // One that is used in between, and one that is not.
    let (first, unused) = (house.logged_in().await, house.logged_in().await);
    assert!(is_in(&first).await);
    put(own, false).await;
    assert!(!is_in(&first).await);
    put(own, true).await;
    assert!(!is_in(&first).await && !is_in(&unused).await);
    let second = house.logged_in().await;
    assert!(is_in(&second).await);
    put("00u1", true).await;
    assert!(!is_in(&second).await);
    assert!(is_in(&house.logged_in().await).await);
    // Once for a session: it is ended for good then.
    let measured = recorder.handle().render();
    assert!(measured.contains("scim_deprovisioned_attempts_total{attempt=\"session\"} 1\n"), "{measured}");
    assert!(measured.contains("http_route=\"/{path}\"") && !measured.contains("/api/v1/me/"), "{measured}");
}

#[tokio::test]
async fn s10_a_page_that_met_a_connection_being_closed_is_asked_for_again() {
    // Answers once on each connection, and closes it when it is used a second time.
    let superset = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = superset.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = superset.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
                let _ = connection.read(&mut request).await;
            });
        }
    });
    let house = House::before(&format!("http://{address}")).await;
    let cookies = house.logged_in().await;
    for _ in 0..5 {
        assert_eq!(house.get("/api/v1/me/", &[("cookie", &cookies)]).await.0, StatusCode::OK);
    }
    // What may have changed something is not sent twice.
    house.get("/api/v1/me/", &[("cookie", &cookies)]).await;
    let posted = house.send(Method::POST, "/api/v1/x", &[("cookie", &cookies)]).await.status();
    assert!([StatusCode::OK, StatusCode::BAD_GATEWAY].contains(&posted), "{posted}");
}

#[tokio::test]
async fn s19_pages_lead_to_the_login() {
    let house = House::start().await;
    let page = house
        .send(Method::GET, "/superset/welcome/?a=1", &[("accept", "text/html"), (COOKIE.as_str(), "session=x")])
        .await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    assert!(page.headers()[LOCATION].to_str().unwrap().starts_with("/saml/login?to=%2Fsuperset"));
    // A login that began at the identity provider is told so.
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    let form =
        Request::post(format!("{}/saml/acs", house.url)).header("content-type", "application/x-www-form-urlencoded");
    let answer = client.request(form.body(Body::from("SAMLResponse=PHg%2BYTwveD4%3D")).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let text = to_bytes(Body::new(answer.into_body()), 1 << 20).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains("began at your identity provider") && text.contains("/saml/login"), "{text}");
}

#[tokio::test]
async fn x13_each_request_has_an_id_that_superset_gets_too() {
    let house = House::start().await;
    let cookies = house.logged_in().await;
    for (sent, kept) in [("r-7", true), ("two words", false)] {
        let headers = [("cookie", cookies.as_str()), ("x-request-id", sent)];
        let answer = house.send(Method::GET, "/superset/welcome/", &headers).await;
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let passed_on: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((id == sent, &passed_on["id"]), (kept, &json!(id)));
    }
    let refused = house.send(Method::GET, "/api/v1/chart/", &[]).await;
    assert_eq!((refused.status(), refused.headers()["x-request-id"].len()), (StatusCode::UNAUTHORIZED, 36));
}

#[tokio::test]
async fn x13_a_refused_login_is_a_warning_without_what_was_sent() {
    let house = House::start().await;
    let (log, _guard) = Log::start(LevelFilter::WARN);
    for _ in 0..50 {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-request-id", "r-8")];
        let form = Body::from("SAMLResponse=c2VjcmV0LXdvcmQ%3D");
        let refused = house.send_with(Method::POST, "/saml/acs", &headers, form).await;
        assert!(refused.status().is_client_error());
    }
    let lines = log.events("login refused");
    assert_eq!(lines.len(), 1, "a flood is one line\n{}", log.text());
    assert_eq!(
        (&lines[0]["request_id"], &lines[0]["reason"]),
        (&json!("r-8"), &json!("unsolicited")),
        "{}",
        log.text()
    );
    assert!(!log.text().contains("c2VjcmV0") && !log.text().contains("secret-word"), "{}", log.text());
}
