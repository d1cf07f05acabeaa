//! A gateway in front of Superset: people log in by SAML, are provisioned just in time, and are handed on by `REMOTE_USER`.
//!
//! ```sh
//! cargo run --features saml --example saml_gateway -- --listen 127.0.0.1:8090 --public-url https://superset.example.com \
//!     --superset http://127.0.0.1:8088 --database-file url --rules rules.toml \
//!     --idp-entity-id http://www.okta.com/exk1 --idp-metadata idp.xml --preset okta --session-key session.key
//! ```
//!
//! Superset needs the settings of `superset_config.py` beside this file, and must be reachable through the gateway alone:
//! whoever reaches it otherwise may call themselves what they like. TLS, and with it the address of the client, is up to the
//! proxy before the gateway. Upgrades, such as those to web sockets, are not passed on.

mod arguments;
mod login;
mod page;
mod person;
mod proxy;
mod session;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use chrono::Utc;
use clap::Parser;
use scim_core::SchemaSet;
use superset_mapping::{
    IdentityProvider, JitLogin, RuleReader, RuleSet, SamlIdentityProvider, SamlServiceProvider, SamlVerifier,
    SqlReplays, SupersetStore,
};
use tokio::net::TcpListener;

use crate::arguments::Arguments;
use crate::proxy::Superset;
use crate::session::Cookies;

/// Largest body of a login, in bytes. A response has 256 KiB at most; a form makes more of it.
const MAX_LOGIN_LEN: usize = 1024 * 1024;

/// What all requests share.
struct Gateway {
    store: SupersetStore,
    logins: JitLogin<SupersetStore>,
    provider: IdentityProvider,
    verifier: SamlVerifier,
    cookies: Cookies,
    superset: Superset,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => scim_examples::fail(&*error),
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(arguments.listen).await?;
    let address = listener.local_addr()?;
    let router = router(gateway(&arguments, &format!("http://{address}")).await?);
    println!("listening on http://{address}");
    axum::serve(listener, router).with_graceful_shutdown(scim_examples::stop()).await?;
    Ok(())
}

fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/saml/login", get(login::begin))
        .route("/saml/acs", post(login::finish).layer(DefaultBodyLimit::max(MAX_LOGIN_LEN)))
        .route("/saml/metadata", get(login::metadata))
        .route("/saml/logout", get(login::end).post(login::end))
        .fallback(proxy::forward)
        .with_state(gateway)
}

/// Reads all files and opens the database. `own` is the address of the gateway, unless the flags say what browsers call it.
async fn gateway(arguments: &Arguments, own: &str) -> Result<Arc<Gateway>, Box<dyn Error>> {
    let rules = match &arguments.rules {
        Some(path) => scim_examples::read_rules(&RuleReader::new(), path)?,
        None => RuleSet::default(),
    };
    let public = arguments.public_url.as_deref().unwrap_or(own).trim_end_matches('/');
    let metadata = scim_examples::read_file(&arguments.idp_metadata, "metadata")?;
    let service = SamlServiceProvider::accepting(
        &format!("{public}/saml/metadata"),
        &format!("{public}/saml/acs"),
        arguments.signed.into(),
    )?;
    let idp = SamlIdentityProvider::from_metadata(&arguments.idp_entity_id, &metadata, Utc::now())?;
    let url = arguments.database.url()?;
    let replays = Arc::new(SqlReplays::connect(&url).await?);
    let store = SupersetStore::connect(&url, rules.clone()).await?;
    for role in store.missing_roles().await? {
        eprintln!("warning: the rules name role `{role}`, which Superset does not have; nobody gets it");
    }
    let audit = arguments.audit()?;
    Ok(Arc::new(Gateway {
        logins: JitLogin::new(Arc::new(store.clone()), SchemaSet::builtin(), Arc::new(rules), audit),
        store,
        provider: arguments.provider()?,
        verifier: SamlVerifier::new(service, idp, replays),
        cookies: Cookies::new(arguments.session_key()?, arguments.session_hours, public.starts_with("https://")),
        superset: Superset::new(&arguments.superset, public, arguments.max_upload)?,
    }))
}
