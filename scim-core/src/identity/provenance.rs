//! Who asserts a resource, a membership or a role.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// Where an assertion comes from: a SCIM client, an identity provider, or the service itself.
///
/// Its text form is `client:okta`, `provider:partners` or `host`, which stores keep and rules name; `client:*` is a client whose
/// name was never recorded.
///
/// ```
/// use scim_core::Source;
///
/// let source: Source = "provider:partners".parse()?;
/// assert_eq!(source, Source::provider("partners"));
/// assert_eq!(source.to_string(), "provider:partners");
/// # Ok::<(), scim_core::SourceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The SCIM client with this name, as authentication told.
    Client(Arc<str>),
    /// Some SCIM client, recorded before clients had names: nobody in particular. No client can be called so.
    UnknownClient,
    /// The identity provider with this name, by a login.
    Provider(Arc<str>),
    /// The service itself: a reconciliation, a migration, an operator's command.
    Host,
}

/// The text names no source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected `client:NAME`, `provider:NAME` or `host`, found `{found}`")]
pub struct SourceError {
    /// The text.
    pub found: String,
}

impl Source {
    /// The SCIM client with this name. `*` names none in particular.
    pub fn client(name: &str) -> Self {
        if name == "*" { Self::UnknownClient } else { Self::Client(name.into()) }
    }

    /// The identity provider with this name.
    pub fn provider(name: &str) -> Self {
        Self::Provider(name.into())
    }

    /// What the `externalId` of people and groups starts with that logins make: `jit:partners:ada@example.com`.
    pub const BY_LOGIN: &str = "jit:";

    /// What every `externalId` starts with that logins of an identity provider make; nothing for other sources.
    ///
    /// ```
    /// use scim_core::Source;
    ///
    /// assert_eq!(Source::provider("partners").prefix(), "jit:partners:");
    /// ```
    pub fn prefix(&self) -> String {
        match self {
            Self::Provider(name) => format!("{}{name}:", Self::BY_LOGIN),
            _ => String::new(),
        }
    }

    /// Whether the source may give a resource this `externalId`. The form of those that logins make is reserved: no SCIM client
    /// may write it, and an identity provider only with its own name.
    ///
    /// ```
    /// use scim_core::Source;
    ///
    /// assert!(Source::client("okta").may_claim("00u1a2b3"));
    /// assert!(!Source::client("okta").may_claim("jit:partners:ada@example.com"));
    /// assert!(Source::provider("partners").may_claim("jit:partners:ada@example.com"));
    /// ```
    pub fn may_claim(&self, external_id: &str) -> bool {
        let reserved =
            external_id.get(..Self::BY_LOGIN.len()).is_some_and(|start| start.eq_ignore_ascii_case(Self::BY_LOGIN));
        match self {
            Self::Host => true,
            Self::Provider(_) => !reserved || external_id.starts_with(&self.prefix()),
            Self::Client(_) | Self::UnknownClient => !reserved,
        }
    }

    /// Whether this is a SCIM client, whatever its name.
    pub fn is_client(&self) -> bool {
        matches!(self, Self::Client(_) | Self::UnknownClient)
    }

    /// Whether this is an identity provider, whatever its name.
    pub fn is_provider(&self) -> bool {
        matches!(self, Self::Provider(_))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(name) => write!(f, "client:{name}"),
            Self::UnknownClient => f.write_str("client:*"),
            Self::Provider(name) => write!(f, "provider:{name}"),
            Self::Host => f.write_str("host"),
        }
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("client", name)) if !name.is_empty() => Ok(Self::client(name)),
            Some(("provider", name)) if !name.is_empty() => Ok(Self::provider(name)),
            None if text == "host" => Ok(Self::Host),
            _ => Err(SourceError { found: text.to_owned() }),
        }
    }
}

/// Who is behind an assertion: its [`Source`], and the tenant for which the source may write.
///
/// A store records it with every resource and membership that it keeps. Whoever decides by them, such as rules that give
/// roles, believes some sources and not others: a name alone says nothing, because every client can claim it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provenance {
    source: Source,
    tenant: Option<Arc<str>>,
}

impl Provenance {
    /// What `source` asserts, in a service without tenants.
    pub fn new(source: Source) -> Self {
        Self { source, tenant: None }
    }

    /// The same source, writing in a tenant; `None` where the service has only one.
    #[must_use]
    pub fn in_tenant(self, tenant: Option<&str>) -> Self {
        Self { tenant: tenant.map(Into::into), ..self }
    }

    /// The client, identity provider or host.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The tenant; `None` where the service has only one.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }
}

impl fmt::Display for Provenance {
    /// `client:okta`, in a tenant `client:okta in tenant beta`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)?;
        match self.tenant() {
            Some(tenant) => write!(f, " in tenant {tenant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_written() {
        for source in [Source::client("okta"), Source::UnknownClient, Source::provider("a:b"), Source::Host] {
            assert_eq!(source.to_string().parse(), Ok(source));
        }
        for text in ["", "client", "client:", "okta", "host:", "provider:"] {
            assert_eq!(text.parse::<Source>(), Err(SourceError { found: text.to_owned() }));
        }
    }

    #[test]
    fn x14_the_form_of_logins_is_reserved() {
        let (client, partners) = (Source::client("okta"), Source::provider("partners"));
        for (external_id, by_client, by_partners) in [
            ("00u1", true, true),
            ("jitter", true, true),
            ("jit", true, true),
            ("jit:", false, false),
            ("jit:partners:ada", false, true),
            ("JIT:partners:ada", false, false),
            ("jit:partner:ada", false, false),
            ("jit:partners", false, false),
            ("é", true, true),
        ] {
            assert_eq!(
                (client.may_claim(external_id), partners.may_claim(external_id)),
                (by_client, by_partners),
                "{external_id}"
            );
            assert!(Source::Host.may_claim(external_id));
        }
    }

    #[test]
    fn a_provenance_names_its_tenant() {
        let provenance = Provenance::new(Source::client("okta"));
        assert_eq!(provenance.to_string(), "client:okta");
        assert_eq!(provenance.in_tenant(Some("beta")).to_string(), "client:okta in tenant beta");
    }
}
