//! Runs the stories of `../data/protocol/*/*.json`: each a sequence of requests to a fresh service, with what must come back.
//!
//! A step has `method`, `path` (below the base URL, or a whole URL), optional `headers` and `body` (JSON, or a text as it is), the
//! expected `status`, and optionally `expect` (members that the body must have; `null` means absent), `scimType`,
//! `detail` (a part of it), `header` (expected headers; a value ending in `*` is a prefix) and `save` (a name for the id
//! of the answer, its version as `NAME.version`, the cursors of a page as `NAME.next` and `NAME.previous`); `saveEach` does
//! the same for the results of a bulk request, in their order. `{NAME}` in later steps stands for what was saved. `*`
//! expects a text, whatever it says.
//!
//! A story with `for`, a list of resource types, is told once for each: `<word>` in it stands for what
//! `../data/types.json` has under that word for the type; a meaning that is no text takes the place of the whole string. `config` sets the service up, see [`setup`].

mod invariants;
mod me;
mod policy;
mod setup;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use scim_service::{ScimService, Store};
use serde::Deserialize;
use serde_json::{Map, Value};

use setup::{BASE_URL, Setup};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Story {
    name: String,
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    patch_response: Option<u16>,
    #[serde(default)]
    things: bool,
    #[serde(default)]
    config: Setup,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    method: String,
    path: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<Value>,
    status: u16,
    #[serde(default)]
    expect: Option<Value>,
    #[serde(default)]
    scim_type: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    header: HashMap<String, String>,
    #[serde(default)]
    save: Option<String>,
    #[serde(default)]
    save_each: Vec<Option<String>>,
    /// Sends no credentials.
    #[serde(default)]
    anonymous: bool,
    /// Who sends it, by token; `test-token` unless said.
    #[serde(default, rename = "as")]
    token: Option<String>,
}

struct Answer {
    status: u16,
    headers: http::HeaderMap,
    text: String,
    body: Value,
}

async fn send(service: &ScimService<Arc<dyn Store>>, step: &Step, saved: &HashMap<String, String>) -> Answer {
    let path = fill(&step.path, saved);
    let url = if path.starts_with("https://") { path } else { format!("{BASE_URL}{path}") };
    let mut request = Request::builder().method(step.method.as_str()).uri(url);
    if !step.anonymous {
        let token = step.token.as_deref().unwrap_or("test-token");
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in &step.headers {
        request = request.header(name, fill(value, saved));
    }
    let body = match &step.body {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(body) => {
            if !step.headers.contains_key("content-type") {
                request = request.header("content-type", "application/scim+json");
            }
            fill_json(body, saved)
        }
    };
    let response = service.handle(request.body(Bytes::from(body)).unwrap()).await;
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
    Answer { status: parts.status.as_u16(), headers: parts.headers, text, body }
}

fn fill(text: &str, saved: &HashMap<String, String>) -> String {
    saved.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The same within a JSON text.
fn fill_json(value: &Value, saved: &HashMap<String, String>) -> String {
    let escaped = saved.iter().map(|(name, value)| {
        let quoted = Value::from(value.as_str()).to_string();
        (name.clone(), quoted[1..quoted.len() - 1].to_owned())
    });
    fill(&value.to_string(), &escaped.collect())
}

/// What `found` lacks of `expected`.
fn difference(expected: &Value, found: &Value, path: &str) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected.iter().find_map(|(name, expected)| {
            let at = format!("{path}.{name}");
            match (expected, found.get(name)) {
                (Value::Null, None) => None,
                (expected, Some(found)) => difference(expected, found, &at),
                (_, None) => Some(format!("{at} is missing")),
            }
        }),
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => expected
            .iter()
            .zip(found)
            .enumerate()
            .find_map(|(index, (expected, found))| difference(expected, found, &format!("{path}[{index}]"))),
        (Value::String(any), Value::String(_)) if any == "*" => None,
        (expected, found) if expected == found => None,
        (expected, found) => Some(format!("{path} is {found}, expected {expected}")),
    }
}

