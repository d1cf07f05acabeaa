//! The clients of a server, and their tokens.

use std::path::PathBuf;

use clap::Args;
use scim_core::{Provenance, Source};
use scim_service::oauth::{Clients, KeyLocation, RegistrationError};
use scim_service::{BearerTokens, Principal, TokenError};
use serde::Deserialize;
use thiserror::Error;

use crate::registered::RegisteredFile;
use crate::secret_file::{SecretFileError, looks_random, read_secret, read_secret_line};

/// Flags that say who the clients are.
#[derive(Args, Clone)]
#[group(required = true, multiple = false)]
pub struct ClientFlags {
    /// Bearer token of the only client
    #[arg(long)]
    token: Option<String>,
    /// File whose first line is the bearer token of the only client
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// TOML file with several clients, each with a token of its own and, with `--tenants`, the tenant that it is confined to:
    /// `[[client]] name = "okta", tenant = "acme", tokens = ["..."]`
    #[arg(long, value_name = "FILE")]
    clients_file: Option<PathBuf>,
    /// TOML file with clients that get access tokens by OAuth 2.0, at `/oauth2/token`, and what they may do with them:
    /// `[[client]] id = "entra", scopes = ["scim"], secrets = [{ sha256 = "..." }]`; SIGHUP or a change of the file reloads it
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,
}

/// A token is never shown.
impl std::fmt::Debug for ClientFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientFlags")
            .field("token_file", &self.token_file)
            .field("clients_file", &self.clients_file)
            .field("clients", &self.clients)
            .finish_non_exhaustive()
    }
}

/// The clients can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientsError {
    /// A file can't be used.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The file of clients is not what it should be.
    #[error(
        "`{}`, line {line}: expected entries `[[client]]`, each with `name`, a list of `tokens` and, if it has one, `tenant`",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Where. What stands there is not shown: it may be a token.
        line: usize,
    },
    /// The file of registered clients is not TOML.
    #[error("`{}`, line {line}: expected TOML", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
    },
    /// The registered clients can't be used.
    #[error("`{}`", path.display())]
    Registration {
        /// The file.
        path: PathBuf,
        /// Which of them, and why.
        source: RegistrationError,
    },
    /// The keys that check the assertions of a client can't be used.
    #[error("client `{client}`: the keys at `{location}`")]
    Keys {
        /// Its id.
        client: String,
        /// Where the keys should be.
        location: KeyLocation,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A client has certificates, and nobody asks for them.
    #[error(
        "client `{client}` is let in with its certificate alone, and the server asks clients for none: expected `--client-ca` with the \
         authority of its certificate"
    )]
    Certificates {
        /// Its id.
        client: String,
    },
    /// A client has no name or no token.
    #[error("client `{client}`: expected a name and at least one token")]
    Empty {
        /// Its name, as far as it has one.
        client: String,
    },
    /// A token cannot stand in a header.
    #[error("the token of client `{client}`")]
    Token {
        /// Whose it is.
        client: String,
        /// Why.
        source: TokenError,
    },
    /// A token can be guessed.
    #[error(
        "the token of client `{client}` does not look random, and the service is reached from other machines: expected at \
         least 24 characters, such as those of `openssl rand -hex 32`"
    )]
    WeakToken {
        /// Whose it is.
        client: String,
    },
    /// Two clients have one token, so that nobody could tell them apart.
    #[error("clients `{first}` and `{second}` have the same token: expected one for each")]
    SharedToken {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
}

/// Who a client is to rules that give roles.
fn writer(name: &str, tenant: Option<&str>, tenants: bool) -> Provenance {
    Provenance::new(Source::client(name)).in_tenant(tenant.or_else(|| tenants.then_some("*")))
}

/// Who registered clients are to rules that give roles; with `tenants`, one without a tenant may enter all of them.
pub fn registered_writers(clients: &Clients, tenants: bool) -> Vec<Provenance> {
    clients.iter().map(|client| writer(client.id(), client.tenant(), tenants)).collect()
}

/// The file behind `--clients-file`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientsFile {
    client: Vec<Client>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    name: String,
    tenant: Option<String>,
    /// Several while one is being replaced.
    tokens: Vec<String>,
}

impl ClientFlags {
    /// The tokens that are accepted. Where the service is `public`, reached from other machines, all must look random.
    ///
    /// # Errors
    ///
    /// [`ClientsError`] for a file or token that cannot be used.
    pub fn tokens(&self, public: bool) -> Result<BearerTokens, ClientsError> {
        let clients = self.clients()?;
        let mut seen: Vec<(&str, &str)> = Vec::new();
        let mut tokens = BearerTokens::new();
        for client in &clients {
            let principal = Principal::new(&client.name);
            let principal = match &client.tenant {
                Some(tenant) => principal.in_tenant(tenant),
                None => principal,
            };
            for token in &client.tokens {
                if public && !looks_random(token) {
                    return Err(ClientsError::WeakToken { client: client.name.clone() });
                }
                if let Some((first, _)) = seen.iter().find(|(_, known)| known == token) {
                    return Err(ClientsError::SharedToken { first: (*first).to_owned(), second: client.name.clone() });
                }
                seen.push((&client.name, token));
                tokens = tokens
                    .with_token(token, principal.clone())
                    .map_err(|source| ClientsError::Token { client: client.name.clone(), source })?;
            }
        }
        Ok(tokens)
    }

