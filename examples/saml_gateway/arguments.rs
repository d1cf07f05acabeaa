//! The flags.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use axum_extra::extract::cookie::Key;
use clap::{Parser, ValueEnum};
use scim_examples::{
    AuditKeyFlags, ConnectionLimits, DatabaseFlags, ListenFlags, LogFlags, MetricsFlags, RulesFlags, read_secret_line,
};
use superset_mapping::login::{Domains, GroupClaim, GroupScope, MappingError, NameCase};
use superset_mapping::saml::SignedPart;
use superset_mapping::{AttributeMapping, IdentityProvider, People};

/// What Superset shows to everybody: whether it is well, and the files of its pages.
const PUBLIC_PATHS: [&str; 4] = ["/health", "/healthcheck", "/ping", "/static/"];

/// A gateway in front of Apache Superset: people log in by SAML, with the roles that the rules give
#[derive(Parser)]
#[command(mut_arg("listen", |listen| listen.default_value("127.0.0.1:8090")))]
// Each has a connection to Superset beside it.
#[command(mut_arg("max_connections", |limit| limit.default_value("384")))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) listen: ListenFlags,
    /// URL that browsers know the gateway by; the listen address unless given
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Superset itself, which must be reachable through the gateway alone
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8088")]
    pub(crate) superset: String,
    #[command(flatten)]
    pub(crate) database: DatabaseFlags,
    #[command(flatten)]
    pub(crate) rules: RulesFlags,
    #[command(flatten)]
    pub(crate) audit_key: AuditKeyFlags,
    #[command(flatten)]
    pub(crate) log: LogFlags,
    #[command(flatten)]
    pub(crate) metrics: MetricsFlags,
    /// Name of the identity provider in its metadata
    #[arg(long, value_name = "NAME")]
    pub(crate) idp_entity_id: String,
    /// File with the metadata of the identity provider
    #[arg(long, value_name = "FILE")]
    pub(crate) idp_metadata: PathBuf,
    /// Name that people and groups of the identity provider are marked with; it must not change later
    #[arg(long, default_value = "partners")]
    provider: String,
    /// Tenant whose people and groups the identity provider's are; none unless given
    #[arg(long)]
    tenant: Option<String>,
    /// What the attributes of assertions are called
    #[arg(long, value_enum, default_value = "okta")]
    preset: Preset,
    /// One more attribute, or another name for one: ATTRIBUTE=PATH, such as dept=department
    #[arg(long, value_name = "ATTRIBUTE=PATH")]
    map: Vec<String>,
    /// Attribute that holds the groups, if not that of the preset
    #[arg(long, value_name = "ATTRIBUTE")]
    group_attribute: Option<String>,
    /// Where people come from
    #[arg(long, value_enum, default_value = "created")]
    people: Origin,
    /// Domain of the people whom a login may create: `partner.example`, or `*.partner.example` for all below it; may be given
    /// several times. `*` is every name there is, for an identity provider that nobody else makes users beside
    #[arg(long, value_name = "DOMAIN")]
    allow_domain: Vec<String>,
    /// How user names compare, if not as the preset has it: every preset but `none` ignores the case of ASCII letters
    #[arg(long, value_enum, value_name = "HOW")]
    names: Option<Names>,
    /// Take logins that begin at the identity provider, too. Who can make a browser post a form can then log it in as somebody else
    #[arg(long)]
    pub(crate) allow_unsolicited: bool,
    /// Put people into groups that somebody else made, too; only where all groups are of one organisation
    #[arg(long)]
    shared_groups: bool,
    /// Take somebody unknown for the one user with the same e-mail address, if no other source asserts that user; only for an
    /// identity provider that has verified the addresses
    #[arg(long)]
    link_by_email: bool,
    /// What the identity provider has to sign
    #[arg(long, value_enum, default_value = "assertion")]
    pub(crate) signed: Signed,
    /// File whose first line is the secret for cookies, at least 64 random characters (`openssl rand -hex 64`); random unless
    /// given, and then sessions end with the gateway
    #[arg(long, value_name = "FILE")]
    session_key: Option<PathBuf>,
    /// How long a session lasts
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=168))]
    pub(crate) session_hours: u16,
    /// File that a line of JSON is added to for each login; standard output unless given
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// Write these lines in the form of OCSF 1.8, for a SIEM
    #[arg(long)]
    pub(crate) audit_ocsf: bool,
    /// Path that reaches Superset without a login, as nobody; one that ends with a slash stands for all below it; may be given
    /// several times, in place of the defaults
    #[arg(long, value_name = "PATH", default_values_t = PUBLIC_PATHS.map(str::to_owned))]
    pub(crate) public_path: Vec<String>,
    /// Pass requests to /api/ on, as nobody, that bring a token of Superset's own: a JWT, an API key or a guest token
    #[arg(long)]
    pub(crate) pass_tokens: bool,
    /// Largest body of a request that is passed on, in bytes
    #[arg(long, default_value_t = 64 * 1024 * 1024)]
    pub(crate) max_upload: usize,
    #[command(flatten)]
    pub(crate) connections: ConnectionLimits,
}

