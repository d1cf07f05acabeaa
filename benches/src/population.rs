//! The users and groups that directories are filled with.

use scim_core::{Resource, urn};
use serde_json::{Value, json};

/// A user of 1.9 KB, as a store holds it.
///
/// # Errors
///
/// None: the text is fixed.
pub fn user() -> Result<Resource, serde_json::Error> {
    let mut user: Resource = serde_json::from_str(LARGE)?;
    user.compact();
    Ok(user)
}

const LARGE: &str = include_str!("user_1900.json");
const SMALL: &str = include_str!("user_650.json");

/// How large a user is where a service answers with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSize {
    /// 650 bytes.
    Small,
    /// 1.9 KB: every attribute that identity providers send.
    Large,
}

/// The body of a request that creates user number `number`.
///
/// # Errors
///
/// None: the texts are fixed.
pub fn new_user(size: UserSize, number: usize) -> Result<String, serde_json::Error> {
    if size == UserSize::Small {
        return Ok(SMALL.trim_end().replace("{n}", &format!("{number:06}")));
    }
    let mut user: Value = serde_json::from_str(LARGE)?;
    if let Some(attributes) = user.as_object_mut() {
        for computed in ["id", "meta", "groups"] {
            attributes.remove(computed);
        }
        attributes.insert("userName".to_owned(), user_name(number).into());
        attributes.insert("externalId".to_owned(), format!("external-{number:06}").into());
    }
    Ok(user.to_string())
}

/// What user number `number` is called.
pub fn user_name(number: usize) -> String {
    format!("user{number:06}@example.com")
}

/// The body of a request that creates a group without members.
pub fn new_group(name: &str) -> String {
    json!({"schemas": [urn::GROUP], "displayName": name}).to_string()
}

/// The body of a PATCH with one operation.
pub fn patch(operation: &Value) -> String {
    json!({"schemas": [urn::PATCH_OP], "Operations": [operation]}).to_string()
}

/// The body of a PATCH that adds members.
pub fn add_members<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let members: Vec<Value> = ids.into_iter().map(|id| json!({"value": id})).collect();
    patch(&json!({"op": "add", "path": "members", "value": members}))
}

/// An id as long as a UUID, of a member that nobody looks for.
pub fn member_id(number: usize) -> String {
    format!("{:08x}-0000-4000-8000-{number:012}", number.wrapping_mul(0x9e37_79b9) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;

    #[test]
    fn users_are_as_large_as_they_are_said_to_be() {
        let host = Host::new().unwrap();
        for (size, expected) in [(UserSize::Small, 645..656), (UserSize::Large, 1800..1950)] {
            let answer = host.send("POST", "/Users", new_user(size, usize::from(size == UserSize::Large)).unwrap());
            let bytes = answer.unwrap().body().len();
            assert!(expected.contains(&bytes), "{size:?}: {bytes}");
        }
        assert!((1850..1950).contains(&serde_json::to_string(&user().unwrap()).unwrap().len()));
    }
}
