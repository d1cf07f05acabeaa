//! The hook that decides.

use std::error::Error;

use async_trait::async_trait;
use scim_core::{AttrPath, ResourceId, TypeSchema};
use scim_filter::Filter;
use thiserror::Error as ThisError;

use crate::context::Principal;

/// Decides what an authenticated client may do.
///
/// It is asked once per request and resource type (once per type for a query at the root), before anything is read or
/// written, so that a refusal tells nothing of what exists. Discovery is not asked about: it tells of the service, not of
/// its resources.
///
/// # What a restriction keeps secret
///
/// Resources outside of [`AccessScope::within`] do not exist for the client: lists, totals and cursors leave them out, and
/// every other operation answers 404. A create or a change whose result would be outside is refused with 403, and changes
/// nothing.
///
/// Attributes that [`AccessScope::hiding`] names are in no response, and can be named nowhere: a filter, a sort, a body or
/// a path that names one is refused with 403, whatever its value, so that no answer depends on it. A replace keeps the
/// stored value. Versions still change with the resource, and a value that must be unique still says that it is taken: hide
/// no attribute from a client that may create its resources, if that matters.
///
/// What a visible resource says of others (the members of a group, the groups of a user) is part of it.
///
/// ```
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use http::Request;
/// use scim_core::SchemaSet;
/// use scim_service::{
///     Access, AuthorizeError, Authorizer, BearerTokens, MemoryStore, Operation, Principal, AccessScope, ScimService,
///     ServiceConfig, AccessDecision,
/// };
///
/// /// The help desk reads and patches active people; their employee numbers are not for it.
/// struct HelpDesk;
///
/// #[async_trait]
/// impl Authorizer for HelpDesk {
///     async fn authorize(&self, access: &Access<'_>) -> Result<AccessDecision, AuthorizeError> {
///         if access.principal.name() != "help-desk" {
///             return Ok(AccessDecision::Allow);
///         }
///         if !matches!(access.operation, Operation::Read | Operation::List | Operation::Patch) {
///             return Ok(AccessDecision::deny("the help desk neither creates nor deletes"));
///         }
///         let active = r#"active eq true"#.parse().map_err(AuthorizeError::new)?;
///         let number = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";
///         let number = number.parse().map_err(AuthorizeError::new)?;
///         Ok(AccessDecision::Restrict(AccessScope::default().within(active).hiding(number)))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let service = ScimService::new(
///     MemoryStore::new(),
///     SchemaSet::builtin(),
///     ServiceConfig::new("https://example.com")?,
///     BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("help-desk"))?,
/// )
/// .with_authorizer(HelpDesk);
/// let request = Request::delete("https://example.com/Users/1")
///     .header("authorization", "Bearer yXh2Qm7vT0w8LbN4")
///     .body(Bytes::new())?;
/// assert_eq!(service.handle(request).await.status(), 403);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait Authorizer: Send + Sync + 'static {
    /// Decides on one request.
    ///
    /// # Errors
    ///
    /// [`AuthorizeError`] where the policy cannot be asked. The client then gets 503: nothing is allowed by accident.
    async fn authorize(&self, access: &Access<'_>) -> Result<AccessDecision, AuthorizeError>;
}

/// What a client wants to do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Access<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// In which tenant.
    pub tenant: Option<&'a str>,
    /// What.
    pub operation: Operation,
    /// With which type of resource.
    pub of: &'a TypeSchema,
    /// With which resource, known or not. `None` for [`Operation::Create`] and [`Operation::List`].
    pub id: Option<&'a ResourceId>,
    /// The attributes that the request names, by registered path, each once: those it writes, asks for, filters and sorts
    /// by. Empty where it asks for whatever is returned by default.
    pub attributes: &'a [String],
}

/// What can be done with resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `POST` to the endpoint of a type.
    Create,
    /// `GET` or `HEAD` of one resource.
    Read,
    /// A query by `GET` or `.search`.
    List,
    /// `PUT`.
    Replace,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

/// What an [`Authorizer`] decides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessDecision {
    /// It may be done.
    Allow,
    /// It may be done within bounds.
    Restrict(AccessScope),
    /// It may not be done: 403.
    Deny {
        /// Why, for the client to read.
        reason: String,
    },
}

impl AccessDecision {
    /// It may not be done.
    pub fn deny(reason: &str) -> Self {
        Self::Deny { reason: reason.to_owned() }
    }
}

/// Which resources and attributes a client may see and change. See [`Authorizer`] for what that means.
///
/// ```
/// use scim_service::AccessScope;
///
/// let restriction = AccessScope::default()
///     .within(r#"userType eq "Contractor""#.parse()?)
///     .hiding("phoneNumbers".parse()?);
/// # let _ = restriction;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessScope {
    pub(crate) within: Option<Filter>,
    pub(crate) hidden: Vec<AttrPath>,
}

impl AccessScope {
    /// Only resources that the filter selects; it is checked against the schema of the type that was asked about. A
    /// second call replaces the first.
    #[must_use]
    pub fn within(self, filter: Filter) -> Self {
        Self { within: Some(filter), ..self }
    }

    /// Not this attribute or sub-attribute. `id` and `schemas` cannot be hidden.
    #[must_use]
    pub fn hiding(mut self, path: AttrPath) -> Self {
        self.hidden.push(path);
        self
    }
}

/// The policy cannot be asked. The source goes to the log, never to the client.
#[derive(Debug, ThisError)]
#[error("the policy cannot be asked")]
pub struct AuthorizeError(#[source] Box<dyn Error + Send + Sync>);

impl AuthorizeError {
    /// The policy cannot be asked because of `source`.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}
