//! What the service does with requests beyond a limit.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use scim_service::observe::{Observer, Served};
use scim_service::traffic::TrafficLimits;
use scim_service::{Access, AccessDecision, AuthorizeError, Authorizer, TenancyMode};
use tokio::task::yield_now;
use tracing_subscriber::filter::LevelFilter;

use crate::lab::{Clock, HOME, Service, at_a_time, detail, get, head, per_minute, per_second, refused, send, service};
use crate::log::Log;

const ELSEWHERE: &str = "198.51.100.9";

type Limits = fn(&Clock) -> TrafficLimits;

fn one_tenant(limits: TrafficLimits) -> Service {
    service(limits, TenancyMode::Principal)
}

/// Each endpoint by each of its methods.
fn requests() -> Vec<(Method, &'static str)> {
    let mut requests = Vec::new();
    for (path, methods) in [
        ("/Users", "GET HEAD POST"),
        ("/Users/1", "GET HEAD PUT PATCH DELETE"),
        ("/Groups/.search", "POST"),
        ("/.search", "POST"),
        ("/", "GET HEAD"),
        ("/Bulk", "POST"),
        ("/Me", "GET PATCH"),
        ("/Nope", "GET POST"),
        ("/Users", "DELETE"),
    ] {
        requests.extend(methods.split(' ').map(|method| (method.parse().unwrap(), path)));
    }
    requests
}

#[tokio::test]
async fn each_limit_refuses_each_request_until_its_time_has_come() {
    let cases: [(&str, Limits, &str, &str); 3] = [
        (
            "client",
            |clock| clock.limits().with_rate_per_client(per_second(2, 3)),
            "okta-token",
            "requests of this client",
        ),
        ("address", |clock| clock.limits().with_rate_per_address(per_second(2, 3)), "okta-token", "requests from this"),
        (
            "failures",
            |clock| clock.limits().with_failed_authentications(per_minute(3)),
            "wrong",
            "failed authentications",
        ),
    ];
    for (name, limits, token, reason) in cases {
        for (method, path) in requests() {
            let clock = Clock::default();
            let service = one_tenant(limits(&clock));
            let what = format!("{name}: {method} {path}");
            for _ in 0..3 {
                assert_ne!(get(&service, token, HOME).await.status(), 429, "{what}");
            }
            // The right token now, and nothing of a body is asked for.
            let Err(response) = service.admit(head(&method, path, Some("okta-token"), Some(HOME))).await else {
                panic!("{what}: admitted");
            };
            let wait = refused(&response);
            if method == Method::HEAD {
                assert!(response.body().is_empty());
            } else {
                assert!(detail(&response).contains(reason), "{what}: {}", detail(&response));
            }
            clock.advance(wait.saturating_sub(Duration::from_secs(1)));
            assert!(name == "failures" || wait == Duration::from_secs(1), "{what}: {wait:?}");
            clock.advance(Duration::from_secs(1));
            let response = send(&service, head(&method, path, Some("okta-token"), Some(HOME))).await;
            assert_ne!(response.status(), 429, "{what}");
        }
    }
}

#[tokio::test]
async fn a_client_at_its_limit_delays_no_other() {
    let clock = Clock::default();
    let service = one_tenant(clock.limits().with_rate_per_client(per_second(25, 25)));
    let mut served = [0, 0];
    // Ten seconds, in which one sends ten times as much as the other, which is at its limit.
    for _ in 0..10_000 / 40 {
        clock.advance(Duration::from_millis(40));
        for _ in 0..10 {
            served[0] += usize::from(get(&service, "okta-token", HOME).await.status() == 200);
        }
        served[1] += usize::from(get(&service, "entra-token", HOME).await.status() == 200);
    }
    assert_eq!(served, [250 + 24, 250]);
}

#[tokio::test]
async fn a_client_is_its_name_and_the_tenant_that_it_is_confined_to() {
    let clock = Clock::default();
    let service = service(clock.limits().with_rate_per_client(per_second(1, 1)), TenancyMode::Path);
    let status = async |token, tenant: &str| {
        let path = format!("/t/{tenant}/Users");
        send(&service, head(&Method::GET, &path, Some(token), Some(HOME))).await.status().as_u16()
    };
    assert_eq!((status("acme-token", "acme").await, status("acme-token", "acme").await), (200, 429));
    assert_eq!(status("other-token", "other").await, 200);
    // Who may enter every tenant gets no budget by naming another one.
    assert_eq!(status("hub-token", "acme").await, 200);
    assert_eq!((status("hub-token", "other").await, status("hub-token", "third").await), (429, 429));
}

