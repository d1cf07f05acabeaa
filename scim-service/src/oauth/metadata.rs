//! What clients are told of the token endpoint (RFC 8414).

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response};
use serde_json::json;

use crate::oauth::jwt::ASYMMETRIC;
use crate::scope::Scope;
use crate::wire::{Format, empty_response, json_response, without_body};

/// The document at `/.well-known/oauth-authorization-server`.
///
/// For an issuer with a path, the document is at `/.well-known/oauth-authorization-server` followed by that path (RFC 8414
/// section 3.1): where it is mounted is the host's matter.
#[derive(Clone, Debug)]
pub struct ServerMetadata {
    issuer: String,
    token_endpoint: String,
    client_certificates: bool,
}

impl ServerMetadata {
    /// The metadata of an issuer, which is that of its [`AccessTokens`](crate::oauth::AccessTokens), and the URL of its token
    /// endpoint.
    pub fn new(issuer: &str, token_endpoint: &str) -> Self {
        Self { issuer: issuer.to_owned(), token_endpoint: token_endpoint.to_owned(), client_certificates: false }
    }

    /// Says that the host asks clients for certificates (RFC 8705 section 3.3): they may authenticate with one, and their access tokens
    /// are bound to it.
    #[must_use]
    pub fn with_client_certificates(self) -> Self {
        Self { client_certificates: true, ..self }
    }

    /// Answers a request for the document, by GET or HEAD.
    pub fn handle<B>(&self, request: &Request<B>) -> Response<Bytes> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = empty_response(405);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let algorithms: Vec<&str> = ASYMMETRIC.iter().map(|(name, _)| *name).collect();
        let mut methods = vec!["client_secret_basic", "client_secret_post", "private_key_jwt"];
        if self.client_certificates {
            methods.push("tls_client_auth");
        }
        let document = json!({
            "issuer": self.issuer,
            "token_endpoint": self.token_endpoint,
            "token_endpoint_auth_methods_supported": methods,
            "tls_client_certificate_bound_access_tokens": self.client_certificates,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": Scope::EVERY.map(Scope::as_str),
        });
        let response = json_response(200, &document, Format::Json);
        if *request.method() == Method::HEAD { without_body(response) } else { response }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn i2_the_metadata_name_the_endpoint_and_what_it_takes() {
        let metadata = ServerMetadata::new("https://a", "https://a/oauth2/token");
        let ask = |method: Method| metadata.handle(&Request::builder().method(method).body(()).unwrap());
        let shown: Value = serde_json::from_slice(ask(Method::GET).body()).unwrap();
        assert_eq!(
            (&shown["issuer"], &shown["token_endpoint"]),
            (&"https://a".into(), &"https://a/oauth2/token".into())
        );
        assert_eq!(shown["scopes_supported"], json!(["scim", "scim.read", "scim.users", "scim.groups"]));
        let algorithms = shown["token_endpoint_auth_signing_alg_values_supported"].to_string();
        assert!(algorithms.contains("RS256") && !algorithms.contains("HS") && !algorithms.contains("none"));
        assert_eq!(shown["tls_client_certificate_bound_access_tokens"], false);
        let mutual = metadata.clone().with_client_certificates().handle(&Request::get("/").body(()).unwrap());
        let mutual: Value = serde_json::from_slice(mutual.body()).unwrap();
        assert_eq!(mutual["tls_client_certificate_bound_access_tokens"], true);
        assert!(mutual["token_endpoint_auth_methods_supported"].to_string().contains("tls_client_auth"));
        assert!(ask(Method::HEAD).body().is_empty());
        assert_eq!(ask(Method::POST).headers()["allow"], "GET, HEAD");
    }
}
