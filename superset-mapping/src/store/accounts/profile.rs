//! What Superset shows of a person: the columns of `ab_user`, made from the User resource.

use scim_core::{Name, Resource, User};
use scim_service::StoreError;

use crate::sql::HASHED;
use crate::store::session::{fits, fits_narrow};

/// Widths of Superset's columns, in characters.
const MAX_USERNAME: usize = 128;
const MAX_NAME: usize = 64;
const MAX_EMAIL: usize = 320;

/// What stands for a name that nobody gave: Superset's own forms take no empty one.
const NO_NAME: &str = "-";

/// An e-mail address, and whether the client gave it as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Email {
    /// From `emails`.
    Given(String),
    /// Made up from `userName`, because Superset must have one. Nobody's claim to the address.
    Derived(String),
}

impl Email {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Given(address) | Self::Derived(address) => address,
        }
    }
}

/// The columns of `ab_user` that come from the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) username: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: Email,
    pub(crate) active: bool,
}

impl Profile {
    /// Makes the columns and checks that they fit.
    pub(crate) fn of(body: &Resource) -> Result<Self, StoreError> {
        let user: User = body.view().map_err(StoreError::internal)?;
        fits("userName", &user.user_name, MAX_USERNAME)?;
        if user.user_name.starts_with(HASHED) {
            // It would have no place in the index of names, and nobody has such a name.
            let expected = "no name that starts with a control character".to_owned();
            return Err(StoreError::InvalidValue { attribute: "userName".to_owned(), expected });
        }
        let name = user.name.clone().unwrap_or_default();
        fits("name.givenName", name.given_name.as_deref().unwrap_or_default(), MAX_NAME)?;
        fits("name.familyName", name.family_name.as_deref().unwrap_or_default(), MAX_NAME)?;
        let email = match user.primary_email().filter(|email| !email.is_empty()) {
            Some(email) => Email::Given(email.to_owned()),
            None if user.user_name.contains('@') => Email::Derived(user.user_name.clone()),
            None => Email::Derived(format!("{}@scim.invalid", user.user_name)),
        };
        fits("emails.value", email.as_str(), MAX_EMAIL)?;
        if let Some(display_name) = &user.display_name {
            fits("displayName", display_name, usize::MAX)?;
        }
        if let Some(formatted) = &name.formatted {
            fits("name.formatted", formatted, usize::MAX)?;
        }
        let (first_name, last_name) = names(&name, user.display_name.as_deref(), &user.user_name);
        // Absent means that the client has no opinion, and a person is provisioned to be let in.
        let active = user.active.unwrap_or(true);
        Ok(Self { username: user.user_name, first_name, last_name, email, active })
    }
}

impl Profile {
    /// Checks that a narrow `ab_user` can hold it.
    pub(crate) fn check_narrow(&self) -> Result<(), StoreError> {
        fits_narrow("userName", &self.username)?;
        fits_narrow("name.givenName", &self.first_name)?;
        fits_narrow("name.familyName", &self.last_name)?;
        fits_narrow("emails.value", self.email.as_str())
    }
}

/// The first and the last name. What the client gave counts; what is missing is split off from the whole name, else from
/// the name before the `@` of `userName`.
fn names(name: &Name, display_name: Option<&str>, user_name: &str) -> (String, String) {
    let whole = [name.formatted.as_deref(), display_name].into_iter().flatten().find(|whole| !whole.trim().is_empty());
    let (given, family) = (part(name.given_name.as_deref()), part(name.family_name.as_deref()));
    let (first, last) = match (given, family, whole) {
        (Some(given), Some(family), _) => (given, family),
        (Some(given), None, whole) => {
            let rest = whole.and_then(|whole| whole.trim().strip_prefix(given)).and_then(|rest| part(Some(rest)));
            (given, rest.unwrap_or(NO_NAME))
        }
        (None, Some(family), whole) => {
            let rest = whole.and_then(|whole| whole.trim().strip_suffix(family)).and_then(|rest| part(Some(rest)));
            (rest.unwrap_or(NO_NAME), family)
        }
        (None, None, Some(whole)) => split_last(whole.trim(), char::is_whitespace),
        (None, None, None) => {
            let local = user_name.split('@').next().unwrap_or_default();
            split_last(local, |c| c.is_whitespace() || matches!(c, '.' | '_'))
        }
    };
    // What was made up is cut to the column, what was given has been checked.
    let cut = |text: &str| text.chars().take(MAX_NAME).collect();
    (cut(first), cut(last))
}

