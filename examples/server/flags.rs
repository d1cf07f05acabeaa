//! The flags of the example servers.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use http::Uri;
use scim_core::schema::{RegistrationError, ResourceType, Schema, SchemaExtension};
use scim_core::{AttrPath, AttrPathError, Profile, Provenance, Quirk, SchemaSet};
use scim_service::oauth::Clients;
use scim_service::{
    BearerTokens, BulkAtomicity, Capabilities, ConfigError, CursorKey, CursorKeyError, PatchResponse, ServiceConfig,
    TenancyMode,
};
use serde::Deserialize;
use superset_mapping::rules::UnknownGroups;
use thiserror::Error;

use crate::audit::AuditLogFlags;
use crate::brake::BrakeFlags;
use crate::clients::{ClientFlags, ClientsError, registered_writers};
use crate::connection::ConnectionLimits;
use crate::limits::LimitFlags;
use crate::listen::ListenFlags;
use crate::log::LogFlags;
use crate::metrics::MetricsFlags;
use crate::oauth::AccessTokenFlags;
use crate::secret_file::{SecretFileError, looks_random, read_secret_line};
use crate::tls::TlsFlags;
use crate::traffic::TrafficFlags;

/// Flags that every example server has.
#[derive(Args, Clone, Debug)]
pub struct Flags {
    /// Where the server listens, and to whom
    #[command(flatten)]
    pub listen: ListenFlags,
    /// Certificates and keys of the server
    #[command(flatten)]
    pub tls: TlsFlags,
    /// Path under which the service is mounted
    #[arg(long, default_value = "/scim/v2")]
    pub base_path: String,
    /// URL that clients know the service by; the listen address and base path unless given
    #[arg(long)]
    pub base_url: Option<String>,
    /// The clients and their tokens
    #[command(flatten)]
    pub clients: ClientFlags,
    /// The access tokens of clients that are registered
    #[command(flatten)]
    pub access_tokens: AccessTokenFlags,
    /// What the server takes beyond the RFCs
    #[arg(long, value_enum, default_value = "compatible")]
    pub profile: ProfileName,
    /// The resource types
    #[command(flatten)]
    pub schemas: SchemaFlags,
    /// Status of a successful PATCH: 200 with the resource, 204, or auto: 204 where it names members of a group, else 200
    #[arg(long, value_enum, default_value = "auto")]
    pub patch_response: PatchStatus,
    /// What the server does not offer, and does not advertise: may be given several times
    #[arg(long, value_enum)]
    pub without: Vec<Capability>,
    /// Keep tenants apart by path: `/t/{tenant}` below the base path
    #[arg(long)]
    pub tenants: bool,
    /// Refuse references to resources that are not there
    #[arg(long)]
    pub check_references: bool,
    /// Put users into the groups that a client sends with them, by id or display name; read-only otherwise
    #[arg(long)]
    pub groups_on_user: bool,
    /// What becomes of a user who is sent with a group that is not there
    #[arg(skip)]
    pub unknown_groups: UnknownGroups,
    /// What happens to the operations of a bulk request when one fails; off: there are no bulk requests
    #[arg(long, value_enum, default_value = "per-operation")]
    pub bulk: Bulk,
    /// File whose first line is the secret that cursors are encrypted with, at least 32 characters; random unless given
    #[arg(long)]
    pub cursor_key_file: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitFlags,
    /// How much a client may do
    #[command(flatten)]
    pub brake: BrakeFlags,
    /// What is logged
    #[command(flatten)]
    pub log: LogFlags,
    /// The audit as lines of JSON
    #[command(flatten)]
    pub audit_log: AuditLogFlags,
    /// What is measured, and who may read it
    #[command(flatten)]
    pub metrics: MetricsFlags,
    /// What connections may take
    #[command(flatten)]
    pub connections: ConnectionLimits,
    /// What clients may send
    #[command(flatten)]
    pub traffic: TrafficFlags,
}

/// The flag that says which resource types there are.
#[derive(Args, Clone, Debug)]
pub struct SchemaFlags {
    /// JSON file with more schemas and resource types, with extensions of types, and with attributes to do without:
    /// `{"schemas": [...], "resourceTypes": [...], "extensions": {"User": [{"schema": "urn:..."}]}, "without": {"User": ["password"]}}`
    #[arg(long)]
    resource_types: Option<PathBuf>,
}

/// A named profile.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileName {
    /// What identity providers really send
    Compatible,
    /// The letter of the RFCs
    Rfc,
    /// The interoperability profile
    Interop,
}

/// How a successful PATCH is answered.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchStatus {
    /// Without a body where it names members of a group
    Auto,
    /// With the resource
    #[value(name = "200")]
    Resource,
    /// Without a body
    #[value(name = "204")]
    NoContent,
}

/// A part of the protocol that a server may leave out.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// PATCH
    Patch,
    /// Filters
    Filter,
    /// Sorting
    Sort,
    /// Versions
    Etag,
    /// Changing passwords
    ChangePassword,
}

