//! Who is inactive stays so until a client says `active: true` ([`Quirk::InactiveUntilTrue`]).
//!
//! The rule has its home here. PATCH asks it for each operation, PUT and the restoring POST for the content as a whole.

use crate::resource::Resource;
use crate::tolerance::Quirk;
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
        self.get("active").is_some_and(|active| active == false)
    }
}

impl Tolerance {
    /// Whether `active`, which was `before`, is to stay false although it is to become `after`; if so, the rule counts as needed.
    ///
    /// ```
    /// use scim_core::Tolerance;
    ///
    /// let mut tolerance = Tolerance::rfc();
    /// assert!(tolerance.keeps_inactive(Some(false), None));
    /// assert!(!tolerance.keeps_inactive(Some(false), Some(true)));
    /// assert!(!tolerance.keeps_inactive(Some(true), None));
    /// ```
    pub fn keeps_inactive(&mut self, before: Option<bool>, after: Option<bool>) -> bool {
        before == Some(false) && after.is_none() && self.take(Quirk::InactiveUntilTrue)
    }
}
