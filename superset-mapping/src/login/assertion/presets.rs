//! What identity providers send unless their administrator says otherwise.

use crate::login::assertion::attribute_mapping::AttributeMapping;
use crate::login::assertion::group_claim::GroupClaim;
use crate::login::assertion::name_case::NameCase;

/// The prefix of the claims that Microsoft's products and Auth0 have in common.
const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";

/// All of them compare the names of their users without regard to case, so that the same person may come under either spelling.
impl AttributeMapping {
    /// Okta, with the attribute statements that its documentation proposes: `firstName`, `lastName`, `email`, and a group
    /// attribute statement `groups`. The subject is the user name, in which Okta ignores case.
    pub fn okta() -> Self {
        preset(
            &[("firstName", "name.givenName"), ("lastName", "name.familyName"), ("email", "emails")],
            GroupClaim::new("groups"),
        )
    }

    /// Entra ID. Groups are object ids, so that rules bind them by `group_external_id`. The user name is the principal name.
    ///
    /// Principal names are case-insensitive, and Entra ID sends them as an administrator last wrote them.
    ///
    /// Entra ID leaves the groups out where a person is in more than 150; such a person has no groups here.
    pub fn entra_id() -> Self {
        let display_name = "http://schemas.microsoft.com/identity/claims/displayname";
        preset(
            &[
                (&claim("name"), "userName"),
                (&claim("givenname"), "name.givenName"),
                (&claim("surname"), "name.familyName"),
                (&claim("emailaddress"), "emails"),
                (display_name, "displayName"),
            ],
            GroupClaim::new("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups").of_external_ids(),
        )
    }

    /// Active Directory Federation Services, with the claims that its rule templates send. Principal names are
    /// case-insensitive, as all names in Active Directory.
    pub fn adfs() -> Self {
        preset(
            &[
                (&claim("upn"), "userName"),
                (&claim("givenname"), "name.givenName"),
                (&claim("surname"), "name.familyName"),
                (&claim("emailaddress"), "emails"),
            ],
            GroupClaim::new("http://schemas.xmlsoap.org/claims/Group"),
        )
    }

    /// Auth0, with the claims of its SAML add-on. The user name is the e-mail address, because the subject (`auth0|...`) is for
    /// machines. Auth0 keeps addresses in lower case, so that no two people differ by it.
    pub fn auth0() -> Self {
        preset(
            &[
                (&claim("emailaddress"), "userName"),
                (&claim("emailaddress"), "emails"),
                (&claim("givenname"), "name.givenName"),
                (&claim("surname"), "name.familyName"),
                (&claim("name"), "displayName"),
            ],
            GroupClaim::new("http://schemas.xmlsoap.org/claims/Group"),
        )
    }

    /// Keycloak, with its built-in mappers for X.500 names and its group list, whose paths start with a slash.
    /// It keeps user names in lower case.
    pub fn keycloak() -> Self {
        preset(
            &[
                ("urn:oid:2.5.4.42", "name.givenName"),
                ("urn:oid:2.5.4.4", "name.familyName"),
                ("urn:oid:1.2.840.113549.1.9.1", "emails"),
            ],
            GroupClaim::new("member").without_prefix("/"),
        )
    }

    /// Google Workspace, with the attributes that its documentation proposes. The subject is the primary address,
    /// in which case does not count.
    pub fn google() -> Self {
        preset(
            &[("firstName", "name.givenName"), ("lastName", "name.familyName"), ("email", "emails")],
            GroupClaim::new("groups"),
        )
    }
}

fn claim(name: &str) -> String {
    format!("{CLAIMS}{name}")
}

fn preset(attributes: &[(&str, &str)], groups: GroupClaim) -> AttributeMapping {
    let mapping = AttributeMapping::new().with_groups(groups).comparing_names(NameCase::Insensitive);
    // INVARIANT: every path above is one of the built-in schemas; a test reads them all.
    attributes
        .iter()
        .fold(mapping, |mapping, (attribute, path)| mapping.clone().with(attribute, path).unwrap_or(mapping))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::assertion::message::Assertion;

    #[test]
    fn every_attribute_of_a_preset_is_mapped() {
        for (mapping, count) in [
            (AttributeMapping::okta(), 3),
            (AttributeMapping::entra_id(), 5),
            (AttributeMapping::adfs(), 4),
            (AttributeMapping::auth0(), 5),
            (AttributeMapping::keycloak(), 3),
            (AttributeMapping::google(), 3),
        ] {
            assert_eq!(mapping.attributes().count(), count);
            assert!(mapping.groups().is_some());
        }
    }

    #[test]
    fn an_assertion_of_entra_id_becomes_a_user() {
        let said = [
            (claim("name"), "ada@contoso.com"),
            (claim("givenname"), "Ada"),
            (claim("emailaddress"), "ada.byron@contoso.com"),
            ("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups".to_owned(), "b4d5-1"),
        ];
        let attributes = said.into_iter().map(|(name, value)| (name, vec![value.to_owned()])).collect();
        let assertion = Assertion { id: "_1".to_owned(), subject: "Xb3".to_owned(), attributes };
        let person = AttributeMapping::entra_id().person(&assertion).unwrap();
        assert_eq!(person.user.get("userName").unwrap(), "ada@contoso.com");
        assert_eq!(person.groups.unwrap(), ["b4d5-1"]);
    }
}
