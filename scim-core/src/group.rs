//! The Group resource as a Rust type (RFC 7643 section 4.2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::user::MultiValue;

/// A typed view of a Group resource. Get one with [`Resource::view`](crate::Resource::view).
///
/// ```
/// use scim_core::{Group, Resource};
///
/// let resource: Resource = serde_json::from_str(r#"{"displayName": "Analysts", "members": [{"value": "u-1"}]}"#)?;
/// let group: Group = resource.view()?;
/// assert_eq!(group.display_name, "Analysts");
/// assert_eq!(group.members.len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    /// The identifier issued by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The identifier issued by the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name to show.
    pub display_name: String,
    /// Users and groups that belong to the group: `value` is the member's id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MultiValue>,
    /// Every other attribute.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
