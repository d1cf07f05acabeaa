//! When two spellings are one name.

/// How an identity provider compares the names of its users.
///
/// No comparison folds letters beyond ASCII, widths or white space: the Kelvin sign is no `k`, and a name with a space after it is
/// another name. Identity providers let different people register what such rules hold to be equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameCase {
    /// `Ada` and `ada` are two users.
    #[default]
    Sensitive,
    /// `Ada` and `ada` are one user: the identity provider may send either, whatever it sent before.
    Insensitive,
}

impl NameCase {
    /// Whether two names are those of one user.
    pub fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Sensitive => one == other,
            Self::Insensitive => one.eq_ignore_ascii_case(other),
        }
    }

    /// The one spelling of a name by which it is remembered.
    pub(in crate::login) fn canonical(self, name: &str) -> String {
        match self {
            Self::Sensitive => name.to_owned(),
            Self::Insensitive => name.to_ascii_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x12_names_are_compared_exactly_or_by_the_case_of_ascii() {
        assert!(NameCase::Insensitive.same("Ada@Example.com", "aDA@example.COM"));
        assert!(!NameCase::Sensitive.same("Ada", "ada"));
        for (one, other) in [
            ("mike", "mi\u{212a}e"),
            ("mike", "ｍｉｋｅ"),
            ("mike", "mike "),
            ("mike", "mike\u{200b}"),
            ("straße", "strasse"),
            ("ÅSA", "åsa"),
            ("é", "e\u{301}"),
            ("ı", "I"),
        ] {
            for case in [NameCase::Sensitive, NameCase::Insensitive] {
                assert!(!case.same(one, other) && !case.same(other, one), "{one} {other}");
            }
        }
    }
}
