//! The cases of `data/*.json`: a resource, a message, and the resource or the error that comes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use scim_core::schema::{ResourceType, Schema};
use scim_core::{InteropRule, Profile, Quirk, Resource, ResourceTypeName, SchemaSet, urn};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Case {
    /// The requirement, quirk or rule that the case is about.
    pub(crate) rule: String,
    #[serde(rename = "type")]
    pub(crate) of: ResourceTypeName,
    /// `rfc`, `compatible` or `interop`, and what is switched: `rfc +DottedKey`, `compatible -StringBoolean`. A case
    /// without holds under `compatible` and `rfc` alike.
    pub(crate) profile: Option<String>,
    pub(crate) before: String,
    operations: Option<Value>,
    /// The whole message, where it is not just operations.
    message: Option<Value>,
    /// The members that differ afterwards; `null` means gone.
    #[serde(default)]
    after: Map<String, Value>,
    #[serde(default)]
    pub(crate) unchanged: bool,
    pub(crate) error: Option<String>,
    /// What the error's text says, among other things.
    pub(crate) detail: Option<String>,
    /// Quirks that must have been reported.
    #[serde(default)]
    pub(crate) used: Vec<String>,
    /// The paths that must have been reported as changed.
    pub(crate) paths: Option<Vec<String>>,
    /// Whether the message, sent again, changes more or is refused.
    #[serde(default)]
    pub(crate) once: bool,
    /// The difference of members: `false` means that there is none to tell.
    pub(crate) delta: Option<Value>,
}

impl Case {
    pub(crate) fn message(&self) -> Value {
        let message = || json!({"schemas": [urn::PATCH_OP], "Operations": self.operations.clone().unwrap()});
        self.message.clone().unwrap_or_else(message)
    }

    pub(crate) fn profiles(&self) -> Vec<&str> {
        self.profile.as_deref().map_or_else(|| vec!["compatible", "rfc"], |profile| vec![profile])
    }

    pub(crate) fn expected(&self, before: &Resource) -> Resource {
        let mut expected = before.clone();
        for (name, value) in &self.after {
            if value.is_null() {
                expected.attributes_mut().remove(name);
            } else {
                expected.attributes_mut().insert(name.clone(), value.clone());
            }
        }
        expected
    }
}

/// The profile of a case, by name.
pub(crate) fn profile(name: &str) -> Profile {
    let mut words = name.split(' ');
    let mut profile = match words.next() {
        Some("rfc") => Profile::rfc(),
        Some("interop") => Profile::interop(),
        Some("compatible") => Profile::compatible(),
        other => panic!("no profile {other:?}"),
    };
    for word in words {
        let (sign, name) = word.split_at(1);
        let quirk = Quirk::ALL.into_iter().find(|quirk| format!("{quirk:?}") == name);
        let rule = InteropRule::ALL.into_iter().find(|rule| format!("{rule:?}") == name);
        profile = match (sign, quirk, rule) {
            ("+", Some(quirk), _) => profile.with(quirk),
            ("-", Some(quirk), _) => profile.without(quirk),
            ("+", _, Some(rule)) => profile.with_rule(rule),
            _ => panic!("no switch {word}"),
        };
    }
    profile
}

/// Every case, with the file it stands in.
pub(crate) fn cases() -> Vec<(&'static str, Case)> {
    let mut cases = Vec::new();
    for (file, text) in [
        ("add", include_str!("../data/operations/add.json")),
        ("examples", include_str!("../data/providers/examples.json")),
        ("extensions", include_str!("../data/attributes/extensions.json")),
        ("immutable", include_str!("../data/attributes/immutable.json")),
        ("interop", include_str!("../data/providers/interop.json")),
        ("quirks", include_str!("../data/providers/quirks.json")),
        ("members", include_str!("../data/attributes/members.json")),
        ("message", include_str!("../data/operations/message.json")),
        ("order", include_str!("../data/operations/order.json")),
        ("path", include_str!("../data/operations/path.json")),
        ("primary", include_str!("../data/attributes/primary.json")),
        ("read_only", include_str!("../data/attributes/read_only.json")),
        ("remove", include_str!("../data/operations/remove.json")),
        ("replace", include_str!("../data/operations/replace.json")),
        ("types", include_str!("../data/operations/types.json")),
        ("value_path", include_str!("../data/operations/value_path.json")),
    ] {
        let of_file: Vec<Case> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        cases.extend(of_file.into_iter().map(|case| (file, case)));
    }
    cases
}

/// The resource types and resources that the cases name.
pub(crate) struct Fixtures {
    pub(crate) schemas: SchemaSet,
    pub(crate) resources: BTreeMap<String, Resource>,
}

pub(crate) fn fixtures() -> Fixtures {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        schemas: Vec<Arc<Schema>>,
        resource_types: Vec<ResourceType>,
        fixtures: BTreeMap<String, Resource>,
    }
    let file: File = serde_json::from_str(include_str!("../data/fixtures.json")).unwrap();
    let schemas = SchemaSet::builtin().with(file.schemas, file.resource_types).unwrap();
    Fixtures { schemas, resources: file.fixtures }
}
