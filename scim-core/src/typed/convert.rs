//! From Rust types to resources.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::check::CheckError;
use crate::check::Checker;
use crate::identity::{ResourceId, ResourceIdError};
use crate::resource::Resource;
use crate::schema::{Mutability, SchemaSet, TypeSchema};
use crate::tolerance::Tolerance;

use super::group::Group;
use super::user::User;

/// A Rust value is no resource of the type.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TypedError {
    /// serde does not make an object of it.
    #[error("the value does not serialize to a JSON object")]
    NotAnObject(#[source] Option<serde_json::Error>),
    /// The schema does not allow it. `Display` says where and what was expected.
    #[error(transparent)]
    Schema(#[from] CheckError),
    /// Its `id` cannot be one.
    #[error("`id`: {0}")]
    Id(#[from] ResourceIdError),
}

impl TypeSchema {
    /// Makes a resource of any value that serializes to an object with the attributes of the type: [`User`], [`Group`], or a struct
    /// of the host's own.
    ///
    /// What is `None` or empty is left out, `schemas` is added where it is missing, and all that a client may write is checked
    /// against the schemas. What only the service writes (`id`, `meta`, read-only attributes such as `groups`) is taken as it is; a
    /// read-only sub-attribute of another attribute, such as `manager.displayName`, is left out.
    ///
    /// # Errors
    ///
    /// [`TypedError`] for a value that is no object, and for what the schema does not allow.
    ///
    /// ```
    /// use scim_core::SchemaSet;
    /// use serde::Serialize;
    ///
    /// #[derive(Serialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Employee {
    ///     user_name: &'static str,
    ///     nick_name: Option<&'static str>,
    ///     active: bool,
    /// }
    ///
    /// let schemas = SchemaSet::builtin();
    /// let users = schemas.user().unwrap();
    /// let ada = users.resource_of(&Employee { user_name: "ada", nick_name: None, active: true })?;
    /// assert_eq!(ada.get("nickName"), None);
    /// assert_eq!(ada.schemas().collect::<Vec<_>>(), [scim_core::urn::USER]);
    /// # Ok::<(), scim_core::TypedError>(())
    /// ```
    pub fn resource_of<T: Serialize + ?Sized>(&self, value: &T) -> Result<Resource, TypedError> {
        let mut body = match serde_json::to_value(value) {
            Ok(Value::Object(body)) => body,
            Ok(_) => return Err(TypedError::NotAnObject(None)),
            Err(error) => return Err(TypedError::NotAnObject(Some(error))),
        };
        body.retain(|_, value| !value.is_null());
        let kept = self.written_by_the_service(&mut body);
        if let Some(id) = kept.get("id") {
            id.as_str().unwrap_or_default().parse::<ResourceId>()?;
        }
        if !body.contains_key("schemas") {
            body.insert("schemas".to_owned(), self.schemas_of(&body));
        }
        let mut resource = Checker::new(self, &mut Tolerance::rfc()).resource(body.into())?;
        resource.attributes_mut().extend(kept);
        Ok(resource)
    }

    /// Takes out what no client may write.
    fn written_by_the_service(&self, body: &mut Map<String, Value>) -> Map<String, Value> {
        let attributes = self.common().iter().chain(self.base().attributes());
        let read_only = attributes.filter(|attribute| attribute.mutability() == Mutability::ReadOnly);
        read_only.filter_map(|attribute| body.remove_entry(attribute.name())).collect()
    }
}

static BUILTIN: LazyLock<SchemaSet> = LazyLock::new(SchemaSet::builtin);

fn builtin<T: Serialize>(of: Option<&std::sync::Arc<TypeSchema>>, value: &T) -> Result<Resource, TypedError> {
    of.ok_or(TypedError::NotAnObject(None))?.resource_of(value)
}

/// A User of the built-in schemas: see [`TypeSchema::resource_of`], which other schemas have as well.
impl TryFrom<User> for Resource {
    type Error = TypedError;

    fn try_from(user: User) -> Result<Self, Self::Error> {
        builtin(BUILTIN.user(), &user)
    }
}

/// A Group of the built-in schemas: see [`TypeSchema::resource_of`], which other schemas have as well.
impl TryFrom<Group> for Resource {
    type Error = TypedError;

    fn try_from(group: Group) -> Result<Self, Self::Error> {
        builtin(BUILTIN.group(), &group)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::typed::{EnterpriseUser, MultiValue};
    use crate::urn;

    #[test]
    fn a7_a_typed_user_becomes_a_checked_resource_and_comes_back() {
        let mut user =
            User::new("ada").with_email("ada@x").with_enterprise(EnterpriseUser::default().with_manager("7"));
        user.id = Some("1".to_owned());
        user.groups = vec![MultiValue::new("g")];
        user.other.insert("meta".to_owned(), json!({"resourceType": "User"}));
        let resource = Resource::try_from(user.clone()).unwrap();
        assert_eq!(resource.schemas().collect::<Vec<_>>(), [urn::USER, urn::ENTERPRISE_USER]);
        assert_eq!(resource.id().as_deref(), Some("1"));
        assert_eq!(resource.get("groups").unwrap(), json!([{"value": "g"}]));
        let mut back: User = resource.view().unwrap();
        back.other.remove("schemas");
        assert_eq!(back, user);
    }

    #[test]
    fn a7_what_the_schema_does_not_allow_is_refused_with_its_path() {
        let refusal = |user: User| Resource::try_from(user).unwrap_err().to_string();
        let primary = |value| MultiValue::new(value).as_primary();
        assert!(refusal(User::new("ada").with_email(primary("x")).with_email(primary("y"))).contains("emails"));
        assert!(refusal(User::new("")).contains("userName"));
        let mut unknown = User::new("ada");
        unknown.other.insert("shoeSize".to_owned(), json!(38));
        assert!(refusal(unknown).contains("shoeSize"));
        let mut id = User::new("ada");
        id.id = Some("bulkId".to_owned());
        assert!(refusal(id).starts_with("`id`"), "RFC 7643 section 3.1 reserves it");
    }

    #[test]
    fn a7_nulls_and_empty_lists_of_a_hosts_own_struct_are_left_out() {
        let group = SchemaSet::builtin().group().unwrap().clone();
        let resource = group.resource_of(&json!({"displayName": "g", "externalId": null, "members": []})).unwrap();
        assert_eq!(resource.members().map(|(name, _)| name).collect::<Vec<_>>(), ["displayName", "schemas"]);
        assert!(matches!(group.resource_of("text"), Err(TypedError::NotAnObject(None))));
    }
}
