//! The service that is checked, and what a check left in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderName, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use scim_core::urn;
use serde_json::{Value, json};

use crate::check::{Outcome, Trouble, expect, short};
use crate::client::Client;

/// What is encoded in a URL: all but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The service that is checked.
pub(crate) struct Subject {
    client: Client,
    token: String,
    /// What nobody else calls a user.
    run: String,
    number: AtomicU64,
    /// What was made and has to go again.
    made: Mutex<Vec<String>>,
    /// What `/ServiceProviderConfig` says.
    pub(crate) config: Value,
}

/// What the service answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body; null where there is none, or where it is not JSON.
    pub(crate) body: Value,
}

impl Subject {
    /// Asks for `/ServiceProviderConfig`, without which nothing can be checked.
    pub(crate) async fn new(client: Client, token: String, run: String) -> Outcome<Self> {
        let (number, made) = (AtomicU64::new(0), Mutex::default());
        let mut subject = Self { client, token, run, number, made, config: Value::Null };
        let answer = subject.get("/ServiceProviderConfig").await?;
        if answer.status != StatusCode::OK {
            let (status, body) = (answer.status, short(&answer.body));
            return Err(Trouble::NoAnswer(format!("GET /ServiceProviderConfig is answered by {status}: {body}")));
        }
        subject.config = answer.body;
        Ok(subject)
    }

