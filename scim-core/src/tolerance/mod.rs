//! What a check takes beyond the RFCs.

mod profile;
mod value_check;

pub use profile::{InteropRule, Profile, Quirk, Quirks};
pub use value_check::ValueCheck;

/// What is taken beyond the RFCs while something is parsed or checked, and what of it was needed.
///
/// One value goes through all the steps of a request, so that a service can log at the end what a client needs.
///
/// ```
/// use scim_core::{Quirk, Profile, SchemaSet, Tolerance};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let mut tolerance = Tolerance::new(&Profile::compatible());
/// assert!(user.resolve(&"manager".parse()?, &mut tolerance).is_ok());
/// assert!(tolerance.used().contains(Quirk::BareExtensionAttribute));
/// assert!(user.resolve(&"manager".parse()?, &mut Tolerance::rfc()).is_err());
/// # Ok::<(), scim_core::AttrPathError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tolerance {
    profile: Profile,
    used: Quirks,
}

impl Tolerance {
    /// The tolerance of a profile, of which nothing was needed so far.
    pub fn new(profile: &Profile) -> Self {
        Self { profile: profile.clone(), used: Quirks::default() }
    }

    /// That of [`Profile::rfc`].
    pub fn rfc() -> Self {
        Self::new(&Profile::rfc())
    }

    /// That of [`Profile::compatible`].
    pub fn compatible() -> Self {
        Self::new(&Profile::compatible())
    }

    /// The policy.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether a quirk is allowed.
    pub fn allows(&self, quirk: Quirk) -> bool {
        self.profile.allows(quirk)
    }

    /// Whether a rule is asked for.
    pub fn requires(&self, rule: InteropRule) -> bool {
        self.profile.requires(rule)
    }

    /// Whether a quirk is allowed; if so, it counts as needed.
    pub fn take(&mut self, quirk: Quirk) -> bool {
        let allowed = self.allows(quirk);
        if allowed {
            self.used.insert(quirk);
        }
        allowed
    }

    /// Takes note of what was needed elsewhere.
    pub fn record(&mut self, used: Quirks) {
        self.used.extend(used);
    }

    /// What was needed.
    pub fn used(&self) -> Quirks {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_neither_taken_nor_noted() {
        let mut tolerance = Tolerance::rfc();
        assert!(!tolerance.take(Quirk::StringBoolean));
        assert!(tolerance.used().is_empty());
        let mut tolerance = Tolerance::compatible();
        assert!(tolerance.take(Quirk::StringBoolean));
        assert_eq!(tolerance.used().iter().collect::<Vec<_>>(), [Quirk::StringBoolean]);
    }
}
