//! What an identity provider may do here.

use scim_core::{Resource, Source};
use thiserror::Error;

use crate::login::assertion::attribute_mapping::{AttributeMapping, Person};
use crate::login::assertion::domains::Domains;
use crate::login::assertion::message::Assertion;
use crate::login::assertion::name_case::NameCase;
use crate::origin::is_provider_name;

/// Longest name of an identity provider, in bytes.
pub const MAX_PROVIDER_NAME_LEN: usize = crate::origin::MAX_PROVIDER_NAME_LEN;

/// An identity provider, and whom it may let in.
///
/// People and groups that a login creates carry the name of the identity provider in their `externalId`
/// (`jit:partners:ada@example.com`), so that no identity provider speaks for the people of another, nor for those of a SCIM client.
///
/// ```
/// use superset_mapping::{AttributeMapping, IdentityProvider, People};
/// use superset_mapping::login::Domains;
///
/// // The people of this one come by SCIM; the other's are created when they first log in.
/// let staff = IdentityProvider::new("corporate", AttributeMapping::okta(), People::Provisioned)?;
/// let created = People::Created(Domains::new(["partner.example"])?);
/// let partners = IdentityProvider::new("partners", AttributeMapping::entra_id(), created)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    name: String,
    mapping: AttributeMapping,
    people: People,
    name_case: NameCase,
    groups: GroupScope,
    links_by_email: bool,
    tenant: Option<String>,
}

/// Where the people of an identity provider come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum People {
    /// From SCIM: they are found by `userName` and logged in, and nothing of them is changed. Who is not there is refused.
    Provisioned,
    /// From here: created on their first login, and brought up to date on each later one, groups included.
    ///
    /// User names and e-mail addresses must be in these domains. Otherwise an identity provider could make a user of any name before
    /// SCIM provisions that person, and be that person once SCIM does. A subject with an `@` must be in them, too.
    Created(Domains),
}

/// Which groups the people of an identity provider are put into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupScope {
    /// Groups of this identity provider alone. A group that somebody else made is not joined, whatever it is called: it may stand
    /// for more rights than this identity provider is trusted with.
    #[default]
    Own,
    /// Every group: the identity provider speaks for the same organisation as the SCIM client, and its groups are the same.
    Shared,
}

/// A name that no identity provider can have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("identity provider `{0}`: expected 1 to 40 of the characters a-z, 0-9 and `-`")]
pub struct ProviderNameError(String);

impl IdentityProvider {
    /// An identity provider. Its name must not change later: what it created is known by it.
    ///
    /// # Errors
    ///
    /// [`ProviderNameError`] for a name that is not of 1 to 40 letters a-z, digits and hyphens.
    pub fn new(name: &str, mapping: AttributeMapping, people: People) -> Result<Self, ProviderNameError> {
        if !is_provider_name(name) {
            return Err(ProviderNameError(name.chars().take(MAX_PROVIDER_NAME_LEN).collect()));
        }
        let (name_case, groups) = (mapping.name_case(), GroupScope::default());
        Ok(Self { name: name.to_owned(), mapping, people, name_case, groups, links_by_email: false, tenant: None })
    }

    /// Says how the identity provider compares the names of its users, where that is not what the preset of the mapping has.
    #[must_use]
    pub fn with_name_case(self, name_case: NameCase) -> Self {
        Self { name_case, ..self }
    }

    /// Puts people into groups of this scope.
    #[must_use]
    pub fn with_groups(self, groups: GroupScope) -> Self {
        Self { groups, ..self }
    }

    /// Takes a person who is not known here, but whose e-mail address is that of exactly one user whom no other source asserts
    /// (without `externalId`), for that user. Only for an identity provider that has verified the addresses.
    #[must_use]
    pub fn linking_by_email(self) -> Self {
        Self { links_by_email: true, ..self }
    }

    /// Confines the identity provider to a tenant.
    #[must_use]
    pub fn in_tenant(self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which attribute becomes which.
    pub fn mapping(&self) -> &AttributeMapping {
        &self.mapping
    }

    /// Where its people come from.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// How it compares the names of its users.
    pub fn name_case(&self) -> NameCase {
        self.name_case
    }

    /// Which groups they are put into.
    pub fn groups(&self) -> GroupScope {
        self.groups
    }

    /// Whether people are recognised by their e-mail address.
    pub fn links_by_email(&self) -> bool {
        self.links_by_email
    }

    /// The tenant.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The `externalId` of what this identity provider calls so.
    pub(in crate::login) fn external_id(&self, name: &str) -> String {
        format!("{}{name}", self.own_prefix())
    }

    /// The `externalId` by which the user of an assertion is remembered.
    pub(in crate::login) fn external_id_of(&self, assertion: &Assertion, person: &Person) -> String {
        self.external_id(&self.subject_case(assertion, person).canonical(&assertion.subject))
    }

    /// How the subject of an assertion is compared: as names are if it is the user name, exactly if it is an opaque identifier.
    pub(in crate::login) fn subject_case(&self, assertion: &Assertion, person: &Person) -> NameCase {
        if self.name_case.same(&assertion.subject, &person.user_name()) { self.name_case } else { NameCase::Sensitive }
    }

    /// Whether a user or a group is this identity provider's: what a login of its made, and nobody has taken over since. A store that
    /// does not tell who asserts a resource leaves that to the `externalId`.
    pub(in crate::login) fn asserts(&self, resource: &Resource) -> bool {
        resource.provenance().is_none_or(|provenance| *provenance.source() == Source::provider(&self.name))
    }

    /// The subject for whom a login of this identity provider created a user; `None` for a user whom somebody else asserts.
    pub(in crate::login) fn subject_of(&self, user: &Resource) -> Option<String> {
        if !self.asserts(user) {
            return None;
        }
        user.text("externalId")?.strip_prefix(&*self.own_prefix()).map(str::to_owned)
    }

    /// What every `externalId` of this identity provider starts with. No name has a colon, so that no prefix is part of another.
    pub(in crate::login) fn own_prefix(&self) -> String {
        Source::provider(&self.name).prefix()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_colon_and_no_case() {
        for name in ["", "a:b", "Corp", "a b", "ä", &"a".repeat(41)] {
            assert!(IdentityProvider::new(name, AttributeMapping::new(), People::Provisioned).is_err(), "{name}");
        }
        let provider = IdentityProvider::new("a-1", AttributeMapping::new(), People::Provisioned).unwrap();
        assert_eq!(provider.external_id("x:y"), "jit:a-1:x:y");
    }
}