    /// Sends a request with the token.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Outcome<Answer> {
        self.ask_with(method, path, body.map(ToString::to_string), &[]).await
    }

    /// Sends a request with the token, a body as it is, and headers that come before those of every request.
    pub(crate) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(HeaderName, String)],
    ) -> Outcome<Answer> {
        let mut all = headers.to_vec();
        let mut default = |name: HeaderName, value: &str| {
            if !all.iter().any(|(given, _)| *given == name) {
                all.push((name, value.to_owned()));
            }
        };
        default(http::header::AUTHORIZATION, &format!("Bearer {}", self.token));
        default(http::header::ACCEPT, "application/scim+json");
        if body.is_some() {
            default(http::header::CONTENT_TYPE, "application/scim+json");
        }
        // An empty value leaves a header out.
        all.retain(|(_, value)| !value.is_empty());
        let request = format!("{method} {path}");
        let makes = (method == Method::POST || method == Method::PUT).then(|| endpoint(path)).flatten();
        let said = self.client.send(method, path, body.unwrap_or_default(), &all).await;
        let (status, headers, body) = said.map_err(|error| Trouble::NoAnswer(format!("{request}: {error}")))?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        // Also where the check fails before it says what it made.
        if let Some(endpoint) = makes.filter(|_| status.is_success())
            && body["id"].as_str().is_some_and(|id| !id.is_empty())
        {
            self.goes_again(endpoint, &body)?;
        }
        Ok(Answer { request, status, headers, body })
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Answer> {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// Sends a PATCH with these operations.
    pub(crate) async fn patch(&self, path: &str, operations: &Value) -> Outcome<Answer> {
        let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
        self.ask(Method::PATCH, path, Some(&message)).await
    }

    /// Sends a PATCH that has to succeed, and reads the resource.
    pub(crate) async fn patched(&self, path: &str, operations: &Value) -> Outcome<Value> {
        self.patch(path, operations).await?.one_of(&[200, 204])?;
        self.read(path).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Outcome<Answer> {
        self.ask(Method::DELETE, path, None).await
    }

    /// Reads what has to be there.
    pub(crate) async fn read(&self, path: &str) -> Outcome<Value> {
        Ok(self.get(path).await?.is(200)?.body)
    }

    /// The resources of a type that a filter selects.
    pub(crate) async fn found(&self, endpoint: &str, filter: &str) -> Outcome<Vec<Value>> {
        let answer = self.get(&query(endpoint, &[("filter", filter)])).await?.is(200)?;
        answer.resources()
    }

    /// A name that nobody has.
    pub(crate) fn name(&self) -> String {
        format!("certify-{}-{}", self.run, self.number.fetch_add(1, Ordering::Relaxed))
    }

    /// A user that nobody has, with the attributes that most services take.
    pub(crate) fn user(&self) -> Value {
        let name = self.name();
        json!({
            "schemas": [urn::USER], "userName": format!("{name}@example.com"), "externalId": name, "active": true,
            "displayName": format!("{name} Doe"), "name": {"givenName": name, "familyName": "Doe"},
            "emails": [{"value": format!("{name}@example.com"), "type": "work", "primary": true}]
        })
    }

    /// Makes a user who goes again after the check, and says its path and what was answered.
    pub(crate) async fn new_user(&self) -> Outcome<(String, Value)> {
        self.new_resource("/Users", &self.user()).await
    }

    /// Makes a group that goes again after the check.
    pub(crate) async fn new_group(&self, members: &[&Value]) -> Outcome<(String, Value)> {
        let members: Vec<Value> = members.iter().map(|user| json!({"value": user["id"]})).collect();
        let group = json!({"schemas": [urn::GROUP], "displayName": self.name(), "members": members});
        self.new_resource("/Groups", &group).await
    }

    /// Makes a resource that goes again after the check.
    pub(crate) async fn new_resource(&self, endpoint: &str, body: &Value) -> Outcome<(String, Value)> {
        let answer = self.post(endpoint, body).await?.is(201)?;
        let path = self.goes_again(endpoint, &answer.body)?;
        Ok((path, answer.body))
    }

    /// Remembers what was made, and says its path.
    pub(crate) fn goes_again(&self, endpoint: &str, made: &Value) -> Outcome<String> {
        let id = made["id"].as_str().unwrap_or_default();
        expect(!id.is_empty(), || format!("what was created has no `id`: {}", short(made)))?;
        let path = format!("{endpoint}/{}", utf8_percent_encode(id, RESERVED));
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !made.contains(&path) {
            made.push(path.clone());
        }
        Ok(path)
    }

    /// Deletes what the check made. What is gone already is gone; what stays is told.
    pub(crate) async fn clean_up(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for path in made.iter().rev() {
            match self.delete(path).await {
                Ok(answer) if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND => {}
                Ok(answer) => eprintln!("left behind: {path}: the DELETE is answered by {}", answer.status),
                Err(_) => eprintln!("left behind: {path}: the DELETE is not answered"),
            }
        }
    }

    /// Ends the check where `/ServiceProviderConfig` does not offer this.
    pub(crate) fn offers(&self, what: &'static str) -> Outcome {
        if self.config[what]["supported"] == true { Ok(()) } else { Err(Trouble::NotOffered(what)) }
    }
}

impl Answer {
    /// Ends the check unless this is the status.
    pub(crate) fn is(self, status: u16) -> Outcome<Self> {
        self.one_of(&[status])
    }

    /// Ends the check unless this is one of the statuses.
    pub(crate) fn one_of(self, expected: &[u16]) -> Outcome<Self> {
        if expected.contains(&self.status.as_u16()) {
            return Ok(self);
        }
        let expected = expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let (request, status, body) = (&self.request, self.status.as_u16(), short(&self.body));
        Err(Trouble::Failed(format!("{request} is answered by {status}, expected {expected}: {body}")))
    }

    /// Ends the check unless this is an error of RFC 7644 section 3.12 with this status and, where it is given, `scimType`.
    pub(crate) fn fails_with(self, status: u16, scim_type: Option<&str>) -> Outcome {
        let answer = self.is(status)?;
        let body = &answer.body;
        let schemas =
            body["schemas"].as_array().is_some_and(|schemas| schemas.iter().any(|schema| schema == urn::ERROR));
        expect(schemas, || format!("the error of {} has no `schemas` with {}", answer.request, urn::ERROR))?;
        let text = status.to_string();
        expect(body["status"] == text, || format!("`status` of the error is {}, expected \"{text}\"", body["status"]))?;
        match scim_type {
            Some(expected) => expect(body["scimType"] == expected, || {
                format!("`scimType` of the error is {}, expected \"{expected}\"", body["scimType"])
            }),
            None => Ok(()),
        }
    }

    /// The resources of a list, whose form is checked.
    pub(crate) fn resources(&self) -> Outcome<Vec<Value>> {
        let body = &self.body;
        let schemas = body["schemas"].as_array();
        let is_list = schemas.is_some_and(|schemas| schemas.iter().any(|schema| schema == urn::LIST_RESPONSE));
        expect(is_list, || format!("{} is not answered by a list with `schemas`: {}", self.request, short(body)))?;
        // A walk by cursor need not know how many there are (RFC 9865 section 2).
        let total = &body["totalResults"];
        let is_total = total.is_u64() || (total.is_null() && self.request.contains("cursor"));
        expect(is_total, || format!("`totalResults` is {total}"))?;
        match &body["Resources"] {
            Value::Array(resources) => Ok(resources.clone()),
            Value::Null => Ok(Vec::new()),
            other => Err(Trouble::Failed(format!("`Resources` is {}, expected an array", short(other)))),
        }
    }

    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The endpoint at which a path makes users or groups.
fn endpoint(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let of = |endpoint: &str| path.strip_prefix(endpoint).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if path.ends_with("/.search") {
        return None;
    }
    ["/Users", "/Groups"].into_iter().find(|endpoint| of(endpoint))
}

/// A path with a query.
pub(crate) fn query(path: &str, parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, RESERVED)));
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// The ids of resources.
pub(crate) fn ids(resources: &[Value]) -> Vec<&str> {
    resources.iter().filter_map(|resource| resource["id"].as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_users_or_groups_is_told_by_its_path() {
        for (path, expected) in [
            ("/Users", Some("/Users")),
            ("/Users/1?attributes=id", Some("/Users")),
            ("/Groups?count=1", Some("/Groups")),
            ("/Users/.search", None),
            ("/Userss", None),
            ("/Bulk", None),
        ] {
            assert_eq!(endpoint(path), expected, "{path}");
        }
    }
}
