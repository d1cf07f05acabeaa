//! The enterprise extension of User as a Rust type (RFC 7643 section 4.3).

use serde::{Deserialize, Serialize};

use crate::resource::Resource;
use crate::urn;

/// A typed view of the enterprise extension.
///
/// ```
/// use scim_core::{EnterpriseUser, Resource};
///
/// let resource: Resource = serde_json::from_str(r#"{
///     "userName": "bjensen",
///     "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours", "manager": {"value": "26"}}
/// }"#)?;
/// let extension = EnterpriseUser::of(&resource)?.unwrap();
/// assert_eq!(extension.department.as_deref(), Some("Tours"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnterpriseUser {
    /// The employer's identifier of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// The cost center.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_center: Option<String>,
    /// The organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The division.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// The department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
}

/// A user's manager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Manager {
    /// The id of the manager's User resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The URL of the manager's User resource.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The manager's name; read-only (R057).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl EnterpriseUser {
    /// The extension of a User resource; `None` where it has none.
    ///
    /// # Errors
    ///
    /// What serde says where the container does not fit.
    pub fn of(user: &Resource) -> Result<Option<Self>, serde_json::Error> {
        user.get(urn::ENTERPRISE_USER).map(Self::deserialize).transpose()
    }
}
