//! The service that the mounts beside this file serve: `axum.rs`, `hyper.rs`, `actix.rs` and `lambda.rs`.

use std::error::Error;

use scim_core::SchemaSet;
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};

/// Clients know the service by `base_url` and send `token`.
///
/// # Errors
///
/// A base URL or token that cannot be used.
pub fn service(base_url: &str, token: &str) -> Result<ScimService<MemoryStore>, Box<dyn Error + Send + Sync>> {
    let tokens = BearerTokens::new().with_token(token, Principal::new("client"))?;
    Ok(ScimService::new(MemoryStore::new(), SchemaSet::builtin(), ServiceConfig::new(base_url)?, tokens))
}
