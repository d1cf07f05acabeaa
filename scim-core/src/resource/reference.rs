//! The values to which references lead.

use crate::resource::{Resource, ValueRef};
use crate::schema::AttributeRef;

impl AttributeRef {
    /// The value of the attribute as a whole in a resource, whether or not the reference is to a sub-attribute.
    pub fn attribute_in<'r>(&self, resource: &'r Resource) -> Option<ValueRef<'r>> {
        match self.uri() {
            None => resource.get(self.name()),
            Some(uri) => resource.get(uri)?.get(self.name()),
        }
    }

    /// The value that the reference has in a value of its attribute: in one value, where the attribute is multi-valued.
    pub fn sub_in<'v>(&self, value: ValueRef<'v>) -> Option<ValueRef<'v>> {
        match self.sub() {
            Some(sub) => value.get(sub),
            None => Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SchemaSet, Tolerance};

    const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn values_are_found_where_the_reference_leads() {
        let user = serde_json::json!({
            "name": {"givenName": "Ada"}, "emails": [{"value": "a@x"}], ENT: {"manager": {"value": "1"}}
        });
        let user: Resource = serde_json::from_value(user).unwrap();
        let schemas = SchemaSet::builtin();
        let users = schemas.user().unwrap();
        let reference =
            |path: &str| users.resolve(&path.parse().unwrap(), &mut Tolerance::rfc()).unwrap().attribute().unwrap();
        let at = |path: &str| user.at(&reference(path)).map(ValueRef::to_value);
        assert_eq!(at("name.givenName"), Some("Ada".into()));
        assert_eq!(at(&format!("{ENT}:manager.value")), Some("1".into()));
        assert_eq!((at("title"), at("name.familyName"), at(&format!("{ENT}:division"))), (None, None, None));
        assert_eq!(at("emails"), Some(serde_json::json!([{"value": "a@x"}])));
    }
}