/// How bulk requests are done.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// Each operation stands for itself
    PerOperation,
    /// All of them or none
    AllOrNothing,
    /// Not at all
    Off,
}

/// What is wrong with the flags.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FlagsError {
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of resource types is not what it should be.
    #[error("`{}` is not a file of resource types", path.display())]
    ResourceTypes {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The resource types cannot be registered.
    #[error("the resource types cannot be used")]
    Registration(#[from] RegistrationError),
    /// The base URL is not one.
    #[error(transparent)]
    BaseUrl(#[from] ConfigError),
    /// The base path does not start with a slash.
    #[error("base path `{0}`: expected a path such as `/scim/v2`")]
    BasePath(String),
    /// The secret of the cursor key is too short.
    #[error(transparent)]
    CursorKey(#[from] CursorKeyError),
    /// The secret of the cursor key can be guessed.
    #[error("the secret in `{}` does not look random: make one with `openssl rand -hex 32`", path.display())]
    WeakSecret {
        /// The file.
        path: PathBuf,
    },
    /// A file of secrets can't be used.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// The clients can't be used.
    #[error(transparent)]
    Clients(#[from] ClientsError),
}

/// The file behind `--resource-types`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ResourceTypesFile {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<ResourceType>,
    /// What resource types have more, by name.
    extensions: BTreeMap<String, Vec<SchemaExtension>>,
    /// What resource types do without, by name: attributes, sub-attributes, or extensions by their URI.
    without: BTreeMap<String, Vec<Named>>,
}

/// A path in the file, such as `emails.display`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Named(AttrPath);

impl TryFrom<String> for Named {
    type Error = AttrPathError;

    fn try_from(path: String) -> Result<Self, Self::Error> {
        path.parse().map(Self)
    }
}

impl ResourceTypesFile {
    fn schemas(self) -> Result<SchemaSet, RegistrationError> {
        let mut schemas = SchemaSet::builtin().with(self.schemas, self.resource_types)?;
        for (of, extensions) in self.extensions {
            for extension in extensions {
                schemas = schemas.with_extension(&of.as_str().into(), extension)?;
            }
        }
        for (of, paths) in self.without {
            for Named(path) in paths {
                schemas = schemas.without(&of.as_str().into(), &path)?;
            }
        }
        Ok(schemas)
    }
}

impl SchemaFlags {
    /// The built-in resource types, as `--resource-types` changes and completes them.
    ///
    /// # Errors
    ///
    /// [`FlagsError`] where the file cannot be read or used.
    pub fn schemas(&self) -> Result<SchemaSet, FlagsError> {
        let Some(path) = &self.resource_types else { return Ok(SchemaSet::builtin()) };
        let text = read(path)?;
        let file: ResourceTypesFile =
            serde_json::from_str(&text).map_err(|source| FlagsError::ResourceTypes { path: path.clone(), source })?;
        Ok(file.schemas()?)
    }
}

impl Flags {
    /// The set-up of the service that listens on `address`.
    ///
    /// # Errors
    ///
    /// [`FlagsError`] where the base path or base URL is not one, or the cursor key cannot be read or used.
    pub fn config(&self, address: SocketAddr) -> Result<ServiceConfig, FlagsError> {
        let path = self.base_path.trim_end_matches('/');
        if !path.is_empty() && !path.starts_with('/') {
            return Err(FlagsError::BasePath(self.base_path.clone()));
        }
        let scheme = self.scheme();
        let base_url = self.base_url.clone().unwrap_or_else(|| format!("{scheme}://{address}{path}"));
        let profile = match self.profile {
            ProfileName::Compatible => Profile::compatible(),
            ProfileName::Rfc => Profile::rfc(),
            ProfileName::Interop => Profile::interop(),
        };
        let profile = if self.groups_on_user { profile.with(Quirk::GroupsOnUser) } else { profile };
        let patch_response = match self.patch_response {
            PatchStatus::Auto => PatchResponse::Auto,
            PatchStatus::Resource => PatchResponse::Resource,
            PatchStatus::NoContent => PatchResponse::NoContent,
        };
        let tenancy = if self.tenants { TenancyMode::Path } else { TenancyMode::Principal };
        let config = ServiceConfig::new(&base_url)?
            .with_profile(profile)
            .with_patch_response(patch_response)
            .with_capabilities(self.capabilities())
            .with_limits(self.limits.limits())
            .with_tenancy(tenancy)
            .with_reference_check(self.check_references)
            .with_unknown_groups_refused(self.unknown_groups == UnknownGroups::Refuse);
        Ok(match &self.cursor_key_file {
            Some(path) => {
                let secret = read_secret_line(path, "the secret of cursors")?;
                if self.is_public() && !looks_random(&secret) {
                    return Err(FlagsError::WeakSecret { path: path.clone() });
                }
                config.with_cursor_key(CursorKey::from_secret(secret.as_bytes())?)
            }
            None => config,
        })
    }

    /// How the server is spoken to.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_on() { "https" } else { "http" }
    }

    fn capabilities(&self) -> Capabilities {
        let has = |capability| !self.without.contains(&capability);
        let mut capabilities = Capabilities::default();
        capabilities.patch = has(Capability::Patch);
        capabilities.filter = has(Capability::Filter);
        capabilities.sort = has(Capability::Sort);
        capabilities.etag = has(Capability::Etag);
        capabilities.change_password = has(Capability::ChangePassword);
        capabilities.bulk = match self.bulk {
            Bulk::PerOperation => Some(BulkAtomicity::PerOperation),
            Bulk::AllOrNothing => Some(BulkAtomicity::AllOrNothing),
            Bulk::Off => None,
        };
        capabilities
    }

    /// Who may write through the server: each client, in its tenant or, where it has none, in any of them.
    ///
    /// # Errors
    ///
    /// [`FlagsError`] where the clients cannot be used.
    pub fn writers(&self) -> Result<Vec<Provenance>, FlagsError> {
        Ok(self.clients.writers(self.tenants)?)
    }

    /// Who the clients of a file of `--clients` are to them.
    pub fn writers_of(&self, clients: &Clients) -> Vec<Provenance> {
        registered_writers(clients, self.tenants)
    }

    /// The clients and their tokens.
    ///
    /// # Errors
    ///
    /// [`FlagsError`] where they cannot be used: on a service that other machines reach, tokens have to look random.
    pub fn tokens(&self) -> Result<BearerTokens, FlagsError> {
        Ok(self.clients.tokens(self.is_public())?)
    }

    /// Whether others than the programs of this machine send requests, as far as the flags tell.
    pub(crate) fn is_public(&self) -> bool {
        let base_url = self.base_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
        let host = base_url.as_ref().and_then(Uri::host).map(|host| host.trim_matches(['[', ']']));
        let is_local = |host: &str| {
            host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        };
        !self.listen.trusted_proxy.is_empty()
            || !self.listen.listen.ip().to_canonical().is_loopback()
            || host.is_some_and(|host| !is_local(host))
    }
}

fn read(path: &Path) -> Result<String, FlagsError> {
    fs::read_to_string(path).map_err(|source| FlagsError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    fn schemas(file: serde_json::Value) -> Result<SchemaSet, String> {
        let file: ResourceTypesFile = serde_json::from_value(file).map_err(|error| error.to_string())?;
        file.schemas().map_err(|error| error.to_string())
    }

    #[test]
    fn p20_a_file_extends_a_type_and_leaves_out_what_others_refuse() {
        let badge =
            json!({"id": "urn:e:1.0:Badge", "name": "Badge", "attributes": [{"name": "number", "type": "integer"}]});
        let changed = schemas(json!({
            "schemas": [badge],
            "extensions": {"User": [{"schema": "urn:e:1.0:Badge"}]},
            "without": {"User": ["password", "emails.display"], "Group": ["members.display"]}
        }));
        let changed = changed.unwrap();
        let user = changed.by_endpoint("/Users").unwrap();
        assert!(user.extension("urn:e:1.0:badge").is_some());
        assert!(user.top_level("password").is_none());
        assert!(user.top_level("emails").unwrap().sub_attribute("display").is_none());
        assert_eq!(schemas(json!({})), Ok(SchemaSet::builtin()));
    }

    #[test]
    fn p20_what_a_file_cannot_ask_is_refused() {
        for (file, told) in [
            (json!({"extensions": {"User": [{"schema": "urn:e:1.0:None"}]}}), "`urn:e:1.0:None`"),
            (json!({"extensions": {"Nobody": [{"schema": "urn:e:1.0:None"}]}}), "`Nobody`"),
            (json!({"without": {"User": ["userName"]}}), "`userName` cannot be left out"),
            (json!({"without": {"User": ["pasword"]}}), "did you mean `password`?"),
            (json!({"extension": {}}), "`extension`"),
        ] {
            let error = schemas(file.clone()).unwrap_err();
            assert!(error.contains(told), "{file}: {error}");
        }
    }

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        flags: Flags,
    }

    #[test]
    fn x14_whoever_is_reached_from_elsewhere_is_public() {
        for (flags, public) in [
            (&[][..], false),
            (&["--base-url", "http://localhost:8080/scim/v2"], false),
            (&["--base-url", "http://[::1]:8080/scim/v2"], false),
            (&["--listen", "[::1]:8080"], false),
            (&["--listen", "0.0.0.0:8080"], true),
            // A proxy on the same machine.
            (&["--base-url", "https://scim.example.com"], true),
            (&["--trusted-proxy", "127.0.0.1"], true),
        ] {
            let all = ["program", "--token", "secret-token"].iter().chain(flags);
            let flags = Program::try_parse_from(all).unwrap().flags;
            assert_eq!(flags.is_public(), public, "{flags:?}");
            assert_eq!(flags.tokens().is_ok(), !public);
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), "a".repeat(32)).unwrap();
            let flags = Flags { cursor_key_file: Some(file.path().to_owned()), ..flags };
            assert_eq!(flags.config(flags.listen.listen).is_ok(), !public, "a secret that can be guessed");
        }
    }
}
