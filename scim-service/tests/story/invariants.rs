//! What is true of every answer, whatever the story.

use scim_core::{ScimError, urn};
use serde_json::Value;

use super::Answer;

/// What an answer breaks.
pub(super) fn broken(answer: &Answer, method: &str) -> Option<String> {
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap());
    let body = &answer.body;
    if answer.text.contains("\"password\":") {
        return Some("R048: a password came back".into());
    }
    if answer.text.is_empty() {
        return (answer.status >= 400 && method != "HEAD").then(|| "R232: an error without a body".into());
    }
    let content_type = header("content-type").unwrap_or_default();
    if !matches!(content_type, "application/scim+json" | "application/json") {
        return Some(format!("R238: Content-Type is {content_type:?}"));
    }
    if answer.status >= 400 {
        return broken_error(answer);
    }
    // R028: what has an id is a resource, and so is what a list holds.
    let listed = body["Resources"].as_array().into_iter().flatten();
    for resource in listed.chain(body.get("id").map(|_| body)) {
        if resource["schemas"].as_array().is_none_or(Vec::is_empty) {
            return Some(format!("R028: no schemas in {resource}"));
        }
    }
    let meta = |name: &str| body["meta"][name].as_str();
    for (rule, header, meta) in [
        ("R045", header("location"), meta("location")),
        ("P17", header("content-location"), meta("location")),
        ("R046", header("etag"), meta("version")),
    ] {
        if let (Some(header), Some(meta)) = (header, meta)
            && header != meta
        {
            return Some(format!("{rule}: the header says {header}, the body {meta}"));
        }
    }
    let located = ["location", "content-location"].iter().all(|name| header(name).is_some());
    (body.get("id").is_some() && !located).then(|| "P17: a resource without its location".into())
}

fn broken_error(answer: &Answer) -> Option<String> {
    let body = &answer.body;
    let status = Value::from(answer.status.to_string());
    if body["schemas"] != Value::from(vec![urn::ERROR]) || body["status"] != status {
        return Some("R232: the body is no error message with the status as a text".into());
    }
    let known = ScimError::from_value(body).and_then(|error| error.scim_type());
    (body.get("scimType").is_some() && known.is_none()).then(|| "R233: no scimType of the RFCs".into())
}
