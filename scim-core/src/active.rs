//! Who is inactive stays so until a client says `active: true` ([`Leniency::InactiveUntilTrue`]).
//!
//! The rule has its home here. PATCH asks it for each operation, PUT and the restoring POST for the content as a whole.

use serde_json::Value;

use crate::profile::{Leniencies, Leniency, Profile};
use crate::resource::Resource;

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

impl Profile {
    /// Whether `active`, which was `before`, is to stay false although it is to become `after`; if so, records the rule.
    ///
    /// ```
    /// use scim_core::{Leniencies, Profile};
    /// use serde_json::json;
    ///
    /// let mut used = Leniencies::default();
    /// let mut stays = |before, after| Profile::rfc().keeps_inactive(Some(&before), after, &mut used);
    /// assert!(stays(json!(false), None));
    /// assert!(!stays(json!(false), Some(&json!(true))));
    /// assert!(!stays(json!(true), None));
    /// ```
    pub fn keeps_inactive(&self, before: Option<&Value>, after: Option<&Value>, used: &mut Leniencies) -> bool {
        before == Some(&Value::Bool(false))
            && !after.is_some_and(Value::is_boolean)
            && self.take(Leniency::InactiveUntilTrue, used)
    }
}
