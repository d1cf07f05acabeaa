//! Which operations of a job may be under way at once without anybody being able to tell.
//!
//! Only creations are: what else there is about a resource depends on its state, and so on all that was done before. Two creations can
//! be told apart from the same two in their order only by what both of them say: a unique value, of which the first gets it; an
//! `externalId`, by which a client means the same person or group; a resource that one of them makes and the other refers to.

use std::collections::HashSet;

use scim_core::message::BulkMethod;
use scim_core::schema::{Mutability, Uniqueness};
use scim_core::{Attribute, TypeSchema};
use scim_filter::fold;
use serde_json::{Map, Value};

use super::operation::{Target, Work};

/// A value that only one of the creations under way may have: the path of its attribute, and the value, folded and without blanks at its
/// end. That says too much is equal, where case matters, and never too little: a creation with a unique value beyond ASCII, of which
/// databases hold more to be equal, is under way alone.
pub(crate) type Claim = (String, String);

/// What a creation claims; `None` for an operation that has to be under way alone: no creation, or one with what cannot be told from
/// the message.
///
/// `of` is the type as the store keeps it unique. A creation with a secret is made twice, with the hashing of the secret in between, so
/// that it may lose its place; one that names groups changes these as well.
pub(crate) fn claims(work: &Work, of: &TypeSchema) -> Option<HashSet<Claim>> {
    if work.method != BulkMethod::Post || work.target != Target::New {
        return None;
    }
    let mut claims = HashSet::new();
    for (key, value) in work.data.as_object()? {
        if let Some(attribute) = of.top_level(key) {
            claim(attribute, attribute.name(), value, &mut claims)?;
        } else if let (Some(extension), Some(members)) = (of.extension(key), value.as_object()) {
            for (key, value) in members {
                let attribute = extension.attribute(key)?;
                claim(attribute, &format!("{}:{}", extension.id(), attribute.name()), value, &mut claims)?;
            }
        } else {
            return None;
        }
    }
    claims.extend(work.data.as_object().and_then(external_id).map(|id| ("externalId".to_owned(), id)));
    Some(claims)
}

fn external_id(members: &Map<String, Value>) -> Option<String> {
    let member = members.iter().find(|(key, _)| key.eq_ignore_ascii_case("externalId"));
    member.and_then(|(_, value)| value.as_str()).map(|id| fold(id).into_owned())
}

/// Collects what a value claims; `None` where it is a secret, or `groups`.
fn claim(attribute: &Attribute, path: &str, value: &Value, claims: &mut HashSet<Claim>) -> Option<()> {
    if attribute.mutability() == Mutability::WriteOnly || path == "groups" {
        return None;
    }
    match value {
        Value::Array(elements) => {
            for element in elements {
                claim(attribute, path, element, claims)?;
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                let sub = attribute.sub_attribute(key)?;
                claim(sub, &format!("{path}.{}", sub.name()), value, claims)?;
            }
        }
        Value::Null => {}
        _ if attribute.uniqueness() == Uniqueness::None => {}
        // A database may hold more of them to be equal than folding does.
        Value::String(text) if !text.is_ascii() => return None,
        Value::String(text) => drop(claims.insert((path.to_owned(), fold(text.trim_end()).into_owned()))),
        other => drop(claims.insert((path.to_owned(), other.to_string()))),
    }
    Some(())
}

/// The creations under way, and what they claim.
#[derive(Debug, Default)]
pub(crate) struct Together {
    operations: HashSet<usize>,
    claims: HashSet<Claim>,
}

impl Together {
    /// How many are under way.
    pub(crate) fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether a creation may begin that claims this and needs the operations `on`.
    pub(crate) fn admits(&self, claims: &HashSet<Claim>, on: &[usize]) -> bool {
        self.claims.is_disjoint(claims) && !on.iter().any(|on| self.operations.contains(on))
    }

    /// A creation begins.
    pub(crate) fn begin(&mut self, operation: usize, claims: HashSet<Claim>) {
        self.operations.insert(operation);
        self.claims.extend(claims);
    }

    /// A creation is done. What it claimed stays claimed until nothing is under way: nobody waits for long.
    pub(crate) fn end(&mut self, operation: usize) {
        self.operations.remove(&operation);
        if self.operations.is_empty() {
            self.claims.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scim_core::{ResourceTypeName, SchemaSet, urn};
    use serde_json::json;

    use super::*;

    fn of(name: &str, data: Value) -> Option<Vec<String>> {
        let schemas = SchemaSet::builtin();
        let schemas =
            schemas.with_uniqueness(&ResourceTypeName::user(), &"emails.value".parse().unwrap(), Uniqueness::Server);
        let of: Arc<TypeSchema> = schemas.unwrap().of(&name.into()).unwrap().clone();
        let work = Work { method: BulkMethod::Post, of: of.clone(), target: Target::New, version: None, data };
        let mut claims: Vec<_> =
            claims(&work, &of)?.into_iter().map(|(path, value)| format!("{path}={value}")).collect();
        claims.sort();
        Some(claims)
    }

    #[test]
    fn a_creation_claims_what_is_unique_and_what_the_client_calls_it() {
        let user = json!({
            "schemas": [urn::USER], "USERNAME": "Ada", "externalId": "X1", "emails": [{"value": "A@x"}, {"VALUE": "b@x", "type": "work"}],
            urn::ENTERPRISE_USER: {"department": "d"}
        });
        assert_eq!(
            of("User", user).unwrap(),
            ["emails.value=a@x", "emails.value=b@x", "externalId=x1", "userName=ada"]
        );
        assert_eq!(of("Group", json!({"displayName": "g", "members": [{"value": "1"}]})).unwrap(), [""; 0]);
    }

    #[test]
    fn what_cannot_be_told_from_the_message_is_done_alone() {
        for data in [
            json!({"userName": "ada", "password": "secret"}),
            json!({"userName": "ada", "groups": [{"value": "1"}]}),
            json!({"userName": "ada", "unknown": 1}),
            json!({"userName": "ada", "name": {"unknown": 1}}),
            json!({"userName": "ada", urn::ENTERPRISE_USER: 1}),
            json!(["userName"]),
        ] {
            assert_eq!(of("User", data.clone()), None, "{data}");
        }
    }

    #[test]
    fn who_claims_the_same_or_refers_to_another_waits() {
        let claims = |name: &str| HashSet::from([("userName".to_owned(), name.to_owned())]);
        let mut together = Together::default();
        together.begin(0, claims("ada"));
        assert!(together.admits(&claims("bob"), &[5]));
        assert!(!together.admits(&claims("ada"), &[]));
        assert!(!together.admits(&claims("bob"), &[0]));
        together.end(0);
        assert!(together.admits(&claims("ada"), &[0]));
        assert_eq!(together.len(), 0);
    }
}
