//! The URNs of SCIM's own schemas and messages (RFC 7643 section 10, RFC 7644 section 8.2).

/// The User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of User.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of `/ServiceProviderConfig`.
pub const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// The schema of `/ResourceTypes`.
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// The schema of `/Schemas`.
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// The message that answers a query.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The message of `POST .search`.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// The message of PATCH.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The message of a bulk job.
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The message that answers a bulk job.
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// The message of every error.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Whether `text` can identify a schema: an absolute URI without white space, such as a URN or an `https` URL.
pub fn is_schema_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
            && !rest.is_empty()
            && rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '[' | ']'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_uris_are_absolute() {
        for good in [USER, "https://example.com/schemas/thing", "urn:a:b"] {
            assert!(is_schema_uri(good), "{good}");
        }
        for bad in ["", "User", ":x", "urn:", "urn:a b", "1urn:x", "urn:\"x\""] {
            assert!(!is_schema_uri(bad), "{bad}");
        }
    }
}