fn problem(step: &Step, answer: &Answer, saved: &HashMap<String, String>) -> Option<String> {
    if answer.status != step.status {
        return Some(format!("status {}, expected {}", answer.status, step.status));
    }
    if let Some(broken) = invariants::broken(answer, &step.method) {
        return Some(broken);
    }
    if let Some(expected) = &step.expect {
        let expected: Value = serde_json::from_str(&fill_json(expected, saved)).unwrap();
        if let Some(difference) = difference(&expected, &answer.body, "body") {
            return Some(difference);
        }
    }
    if step.status >= 400 && step.method != "HEAD" {
        let scim_type = answer.body.get("scimType").and_then(Value::as_str);
        if step.scim_type.is_some() && scim_type != step.scim_type.as_deref() {
            return Some(format!("scimType {scim_type:?}, expected {:?}", step.scim_type));
        }
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        if let Some(expected) = &step.detail
            && !detail.contains(expected)
        {
            return Some(format!("detail {detail:?} does not say {expected:?}"));
        }
    }
    step.header.iter().find_map(|(name, expected)| {
        let expected = fill(expected, saved);
        let found = answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let fits = match expected.strip_suffix('*') {
            Some(prefix) => found.starts_with(prefix),
            None => found == expected,
        };
        (!fits).then(|| format!("header {name} is {found:?}, expected {expected:?}"))
    })
}

async fn run(story: &Story, store: Arc<dyn Store>) -> Result<usize, String> {
    let service = story.config.service(story, store);
    let mut saved = HashMap::new();
    for (index, step) in story.steps.iter().enumerate() {
        let answer = send(&service, step, &saved).await;
        if let Some(problem) = problem(step, &answer, &saved) {
            let Answer { body, .. } = answer;
            return Err(format!(
                "{}, step {} ({} {}): {problem}\n  {body}",
                story.name,
                index + 1,
                step.method,
                step.path
            ));
        }
        if let Some(name) = &step.save {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            saved.insert(name.clone(), text(&answer.body["id"]));
            saved.insert(format!("{name}.version"), text(&answer.body["meta"]["version"]));
            saved.insert(format!("{name}.next"), text(&answer.body["nextCursor"]));
            saved.insert(format!("{name}.previous"), text(&answer.body["previousCursor"]));
            saved.insert(format!("{name}.lastModified"), text(&answer.body["meta"]["lastModified"]));
        }
        for (index, name) in step.save_each.iter().enumerate() {
            let Some(name) = name else { continue };
            let result = &answer.body["Operations"][index];
            let id = result["location"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
            saved.insert(name.clone(), id.to_owned());
            saved.insert(format!("{name}.version"), result["version"].as_str().unwrap_or_default().to_owned());
        }
    }
    Ok(story.steps.len())
}

/// The story as told of each type that it is `for`.
fn for_each_type(mut story: Map<String, Value>) -> Vec<Map<String, Value>> {
    let Some(types) = story.remove("for") else { return vec![story] };
    let words: Map<String, Value> = serde_json::from_str(include_str!("../data/types.json")).unwrap();
    let told_of = |of: &Value| {
        let words = words[of.as_str().unwrap()].as_object().unwrap();
        let text = words.iter().fold(Value::Object(story.clone()).to_string(), |text, (word, meaning)| match meaning {
            Value::String(meaning) => text.replace(&format!("<{word}>"), meaning),
            meaning => text.replace(&format!("\"<{word}>\""), &meaning.to_string()),
        });
        let mut story: Map<String, Value> = serde_json::from_str(&text).unwrap();
        story["name"] = format!("{} [{of}]", story["name"].as_str().unwrap()).into();
        story
    };
    types.as_array().unwrap().iter().map(told_of).collect()
}

/// Tells every story to a fresh store each, and says what did not go as told.
pub(crate) async fn tell_all(store: impl AsyncFn() -> Arc<dyn Store>) {
    let mut failures = Vec::new();
    let (mut stories, mut steps) = (0, 0);
    let within = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let stories_of = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scim-service/tests/data/protocol");
    let mut files: Vec<_> = within(&stories_of).flat_map(|folder| within(&folder)).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let told: Vec<Map<String, Value>> = serde_json::from_str(&text).unwrap();
        for story in told.into_iter().flat_map(for_each_type) {
            let name = story.get("name").cloned().unwrap_or_default();
            let story: Story =
                serde_json::from_value(Value::Object(story)).unwrap_or_else(|error| panic!("{name}: {error}"));
            stories += 1;
            match run(&story, store().await).await {
                Ok(count) => steps += count,
                Err(failure) => failures.push(failure),
            }
        }
    }
    assert!(failures.is_empty(), "{} of {stories} stories fail:\n{}", failures.len(), failures.join("\n"));
    println!("{stories} stories, {steps} requests");
}