#[tokio::test]
async fn an_address_of_ipv6_is_a_network_and_those_that_nobody_knows_are_one() {
    let clock = Clock::default();
    let service = one_tenant(clock.limits().with_rate_per_address(per_second(1, 1)));
    let status = async |address| send(&service, head(&Method::GET, "/Users", None, address)).await.status().as_u16();
    assert_eq!((status(Some("2001:db8:1:2::1")).await, status(Some("2001:db8:1:2:ffff::2")).await), (401, 429));
    assert_eq!((status(Some("2001:db8:1:3::1")).await, status(Some(HOME)).await), (401, 401));
    assert_eq!(status(Some("::ffff:192.0.2.7")).await, 429);
    assert_eq!((status(None).await, status(None).await), (401, 429));
}

#[tokio::test]
async fn failed_authentication_closes_an_address_to_right_and_wrong_credentials() {
    let clock = Clock::default();
    let service = one_tenant(clock.limits().with_failed_authentications(per_minute(2)));
    for _ in 0..10 {
        let response = send(&service, head(&Method::GET, "/Users", None, Some(HOME))).await;
        assert_eq!(response.status(), 401, "no credentials are no attempt");
        assert_eq!(get(&service, "okta-token", HOME).await.status(), 200, "nor are right ones");
    }
    for _ in 0..2 {
        assert_eq!(get(&service, "wrong", HOME).await.status(), 401);
    }
    for token in ["wrong", "okta-token"] {
        assert_eq!(refused(&get(&service, token, HOME).await), Duration::from_secs(30));
    }
    assert_eq!(get(&service, "okta-token", ELSEWHERE).await.status(), 200);
    let config = send(&service, head(&Method::GET, "/ServiceProviderConfig", None, Some(HOME))).await;
    assert_eq!(config.status(), 200, "discovery asks for no credentials");
    clock.advance(Duration::from_secs(30));
    assert_eq!(get(&service, "okta-token", HOME).await.status(), 200);
    assert_eq!(get(&service, "wrong", HOME).await.status(), 401, "one more attempt");
    refused(&get(&service, "okta-token", HOME).await);
}

#[tokio::test]
async fn health_is_never_limited_and_discovery_by_address_alone() {
    let clock = Clock::default();
    let limits = clock.limits().with_rate_per_address(per_second(1, 2)).with_rate_per_client(per_second(1, 1));
    let service = one_tenant(limits);
    let status = async |method: &Method, path, token| {
        send(&service, head(method, path, token, Some(HOME))).await.status().as_u16()
    };
    assert_eq!(status(&Method::GET, "/ServiceProviderConfig", Some("okta-token")).await, 200);
    assert_eq!(status(&Method::OPTIONS, "/Users", Some("okta-token")).await, 204);
    for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/.well-known/scim-configuration", "/Users"] {
        assert_eq!(status(&Method::GET, path, Some("okta-token")).await, 429, "{path}");
    }
    for path in ["/health", "/health/live", "/health/ready"] {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(status(&method, path, None).await, 200, "{path}");
        }
    }
    clock.advance(Duration::from_secs(2));
    assert_eq!(status(&Method::GET, "/Users", Some("okta-token")).await, 200, "discovery was none of the client's");
}

/// Lets nobody on.
struct Never;

