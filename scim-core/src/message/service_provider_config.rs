//! What a service can do, as it says so itself (RFC 7643 section 5).

use serde::{Deserialize, Serialize};

use crate::urn;

/// The body of `/ServiceProviderConfig`.
///
/// A service derives it from the value that its router obeys, so that it never advertises what it does not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceProviderConfig {
    schemas: Vec<String>,
    /// Where people read about the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
    /// Whether PATCH works.
    pub patch: Supported,
    /// Whether bulk works, and how much of it.
    pub bulk: BulkSupport,
    /// Whether filters work, and the largest page.
    pub filter: FilterSupport,
    /// Whether a client may set `password`.
    pub change_password: Supported,
    /// Whether `sortBy` works.
    pub sort: Supported,
    /// Whether resources have versions.
    pub etag: Supported,
    /// How results are paged (RFC 9865 section 4, R259).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<Pagination>,
    /// How clients authenticate.
    pub authentication_schemes: Vec<AuthenticationScheme>,
}

/// Whether something works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supported {
    /// It does.
    pub supported: bool,
}

/// The limits of bulk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkSupport {
    /// Whether bulk works.
    pub supported: bool,
    /// Most operations in one request.
    pub max_operations: u64,
    /// Largest request body, in bytes.
    pub max_payload_size: u64,
}

/// The limits of queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilterSupport {
    /// Whether filters work.
    pub supported: bool,
    /// Most resources in one response.
    pub max_results: u64,
}

/// How results are paged (RFC 9865 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// Whether `cursor` works.
    pub cursor: bool,
    /// Whether `startIndex` works.
    pub index: bool,
    /// What a query gets that asks for neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_pagination_method: Option<PaginationMethod>,
    /// Resources in a response when the client gives no `count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_page_size: Option<u64>,
    /// Most resources in one response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_page_size: Option<u64>,
    /// How long a cursor is good for, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_timeout: Option<u64>,
}

/// A way to page. Closed by the RFC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PaginationMethod {
    /// By `cursor`.
    Cursor,
    /// By `startIndex`.
    Index,
}

/// A way to authenticate (R223).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationScheme {
    /// What kind of scheme it is.
    #[serde(rename = "type")]
    pub kind: SchemeKind,
    /// The common name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The specification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_uri: Option<String>,
    /// How to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
    /// Whether it is the preferred one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

/// The kinds of authentication scheme, closed by RFC 7643 section 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemeKind {
    /// OAuth 1.0 (RFC 5849).
    Oauth,
    /// OAuth 2.0 (RFC 6749).
    Oauth2,
    /// OAuth 2.0 bearer tokens (RFC 6750).
    OauthBearerToken,
    /// HTTP Basic (RFC 7617).
    HttpBasic,
    /// HTTP Digest (RFC 7616).
    HttpDigest,
}

impl AuthenticationScheme {
    /// A scheme with what must be said of it.
    ///
    /// ```
    /// use scim_core::message::{AuthenticationScheme, SchemeKind};
    ///
    /// let scheme = AuthenticationScheme::new(SchemeKind::HttpBasic, "HTTP Basic", "Name and password of a service account");
    /// assert_eq!(serde_json::to_value(&scheme)?["type"], "httpbasic");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn new(kind: SchemeKind, name: &str, description: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            description: description.to_owned(),
            spec_uri: None,
            documentation_uri: None,
            primary: None,
        }
    }

    /// OAuth 2.0 bearer tokens (RFC 6750).
    pub fn bearer_token() -> Self {
        let description = "Authentication with a bearer token in the Authorization header";
        Self {
            spec_uri: Some("https://www.rfc-editor.org/info/rfc6750".into()),
            primary: Some(true),
            ..Self::new(SchemeKind::OauthBearerToken, "OAuth Bearer Token", description)
        }
    }
}

impl ServiceProviderConfig {
    /// A service that can do nothing but read and write whole resources; switch on what it does.
    pub fn minimal(max_results: u64) -> Self {
        let no = Supported { supported: false };
        Self {
            schemas: vec![urn::SERVICE_PROVIDER_CONFIG.to_owned()],
            documentation_uri: None,
            patch: no,
            bulk: BulkSupport::default(),
            filter: FilterSupport { supported: false, max_results },
            change_password: no,
            sort: no,
            etag: no,
            pagination: None,
            authentication_schemes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r223_the_kinds_of_scheme_are_those_of_the_rfc() {
        let kinds = [
            (SchemeKind::Oauth, "oauth"),
            (SchemeKind::Oauth2, "oauth2"),
            (SchemeKind::OauthBearerToken, "oauthbearertoken"),
            (SchemeKind::HttpBasic, "httpbasic"),
            (SchemeKind::HttpDigest, "httpdigest"),
        ];
        for (kind, word) in kinds {
            assert_eq!(serde_json::to_value(kind).unwrap(), word);
        }
        assert!(serde_json::from_value::<SchemeKind>("apikey".into()).is_err());
        let shown = serde_json::to_value(AuthenticationScheme::bearer_token()).unwrap();
        assert!(shown["name"].is_string() && shown["description"].is_string());
    }

    #[test]
    fn r221_every_required_member_is_written() {
        let shown = serde_json::to_value(ServiceProviderConfig::minimal(200)).unwrap();
        for name in ["schemas", "patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes"] {
            assert!(shown.get(name).is_some(), "{name}");
        }
        assert_eq!(shown["filter"]["maxResults"], 200);
        assert_eq!(shown["bulk"]["maxPayloadSize"], 0);
    }
}
