//! How much one value, one attribute and one resource may hold.

use crate::schema::{Attribute, AttributeType};

/// Bounds of what a client can store. [`Checker`](crate::Checker) refuses what exceeds one, with the limit named.
///
/// ```
/// use scim_core::{Checker, SchemaSet, Tolerance, ValueLimits};
/// use serde_json::json;
///
/// let schemas = SchemaSet::builtin();
/// let mut tolerance = Tolerance::rfc();
/// let limits = ValueLimits { text: 5, ..ValueLimits::default() };
/// let mut checker = Checker::new(schemas.user().unwrap(), &mut tolerance).with_limits(limits);
/// let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bjensen"});
/// assert_eq!(checker.resource(body).unwrap_err().to_string(), "`userName`: longer than the limit of 5 bytes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueLimits {
    /// Longest string, dateTime or reference, in bytes of UTF-8. 8 KiB.
    pub text: usize,
    /// Longest binary value, such as a certificate, in bytes of base64; and longest reference to what is outside of the service,
    /// such as a photo, which may be a `data:` URI. 64 KiB.
    pub data: usize,
    /// Most values of an attribute that is no [relation](Attribute::is_multi_valued_reference). 1,000.
    pub elements: usize,
    /// Largest resource, in bytes of JSON, without relations such as `members`. 256 KiB.
    pub resource: usize,
}

impl Default for ValueLimits {
    fn default() -> Self {
        Self { text: 8 * 1024, data: 64 * 1024, elements: 1000, resource: 256 * 1024 }
    }
}

impl ValueLimits {
    /// The longest value that a simple attribute takes.
    pub(crate) fn longest(&self, attribute: &Attribute) -> usize {
        let outside = || attribute.reference_types().iter().any(|of| of == "external");
        match attribute.kind() {
            AttributeType::Binary => self.data,
            AttributeType::Reference if outside() => self.data,
            _ => self.text,
        }
    }

    /// Whether an attribute may have so many values.
    pub fn allows_elements(&self, attribute: &Attribute, count: usize) -> bool {
        count <= self.elements || attribute.is_multi_valued_reference()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::urn;
    use crate::{Checker, ResourceTypeName, SchemaSet, Tolerance};
    use serde_json::{Value, json};

    /// What is wrong with a user or group that has these members, within limits of 10 bytes, 20 bytes of data, 3 elements and
    /// 400 bytes.
    fn fault(of: &ResourceTypeName, members: &Value) -> Option<String> {
        let schemas = SchemaSet::builtin();
        let of = schemas.of(of).unwrap();
        let limits = ValueLimits { text: 10, data: 20, elements: 3, resource: 400 };
        let mut body = json!({"schemas": [of.base().id()]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Checker::new(of, &mut Tolerance::rfc()).with_limits(limits).resource(body).err().map(|error| error.to_string())
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is given literals")]
    fn of_user(members: Value) -> Option<String> {
        let mut all = json!({"userName": "a"});
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        fault(&ResourceTypeName::user(), &all)
    }

    #[test]
    fn x8_each_limit_of_values_holds_at_its_value_and_not_beyond() {
        let enterprise = urn::ENTERPRISE_USER;
        for (good, bad, told) in [
            (
                json!({"title": "1234567890"}),
                json!({"title": "12345678901"}),
                "`title`: longer than the limit of 10 bytes",
            ),
            (json!({"title": "12345678é"}), json!({"title": "123456789é"}), "10 bytes"),
            (
                json!({"name": {"givenName": "1234567890"}}),
                json!({"name": {"givenName": "12345678901"}}),
                "`name.givenName`",
            ),
            (
                json!({enterprise: {"department": "1234567890"}}),
                json!({enterprise: {"department": "12345678901"}}),
                "10 bytes",
            ),
            (
                json!({"x509Certificates": [{"value": "AAAAAAAAAAAAAAAAAAAA"}]}),
                json!({"x509Certificates": [{"value": "AAAAAAAAAAAAAAAAAAAAAAAA"}]}),
                "20 bytes",
            ),
            (
                json!({"photos": [{"value": "data:image/png;aaaaa"}]}),
                json!({"photos": [{"value": "data:image/png;aaaaaa"}]}),
                "20 bytes",
            ),
            (
                json!({"emails": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}),
                json!({"emails": [{"value": "a"}, {"value": "b"}, {"value": "c"}, {"value": "d"}]}),
                "`emails`: more than the limit of 3 values",
            ),
        ] {
            assert_eq!(of_user(good), None);
            let fault = of_user(bad).unwrap();
            assert!(fault.contains(told), "{fault}");
        }
    }

    #[test]
    fn x8_a_resource_has_a_limit_beside_its_members() {
        let texts = ["nickName", "displayName", "title", "userType", "locale", "timezone", "preferredLanguage"];
        let mut large: Value = texts.iter().map(|name| (*name, "1234567890")).collect();
        assert_eq!(of_user(large.clone()), None);
        for name in ["phoneNumbers", "emails", "ims", "entitlements"] {
            large[name] = json!([{"value": "1234567890"}, {"value": "2"}, {"value": "3"}]);
        }
        assert!(of_user(large).unwrap().contains("the resource is larger than the limit of 400 bytes"));
        let members: Vec<Value> = (0..100).map(|number| json!({"value": number.to_string()})).collect();
        assert_eq!(fault(&ResourceTypeName::group(), &json!({"displayName": "g", "members": members})), None);
    }
}
