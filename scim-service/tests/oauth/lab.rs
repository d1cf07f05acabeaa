//! A service with registered clients.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response};
use scim_core::{ResourceId, SchemaSet};
use scim_service::oauth::{AccessTokens, ClientRegistry, Clients, PeerAddress, RegisteredClients, TokenEndpoint};
use scim_service::{Context, Me, MeAnswer, MeResolver, MemoryStore, ScimService, ServiceConfig, StoreError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::issuer::{Key, Shown};

pub(crate) const ENTRA: &str = "https://login.microsoftonline.com/7f3a/v2.0";
pub(crate) const ENTRA_KEYS: &str = "https://login.microsoftonline.com/7f3a/discovery/v2.0/keys";
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The secret of a client; no other text of a test contains it.
pub(crate) fn secret(client: &str) -> String {
    format!("s3cret-of-{client}")
}

pub(crate) fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// Everything that a client and its issuer meet.
pub(crate) struct Lab {
    pub(crate) registry: ClientRegistry,
    pub(crate) endpoint: TokenEndpoint,
    pub(crate) service: ScimService<MemoryStore>,
    pub(crate) shown: Shown,
    /// The key of Entra ID, as `rsa`.
    pub(crate) rsa: Key,
    /// Another one, as `p256`.
    pub(crate) p256: Key,
}

/// Everybody is the resource of this id.
struct One;

#[async_trait::async_trait]
impl MeResolver for One {
    async fn resolve(&self, cx: &Context) -> Result<Option<Me>, StoreError> {
        let id: ResourceId = cx.principal.name().parse().map_err(StoreError::internal)?;
        Ok(Some(Me::user(id)))
    }
}

/// One client of each kind.
pub(crate) fn clients() -> Value {
    let secrets = |client: &str| json!([{"sha256": hash(&secret(client)), "expires": "2099-11-01T00:00:00Z"}]);
    let entra = |keys: &str| json!({"issuer": ENTRA, "subject": "0b1c", "audience": "api://app", "jwks_url": keys});
    let ipsie = json!({"issuer": "https://idp.example", "subject": "ipsie", "audience": "https://scim.example.com",
        "jwks_file": "ipsie.json", "credentials": "header"});
    let mut clients = vec![
        json!({"id": "entra", "scopes": ["scim"], "assertion": entra(ENTRA_KEYS)}),
        json!({"id": "ipsie", "scopes": ["scim"], "assertion": ipsie, "secrets": secrets("ipsie")}),
        json!({"id": "dark", "scopes": ["scim"], "assertion": {"issuer": "https://dark", "subject": "d",
            "audience": "api://app", "jwks_url": "https://dark/keys"}}),
        json!({"id": "near", "scopes": ["scim"], "networks": ["127.0.0.0/8"], "secrets": secrets("near"),
            "tokens": [{"sha256": hash("near-token")}]}),
        json!({"id": "old", "scopes": ["scim"], "secrets":
            [{"sha256": hash(&secret("old")), "expires": "2020-11-01T00:00:00Z"}]}),
        json!({"id": "static", "scopes": ["scim.read"], "tokens": [{"sha256": hash("static-token")}]}),
        json!({"id": "a b+c%20", "scopes": ["scim"], "secrets": secrets("a b+c%20")}),
    ];
    for (id, scopes) in [
        ("okta", json!(["scim"])),
        ("reader", json!(["scim.read"])),
        ("users", json!(["scim.users"])),
        ("groups", json!(["scim.groups"])),
        ("both", json!(["scim.read", "scim.users"])),
    ] {
        clients.push(json!({"id": id, "scopes": scopes, "secrets": secrets(id)}));
    }
    json!({"client": clients})
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_me(MeAnswer::Serve)
    }

    pub(crate) fn with_me(answer: MeAnswer) -> Self {
        let registry = ClientRegistry::new(Clients::try_from(clients()).unwrap());
        let (shown, rsa, p256) = (Shown::default(), Key::rsa(), Key::p256());
        shown.put(ENTRA_KEYS, &[rsa.jwk("rsa"), p256.jwk("p256")]);
        shown.put("ipsie.json", &[rsa.jwk("rsa")]);
        let tokens = AccessTokens::new("https://scim.example.com");
        let endpoint = TokenEndpoint::new(registry.clone(), tokens.clone(), shown.clone());
        let config = ServiceConfig::new("https://scim.example.com").unwrap();
        let authenticator = RegisteredClients::new(registry.clone(), tokens);
        let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, authenticator);
        Self { registry, endpoint, service: service.with_me(One, answer), shown, rsa, p256 }
    }

    /// A token endpoint that has refused nobody yet, for the same clients and issuers.
    pub(crate) fn new_beside(other: &Self) -> TokenEndpointAlone {
        let tokens = AccessTokens::new("https://scim.example.com");
        TokenEndpointAlone(TokenEndpoint::new(other.registry.clone(), tokens, other.shown.clone()))
    }

    pub(crate) async fn ask(&self, request: Request<Bytes>) -> Answer {
        Answer(self.endpoint.handle(request).await)
    }

    /// The access token of a client that has a secret.
    pub(crate) async fn token(&self, client: &str) -> String {
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", &secret(client))];
        self.ask(post(&form)).await.token()
    }

    pub(crate) async fn scim(&self, method: &str, path: &str, token: &str, body: &Value) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://scim.example.com{path}"))
            .header("authorization", format!("Bearer {token}"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.service.handle(request.body(Bytes::from(body)).unwrap()).await
    }

    pub(crate) async fn status(&self, token: &str) -> u16 {
        self.scim("GET", "/Users", token, &Value::Null).await.status().as_u16()
    }
}

