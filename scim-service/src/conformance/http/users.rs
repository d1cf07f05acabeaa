//! What a mounted service says of its users, whichever schemas it has.

use std::sync::Arc;

use scim_core::Attribute;
use scim_core::schema::{AttributeType, Mutability, Schema, Uniqueness};
use serde_json::{Map, Value, json};

use crate::conformance::fixture::{is_written, value_for};

/// What the service says of its users.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// The URI of the base schema.
    pub(super) schema: String,
    /// `schemas`, and what is required besides `userName`.
    required: Value,
    /// A string that clients can change.
    pub(super) note: Option<String>,
    pub(super) has_password: bool,
}

impl Users {
    /// Learns what users have, from whatever answers a GET by status and JSON.
    pub(super) async fn read(get: impl AsyncFn(String) -> (u16, Value)) -> Result<Self, String> {
        let (_, types) = get("/ResourceTypes".to_owned()).await;
        let types = types["Resources"].as_array().cloned().unwrap_or_default();
        let of = types.iter().find(|of| of["endpoint"] == "/Users");
        let of = of.ok_or("GET /ResourceTypes answers without a type at `/Users`: the service has no users")?;
        let uri = of["schema"].as_str().unwrap_or_default().to_owned();
        let base = schema(&get, &uri).await?;
        base.attribute("userName").ok_or_else(|| format!("the schema `{uri}` has no `userName`"))?;
        let mut schemas = vec![uri.clone()];
        let mut required = json!({});
        let extensions = of["schemaExtensions"].as_array().cloned().unwrap_or_default();
        for extension in extensions.iter().filter(|extension| extension["required"] == true) {
            let uri = extension["schema"].as_str().unwrap_or_default();
            schemas.push(uri.to_owned());
            required[uri] = required_of(&schema(&get, uri).await?);
        }
        required["schemas"] = json!(schemas);
        if let (Value::Object(all), Value::Object(own)) = (&mut required, required_of(&base)) {
            all.extend(own);
        }
        let is_free = |attribute: &&Arc<Attribute>| {
            let is_string = attribute.kind() == AttributeType::String && !attribute.multi_valued();
            let is_plain = attribute.uniqueness() == Uniqueness::None && attribute.canonical_values().is_empty();
            is_string && is_plain && attribute.mutability() == Mutability::ReadWrite && is_written(attribute)
        };
        let known = ["title", "nickName"]
            .into_iter()
            .filter_map(|name| base.attributes().iter().find(|attribute| attribute.name() == name));
        let note = known.chain(base.attributes()).find(is_free).map(|attribute| attribute.name().to_owned());
        let has_password = base.attribute("password").is_some();
        Ok(Self { schema: uri, required, note, has_password })
    }

    /// A user with what the schemas require.
    pub(super) fn user(&self, name: &str) -> Value {
        let mut user = self.required.clone();
        user["userName"] = json!(name);
        user
    }
}

async fn schema(get: &impl AsyncFn(String) -> (u16, Value), uri: &str) -> Result<Schema, String> {
    let (status, json) = get(format!("/Schemas/{uri}")).await;
    serde_json::from_value(json).map_err(|error| format!("GET /Schemas/{uri} answers {status}: {error}"))
}

/// Values for what a schema requires.
fn required_of(schema: &Schema) -> Value {
    let required = schema.attributes().iter().filter(|attribute| attribute.required() && is_written(attribute));
    Value::Object(required.map(|one| (one.name().to_owned(), value_for(one, "http"))).collect::<Map<_, _>>())
}