#[async_trait]
impl Authorizer for Never {
    async fn authorize(&self, _: &Access<'_>) -> Result<AccessDecision, AuthorizeError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_request_has_its_place_until_it_is_answered_or_dropped() {
    let clock = Clock::default();
    let service = one_tenant(clock.limits().with_concurrency_per_client(at_a_time(2)));
    let post = |token| head(&Method::POST, "/Users", Some(token), Some(HOME));
    // Two whose bodies are on their way.
    let first = service.admit(post("okta-token")).await.unwrap();
    let second = service.admit(post("okta-token")).await.unwrap();
    let response = get(&service, "okta-token", HOME).await;
    assert_eq!(refused(&response), Duration::from_secs(1));
    assert!(detail(&response).contains("of this client at a time"), "{}", detail(&response));
    assert_eq!(get(&service, "entra-token", HOME).await.status(), 200);
    // One is answered, the other's client goes away.
    assert_eq!(first.handle(Bytes::from("{}")).await.status(), 400);
    let third = service.admit(post("okta-token")).await.unwrap();
    refused(&get(&service, "okta-token", HOME).await);
    drop(second);
    assert_eq!(get(&service, "okta-token", HOME).await.status(), 200);
    assert_eq!(third.body_too_large().status(), 413);
    assert_eq!(get(&service, "okta-token", HOME).await.status(), 200);
}

#[tokio::test]
async fn a_request_that_is_cancelled_while_it_is_served_gives_its_place_back() {
    let clock = Clock::default();
    let service = one_tenant(clock.limits().with_concurrency_per_client(at_a_time(1))).with_authorizer(Never);
    for _ in 0..3 {
        let serving = {
            let service = service.clone();
            tokio::spawn(async move { get(&service, "okta-token", HOME).await })
        };
        yield_now().await;
        refused(&get(&service, "okta-token", HOME).await);
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
    }
    assert!(service.admit(head(&Method::GET, "/Users", Some("okta-token"), Some(HOME))).await.is_ok());
}

#[tokio::test]
async fn what_is_refused_by_one_limit_takes_nothing_from_another() {
    let clock = Clock::default();
    let limits = clock.limits().with_concurrency_per_client(at_a_time(1)).with_rate_per_client(per_second(1, 2));
    let service = one_tenant(limits);
    let held = service.admit(head(&Method::GET, "/Users", Some("okta-token"), Some(HOME))).await.unwrap();
    for _ in 0..5 {
        assert!(detail(&get(&service, "okta-token", HOME).await).contains("at a time"));
    }
    drop(held);
    assert_eq!(get(&service, "okta-token", HOME).await.status(), 200, "the second of the burst");
    assert!(!detail(&get(&service, "okta-token", HOME).await).contains("at a time"));
    clock.advance(Duration::from_secs(1));
    assert_eq!(get(&service, "okta-token", HOME).await.status(), 200, "whom the rate refused has no place");
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Observer for Heard {
    fn served(&self, request: &Served<'_>) {
        let (client, reason) = (request.principal.map_or("?", |principal| principal.name()), request.reason);
        let (route, status) = (request.route.unwrap_or("?"), request.status.as_u16());
        self.0.lock().unwrap().push(format!("{route} {client} {status} {}", reason.unwrap_or_default()));
    }
}

#[tokio::test]
async fn observers_hear_of_each_refusal_and_the_log_of_the_first() {
    let (log, _guard) = Log::start(LevelFilter::WARN);
    let (clock, heard) = (Clock::default(), Heard::default());
    let service = one_tenant(clock.limits().with_rate_per_client(per_second(1, 1))).with_observer(heard.clone());
    for _ in 0..100 {
        get(&service, "okta-token", HOME).await;
    }
    let events = log.events("too many requests");
    assert_eq!(events.len(), 1, "{}", log.text());
    let expected = [("principal", "okta"), ("address", HOME), ("method", "GET"), ("path", "/scim/Users")];
    for (field, value) in expected.into_iter().chain([("reason", "too many requests of this client")]) {
        assert_eq!(events[0][field], value);
    }
    let heard = heard.0.lock().unwrap();
    assert_eq!(heard.len(), 100);
    assert_eq!(heard[0], "/Users okta 200 ");
    assert!(heard[1..].iter().all(|line| line.starts_with("/Users okta 429 too many requests of this client")));
}

#[tokio::test]
async fn nothing_is_limited_that_is_not_set() {
    let service = one_tenant(TrafficLimits::new());
    let mut held = Vec::new();
    for _ in 0..200 {
        held.push(service.admit(head(&Method::POST, "/Users", Some("okta-token"), None)).await.unwrap());
        assert_eq!(get(&service, "wrong", HOME).await.status(), 401);
    }
}
