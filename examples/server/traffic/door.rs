//! What happens to a request before anything of the server sees it: it gets the address of its client, and is sent away where that is
//! not among those that are let in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use ipnet::IpNet;
use scim_core::ScimError;
use scim_service::oauth::PeerAddress;
use scim_service::observe::{ClientAddress, LogLimit, REQUEST_ID_HEADER, request_id};

use crate::listen::{ListenFlags, Peer};
use crate::traffic::flags::TrafficFlags;
use crate::traffic::forwarded::ForwardedHeader;

/// Why somebody is sent away.
const REASON: &str = "the client does not come from an address that is let in";

/// Who comes in, and as whom.
struct Door {
    listen: ListenFlags,
    forwarded_header: Option<ForwardedHeader>,
    allowed: Vec<IpNet>,
    base_path: String,
    log_limit: LogLimit,
}

/// The same routes, behind the door; without, where the flags ask for none.
///
/// A client that is not let in gets 403 as a SCIM error, for every path but those of health: also where no proxy stands in front, so that
/// whoever sets up a client sees what is wrong, and not a connection that breaks off. Behind a proxy, a client that nobody knows is not
/// let in either.
pub(crate) fn guarded(router: Router, traffic: &TrafficFlags, listen: &ListenFlags, base_path: &str) -> Router {
    if traffic.forwarded_header().is_none() && traffic.allowed().is_empty() {
        return router;
    }
    let door = Arc::new(Door {
        listen: listen.clone(),
        forwarded_header: traffic.forwarded_header(),
        allowed: traffic.allowed().to_vec(),
        base_path: base_path.to_owned(),
        log_limit: LogLimit::new(),
    });
    router.layer(from_fn(move |mut request: Request, next: Next| {
        let door = door.clone();
        async move {
            let client = door.identify(&mut request);
            if door.lets_in(client, request.uri().path()) { next.run(request).await } else { door.refuse(&request) }
        }
    }))
}

impl Door {
    /// The address of the client, as far as anybody is sure of it, which the request then has too.
    fn identify(&self, request: &mut Request) -> Option<IpAddr> {
        let connected = request.extensions().get::<ClientAddress>().map(|address| address.ip());
        if request.extensions().get::<PeerAddress>().is_some() {
            return connected;
        }
        let is_proxy = |address| self.listen.peer(address) == Peer::Proxy;
        let client = self.forwarded_header?.client(request.headers(), is_proxy)?;
        request.extensions_mut().insert(ClientAddress::from(client));
        request.extensions_mut().insert(PeerAddress::from(client));
        Some(client)
    }

    fn lets_in(&self, client: Option<IpAddr>, path: &str) -> bool {
        self.allowed.is_empty()
            || client.is_some_and(|client| self.allowed.iter().any(|network| network.contains(&client)))
            || is_health(path)
            || path.strip_prefix(&self.base_path).is_some_and(is_health)
    }

    fn refuse(&self, request: &Request) -> Response<Body> {
        let address = request.extensions().get::<ClientAddress>().copied();
        let now = Instant::now();
        for sum in self.log_limit.sums(now) {
            let (address, reason, times, seconds) = (sum.source.as_deref(), sum.reason, sum.times, sum.seconds);
            tracing::warn!(address, reason, times, seconds, "the same again, not logged one by one");
        }
        let request_id = request_id(request.headers());
        if self.log_limit.admits(address, REASON, now) {
            let address = address.map(|address| tracing::field::display(address.ip()));
            tracing::warn!(request_id = &*request_id, address, reason = REASON, "a request was refused");
        }
        let error = ScimError::new(StatusCode::FORBIDDEN.as_u16(), REASON);
        let mut response = Response::new(Body::from(error.to_value().to_string()));
        *response.status_mut() = StatusCode::FORBIDDEN;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
        // Nobody reads the body.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            headers.insert(REQUEST_ID_HEADER, value);
        }
        response
    }
}

