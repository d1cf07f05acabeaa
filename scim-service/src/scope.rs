//! What the access token of a client lets it do.

use std::fmt;
use std::str::FromStr;

use scim_core::TypeSchema;
use scim_core::schema::ResourceTypeName;
use thiserror::Error;

/// One scope of an access token (RFC 6749 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// `scim`: everything.
    All,
    /// `scim.read`: every resource may be read.
    Read,
    /// `scim.users`: users may be read and written.
    Users,
    /// `scim.groups`: groups may be read and written.
    Groups,
}

/// The text names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected `scim`, `scim.read`, `scim.users` or `scim.groups`")]
pub struct ScopeError;

impl Scope {
    /// Every scope there is.
    pub const EVERY: [Self; 4] = [Self::All, Self::Read, Self::Users, Self::Groups];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "scim",
            Self::Read => "scim.read",
            Self::Users => "scim.users",
            Self::Groups => "scim.groups",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    /// Scopes are case-sensitive.
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::EVERY.into_iter().find(|scope| scope.as_str() == text).ok_or(ScopeError)
    }
}

/// A set of scopes. What they allow adds up: with `scim.read` and `scim.users` a client reads everything and writes users.
///
/// ```
/// use scim_service::{Scope, Scopes};
///
/// let scopes = Scopes::of_parameter("scim.users scim.read openid");
/// assert!(scopes.contains(Scope::Users) && !scopes.contains(Scope::All));
/// assert_eq!(scopes.to_string(), "scim.read scim.users");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// The scopes in a `scope` parameter or claim. Names that are no scope of this service mean nothing here and are left out.
    pub fn of_parameter(text: &str) -> Self {
        text.split(' ').filter_map(|name| name.parse().ok()).collect()
    }

    /// Whether the scope itself is among them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none, so that nothing is allowed but discovery.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, each once.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::EVERY.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Those of `requested` that a holder of these scopes may be granted: the same ones, and with `scim` all of them.
    ///
    /// ```
    /// use scim_service::Scopes;
    ///
    /// let held = Scopes::of_parameter("scim.read scim.users");
    /// assert_eq!(held.grant(Scopes::of_parameter("scim.users scim.groups")).to_string(), "scim.users");
    /// assert!(held.grant(Scopes::of_parameter("scim")).is_empty());
    /// ```
    #[must_use]
    pub fn grant(self, requested: Self) -> Self {
        if self.contains(Scope::All) { requested } else { Self(self.0 & requested.0) }
    }

    /// Whether resources of the type may be read.
    pub(crate) fn allow_reading(self, of: &TypeSchema) -> bool {
        self.contains(Scope::Read) || self.allow_writing(of)
    }

    /// Whether resources of the type may be written.
    pub(crate) fn allow_writing(self, of: &TypeSchema) -> bool {
        self.contains(Scope::All) || self.contains(scope_of(of))
    }

    /// Whether anything at all may be written.
    pub(crate) fn allow_some_writing(self) -> bool {
        self.iter().any(|scope| scope != Scope::Read)
    }
}

/// The narrowest scope for everything that can be done with resources of the type.
pub(crate) fn scope_of(of: &TypeSchema) -> Scope {
    let name = of.resource_type().name();
    if *name == ResourceTypeName::user() {
        Scope::Users
    } else if *name == ResourceTypeName::group() {
        Scope::Groups
    } else {
        Scope::All
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// As in a `scope` parameter: with spaces between them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use scim_core::SchemaSet;

    use super::*;

    #[test]
    fn scopes_allow_what_they_name_and_add_up() {
        let schemas = SchemaSet::builtin();
        let of = |name: ResourceTypeName| schemas.of(&name).unwrap().clone();
        let (user, group) = (of(ResourceTypeName::user()), of(ResourceTypeName::group()));
        for (scopes, read_user, write_user, read_group, write_group) in [
            ("scim", true, true, true, true),
            ("scim.read", true, false, true, false),
            ("scim.users", true, true, false, false),
            ("scim.groups", false, false, true, true),
            ("scim.read scim.groups", true, false, true, true),
            ("SCIM scim.write", false, false, false, false),
            ("", false, false, false, false),
        ] {
            let held = Scopes::of_parameter(scopes);
            assert_eq!((held.allow_reading(&user), held.allow_writing(&user)), (read_user, write_user), "{scopes}");
            assert_eq!((held.allow_reading(&group), held.allow_writing(&group)), (read_group, write_group), "{scopes}");
        }
    }

    #[test]
    fn a_scope_is_granted_to_whom_it_or_all_belongs() {
        let granted =
            |held: &str, asked: &str| Scopes::of_parameter(held).grant(Scopes::of_parameter(asked)).to_string();
        assert_eq!(granted("scim", "scim.read"), "scim.read");
        assert_eq!(granted("scim.read", "scim scim.read"), "scim.read");
        assert_eq!(granted("scim.users", "scim.groups"), "");
    }
}