/// A token endpoint without a service.
pub(crate) struct TokenEndpointAlone(TokenEndpoint);

impl TokenEndpointAlone {
    pub(crate) async fn ask(&self, request: Request<Bytes>) -> Answer {
        Answer(self.0.handle(request).await)
    }
}

/// What the token endpoint answers.
pub(crate) struct Answer(pub(crate) Response<Bytes>);

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        let answer = self.json();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    /// The status and the error.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.0.status().as_u16(), self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}

pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// A request for a token with this form.
pub(crate) fn post(parameters: &[(&str, &str)]) -> Request<Bytes> {
    post_text(&form(parameters))
}

pub(crate) fn post_text(body: &str) -> Request<Bytes> {
    Request::post("https://scim.example.com/oauth2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

/// The same with a header.
pub(crate) fn with_authorization(mut request: Request<Bytes>, value: &str) -> Request<Bytes> {
    request.headers_mut().append("authorization", value.parse().unwrap());
    request
}

pub(crate) fn from(mut request: Request<Bytes>, address: &str) -> Request<Bytes> {
    let address: std::net::IpAddr = address.parse().unwrap();
    request.extensions_mut().insert(PeerAddress::from(address));
    request
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The request that Entra ID sends with an assertion.
pub(crate) fn entra(assertion: &str) -> Request<Bytes> {
    post(&[
        ("grant_type", "client_credentials"),
        ("client_id", "entra"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
        ("scope", "scim"),
    ])
}

/// What Entra ID says of its application, with changes; `null` takes a claim away.
pub(crate) fn claims(changes: &Value) -> Value {
    let now = Utc::now().timestamp();
    let mut claims = json!({"iss": ENTRA, "sub": "0b1c", "aud": "api://app", "iat": now - 300, "nbf": now - 300,
        "exp": now + 3_600});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub(crate) fn header(algorithm: &str, kid: &str) -> Value {
    json!({"alg": algorithm, "typ": "JWT", "kid": kid})
}

pub(crate) fn in_seconds(seconds: i64) -> DateTime<Utc> {
    Utc::now() + chrono::Duration::seconds(seconds)
}