#[derive(ValueEnum, Clone, Copy)]
enum Preset {
    Adfs,
    Auth0,
    #[value(alias = "entra-id")]
    Entra,
    Google,
    Keycloak,
    Okta,
    /// Nothing but the subject: name the rest by --map and --group-attribute
    None,
}

#[derive(ValueEnum, Clone, Copy)]
enum Origin {
    /// Created on their first login, brought up to date on each later one
    Created,
    /// Provisioned by SCIM; others are refused
    Provisioned,
}

#[derive(ValueEnum, Clone, Copy)]
enum Names {
    /// `Ada` and `ada` are two users
    CaseSensitive,
    /// `Ada` and `ada` are one user
    CaseInsensitive,
}

#[derive(ValueEnum, Clone, Copy)]
pub(crate) enum Signed {
    /// The assertion
    Assertion,
    /// The assertion, or the response around it
    Either,
}

impl From<Signed> for SignedPart {
    fn from(signed: Signed) -> Self {
        match signed {
            Signed::Assertion => Self::Assertion,
            Signed::Either => Self::AssertionOrResponse,
        }
    }
}

impl Arguments {
    /// The identity provider, and what it may do here.
    pub(crate) fn provider(&self) -> Result<IdentityProvider, Box<dyn Error>> {
        let people = match self.people {
            Origin::Created => People::Created(self.domains()?),
            Origin::Provisioned if self.allow_domain.is_empty() => People::Provisioned,
            Origin::Provisioned => {
                return Err("--allow-domain: with `--people provisioned` no login creates anybody".into());
            }
        };
        let provider = IdentityProvider::new(&self.provider, self.mapping()?, people)?;
        let provider = match self.names {
            Some(Names::CaseSensitive) => provider.with_name_case(NameCase::Sensitive),
            Some(Names::CaseInsensitive) => provider.with_name_case(NameCase::Insensitive),
            None => provider,
        };
        let provider = if self.link_by_email { provider.linking_by_email() } else { provider };
        let provider = match &self.tenant {
            Some(tenant) => provider.in_tenant(tenant),
            None => provider,
        };
        Ok(if self.shared_groups { provider.with_groups(GroupScope::Shared) } else { provider })
    }

    /// The domains of the people whom a login may create.
    fn domains(&self) -> Result<Domains, Box<dyn Error>> {
        if self.allow_domain.is_empty() {
            return Err(
                "--allow-domain: name the domains of the people whom logins may create, such as `--allow-domain \
                        partner.example`; or let SCIM make all users, with `--people provisioned`"
                    .into(),
            );
        }
        if self.allow_domain.iter().any(|domain| domain == "*") {
            return Ok(Domains::any());
        }
        Domains::new(&self.allow_domain).map_err(|error| format!("--allow-domain: {error}").into())
    }

    fn mapping(&self) -> Result<AttributeMapping, Box<dyn Error>> {
        let preset = match self.preset {
            Preset::Adfs => AttributeMapping::adfs(),
            Preset::Auth0 => AttributeMapping::auth0(),
            Preset::Entra => AttributeMapping::entra_id(),
            Preset::Google => AttributeMapping::google(),
            Preset::Keycloak => AttributeMapping::keycloak(),
            Preset::Okta => AttributeMapping::okta(),
            Preset::None => AttributeMapping::new(),
        };
        let mapping = self.map.iter().try_fold(preset, |mapping, pair| -> Result<_, Box<dyn Error>> {
            let (attribute, path) = pair.split_once('=').ok_or_else(|| format!("--map `{pair}`: expected `=`"))?;
            mapping.with(attribute, path).map_err(|error: MappingError| format!("--map `{pair}`: {error}").into())
        })?;
        Ok(match &self.group_attribute {
            Some(attribute) => mapping.with_groups(GroupClaim::new(attribute)),
            None => mapping,
        })
    }

    /// The key that cookies are encrypted with.
    pub(crate) fn session_key(&self) -> Result<Key, Box<dyn Error>> {
        let Some(path) = &self.session_key else { return Ok(Key::generate()) };
        let secret = read_secret_line(path, "secret for cookies")?;
        Key::try_from(secret.as_bytes())
            .map_err(|_| format!("`{}`: expected a secret of at least 64 bytes", path.display()).into())
    }

    /// Where logins are recorded.
    pub(crate) fn audit(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match &self.audit {
            Some(path) => Box::new(OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
                io::Error::other(format!("cannot write the record of logins `{}`: {error}", path.display()))
            })?),
            None => Box::new(io::stdout()),
        })
    }
}