    /// Who the clients are to rules that give roles. `*` is any tenant: one that a client without a tenant may enter.
    ///
    /// # Errors
    ///
    /// [`ClientsError`] for a file that cannot be used.
    pub fn writers(&self, tenants: bool) -> Result<Vec<Provenance>, ClientsError> {
        if let Some(file) = self.registered() {
            return Ok(registered_writers(&file.read()?, tenants));
        }
        Ok(self.clients()?.iter().map(|client| writer(&client.name, client.tenant.as_deref(), tenants)).collect())
    }

    /// The file of clients that get access tokens, where there is one in place of tokens.
    pub fn registered(&self) -> Option<RegisteredFile> {
        self.clients.clone().map(RegisteredFile::new)
    }

    fn clients(&self) -> Result<Vec<Client>, ClientsError> {
        let only = |token| vec![Client { name: "client".to_owned(), tenant: None, tokens: vec![token] }];
        match (&self.token, &self.token_file, &self.clients_file) {
            (Some(token), ..) => Ok(only(token.clone())),
            (_, Some(path), _) => Ok(only(read_secret_line(path, "token")?)),
            (.., Some(path)) => {
                let text = read_secret(path, "clients")?;
                let file: ClientsFile = toml::from_str(&text)
                    .map_err(|error| ClientsError::Format { path: path.clone(), line: line_of(&error, &text) })?;
                match file.client.iter().find(|client| client.name.is_empty() || client.tokens.is_empty()) {
                    Some(client) => Err(ClientsError::Empty { client: client.name.clone() }),
                    None => Ok(file.client),
                }
            }
            (None, None, None) => Ok(Vec::new()),
        }
    }
}

/// The line that an error is about.
pub(crate) fn line_of(error: &toml::de::Error, text: &str) -> usize {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use http::Request;
    use scim_service::Authenticator;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        clients: ClientFlags,
    }

    fn flags(flags: &[&str]) -> ClientFlags {
        Program::try_parse_from(std::iter::once(&"program").chain(flags)).unwrap().clients
    }

    fn of_file(text: &str, public: bool) -> Result<BearerTokens, ClientsError> {
        // A temporary file is its owner's alone.
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        flags(&["--clients-file", file.path().to_str().unwrap()]).tokens(public)
    }

    async fn whose(tokens: &BearerTokens, token: &str) -> Option<Principal> {
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        tokens.authenticate(&request.into_parts().0).await.ok()
    }

    #[tokio::test]
    async fn x14_each_tenant_has_a_token_of_its_own() {
        let text = r#"
            [[client]]
            name = "okta"
            tenant = "acme"
            tokens = ["acme-old", "acme-new"]

            [[client]]
            name = "entra"
            tenant = "beta"
            tokens = ["beta"]

            [[client]]
            name = "operator"
            tokens = ["all"]
        "#;
        let tokens = of_file(text, false).unwrap();
        for (token, name, tenant) in [
            ("acme-old", "okta", Some("acme")),
            ("acme-new", "okta", Some("acme")),
            ("beta", "entra", Some("beta")),
            ("all", "operator", None),
        ] {
            let principal = whose(&tokens, token).await.unwrap();
            assert_eq!((principal.name(), principal.tenant()), (name, tenant));
        }
        assert_eq!(whose(&tokens, "gamma").await, None);
    }

    #[test]
    fn x14_a_file_of_clients_that_says_something_else_is_refused_and_not_shown() {
        for (text, said) in [
            ("[[client]]\nname = \"a\"\ntokens = \"a-secret\"", "line 3: expected entries `[[client]]`"),
            ("[[client]]\nname = \"a\"\ntoken = [\"a-secret\"]", "line 3: expected"),
            ("[[client]]\nname = \"a\"\ntokens = []", "client `a`: expected a name and at least one token"),
            ("[[client]]\nname = \"\"\ntokens = [\"a-secret\"]", "client ``: expected a name"),
            ("a-secret", "line 1: expected"),
            (
                "[[client]]\nname = \"a\"\ntokens = [\"a-secret\"]\n[[client]]\nname = \"b\"\ntokens = [\"a-secret\"]",
                "clients `a` and `b` have the same token",
            ),
        ] {
            let error = of_file(text, false).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("a-secret"), "{text}: {error}");
        }
    }

    #[test]
    fn x14_a_token_that_can_be_guessed_is_refused_where_others_can_try() {
        let weak = flags(&["--token", "secret-token"]);
        assert!(weak.tokens(false).is_ok());
        let error = weak.tokens(true).unwrap_err();
        assert!(matches!(error, ClientsError::WeakToken { .. }) && !error.to_string().contains("secret-token"));
        assert!(flags(&["--token", "kq3Yw0mB8yqJf2dJt0nVZz1x"]).tokens(true).is_ok());
    }
}
