//! A gateway in front of Superset: people log in by SAML, are provisioned just in time, and are handed on by `REMOTE_USER`.
//!
//! ```sh
//! cargo run --features saml --example saml_gateway -- --listen 127.0.0.1:8090 --public-url https://superset.example.com \
//!     --superset http://127.0.0.1:8088 --database-file url --rules rules.toml \
//!     --idp-entity-id http://www.okta.com/exk1 --idp-metadata idp.xml --preset okta --allow-domain partner.example \
//!     --session-key session.key
//! ```
//!
//! Whoever is created at a login is of one of the domains of `--allow-domain`; with `--people provisioned` SCIM makes the users.
//! Requests without a session are answered with the way to the login (pages) or 401 (programs), but for those that Superset
//! decides about by itself, in nobody's name: `--public-path`, and with `--pass-tokens` API clients with a token of Superset's.
//! Embedded dashboards need `--public-path /embedded/` and `--pass-tokens`.
//!
//! Superset needs the settings of `superset_config.py` beside this file, and must be reachable through the gateway alone:
//! whoever reaches it otherwise may call themselves what they like. TLS, and with it the address of the client, is up to the
//! proxy before the gateway. Upgrades, such as those to web sockets, are not passed on.

mod anonymous;
mod arguments;
mod idp;
mod login;
mod origin;
mod page;
mod person;
mod proxy;
mod seen;
mod session;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use clap::Parser;
use scim_core::{Provenance, SchemaSet, Source};
use scim_examples::serve_connections;
use scim_service::observe::LogLimit;
use scim_service::observe::ocsf::OcsfWriter;
use scim_service::{Context, Principal};
use superset_mapping::login::{JsonLines, MeasuredAudit};
use superset_mapping::saml::SamlServiceProvider;
use superset_mapping::store::SqlReplays;
use superset_mapping::{JitLogin, People, RuleReader, StoreOptions, SupersetStore};

use crate::anonymous::Anonymous;
use crate::arguments::Arguments;
use crate::idp::Idp;
use crate::origin::Origin;
use crate::proxy::Superset;
use crate::session::Cookies;

/// Largest body of a login, in bytes. A response has 256 KiB at most; a form makes more of it.
const MAX_LOGIN_LEN: usize = 1024 * 1024;

/// What all requests share.
struct Gateway {
    store: SupersetStore,
    logins: JitLogin<SupersetStore>,
    idp: Idp,
    cookies: Cookies,
    /// The sessions that were ended before their time, by whichever host.
    sessions: SqlReplays,
    origin: Origin,
    anonymous: Anonymous,
    superset: Superset,
    /// What bounds the lines about logins that fail.
    log_limit: LogLimit,
    /// Whether somebody reads what is measured.
    measures: bool,
}

impl Gateway {
    /// The context of a look-up for whoever is logged in.
    fn context(&self, now: DateTime<Utc>) -> Context {
        let gateway = Principal::host("saml_gateway");
        let principal = match self.idp.provider().tenant() {
            Some(tenant) => gateway.in_tenant(tenant),
            None => gateway,
        };
        Context::internal("saml_gateway", now).with_principal(principal)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => scim_examples::fail(&*error),
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    arguments.log.start();
    // Superset is asked over a connection of its own for each.
    arguments.connections.check_descriptors(2)?;
    let listener = arguments.listen.bind().await?;
    let address = listener.local_addr()?;
    let metrics = arguments.metrics.start()?;
    let gateway = gateway(&arguments, &format!("http://{address}")).await?;
    let measured = gateway.store.clone();
    arguments.metrics.probes.add(move || measured.record_connections());
    let router = router(gateway).merge(metrics);
    println!("listening on http://{address}");
    let Arguments { listen, connections, .. } = arguments;
    serve_connections(listener, router, connections, |address| listen.peer(address), scim_examples::stop()).await;
    Ok(())
}

fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/saml/login", get(login::begin))
        .route("/saml/acs", post(login::finish).layer(DefaultBodyLimit::max(MAX_LOGIN_LEN)))
        .route("/saml/metadata", get(login::metadata))
        .route("/saml/logout", get(login::ask).post(login::end))
        .fallback(proxy::forward)
        .layer(from_fn_with_state(gateway.clone(), seen::note))
        .with_state(gateway)
}

/// Reads all files and opens the database. `own` is the address of the gateway, unless the flags say what browsers call it.
async fn gateway(arguments: &Arguments, own: &str) -> Result<Arc<Gateway>, Box<dyn Error>> {
    let rules = arguments.rules.read(&RuleReader::new())?;
    let public = arguments.public_url.as_deref().unwrap_or(own).trim_end_matches('/');
    let service = SamlServiceProvider::accepting(
        &format!("{public}/saml/metadata"),
        &format!("{public}/saml/acs"),
        arguments.signed.into(),
    )?;
    let provider = arguments.provider()?;
    let url = arguments.database.url()?;
    let options = arguments.audit_key.of(StoreOptions::new())?;
    let sessions = SqlReplays::connect(&url).await?;
    let replays = Arc::new(sessions.clone());
    let (path, unsolicited) = (arguments.idp_metadata.clone(), arguments.allow_unsolicited);
    let idp = Idp::open(path, &arguments.idp_entity_id, service, replays, provider, unsolicited)?;
    let store = SupersetStore::connect_with(&url, rules.clone(), options).await?;
    let provider = idp.provider();
    if let People::Created(_) = provider.people() {
        let source = Provenance::new(Source::provider(provider.name())).in_tenant(provider.tenant());
        store.check_writers(&[source]).await?;
    }
    let (audit, people) = (arguments.audit()?, Arc::new(store.clone()));
    let logins = if arguments.audit_ocsf {
        JitLogin::new(people, SchemaSet::builtin(), Arc::new(rules), MeasuredAudit::new(OcsfWriter::new(audit)))
    } else {
        JitLogin::new(people, SchemaSet::builtin(), Arc::new(rules), MeasuredAudit::new(JsonLines::new(audit)))
    };
    Ok(Arc::new(Gateway {
        logins,
        store,
        idp,
        sessions,
        origin: Origin::of(public)?,
        anonymous: Anonymous::new(&arguments.public_path, arguments.pass_tokens)?,
        cookies: Cookies::new(arguments.session_key()?, arguments.session_hours, public.starts_with("https://")),
        superset: Superset::new(&arguments.superset, public, arguments.max_upload)?,
        log_limit: LogLimit::new(),
        measures: arguments.metrics.are_on(),
    }))
}