fn part(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Splits a whole name before its last word.
fn split_last(whole: &str, separates: impl Fn(char) -> bool) -> (&str, &str) {
    let (first, last) = whole.rsplit_once(separates).unwrap_or((whole, ""));
    (part(Some(first)).unwrap_or(NO_NAME), part(Some(last)).unwrap_or(NO_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn profile(user: Value) -> Result<Profile, StoreError> {
        Profile::of(&serde_json::from_value(user).unwrap())
    }

    fn names_of(user: Value) -> (String, String) {
        let profile = profile(user).unwrap();
        (profile.first_name, profile.last_name)
    }

    #[test]
    fn given_names_count_and_missing_ones_come_from_the_whole_name() {
        for (user, first, last) in [
            (json!({"userName": "x", "name": {"givenName": "Ada", "familyName": "Byron"}}), "Ada", "Byron"),
            (
                json!({"userName": "x", "name": {"givenName": "Ada"}, "displayName": "Ada King Byron"}),
                "Ada",
                "King Byron",
            ),
            (json!({"userName": "x", "name": {"familyName": "Byron", "formatted": "Ada Byron"}}), "Ada", "Byron"),
            (json!({"userName": "x", "name": {"familyName": "Byron"}}), "-", "Byron"),
            (json!({"userName": "x", "displayName": " Ada Augusta Byron "}), "Ada Augusta", "Byron"),
            (json!({"userName": "x", "displayName": "Ada"}), "Ada", "-"),
            (json!({"userName": "ada.byron@example.com"}), "ada", "byron"),
            (json!({"userName": "ada"}), "ada", "-"),
            (json!({"userName": "@"}), "-", "-"),
        ] {
            assert_eq!(names_of(user.clone()), (first.to_owned(), last.to_owned()), "{user}");
        }
    }

    #[test]
    fn a_made_up_name_is_cut_to_its_column() {
        let (first, last) = names_of(json!({"userName": "x", "displayName": format!("{} b", "é".repeat(80))}));
        assert_eq!((first.chars().count(), last.as_str()), (MAX_NAME, "b"));
    }

    #[test]
    fn the_address_is_the_primary_one_or_made_up_and_never_empty() {
        let email = |user| profile(user).unwrap().email;
        let emails = json!([{"value": "h@x", "type": "home"}, {"value": "p@x", "primary": true}]);
        assert_eq!(email(json!({"userName": "a", "emails": emails})), Email::Given("p@x".into()));
        assert_eq!(email(json!({"userName": "a@x"})), Email::Derived("a@x".into()));
        assert_eq!(email(json!({"userName": "a"})), Email::Derived("a@scim.invalid".into()));
    }

    #[test]
    fn a_value_that_does_not_fit_its_column_is_refused_by_name_and_length() {
        let long = |count| "é".repeat(count);
        for (user, attribute, most) in [
            (json!({"userName": long(129)}), "userName", 128),
            (json!({"userName": "a", "name": {"givenName": long(65)}}), "name.givenName", 64),
            (json!({"userName": "a", "name": {"familyName": long(65)}}), "name.familyName", 64),
            (json!({"userName": "a", "emails": [{"value": long(321)}]}), "emails.value", 320),
        ] {
            let refusal = profile(user).unwrap_err().to_string();
            assert_eq!(refusal, format!("`{attribute}`: expected at most {most} characters"));
        }
        assert!(profile(json!({"userName": long(128), "name": {"givenName": long(64)}})).is_ok());
    }

    #[test]
    fn characters_that_a_database_can_t_keep_are_refused() {
        let refusal = |user| profile(user).unwrap_err().to_string();
        assert_eq!(refusal(json!({"userName": "a\u{0}b"})), "`userName`: expected no NUL character");
        let name = json!({"userName": "a", "name": {"formatted": "A\u{0}"}});
        assert_eq!(refusal(name), "`name.formatted`: expected no NUL character");
        let key = profile(json!({"userName": "a", "displayName": "A 🔑"})).unwrap();
        assert!(
            key.check_narrow().unwrap_err().to_string().starts_with("`name.familyName`: expected characters up to")
        );
        assert!(profile(json!({"userName": "李"})).unwrap().check_narrow().is_ok());
    }

    #[test]
    fn an_unstated_status_is_active() {
        assert!(profile(json!({"userName": "a"})).unwrap().active);
        assert!(!profile(json!({"userName": "a", "active": false})).unwrap().active);
    }
}
