//! Who the client itself is: the hook behind `/Me` (RFC 7644 section 3.11).

use async_trait::async_trait;
use scim_core::{ResourceId, ResourceTypeName};

use crate::context::Context;
use crate::store::StoreError;

/// Tells which resource stands for the client that sends a request.
///
/// With a resolver, `/Me` takes GET, HEAD, PUT, PATCH and DELETE as the resource itself would, under the same
/// [`Authorizer`](crate::Authorizer), and answers with the resource's permanent URL in `Location`; see [`MeAnswer`] for
/// the other way. Without a resolver it is 501; for a client that no resource stands for, 404.
///
/// ```
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use http::Request;
/// use scim_core::SchemaSet;
/// use scim_service::{
///     BearerTokens, Context, Me, MeAnswer, MeResolver, MemoryStore, Principal, ScimService, ServiceConfig, StoreError,
/// };
///
/// /// Principals are called as the ids of their users.
/// struct ById;
///
/// #[async_trait]
/// impl MeResolver for ById {
///     async fn resolve(&self, cx: &Context) -> Result<Option<Me>, StoreError> {
///         Ok(cx.principal.name().parse().ok().map(Me::user))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let service = ScimService::new(
///     MemoryStore::new(),
///     SchemaSet::builtin(),
///     ServiceConfig::new("https://example.com/scim/v2")?,
///     BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("2819c223"))?,
/// )
/// .with_me(ById, MeAnswer::Redirect);
/// let request = Request::get("https://example.com/scim/v2/Me")
///     .header("authorization", "Bearer yXh2Qm7vT0w8LbN4")
///     .body(Bytes::new())?;
/// let response = service.handle(request).await;
/// assert_eq!(response.status(), 308);
/// assert_eq!(response.headers()["location"], "https://example.com/scim/v2/Users/2819c223");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait MeResolver: Send + Sync + 'static {
    /// The resource of the client, in the tenant of the request; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it cannot be told.
    async fn resolve(&self, cx: &Context) -> Result<Option<Me>, StoreError>;
}

/// The resource that stands for a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Me {
    /// Its type, which the service must have.
    pub resource_type: ResourceTypeName,
    /// Its id.
    pub id: ResourceId,
}

impl Me {
    /// A user.
    pub fn user(id: ResourceId) -> Self {
        Self { resource_type: ResourceTypeName::user(), id }
    }
}

/// How `/Me` is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeAnswer {
    /// As the resource itself. The default.
    #[default]
    Serve,
    /// With 308 and the permanent URL of the resource, which the client then asks.
    Redirect,
}
