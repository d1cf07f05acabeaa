//! The Group resource as a Rust type (RFC 7643 section 4.2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::multi_value::MultiValue;

/// A Group. Whatever else a resource has, such as `meta`, is in [`other`](Group::other).
///
/// [`Resource::view`](crate::Resource::view) reads one from a resource; `Resource::try_from` makes a resource of one.
///
/// ```
/// use scim_core::{Group, MultiValue, Resource};
///
/// let group = Group::new("Analysts").with_member("2819c223").with_member(MultiValue::new("e9e30dba").of_type("Group"));
/// let resource = Resource::try_from(group)?;
/// let read: Group = resource.view()?;
/// assert_eq!((read.display_name.as_str(), read.members.len()), ("Analysts", 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Group {
    /// The identifier that the service issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The identifier that the client issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name to show.
    pub display_name: String,
    /// Users and groups that belong to the group: `value` is the member's id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MultiValue>,
    /// Every other attribute and extension.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Group {
    /// A group without members.
    pub fn new(display_name: impl Into<String>) -> Self {
        Self { display_name: display_name.into(), ..Self::default() }
    }

    /// The same with the client's own identifier.
    #[must_use]
    pub fn with_external_id(self, external_id: impl Into<String>) -> Self {
        Self { external_id: Some(external_id.into()), ..self }
    }

    /// The same with one more member, by its id.
    #[must_use]
    pub fn with_member(mut self, member: impl Into<MultiValue>) -> Self {
        self.members.push(member.into());
        self
    }
}
