//! For whom an identity provider may make users.

use thiserror::Error;

/// Longest domain, in bytes (RFC 1035, section 2.3.4).
const MAX_DOMAIN_LEN: usize = 253;

/// Longest label of a domain, in bytes.
const MAX_LABEL_LEN: usize = 63;

/// The domains for whose people an identity provider is authoritative: whom it may create, and log in as.
///
/// What an assertion calls a person (`ada@partner.example`) belongs to a domain if what follows its only `@` is exactly that domain,
/// but for the case of ASCII letters. A name without `@` or with several, with white space or control characters belongs to none,
/// and neither does a domain with a dot at its end or in other letters that look alike.
///
/// ```
/// use superset_mapping::login::Domains;
///
/// let domains = Domains::new(["partner.example", "*.partner.example"])?;
/// assert!(domains.contain("ada@Partner.example") && domains.contain("ada@paris.partner.example"));
/// assert!(!domains.contain("cfo@corp.example") && !domains.contain("ada@notpartner.example"));
/// # Ok::<(), superset_mapping::login::DomainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domains {
    scope: Scope,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    /// Every name.
    Any,
    /// Names in these domains, each in lower case.
    Listed(Vec<Domain>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Domain {
    /// This one.
    Exactly(String),
    /// Those below it; the text begins with the dot.
    Below(String),
}

/// The text names no domain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DomainError {
    /// There is none.
    #[error("expected at least one domain")]
    Empty,
    /// This is none.
    #[error(
        "domain `{0}`: expected a name such as `partner.example`, or `*.partner.example` for all below it, with other letters \
         than ASCII in their `xn--` form"
    )]
    Invalid(String),
}

impl Domains {
    /// These domains: `partner.example` for that one, `*.partner.example` for all below it, but not itself.
    ///
    /// # Errors
    ///
    /// [`DomainError`] for a text that is neither, and where there is none at all.
    pub fn new<D: AsRef<str>>(domains: impl IntoIterator<Item = D>) -> Result<Self, DomainError> {
        let listed = domains.into_iter().map(|text| Domain::read(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        if listed.is_empty() {
            return Err(DomainError::Empty);
        }
        Ok(Self { scope: Scope::Listed(listed) })
    }

    /// Every name, with a domain or without: for the one identity provider of an organisation, where nobody else makes users. It may
    /// then make a user of any name before another source does.
    pub fn any() -> Self {
        Self { scope: Scope::Any }
    }

    /// Whether a name or an e-mail address is in one of the domains.
    pub fn contain(&self, name: &str) -> bool {
        let Scope::Listed(domains) = &self.scope else { return true };
        let Some((local, domain)) = name.rsplit_once('@') else { return false };
        if local.is_empty() || local.contains('@') || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return false;
        }
        domains.iter().any(|listed| listed.contains(domain))
    }
}

impl Domain {
    fn read(text: &str) -> Result<Self, DomainError> {
        let (below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let label = |label: &str| {
            (1..=MAX_LABEL_LEN).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() > MAX_DOMAIN_LEN || !name.split('.').all(label) {
            return Err(DomainError::Invalid(text.chars().take(MAX_DOMAIN_LEN).collect()));
        }
        let name = name.to_ascii_lowercase();
        Ok(if below { Self::Below(format!(".{name}")) } else { Self::Exactly(name) })
    }

    fn contains(&self, domain: &str) -> bool {
        match self {
            Self::Exactly(name) => domain.eq_ignore_ascii_case(name),
            Self::Below(suffix) => {
                let below = domain.to_ascii_lowercase();
                // What stands before the dot is a domain's, too: labels, none of them empty.
                below.strip_suffix(suffix.as_str()).is_some_and(|above| Self::read(above).is_ok())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x1_a_name_is_in_a_domain_by_what_follows_its_only_at_sign() {
        let domains = Domains::new(["partner.example", "*.sub.example", "Upper.Example", "corp"]).unwrap();
        for name in [
            "ada@partner.example",
            "Ada@PARTNER.Example",
            "ada.b+c'd@partner.example",
            "Åda@partner.example",
            "ada@a.sub.example",
            "ada@b.a.SUB.example",
            "ada@upper.example",
            "ada@corp",
        ] {
            assert!(domains.contain(name), "{name}");
        }
        for name in [
            "",
            "ada",
            "@",
            "ada@",
            "@partner.example",
            "partner.example",
            "ada@corp.example",
            "ada@notpartner.example",
            "ada@x.partner.example",
            "ada@partner.example.evil.test",
            "ada@partner.example.",
            "ada@partner.example ",
            " ada@partner.example",
            "ada@partner.example\u{200b}",
            "ada@partner.example\0",
            "ada\n@partner.example",
            "ada@partner\u{3002}example",
            "ada@ｐartner.example",
            "ada@pаrtner.example", // the first `a` is Cyrillic
            "ada@partner.exampLE\u{301}",
            "ada@Kpartner.example", // the Kelvin sign
            "cfo@corp.example@partner.example",
            "ada@partner.example@corp.example",
            "\"cfo@corp.example\"@partner.example",
            "ada@sub.example",
            "ada@.sub.example",
            "ada@a..sub.example",
            "ada@a.sub.example.",
            "ada@evilsub.example",
            "ada@ä.sub.example",
            "ada＠partner.example",
            "ada@partner.example,corp.example",
            "ada%corp.example@evil.test",
        ] {
            assert!(!domains.contain(name), "{name}");
        }
        assert!(Domains::any().contain("ada") && Domains::any().contain("cfo@corp.example"));
    }

    #[test]
    fn x1_what_is_no_domain_is_refused() {
        for text in [
            "",
            ".",
            "*",
            "*.",
            "**.a",
            "a.*.b",
            "*a.b",
            ".a",
            "a.",
            "a..b",
            "a b",
            "@a",
            "ada@a.b",
            "ä.test",
            "-a.b",
            "a-.b",
            "https://a.b",
            "a/b",
            "a.b:1",
        ] {
            assert_eq!(Domains::new([text]), Err(DomainError::Invalid(text.to_owned())), "{text}");
        }
        assert!(Domains::new([format!("{}.test", "a".repeat(64))]).is_err());
        assert!(Domains::new(["a.test".repeat(50)]).is_err());
        assert_eq!(Domains::new::<&str>([]), Err(DomainError::Empty));
    }
}
