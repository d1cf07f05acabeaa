//! OAuth 2.0 in the example servers: the token endpoint, its metadata, and the clients as their file has them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::routing::any;
use clap::Args;
use http::{Response, StatusCode, Uri};
use http_body_util::LengthLimitError;
use scim_service::oauth::{
    AccessTokenKey, AccessTokens, ClientRegistry, Clients, MAX_FORM, RegisteredClients, ServerMetadata, TokenEndpoint,
};
use scim_service::traffic::TrafficLimits;

use crate::registered::RegisteredFile;
use crate::secret_file::{looks_random, read_secret_line};
use crate::watch::{Reload, Stamp, told, watch};

/// Whether clients may be served, which is asked of the store before they are.
pub type ClientCheck = Box<dyn Fn(&Clients) -> Checking + Send + Sync>;
/// What [`ClientCheck`] gives.
pub type Checking = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

/// Flags that say how access tokens are made, where there is a file of `--clients`.
#[derive(Args, Clone, Debug)]
pub struct AccessTokenFlags {
    /// How long access tokens live, in minutes: 60 to 360
    #[arg(long, value_name = "MINUTES", default_value_t = 60, conflicts_with_all = ["token", "token_file", "clients_file"])]
    access_token_minutes: u32,
    /// File whose first line is the secret that access tokens are signed with, at least 32 characters, so that several servers
    /// take each other's; random unless given
    #[arg(long, value_name = "FILE", conflicts_with_all = ["token", "token_file", "clients_file"])]
    access_token_key_file: Option<PathBuf>,
}

impl AccessTokenFlags {
    /// Access tokens of this issuer. Where the service is `public`, reached from other machines, their secret must look random.
    ///
    /// # Errors
    ///
    /// A file that cannot be used, or a lifetime that is not one.
    pub fn tokens(&self, issuer: &str, public: bool) -> Result<AccessTokens, Box<dyn Error>> {
        let tokens = AccessTokens::new(issuer).with_lifetime(self.access_token_minutes)?;
        Ok(match &self.access_token_key_file {
            Some(path) => {
                let secret = read_secret_line(path, "the secret of access tokens")?;
                if public && !looks_random(&secret) {
                    let path = path.display();
                    return Err(format!(
                        "the secret in `{path}` does not look random: make one with `openssl rand -hex 32`"
                    )
                    .into());
                }
                tokens.with_key(&AccessTokenKey::from_secret(secret.as_bytes())?)
            }
            None => tokens,
        })
    }
}

/// Who the clients of a server are, and where they get their tokens: `POST /oauth2/token` and
/// `GET /.well-known/oauth-authorization-server`, at the root of the URL that clients know the server by.
///
/// From now on the file of clients is watched. Where the server does not ask clients for certificates (`asks_clients`), none may be
/// registered with one.
///
/// # Errors
///
/// A file or flags that cannot be used.
pub(crate) fn registered_clients(
    file: RegisteredFile,
    flags: &AccessTokenFlags,
    base_url: &str,
    public: bool,
    asks_clients: bool,
    limits: TrafficLimits,
    check: ClientCheck,
) -> Result<(RegisteredClients, Router), Box<dyn Error>> {
    let issuer = origin(base_url);
    let tokens = flags.tokens(&issuer, public)?;
    // The clients name the files to watch, whose state has to be from before they are read: what somebody writes meanwhile is seen.
    let stamp = file.stamp(&file.read()?);
    let registry = ClientRegistry::new(file.read_for(asks_clients)?);
    let endpoint = TokenEndpoint::new(registry.clone(), tokens.clone(), file.keys()).with_traffic_limits(limits);
    let metadata = ServerMetadata::new(&issuer, &format!("{issuer}/oauth2/token"));
    let metadata = if asks_clients { metadata.with_client_certificates() } else { metadata };
    let router =
        Router::new().route("/oauth2/token", any(move |request: Request| token(endpoint.clone(), request))).route(
            "/.well-known/oauth-authorization-server",
            any(move |request: Request| {
                let response = metadata.handle(&request).map(Body::from);
                async move { response }
            }),
        );
    let files = RegisteredReload { file, registry: registry.clone(), check, asks_clients };
    tokio::spawn(watch(files, stamp));
    Ok((RegisteredClients::new(registry, tokens), router))
}

/// A URL without its path, which is where the documents of RFC 8414 are.
fn origin(url: &str) -> String {
    let parts =
        url.parse::<Uri>().ok().and_then(|url| Some((url.scheme_str()?.to_owned(), url.authority()?.to_string())));
    parts.map_or_else(|| url.to_owned(), |(scheme, authority)| format!("{scheme}://{authority}"))
}

async fn token(endpoint: TokenEndpoint, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let response = match to_bytes(body, MAX_FORM).await {
        Ok(body) => endpoint.handle(Request::from_parts(parts, body)).await,
        Err(error) if is_too_long(&error) => endpoint.form_too_large(),
        Err(_) => return timed_out(),
    };
    response.map(Body::from)
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The form did not come, or broke off, and nobody reads the answer.
fn timed_out() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
}

