//! A [`ScimService`] in a server.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use chrono::Utc;
use scim_core::Source;
use scim_service::oauth::CredentialMetrics;
use scim_service::observe::metrics::ServiceMetrics;
use scim_service::observe::{ObservedStore, Observer};
use scim_service::{ScimService, Store};
use tokio::signal::unix::{SignalKind, signal};

use crate::brake::WatchedBrake;
use crate::connection::serve_connections;
use crate::flags::Flags;
use crate::oauth::{ClientCheck, registered_clients};

/// Listens and serves `store` until SIGTERM or SIGINT, then lets open requests end.
///
/// The service answers below the base path; its health check and its well-known document also at the root, where load
/// balancers and clients look for them. With `--clients`, so are the token endpoint and its metadata.
///
/// # Errors
///
/// Flags that cannot be used, and an address that cannot be listened on.
pub async fn serve<S: Store>(flags: &Flags, store: S) -> Result<(), Box<dyn Error>> {
    serve_checked(flags, store, Box::new(|_| Box::pin(async { Ok(()) })), flags.brake.brake_in_memory()).await
}

/// The same, where `check` says which clients of a file that is read again may be served, and a brake what they may do.
///
/// # Errors
///
/// As [`serve`].
pub async fn serve_checked<S: Store>(
    flags: &Flags,
    store: S,
    check: ClientCheck,
    brake: Option<WatchedBrake>,
) -> Result<(), Box<dyn Error>> {
    let metrics = flags.metrics.start()?;
    let mut observers = observers(flags)?;
    let store = Arc::new(store);
    if let Some(brake) = brake {
        observers.push(Arc::new(brake.brake().clone()));
        brake.start(store.clone(), &flags.schemas()?).await?;
    }
    if observers.is_empty() {
        return serve_observed(flags, store, check, metrics, observers).await;
    }
    let store = ObservedStore::new(store, observers.clone());
    serve_observed(flags, store, check, metrics, observers).await
}

/// What hears of requests and writes.
fn observers(flags: &Flags) -> Result<Vec<Arc<dyn Observer>>, Box<dyn Error>> {
    let mut observers: Vec<Arc<dyn Observer>> = Vec::new();
    if flags.metrics.are_on() {
        let measures = match flags.metrics.rules.clone() {
            Some(rules) => ServiceMetrics::new().with_protected_roles(move |role| rules.is_protected(role)),
            None => ServiceMetrics::new(),
        };
        for writer in flags.writers()? {
            if let Source::Client(name) = writer.source() {
                measures.introduce(name);
            }
        }
        observers.push(Arc::new(measures));
    }
    observers.extend(flags.audit_log.observer()?);
    Ok(observers)
}

async fn serve_observed<S: Store>(
    flags: &Flags,
    store: S,
    check: ClientCheck,
    metrics: Router,
    observers: Vec<Arc<dyn Observer>>,
) -> Result<(), Box<dyn Error>> {
    flags.connections.check_descriptors(1)?;
    let listener = flags.listen.bind().await?;
    let config = flags.config(listener.local_addr()?)?;
    let schemas = flags.schemas()?;
    let (service, oauth) = match flags.clients.registered() {
        Some(file) => {
            let (clients, oauth) =
                registered_clients(file, &flags.access_tokens, config.base_url(), flags.is_public(), check)?;
            let credentials = CredentialMetrics::new(clients.registry().clone());
            flags.metrics.probes.add(move || credentials.record(Utc::now()));
            (ScimService::new(store, schemas, config, clients), oauth)
        }
        None => (ScimService::new(store, schemas, config, flags.tokens()?), Router::new()),
    };
    let service = if observers.is_empty() { service } else { service.with_observer(observers) };

    let base_path = flags.base_path.trim_end_matches('/');
    let router = if base_path.is_empty() {
        Router::new().fallback_service(service.clone())
    } else {
        Router::new()
            .nest_service(base_path, service.clone())
            .route_service("/health", service.clone())
            .route_service("/.well-known/scim-configuration", service.clone())
    };
    let router = router.merge(oauth);
    // Last: who may read what is measured is told by the connection alone, whatever a proxy reports.
    let router = router.merge(metrics);
    println!("listening on http://{}{base_path}", listener.local_addr()?);
    serve_connections(listener, router, flags.connections.clone(), |address| flags.listen.peer(address), stop()).await;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
pub async fn stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
