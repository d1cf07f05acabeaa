//! OAuth 2.0 in the example servers: the token endpoint, its metadata, and the clients as their file has them.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::routing::any;
use clap::Args;
use http::{Response, Uri};
use scim_service::oauth::{
    AccessTokenKey, AccessTokens, ClientRegistry, MAX_FORM, RegisteredClients, ServerMetadata, TokenEndpoint,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::registered::RegisteredFile;
use crate::secret_file::read_secret_line;

/// How often the file of clients is looked at.
const PERIOD: Duration = Duration::from_secs(2);

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
    /// Access tokens of this issuer.
    ///
    /// # Errors
    ///
    /// A file that cannot be used, or a lifetime that is not one.
    pub fn tokens(&self, issuer: &str) -> Result<AccessTokens, Box<dyn Error>> {
        let tokens = AccessTokens::new(issuer).with_lifetime(self.access_token_minutes)?;
        Ok(match &self.access_token_key_file {
            Some(path) => {
                let secret = read_secret_line(path, "the secret of access tokens")?;
                tokens.with_key(&AccessTokenKey::from_secret(secret.as_bytes())?)
            }
            None => tokens,
        })
    }
}

/// Who the clients of a server are, and where they get their tokens: `POST /oauth2/token` and
/// `GET /.well-known/oauth-authorization-server`, at the root of the URL that clients know the server by.
///
/// From now on the file of clients is watched.
///
/// # Errors
///
/// A file or flags that cannot be used.
pub(crate) fn registered_clients(
    file: RegisteredFile,
    flags: &AccessTokenFlags,
    base_url: &str,
) -> Result<(RegisteredClients, Router), Box<dyn Error>> {
    let issuer = origin(base_url);
    let tokens = flags.tokens(&issuer)?;
    let registry = ClientRegistry::new(file.read()?);
    let endpoint = TokenEndpoint::new(registry.clone(), tokens.clone(), file.keys());
    let metadata = ServerMetadata::new(&issuer, &format!("{issuer}/oauth2/token"));
    let router =
        Router::new().route("/oauth2/token", any(move |request: Request| token(endpoint.clone(), request))).route(
            "/.well-known/oauth-authorization-server",
            any(move |request: Request| {
                let response = metadata.handle(&request).map(Body::from);
                async move { response }
            }),
        );
    tokio::spawn(watch(file, registry.clone()));
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
        // Or it broke off, and nobody reads the answer.
        Err(_) => endpoint.form_too_large(),
    };
    response.map(Body::from)
}

/// Reads the file again when it has changed, or at SIGHUP. Where it cannot be used, the clients stay as they were.
async fn watch(file: RegisteredFile, registry: ClientRegistry) {
    let mut seen = file.stamp();
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = sleep(PERIOD) => false,
        };
        let stamp = file.stamp();
        if !asked && stamp == seen {
            continue;
        }
        seen = stamp;
        reload(&file, &registry);
    }
}

fn reload(file: &RegisteredFile, registry: &ClientRegistry) {
    let path = file.path().display();
    match file.read() {
        Ok(clients) => {
            tracing::info!(%path, clients = clients.iter().count(), "the clients were read again");
            registry.replace(clients);
        }
        Err(error) => {
            let cause = error.source().map(ToString::to_string);
            tracing::error!(%path, %error, cause, "the clients stay as they were");
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use http::StatusCode;
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
        let (_, router) = registered_clients(registered, &flags.tokens, "https://example.com/scim/v2").unwrap();
        let form = "grant_type=client_credentials&client_id=okta&client_secret=test";
        assert_eq!(status(&router, "POST", "/oauth2/token", form.to_owned()).await, 200);
        assert_eq!(status(&router, "GET", "/oauth2/token", String::new()).await, 405);
        assert_eq!(status(&router, "POST", "/oauth2/token", "x".repeat(MAX_FORM + 1)).await, 413);
        assert_eq!(status(&router, "GET", "/.well-known/oauth-authorization-server", String::new()).await, 200);
        assert!(Program::try_parse_from(["program", "--token", "x", "--access-token-minutes", "90"]).is_err());
    }

    #[test]
    fn e3_o12_a_file_that_is_wrong_leaves_the_clients_as_they_were() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), CLIENT).unwrap();
        let registered = RegisteredFile::new(file.path().to_owned());
        let registry = ClientRegistry::new(registered.read().unwrap());
        let ids = || registry.current().iter().map(|client| client.id().to_owned()).collect::<Vec<_>>();
        for (text, expected) in [("[[client]]", "okta"), (&CLIENT.replace("okta", "entra"), "entra"), ("", "")] {
            let before = registered.stamp();
            std::fs::write(file.path(), text).unwrap();
            assert_ne!(registered.stamp(), before, "{text}");
            reload(&registered, &registry);
            assert_eq!(ids().concat(), expected, "{text}");
        }
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
