//! The rules of the protocol that a mount can get in the way of.

use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, IF_MATCH, IF_NONE_MATCH, LOCATION, WWW_AUTHENTICATE,
};
use http::{HeaderName, Request, Response};
use scim_core::urn;
use serde_json::{Value, json};

use super::users::Users;

/// Plays the essential rules of RFC 7644 against a mounted service, and fails with all that went otherwise.
///
/// `base_url` is the URL that the service is configured with and reached at, `authorization` the value of a header
/// `Authorization` that may do everything, and `send` whatever brings a request to the mount: a call of the framework's
/// router, or a client over the network. Request URLs are absolute. The store behind needs nothing in it; what is created
/// is deleted again. Which attributes users have, and which they must have, is read from `/Schemas`: a service may have schemas of its own, as
/// long as its users have a `userName`.
///
/// What fails here works in [`ScimService::handle`](crate::ScimService::handle): the cause is on the way. A framework may
/// answer unknown paths and methods itself, decode the path once more, strip or add a body, compress, or limit bodies and
/// answer in HTML.
///
/// # Panics
///
/// Where a rule is broken; the message lists all of them by the id of the requirement. Where the service cannot be reached at
/// all, as with a wrong path or token, the message has that one cause.
///
/// ```
/// use scim_core::SchemaSet;
/// use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
/// use scim_service::conformance::http_conformance;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let base_url = "https://example.com/scim/v2";
/// let tokens = BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("test"))?;
/// let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), ServiceConfig::new(base_url)?, tokens);
/// http_conformance(base_url, "Bearer yXh2Qm7vT0w8LbN4", async |request| service.handle(request).await).await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn http_conformance(
    base_url: &str,
    authorization: &str,
    send: impl AsyncFn(Request<Bytes>) -> Response<Bytes>,
) {
    let base_url = base_url.trim_end_matches('/');
    let mut mount = Mount { base_url, authorization, send, users: Users::default(), broken: Vec::new() };
    if let Some(cause) = mount.out_of_reach().await {
        panic!("nothing can be tried: {cause}");
    }
    mount.discovery().await;
    mount.life_of_a_user().await;
    mount.secrets().await;
    mount.conditions().await;
    mount.queries().await;
    mount.paths().await;
    mount.refusals().await;
    let broken = mount.broken;
    assert!(broken.is_empty(), "the mount breaks {} rules:\n  {}", broken.len(), broken.join("\n  "));
}

struct Mount<'a, F> {
    base_url: &'a str,
    authorization: &'a str,
    send: F,
    users: Users,
    broken: Vec<String>,
}

/// A response, with what the checks look at.
struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: Bytes,
    json: Value,
}

