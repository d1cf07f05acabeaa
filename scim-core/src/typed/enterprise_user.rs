//! The enterprise extension of User as a Rust type (RFC 7643 section 4.3).

use serde::{Deserialize, Serialize};

use crate::resource::{Resource, ValueRef};
use crate::urn;

/// The enterprise extension of User: [`User::enterprise`](crate::User::enterprise), or read by itself.
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
#[non_exhaustive]
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
#[non_exhaustive]
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
    /// The same with the employer's identifier of the person.
    #[must_use]
    pub fn with_employee_number(self, number: impl Into<String>) -> Self {
        Self { employee_number: Some(number.into()), ..self }
    }

    /// The same with a department.
    #[must_use]
    pub fn with_department(self, department: impl Into<String>) -> Self {
        Self { department: Some(department.into()), ..self }
    }

    /// The same with a manager, by the id of their User resource.
    #[must_use]
    pub fn with_manager(self, id: impl Into<String>) -> Self {
        Self { manager: Some(Manager { value: Some(id.into()), ..Manager::default() }), ..self }
    }

    /// The extension of a User resource; `None` where it has none.
    ///
    /// # Errors
    ///
    /// What serde says where the container does not fit.
    pub fn of(user: &Resource) -> Result<Option<Self>, serde_json::Error> {
        user.get(urn::ENTERPRISE_USER).map(ValueRef::read).transpose()
    }
}
