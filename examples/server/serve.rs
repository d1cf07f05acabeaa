//! A [`ScimService`] in a server.

use axum::Router;
use scim_service::{ScimService, Store};
use std::error::Error;
use tokio::signal::unix::{SignalKind, signal};

use crate::connection::serve_connections_with_tls;
use crate::flags::Flags;
use crate::oauth::{ClientCheck, registered_clients};

/// Listens and serves `store` until SIGTERM or SIGINT, then lets open requests end.
///
/// The service answers below the base path; its health check and its well-known document also at the root, where load
/// balancers and clients look for them. With `--clients`, so are the token endpoint and its metadata. With `--tls-cert`
/// the server speaks HTTPS alone.
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
    let tls = flags.tls.open()?;
    let listener = flags.listen.bind_with(&flags.tls).await?;
    let config = flags.config(listener.local_addr()?)?;
    let schemas = flags.schemas()?;
    let (service, oauth) = match flags.clients.registered() {
        Some(file) => {
            let (tokens, base_url, asks_clients) = (&flags.access_tokens, config.base_url(), flags.tls.asks_clients());
            let (clients, oauth) = registered_clients(file, tokens, base_url, flags.is_public(), asks_clients, check)?;
            (ScimService::new(store, schemas, config, clients), oauth)
        }
        None => (ScimService::new(store, schemas, config, flags.tokens()?), Router::new()),
    };

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
    println!("listening on {}://{}{base_path}", flags.scheme(), listener.local_addr()?);
    if let Some(tls) = &tls {
        tls.watch();
    }
    let peer = |address| flags.listen.peer(address);
    serve_connections_with_tls(listener, tls, router, flags.connections.clone(), peer, stop()).await;
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
