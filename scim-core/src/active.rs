//! Who is inactive stays so until a client says `active: true` ([`Leniency::InactiveUntilTrue`]).
//!
//! The rule has its home here. PATCH asks it for each operation, PUT and the restoring POST for the content as a whole.

use serde_json::Value;

use crate::profile::Leniency;
use crate::resource::Resource;
use crate::tolerance::Tolerance;

impl Resource {
    /// Whether `active` is false. Where it is absent nobody said so.
    ///
    /// ```
    /// use scim_core::Resource;
    ///
    /// let user = |json: &str| serde_json::from_str::<Resource>(json).unwrap();
    /// assert!(user(r#"{"userName": "ada", "active": false}"#).is_inactive());
    /// assert!(!user(r#"{"userName": "ada"}"#).is_inactive());
    /// ```
    pub fn is_inactive(&self) -> bool {
        self.get("active") == Some(&Value::Bool(false))
    }
}

impl Tolerance {
    /// Whether `active`, which was `before`, is to stay false although it is to become `after`; if so, the rule counts as needed.
    ///
    /// ```
    /// use scim_core::Tolerance;
    /// use serde_json::json;
    ///
    /// let mut tolerance = Tolerance::rfc();
    /// let mut stays = |before, after| tolerance.keeps_inactive(Some(&before), after);
    /// assert!(stays(json!(false), None));
    /// assert!(!stays(json!(false), Some(&json!(true))));
    /// assert!(!stays(json!(true), None));
    /// ```
    pub fn keeps_inactive(&mut self, before: Option<&Value>, after: Option<&Value>) -> bool {
        before == Some(&Value::Bool(false))
            && !after.is_some_and(Value::is_boolean)
            && self.take(Leniency::InactiveUntilTrue)
    }
}