impl Answer {
    fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl<F: AsyncFn(Request<Bytes>) -> Response<Bytes>> Mount<'_, F> {
    async fn send(&self, method: &str, path: &str, headers: &[(HeaderName, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        if !headers.iter().any(|(name, _)| name == AUTHORIZATION) {
            request = request.header(AUTHORIZATION, self.authorization);
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
            request = request.header(CONTENT_TYPE, "application/scim+json");
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).expect("the request is well formed");
        let (parts, body) = (self.send)(request).await.into_parts();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, json }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    fn check(&mut self, rule: &str, holds: bool, what: impl Into<String>) {
        if !holds {
            self.broken.push(format!("{rule}: {}", what.into()));
        }
    }

    /// The status, and for an error the body that SCIM gives it (R232).
    fn status(&mut self, rule: &str, answer: &Answer, expected: u16, what: &str) {
        self.check(rule, answer.status == expected, format!("{what}: status {}, expected {expected}", answer.status));
        if expected >= 400 && answer.status == expected {
            let repeated = answer.json["status"].as_str() == Some(expected.to_string().as_str());
            let error = answer.json["schemas"][0] == urn::ERROR && repeated;
            self.check("R232", error, format!("{what}: the body is no SCIM error"));
            self.media_type(answer, what);
        }
    }

    fn media_type(&mut self, answer: &Answer, what: &str) {
        let found = answer.header(&CONTENT_TYPE).to_owned();
        let scim = found.starts_with("application/scim+json");
        self.check("R238", scim, format!("{what}: `Content-Type: {found}`, expected `application/scim+json`"));
    }

    /// The one cause for which every rule would look broken: a wrong mount path, base URL or token, or a store that keeps
    /// nothing.
    async fn out_of_reach(&mut self) -> Option<String> {
        let told = self.get("/ServiceProviderConfig").await;
        let place = format!("GET {}/ServiceProviderConfig", self.base_url);
        if told.status == 401 || told.status == 403 {
            return Some(format!("{place} answers {}: the authorization is refused", told.status));
        }
        if told.status != 200 || told.json.get("schemas").is_none() {
            let status = told.status;
            return Some(format!("{place} answers {status} and no SCIM: the service is not mounted at this base URL"));
        }
        let location = told.json["meta"]["location"].as_str().unwrap_or_default();
        if location != format!("{}/ServiceProviderConfig", self.base_url) {
            return Some(format!(
                "{place} says that it is at `{location}`: the service is configured with another base URL"
            ));
        }
        let get = async |path: String| {
            let answer = self.get(&path).await;
            (answer.status, answer.json)
        };
        self.users = match Users::read(get).await {
            Ok(users) => users,
            Err(cause) => return Some(cause),
        };
        let listed = self.get("/Users?count=0").await;
        match listed.status {
            200 => {}
            401 | 403 => {
                return Some(format!("GET /Users answers {}: the authorization is refused", listed.status));
            }
            status => {
                return Some(format!("GET /Users answers {status}: the service has no users, or its store fails"));
            }
        }
        let made = self.create("http conformance").await;
        let id = made.json["id"].as_str().unwrap_or_default();
        if made.status != 201 || id.is_empty() {
            let detail = made.json["detail"].as_str().unwrap_or("the body does not arrive, or the answer is not SCIM");
            return Some(format!("POST /Users answers {}: {detail}", made.status));
        }
        self.send("DELETE", &format!("/Users/{id}"), &[], "").await;
        None
    }

    async fn discovery(&mut self) {
        for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
            let answer = self.get(path).await;
            self.status("R221", &answer, 200, path);
            self.media_type(&answer, path);
        }
        let answer = self.get(&format!("/Schemas/{}", self.users.schema)).await;
        self.status("R224", &answer, 200, "a schema by its URI");
    }

    async fn create(&self, name: &str) -> Answer {
        self.send("POST", "/Users", &[], &self.users.user(name).to_string()).await
    }

    async fn life_of_a_user(&mut self) {
        let made = self.create("http conformance ü+%").await;
        self.status("R181", &made, 201, "POST /Users");
        self.media_type(&made, "POST /Users");
        let location = made.header(&LOCATION).to_owned();
        let path = location.strip_prefix(self.base_url).unwrap_or_default().to_owned();
        self.check(
            "R181",
            path.starts_with("/Users/"),
            format!("`Location: {location}`, expected one below the base URL"),
        );
        let same = made.json["meta"]["location"] == location.as_str();
        self.check("R181", same, "`Location` and `meta.location` differ");
        let tag = made.header(&ETAG).to_owned();
        self.check("R198", tag.starts_with("W/\""), format!("`ETag: {tag}`, expected a weak entity tag"));

        let read = self.get(&path).await;
        self.status("R101", &read, 200, "GET of the location");
        self.check("R197", read.json == made.json, "GET shows something else than POST");
        let head = self.send("HEAD", &path, &[], "").await;
        self.status("R245", &head, 200, "HEAD");
        self.check(
            "R245",
            head.body.is_empty() && head.header(&ETAG) == tag,
            "HEAD has a body, or another `ETag` than GET",
        );

        if let Some(note) = self.users.note.clone() {
            self.changes(&made, &path, &note).await;
        }
        let deleted = self.send("DELETE", &path, &[], "").await;
        self.status("R193", &deleted, 204, "DELETE");
        self.check("R193", deleted.body.is_empty(), "DELETE answers with a body");
        let gone = self.get(&path).await;
        self.status("R194", &gone, 404, "GET of what was deleted");
    }

    async fn changes(&mut self, made: &Answer, path: &str, note: &str) {
        let mut content = made.json.clone();
        content[note] = json!("é");
        let put = self.send("PUT", path, &[], &content.to_string()).await;
        self.status("R186", &put, 200, "PUT");
        self.check("R186", put.json[note] == "é", "PUT: text beyond ASCII does not survive");
        let patch = json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "replace", "path": note, "value": "Dr"}]});
        let patched = self.send("PATCH", path, &[], &patch.to_string()).await;
        self.check("R176", matches!(patched.status, 200 | 204), format!("PATCH: status {}", patched.status));
        let shown = self.send("PATCH", &format!("{path}?attributes={note}"), &[], &patch.to_string()).await;
        self.status("R177", &shown, 200, "PATCH that asks for attributes");
        self.check(
            "R112",
            shown.json[note] == "Dr" && shown.json.get("userName").is_none(),
            "the query of a PATCH is lost",
        );
    }

    /// Whichever way a password is removed, kept or set, the version says the same.
    async fn secrets(&mut self) {
        if !self.users.has_password {
            return;
        }
        let patch = |operation: Value| ("PATCH", json!({"schemas": [urn::PATCH_OP], "Operations": [operation]}));
        let user = self.users.user("secrets");
        let put = |password: &Value| {
            let mut user = user.clone();
            user["password"] = password.clone();
            ("PUT", user)
        };
        let kept = ("PUT", user.clone());
        let remove = patch(json!({"op": "remove", "path": "password"}));
        let null = patch(json!({"op": "replace", "path": "password", "value": null}));
        for (way, (method, body), moves) in [
            ("PATCH remove", remove, true),
            ("PATCH replace by null", null, true),
            // R022: null and absent are one state, and what is absent stays.
            ("PUT null", put(&Value::Null), false),
            ("PUT without", kept, false),
        ] {
            let made = put(&json!("http-conformance")).1.to_string();
            let made = self.send("POST", "/Users", &[], &made).await;
            let path = format!("/Users/{}", made.json["id"].as_str().unwrap_or_default());
            let mut before = made.header(&ETAG).to_owned();
            for again in [false, true] {
                let written = self.send(method, &path, &[], &body.to_string()).await;
                self.check("R190", matches!(written.status, 200 | 204), format!("{way}: status {}", written.status));
                let after = written.header(&ETAG).to_owned();
                self.check(
                    "R190",
                    (after != before) == (moves && !again),
                    format!("{way} of a password, again: {again}: from {before} to {after}"),
                );
                before = after;
            }
            self.send("DELETE", &path, &[], "").await;
        }
    }

    async fn conditions(&mut self) {
        let made = self.create("conditions").await;
        let path = format!("/Users/{}", made.json["id"].as_str().unwrap_or_default());
        let tag = made.header(&ETAG).to_owned();
        let fresh = self.send("GET", &path, &[(IF_NONE_MATCH, &tag)], "").await;
        self.status("R199", &fresh, 304, "GET with the current tag in `If-None-Match`");
        self.check("R199", fresh.body.is_empty() && fresh.header(&ETAG) == tag, "304 has a body, or no `ETag`");
        let stale = self.send("PUT", &path, &[(IF_MATCH, "W/\"stale\"")], &made.json.to_string()).await;
        self.status("R200", &stale, 412, "PUT with a stale tag in `If-Match`");
        let deleted = self.send("DELETE", &path, &[(IF_MATCH, &tag)], "").await;
        self.status("R201", &deleted, 204, "DELETE with the current tag in `If-Match`");
    }

    async fn queries(&mut self) {
        let made = self.create("que+ry %41 \u{fc}").await;
        let path = format!("/Users/{}", made.json["id"].as_str().unwrap_or_default());
        for filter in ["userName%20eq%20%22que%2Bry%20%2541%20%C3%BC%22", "userName+eq+%22que%2Bry+%2541+%C3%BC%22"] {
            let found = self.get(&format!("/Users?filter={filter}")).await;
            self.check("R100", found.json["totalResults"] == 1, format!("`?filter={filter}` does not find the user"));
        }
        let search = json!({"schemas": [urn::SEARCH_REQUEST], "filter": "userName sw \"que+ry\"", "count": 1});
        for endpoint in ["/Users/.search", "/.search"] {
            let found = self.send("POST", endpoint, &[], &search.to_string()).await;
            self.status("R131", &found, 200, endpoint);
            self.check("R131", found.json["totalResults"] == 1, format!("{endpoint} does not find the user"));
        }
        for root in ["", "/"] {
            let found = self.get(&format!("{root}?filter=userName%20sw%20%22que%2Bry%22")).await;
            self.check("R130", found.json["totalResults"] == 1, format!("a query of `{root}` does not find the user"));
        }
        let page = self.get("/Users?cursor&count=1").await;
        self.status("R248", &page, 200, "`?cursor`");
        self.check("R248", page.json.get("startIndex").is_none(), "`?cursor` without a value is lost");
        self.send("DELETE", &path, &[], "").await;
    }

    async fn paths(&mut self) {
        let slash = self.get("/Users/a%2Fb").await;
        self.status("R247", &slash, 404, "an id with an escaped slash");
        for path in ["/Users/a/b", "/Nothing", "/users/%00"] {
            let unknown = self.get(path).await;
            self.status("R236", &unknown, 404, path);
        }
        let method = self.send("DELETE", "/Users", &[], "").await;
        self.status("R245", &method, 405, "DELETE of a collection");
        self.check("R245", method.header(&ALLOW).contains("POST"), "405 without `Allow`");
        let options = self.send("OPTIONS", "/Users", &[], "").await;
        self.check("R245", options.header(&ALLOW).contains("POST"), "OPTIONS without `Allow`");
        let spoofed = self.send("GET", "/ServiceProviderConfig", &[(HOST, "evil.example")], "").await;
        let location = spoofed.json["meta"]["location"].as_str().unwrap_or_default().to_owned();
        // A mount that goes by the host may refuse the request altogether.
        let honest = spoofed.status != 200 || location.starts_with(self.base_url);
        self.check("R243", honest, format!("`Host` reaches `meta.location`: `{location}`"));
    }

    async fn refusals(&mut self) {
        let anonymous = self.send("GET", "/Users", &[(AUTHORIZATION, "")], "").await;
        self.status("R235", &anonymous, 401, "without credentials");
        self.check("R235", !anonymous.header(&WWW_AUTHENTICATE).is_empty(), "401 without `WWW-Authenticate`");
        let wrong = self.send("GET", "/Users", &[(AUTHORIZATION, "Bearer not-a-token")], "").await;
        self.status("R235", &wrong, 401, "with credentials that nobody has");
        let html = self.send("GET", "/Users", &[(ACCEPT, "text/html")], "").await;
        self.status("R237", &html, 406, "`Accept: text/html`");
        let plain = self.send("POST", "/Users", &[(CONTENT_TYPE, "text/plain")], "{}").await;
        self.status("R237", &plain, 415, "`Content-Type: text/plain`");
        for body in ["{", "[]", "{\"schemas\": "] {
            let broken = self.send("POST", "/Users", &[], body).await;
            self.status("R184", &broken, 400, body);
            self.check("R184", broken.json["scimType"] == "invalidSyntax", format!("`{body}` is not `invalidSyntax`"));
        }
        let filter = self.get("/Users?filter=userName%20eq").await;
        self.status("R099", &filter, 400, "a filter that ends early");
        let made = self.create("twice").await;
        let second = self.create("TWICE").await;
        self.status("R183", &second, 409, "a user name that is taken");
        self.send("DELETE", &format!("/Users/{}", made.json["id"].as_str().unwrap_or_default()), &[], "").await;
    }
}
