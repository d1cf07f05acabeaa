//! The filters that are measured.

use scim_core::{SchemaSet, Tolerance};
use scim_filter::{Filter, Predicate, check};

/// One comparison.
pub const SHORT: &str = r#"userName eq "bjensen""#;

/// Four comparisons with a value path, `not` and a URN.
pub const MEDIUM: &str = "emails[type eq \"work\" and value co \"@example.com\"] and not (userType eq \"Intern\") and \
                          urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"Tour Operations\"";

/// Twenty comparisons joined by `or`, of which [`user`](crate::user) fulfils only the last, so that all are run.
pub const TWENTY: &str = "userName eq \"user00001\" or userName sw \"adm\" or title eq \"Tour Lead\" or active eq false \
                          or name.familyName eq \"Smith\" or name.givenName sw \"Jo\" or nickName eq \"Bob\" \
                          or displayName co \"smith\" or userType eq \"Intern\" or locale eq \"de-DE\" \
                          or externalId eq \"00000\" or emails.type eq \"other\" or emails.value ew \".test\" \
                          or profileUrl pr or phoneNumbers.type eq \"fax\" or preferredLanguage eq \"fr\" \
                          or timezone co \"Berlin\" or id eq \"1\" or addresses.country eq \"DE\" \
                          or userName ew \"sen\"";

/// A filter of about this many bytes: [`SHORT`] again and again.
pub fn chain(bytes: usize) -> String {
    let terms = bytes / (SHORT.len() + " or ".len());
    vec![SHORT; terms.max(1)].join(" or ")
}

/// Parses a filter and checks it against the schema of users.
///
/// # Errors
///
/// What parser and check say of it.
pub fn user_predicate(text: &str) -> Result<Predicate, Box<dyn std::error::Error>> {
    let filter: Filter = text.parse()?;
    let schemas = SchemaSet::builtin();
    let users = schemas.user().ok_or("no users")?;
    Ok(check(&filter, users, &mut Tolerance::rfc())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user;

    #[test]
    fn the_user_fulfils_each_filter_and_the_long_one_by_its_last_term() {
        let user = user().unwrap();
        for text in [SHORT, MEDIUM, TWENTY, &chain(800)] {
            assert!(user_predicate(text).unwrap().matches(&user), "{text}");
        }
        assert!(matches!(TWENTY.parse(), Ok(Filter::Or(terms)) if terms.len() == 20));
        let nineteen = TWENTY.rsplit_once(" or ").unwrap().0;
        assert!(!user_predicate(nineteen).unwrap().matches(&user));
    }
}
