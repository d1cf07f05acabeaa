//! Where an assertion names the groups of a person.

use crate::login::assertion::mapping_error::MappingError;
use crate::login::assertion::message::Assertion;

/// Most groups that an assertion may name. Entra ID sends 150 in a SAML assertion, and none of them where there are more.
pub const MAX_ASSERTED_GROUPS: usize = 200;

/// The attribute that names the groups: one value for each group, or one value with all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupClaim {
    attribute: String,
    separator: Option<char>,
    prefix: Option<String>,
    names: GroupNames,
}

/// What the values of a group claim are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupNames {
    /// Names that people read: `displayName`.
    #[default]
    DisplayName,
    /// Identifiers, such as the object ids of Entra ID: `externalId`.
    ExternalId,
}

impl GroupClaim {
    /// Groups as the values of an attribute, by display name.
    pub fn new(attribute: &str) -> Self {
        Self { attribute: attribute.to_owned(), separator: None, prefix: None, names: GroupNames::DisplayName }
    }

    /// One value names several groups, with this character between them. White space around a name does not count.
    #[must_use]
    pub fn separated_by(self, separator: char) -> Self {
        Self { separator: Some(separator), ..self }
    }

    /// Names start with this text, which is not part of the group's name: Keycloak sends `/analysts`.
    #[must_use]
    pub fn without_prefix(self, prefix: &str) -> Self {
        Self { prefix: Some(prefix.to_owned()), ..self }
    }

    /// The values are identifiers.
    #[must_use]
    pub fn of_external_ids(self) -> Self {
        Self { names: GroupNames::ExternalId, ..self }
    }

    /// The attribute of the assertion.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// What the values are.
    pub fn names(&self) -> GroupNames {
        self.names
    }

    /// What stands between the names of one value.
    pub fn separator(&self) -> Option<char> {
        self.separator
    }

    /// What names start with and groups do not.
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// The groups, each once, in the order of the assertion.
    pub(in crate::login) fn groups(&self, assertion: &Assertion) -> Result<Vec<String>, MappingError> {
        let values = assertion.attributes.get(&self.attribute).into_iter().flatten();
        let names = values.flat_map(|value| match self.separator {
            Some(separator) => value.split(separator).map(str::trim).collect(),
            None => vec![value.as_str()],
        });
        let mut groups: Vec<String> = Vec::new();
        for name in names {
            let name = self.prefix.as_deref().and_then(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
            if name.trim().is_empty() || groups.iter().any(|group| group == name) {
                continue;
            }
            if groups.len() == MAX_ASSERTED_GROUPS {
                return Err(MappingError::TooManyGroups { limit: MAX_ASSERTED_GROUPS });
            }
            groups.push(name.to_owned());
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(claim: &GroupClaim, values: &[&str]) -> Result<Vec<String>, MappingError> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let attributes = [("g".to_owned(), values)].into();
        claim.groups(&Assertion { id: "_1".to_owned(), subject: "ada".to_owned(), attributes })
    }

    #[test]
    fn groups_come_one_by_one_or_together() {
        let claim = GroupClaim::new("g");
        assert_eq!(groups(&claim, &["a", "b, c", "a", ""]).unwrap(), ["a", "b, c"]);
        assert_eq!(groups(&claim.clone().separated_by(','), &["a, b ,,c", "b"]).unwrap(), ["a", "b", "c"]);
        assert_eq!(groups(&claim.clone().without_prefix("/"), &["/a", "b", "//c"]).unwrap(), ["a", "b", "/c"]);
        assert!(groups(&GroupClaim::new("other"), &["a"]).unwrap().is_empty());
    }

    #[test]
    fn there_is_a_limit() {
        let many: Vec<String> = (0..=MAX_ASSERTED_GROUPS).map(|n| n.to_string()).collect();
        let many = many.join(",");
        let refused = groups(&GroupClaim::new("g").separated_by(','), &[&many]);
        assert_eq!(refused, Err(MappingError::TooManyGroups { limit: MAX_ASSERTED_GROUPS }));
    }
}
