//! A password that no log shows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A password in clear, on its way to the service. `Debug` does not show it; serde does, because it is sent.
///
/// ```
/// use scim_core::Password;
///
/// let password = Password::from("correct horse");
/// assert_eq!(password.reveal(), "correct horse");
/// assert_eq!(format!("{password:?}"), "Password(hidden)");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}
