//! Policy: which departures from the RFCs a service takes, each by name.

use std::fmt;

use crate::tolerance::value_check::ValueCheck;

/// One departure from the letter of the RFCs that real clients need. Each has its own switch in a [`Profile`], and each
/// use is recorded in a [`Quirks`] set, so that a service can log it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quirk {
    /// `Add`, `Replace`: PATCH operation names in any case (R136, Entra ID).
    OperationCase,
    /// `"True"`, `"false"`: booleans as strings, in any case, in values, PATCH paths and filters (R173, Entra ID).
    StringBoolean,
    /// PATCH add on a value path that matches nothing creates an element (R147, Entra ID).
    AddCreatesElement,
    /// PATCH replace on a value path that matches nothing creates an element (R161, Entra ID).
    ReplaceCreatesElement,
    /// `emails[type eq "work"].value eq "x"` in a filter (R087, Entra ID).
    ValuePathSubAttribute,
    /// `"u-1"` where `{"value": "u-1"}` is due, such as a bare manager (Entra ID).
    SimpleForComplex,
    /// `""` unassigns an attribute that cannot hold a text (Entra ID, removing a manager).
    EmptyStringUnassigns,
    /// One value where an array is due (R027, `OneLogin`).
    SingleForMultiple,
    /// An array of one where a single value is due (Entra ID, manager).
    ArrayForSingular,
    /// PATCH remove of `members` with a value list removes just those (R174, Entra ID).
    RemoveByValue,
    /// `name.givenName` as a key of a PATCH value or of a resource (R172, Entra ID).
    DottedKey,
    /// `urn:...:User:department` as a key of a PATCH value or of a resource (R172, Entra ID).
    QualifiedKey,
    /// A read-only attribute in a PATCH value is ignored where it equals the current one (R168, Okta).
    EqualReadOnly,
    /// An unknown URI in `schemas` is dropped (R029, Entra ID groups).
    UnknownSchema,
    /// An attribute that no schema defines is dropped (R036).
    UnknownAttribute,
    /// `manager` for an attribute of the only extension that has one (Entra ID).
    BareExtensionAttribute,
    /// POST of a resource that exists inactive, with equal unique values and `externalId`, restores it in place (Okta).
    RestoreInactive,
    /// A PATCH message without its `schemas` (R134).
    MissingPatchSchema,
    /// `TRUE`, `False`, `NULL` as filter literals (R061).
    UppercaseLiteral,
    /// `/users`, `/serviceproviderconfig`: endpoints in any case (RFC 7644 section 3.2 spells them as they are registered).
    EndpointCase,
    /// An attribute that is qualified by a schema that the resource type does not have is ignored, in the body of a resource,
    /// in a PATCH value and as the path of a PATCH operation, whose other operations apply (Entra ID with attributes of other
    /// applications). A misspelt attribute of a schema that the type has is none of these.
    ForeignAttribute,
    /// A resource with `active` false stays inactive until a client says `active: true`: a PUT without `active`, and `active`
    /// set to null or removed, leave it false. Whoever only repeats what they know of somebody does not let them in again.
    /// In every profile.
    InactiveUntilTrue,
    /// `userName eq bjensen`: a filter string without quotes (authentik). It begins and ends with a letter or digit, has
    /// nothing but letters, digits and `. _ - + @ : / # ~ '` in it, and is neither a number nor a word of the filter language.
    UnquotedString,
    /// `groups` of a User names the groups that the user is to be in, by id or `displayName`. RFC 7643 section 4.1.2 has
    /// it read-only. No profile has it: a client that also sends the members of groups would contradict itself.
    GroupsOnUser,
    /// `{"value": "{\"value\": \"Viewer\"}"}`: an element of a complex attribute as the JSON text of its `value` (Entra ID,
    /// `AppRoleAssignmentsComplex`).
    JsonInValue,
}

impl Quirk {
    /// Every quirk.
    pub const ALL: [Self; 25] = [
        Self::OperationCase,
        Self::StringBoolean,
        Self::AddCreatesElement,
        Self::ReplaceCreatesElement,
        Self::ValuePathSubAttribute,
        Self::SimpleForComplex,
        Self::EmptyStringUnassigns,
        Self::SingleForMultiple,
        Self::ArrayForSingular,
        Self::RemoveByValue,
        Self::DottedKey,
        Self::QualifiedKey,
        Self::EqualReadOnly,
        Self::UnknownSchema,
        Self::UnknownAttribute,
        Self::BareExtensionAttribute,
        Self::RestoreInactive,
        Self::MissingPatchSchema,
        Self::UppercaseLiteral,
        Self::EndpointCase,
        Self::ForeignAttribute,
        Self::InactiveUntilTrue,
        Self::UnquotedString,
        Self::GroupsOnUser,
        Self::JsonInValue,
    ];

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of quirks: those that a message needed, or those that a profile allows.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks(u32);

impl Quirks {
    /// Adds one.
    pub const fn insert(&mut self, quirk: Quirk) {
        self.0 |= quirk.bit();
    }