/// The clients of a file, with what says which of them may be served.
struct RegisteredReload {
    file: RegisteredFile,
    registry: ClientRegistry,
    check: ClientCheck,
    /// Whether the server asks clients for certificates.
    asks_clients: bool,
}

#[async_trait]
impl Reload for RegisteredReload {
    fn what(&self) -> &'static str {
        "the file of clients"
    }

    fn path(&self) -> &Path {
        self.file.path()
    }

    fn stamp(&self) -> Stamp {
        self.file.stamp(&self.registry.current())
    }

    async fn reload(&self) -> Result<(), String> {
        let clients = self.file.read_for(self.asks_clients).map_err(|error| told(&error))?;
        (self.check)(&clients).await.map_err(|error| told(&*error))?;
        self.registry.replace(clients);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tower_service::Service;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        clients: crate::ClientFlags,
        #[command(flatten)]
        tokens: AccessTokenFlags,
    }

    /// The hash of `test`.
    const CLIENT: &str = "[[client]]\nid = \"okta\"\nscopes = [\"scim\"]\n\
        secrets = [{ sha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" }]";

    async fn status(router: &Router, method: &str, path: &str, body: String) -> StatusCode {
        let request = Request::builder().method(method).uri(path);
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap();
        router.clone().call(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn i2_the_token_endpoint_and_its_metadata_are_at_the_root() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), CLIENT).unwrap();
        let path = file.path().to_str().unwrap();
        let flags = Program::parse_from(["program", "--clients", path, "--access-token-minutes", "90"]);
        let registered = flags.clients.registered().unwrap();
        let (_, router) = registered_clients(
            registered,
            &flags.tokens,
            "https://example.com/scim/v2",
            false,
            false,
            TrafficLimits::new(),
            anybody(),
        )
        .unwrap();
        let form = "grant_type=client_credentials&client_id=okta&client_secret=test";
        assert_eq!(status(&router, "POST", "/oauth2/token", form.to_owned()).await, 200);
        assert_eq!(status(&router, "GET", "/oauth2/token", String::new()).await, 405);
        assert_eq!(status(&router, "POST", "/oauth2/token", "x".repeat(MAX_FORM + 1)).await, 413);
        assert_eq!(status(&router, "GET", "/.well-known/oauth-authorization-server", String::new()).await, 200);
        assert!(Program::try_parse_from(["program", "--token", "x", "--access-token-minutes", "90"]).is_err());
    }

    fn anybody() -> ClientCheck {
        Box::new(|_| Box::pin(async { Ok(()) }))
    }

    #[tokio::test]
    async fn e3_o12_a_file_that_is_wrong_leaves_the_clients_as_they_were() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), CLIENT).unwrap();
        let registered = RegisteredFile::new(file.path().to_owned());
        let registry = ClientRegistry::new(registered.read().unwrap());
        let ids = || registry.current().iter().map(|client| client.id().to_owned()).collect::<Vec<_>>();
        let no_auditor: ClientCheck = Box::new(|clients| {
            let found = clients.client("auditor").is_some();
            Box::pin(async move { if found { Err("the rules do not know `client:auditor`".into()) } else { Ok(()) } })
        });
        let files = RegisteredReload {
            file: registered.clone(),
            registry: registry.clone(),
            check: no_auditor,
            asks_clients: false,
        };
        let entra = CLIENT.replace("okta", "entra");
        let bound = CLIENT.replace("okta", "bound") + "\ntls_client_auth_san_dns = \"okta.example\"";
        for (text, expected) in [
            ("[[client]]", "okta"),
            ("", "okta"),
            (&entra, "entra"),
            (&CLIENT.replace("okta", "auditor"), "entra"),
            // The server asks for no certificates.
            (&bound, "entra"),
        ] {
            let before = files.stamp();
            std::fs::write(file.path(), text).unwrap();
            assert_ne!(files.stamp(), before, "{text}");
            let outcome = files.reload().await;
            assert_eq!(outcome.is_ok(), text == entra, "{outcome:?}");
            assert_eq!(ids().concat(), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_key_that_can_be_guessed_signs_nothing_on_a_public_server() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a".repeat(32)).unwrap();
        let path = file.path().to_str().unwrap();
        let flags = Program::parse_from(["program", "--clients", "x", "--access-token-key-file", path]);
        assert!(flags.tokens.tokens("https://example.com", false).is_ok());
        let error = flags.tokens.tokens("https://example.com", true).unwrap_err().to_string();
        assert!(error.contains("does not look random"), "{error}");
    }

    #[test]
    fn the_issuer_is_the_origin_of_the_service() {
        for (url, expected) in [
            ("https://example.com/scim/v2", "https://example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://example.com:8443/", "https://example.com:8443"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }
}
