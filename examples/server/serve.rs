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
use tokio::time::sleep;

use crate::brake::WatchedBrake;
use crate::connection::serve_connections_with_tls;
use crate::flags::Flags;
use crate::oauth::{ClientCheck, registered_clients};
use crate::traffic::guarded;

/// Listens and serves `store` until SIGTERM or SIGINT, then lets open requests end.
///
/// The service answers below the base path; its health checks and its well-known document also at the root, where load
/// balancers and clients look for them. From the signal on `/health/ready` is 503. With `--clients`, so are the token endpoint and its metadata.
/// With `--tls-cert` the server speaks HTTPS alone.
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
    let (mut observers, measures) = observers(flags)?;
    let check = match measures {
        Some(measures) => introducing(measures, check),
        None => check,
    };
    let store = Arc::new(store);
    if let Some(brake) = brake {
        observers.push(Arc::new(brake.brake().clone()));
        brake.start(store.clone(), &flags.schemas.schemas()?).await?;
    }
    if observers.is_empty() {
        return serve_observed(flags, store, check, metrics, observers).await;
    }
    let store = ObservedStore::new(store, observers.clone());
    serve_observed(flags, store, check, metrics, observers).await
}

/// Begins the series of clients that a file has when it is read again, and that may be served.
fn introducing(measures: Arc<ServiceMetrics>, check: ClientCheck) -> ClientCheck {
    Box::new(move |clients| {
        let names: Vec<_> = clients.iter().map(|client| client.id().to_owned()).collect();
        let (checked, measures) = (check(clients), measures.clone());
        Box::pin(async move {
            checked.await?;
            for name in names {
                measures.introduce(&name);
            }
            Ok(())
        })
    })
}

/// What hears of requests and writes.
type Observers = Vec<Arc<dyn Observer>>;
/// Which of them measures.
type Measures = Option<Arc<ServiceMetrics>>;

/// What hears of requests and writes, and which of them measures.
fn observers(flags: &Flags) -> Result<(Observers, Measures), Box<dyn Error>> {
    let (mut observers, mut measured) = (Observers::new(), None);
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
        let measures = Arc::new(measures);
        observers.push(measures.clone());
        measured = Some(measures);
    }
    observers.extend(flags.audit_log.observer()?);
    Ok((observers, measured))
}

async fn serve_observed<S: Store>(
    flags: &Flags,
    store: S,
    check: ClientCheck,
    metrics: Router,
    observers: Observers,
) -> Result<(), Box<dyn Error>> {
    flags.connections.check_descriptors(1)?;
    flags.traffic.check(&flags.listen)?;
    let limits = flags.traffic.limits();
    let tls = flags.tls.open()?;
    let listener = flags.listen.bind_with(&flags.tls).await?;
    let config = flags.config(listener.local_addr()?)?;
    let schemas = flags.schemas.schemas()?;
    let (service, oauth) = match flags.clients.registered() {
        Some(file) => {
            let (clients, oauth) = registered_clients(
                file,
                &flags.access_tokens,
                config.base_url(),
                flags.is_public(),
                flags.tls.asks_clients(),
                limits.clone(),
                check,
            )?;
            let credentials = CredentialMetrics::new(clients.registry().clone());
            flags.metrics.probes.add(move || credentials.record(Utc::now()));
            (ScimService::new(store, schemas, config, clients), oauth)
        }
        None => (ScimService::new(store, schemas, config, flags.tokens()?), Router::new()),
    };
    let service = if observers.is_empty() { service } else { service.with_observer(observers) };
    let service = service.with_traffic_limits(limits);

    let base_path = flags.base_path.trim_end_matches('/');
    let router = if base_path.is_empty() {
        Router::new().fallback_service(service.clone())
    } else {
        Router::new()
            .nest_service(base_path, service.clone())
            .route_service("/health", service.clone())
            .route_service("/health/live", service.clone())
            .route_service("/health/ready", service.clone())
            .route_service("/.well-known/scim-configuration", service.clone())
    };
    let router = guarded(router.merge(oauth), &flags.traffic, &flags.listen, base_path);
    // Last: who may read what is measured is told by the connection alone, whatever a proxy reports.
    let router = router.merge(metrics);
    println!("listening on {}://{}{base_path}", flags.scheme(), listener.local_addr()?);
    if let Some(tls) = &tls {
        tls.watch();
    }
    let stopped = async {
        stop().await;
        service.begin_shutdown();
        // A second signal ends the wait.
        tokio::select! {
            () = sleep(flags.traffic.shutdown_delay()) => {}
            () = stop() => {}
        }
    };
    let peer = |address| flags.listen.peer(address);
    serve_connections_with_tls(listener, tls, router, flags.connections.clone(), peer, stopped).await;
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
