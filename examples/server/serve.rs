//! A [`ScimService`] in a server.

use axum::Router;
use scim_service::{ScimService, Store};
use std::error::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::connection::serve_connections;
use crate::flags::Flags;
use crate::oauth::{ClientCheck, registered_clients};
use crate::traffic::guarded;

/// Listens and serves `store` until SIGTERM or SIGINT, then lets open requests end.
///
/// The service answers below the base path; its health checks and its well-known document also at the root, where load
/// balancers and clients look for them. From the signal on `/health/ready` is 503. With `--clients`, so are the token endpoint and its metadata.
///
/// # Errors
///
/// Flags that cannot be used, and an address that cannot be listened on.
pub async fn serve<S: Store>(flags: &Flags, store: S) -> Result<(), Box<dyn Error>> {
    serve_checked(flags, store, Box::new(|_| Box::pin(async { Ok(()) }))).await
}

/// The same, where `check` says which clients of a file that is read again may be served.
///
/// # Errors
///
/// As [`serve`].
pub async fn serve_checked<S: Store>(flags: &Flags, store: S, check: ClientCheck) -> Result<(), Box<dyn Error>> {
    flags.connections.check_descriptors(1)?;
    flags.traffic.check(&flags.listen)?;
    let limits = flags.traffic.limits();
    let listener = flags.listen.bind().await?;
    let config = flags.config(listener.local_addr()?)?;
    let schemas = flags.schemas()?;
    let (service, oauth) = match flags.clients.registered() {
        Some(file) => {
            let (clients, oauth) = registered_clients(
                file,
                &flags.access_tokens,
                config.base_url(),
                flags.is_public(),
                limits.clone(),
                check,
            )?;
            (ScimService::new(store, schemas, config, clients), oauth)
        }
        None => (ScimService::new(store, schemas, config, flags.tokens()?), Router::new()),
    };

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
    println!("listening on http://{}{base_path}", listener.local_addr()?);
    let stopped = async {
        stop().await;
        service.begin_shutdown();
        // A second signal ends the wait.
        tokio::select! {
            () = sleep(flags.traffic.shutdown_delay()) => {}
            () = stop() => {}
        }
    };
    serve_connections(listener, router, flags.connections.clone(), |address| flags.listen.peer(address), stopped).await;
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