    /// Adds all of another set.
    pub const fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether `quirk` is in the set.
    pub const fn contains(self, quirk: Quirk) -> bool {
        self.0 & quirk.bit() != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in the order of [`Quirk::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Quirk> {
        Quirk::ALL.into_iter().filter(move |quirk| self.contains(*quirk))
    }
}

impl fmt::Debug for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A rule of the interoperability profile (draft-zollner-scim-interop-profile) that goes beyond the RFCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InteropRule {
    /// Every PATCH operation has a path (R180).
    PathRequired,
    /// A PATCH value path names a sub-attribute, and matches at most one element (R180).
    ValuePathNamesSubAttribute,
    /// PATCH replace of a complex attribute replaces it whole (R158).
    ReplaceWholeComplex,
}

impl InteropRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::PathRequired, Self::ValuePathNamesSubAttribute, Self::ReplaceWholeComplex];

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The policy of a service: what it takes beyond the RFCs, and what it asks beyond them.
///
/// ```
/// use scim_core::{Quirk, Profile};
///
/// let profile = Profile::compatible().without(Quirk::StringBoolean);
/// assert!(profile.allows(Quirk::OperationCase));
/// assert!(!profile.allows(Quirk::StringBoolean));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    allowed: Quirks,
    rules: u32,
    checks: u8,
}

/// The checks of values that every profile makes.
const ALWAYS: u8 = ValueCheck::Identifier.bit() | ValueCheck::Secret.bit();

impl Default for Profile {
    fn default() -> Self {
        Self::compatible()
    }
}

impl Profile {
    /// The letter of the RFCs, with the one choice they leave open that no client survives without:
    /// a read-only attribute that a PATCH value repeats unchanged is ignored (RFC 7644 section 3.5.2, R168);
    /// and with [`Quirk::InactiveUntilTrue`], as every profile.
    pub fn rfc() -> Self {
        Self { allowed: Quirks::default(), rules: 0, checks: ALWAYS }
            .with(Quirk::EqualReadOnly)
            .with(Quirk::InactiveUntilTrue)
    }

    /// What identity providers really send: every quirk but [`Quirk::MissingPatchSchema`] and
    /// [`Quirk::UppercaseLiteral`], which no known client needs, and [`Quirk::GroupsOnUser`]. The default.
    pub fn compatible() -> Self {
        let mut allowed = Quirks::default();
        for quirk in Quirk::ALL {
            allowed.insert(quirk);
        }
        Self { allowed, rules: 0, checks: ALWAYS }
            .without(Quirk::MissingPatchSchema)
            .without(Quirk::UppercaseLiteral)
            .without(Quirk::GroupsOnUser)
    }

    /// The interoperability profile: no quirk but [`Quirk::InactiveUntilTrue`], and every [`InteropRule`].
    pub fn interop() -> Self {
        let rules = InteropRule::ALL.into_iter().fold(0, |rules, rule| rules | rule.bit());
        Self { allowed: Quirks::default(), rules, checks: ALWAYS }.with(Quirk::InactiveUntilTrue)
    }

    /// Allows a quirk.
    #[must_use]
    pub fn with(mut self, quirk: Quirk) -> Self {
        self.allowed.insert(quirk);
        self
    }

    /// Refuses a quirk.
    #[must_use]
    pub fn without(mut self, quirk: Quirk) -> Self {
        self.allowed.0 &= !quirk.bit();
        self
    }

    /// Asks for an interoperability rule.
    #[must_use]
    pub fn with_rule(mut self, rule: InteropRule) -> Self {
        self.rules |= rule.bit();
        self
    }

    /// Asks for a check of values beyond their type.
    ///
    /// ```
    /// use scim_core::{Profile, ValueCheck};
    ///
    /// let profile = Profile::compatible().with_check(ValueCheck::Country);
    /// assert!(profile.checks().eq([ValueCheck::Country, ValueCheck::Identifier, ValueCheck::Secret]));
    /// ```
    #[must_use]
    pub fn with_check(mut self, check: ValueCheck) -> Self {
        self.checks |= check.bit();
        self
    }

    /// Does without a check of values.
    #[must_use]
    pub fn without_check(mut self, check: ValueCheck) -> Self {
        self.checks &= !check.bit();
        self
    }

    /// The checks of values that are asked for.
    pub fn checks(&self) -> impl Iterator<Item = ValueCheck> {
        let checks = self.checks;
        ValueCheck::ALL.into_iter().filter(move |check| checks & check.bit() != 0)
    }

    /// Whether a quirk is allowed.
    pub fn allows(&self, quirk: Quirk) -> bool {
        self.allowed.contains(quirk)
    }

    /// Whether a rule is asked for.
    pub fn requires(&self, rule: InteropRule) -> bool {
        self.rules & rule.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_profiles_differ_in_what_they_take() {
        for quirk in Quirk::ALL {
            let off = matches!(quirk, Quirk::MissingPatchSchema | Quirk::UppercaseLiteral | Quirk::GroupsOnUser);
            assert_eq!(Profile::compatible().allows(quirk), !off, "{quirk:?}");
            let always = quirk == Quirk::InactiveUntilTrue;
            assert_eq!(Profile::rfc().allows(quirk), always || quirk == Quirk::EqualReadOnly, "{quirk:?}");
            assert_eq!(Profile::interop().allows(quirk), always, "{quirk:?}");
        }
        assert!(Profile::interop().requires(InteropRule::PathRequired));
        assert!(!Profile::compatible().requires(InteropRule::PathRequired));
    }
}