fn is_health(path: &str) -> bool {
    matches!(path, "/health" | "/health/live" | "/health/ready")
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::routing::any;
    use serde_json::Value;
    use tower_service::Service;

    use super::super::flags::tests::{Program, parse};
    use super::*;

    /// What a server with these flags makes of a request: the status, and which addresses its routes see.
    async fn ask(flags: &[&str], peer: &str, path: &str, header: Option<(&str, &str)>) -> (u16, String) {
        let Program { listen, traffic } = parse(flags).unwrap();
        let seen = any(|request: Request| async move {
            let (log, sure) = (request.extensions().get::<ClientAddress>(), request.extensions().get::<PeerAddress>());
            format!("{} {}", log.unwrap().ip(), sure.is_some())
        });
        let mut router = guarded(Router::new().fallback(seen), &traffic, &listen, "/scim/v2");
        let mut request = Request::post(path).body(Body::empty()).unwrap();
        if let Some((name, value)) = header {
            request.headers_mut().insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        // As connections have it.
        let peer: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ClientAddress::from(peer));
        if listen.peer(peer) == Peer::Client {
            request.extensions_mut().insert(PeerAddress::from(peer));
        }
        let response = router.call(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_trusted_proxy_says_where_a_client_is_and_nobody_else_does() {
        let behind = ["--trusted-proxy", "10.0.0.0/8", "--forwarded-header", "x-forwarded-for"];
        let header = Some(("x-forwarded-for", "203.0.113.9, 192.0.2.7, 10.0.0.2"));
        assert_eq!(ask(&behind, "10.0.0.1", "/a", header).await, (200, "192.0.2.7 true".into()));
        let other = Some(("forwarded", "for=192.0.2.7"));
        assert_eq!(ask(&behind, "10.0.0.1", "/a", other).await, (200, "10.0.0.1 false".into()));
        let malformed = Some(("x-forwarded-for", "192.0.2.7, unknown"));
        assert_eq!(ask(&behind, "10.0.0.1", "/a", malformed).await, (200, "10.0.0.1 false".into()));
        assert_eq!(ask(&behind, "10.0.0.1", "/a", None).await, (200, "10.0.0.1 false".into()));
        let silent = ["--trusted-proxy", "10.0.0.0/8"];
        assert_eq!(ask(&silent, "10.0.0.1", "/a", header).await, (200, "10.0.0.1 false".into()));
        // Whoever connects to a server without a proxy is who they are.
        assert_eq!(ask(&[], "198.51.100.1", "/a", header).await, (200, "198.51.100.1 true".into()));
        let allow = ["--allow", "198.51.100.1"];
        assert_eq!(ask(&allow, "198.51.100.1", "/a", header).await, (200, "198.51.100.1 true".into()));
    }

    #[tokio::test]
    async fn who_is_not_let_in_gets_403_for_all_but_health() {
        let direct = ["--allow", "192.0.2.0/24", "--allow", "2001:db8::/32"];
        let behind = [&direct[..], &["--trusted-proxy", "10.0.0.1", "--forwarded-header", "forwarded"]].concat();
        for path in
            ["/scim/v2/Users", "/oauth2/token", "/.well-known/oauth-authorization-server", "/healthy", "/health/x"]
        {
            for (peer, expected) in
                [("192.0.2.7", 200), ("2001:db8::1", 200), ("198.51.100.1", 403), ("127.0.0.1", 403)]
            {
                assert_eq!(ask(&direct, peer, path, None).await.0, expected, "{peer} {path}");
            }
            for (header, expected) in [
                (Some(("forwarded", "for=192.0.2.7")), 200),
                (Some(("forwarded", "for=192.0.2.7, for=198.51.100.1")), 403),
                (Some(("x-forwarded-for", "192.0.2.7")), 403),
                (None, 403),
            ] {
                assert_eq!(ask(&behind, "10.0.0.1", path, header).await.0, expected, "{header:?} {path}");
            }
        }
        for path in ["/health", "/health/live", "/scim/v2/health/ready", "/scim/v2/health"] {
            assert_eq!(ask(&direct, "198.51.100.1", path, None).await.0, 200, "{path}");
            assert_eq!(ask(&behind, "10.0.0.1", path, None).await.0, 200, "{path}");
        }
        let (_, body) = ask(&direct, "198.51.100.1", "/scim/v2/Users", None).await;
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (&error["schemas"][0], &error["status"], &error["detail"]),
            (&"urn:ietf:params:scim:api:messages:2.0:Error".into(), &"403".into(), &REASON.into())
        );
    }
}
