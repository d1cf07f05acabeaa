//! One request on its way through an endpoint.

use http::request::Parts;
use scim_core::{SchemaSet, Tolerance};

use crate::authorize::Authorizer;
use crate::call::body::Body;
use crate::config::ServiceConfig;
use crate::context::Context;
use crate::observe::RefusedOperation;
use crate::store::{Store, StoreCapabilities};
use crate::wire::Format;

/// What the store of a call can do: the part of its capabilities that endpoints ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Can {
    pub(crate) patch: bool,
    pub(crate) begin: bool,
    pub(crate) batches: bool,
}

impl Can {
    pub(crate) fn of(capabilities: &StoreCapabilities) -> Self {
        Self { patch: capabilities.patch, begin: capabilities.transactions, batches: capabilities.batches }
    }
}

/// One request on its way through an endpoint.
pub(crate) struct Call<'a, S: ?Sized> {
    pub(crate) store: &'a S,
    pub(crate) can: Can,
    pub(crate) schemas: &'a SchemaSet,
    /// The schemas as `/Schemas` shows them.
    pub(crate) advertised: &'a SchemaSet,
    pub(crate) config: &'a ServiceConfig,
    pub(crate) authorizer: Option<&'a dyn Authorizer>,
    pub(crate) parts: &'a Parts,
    pub(crate) body: Body,
    /// Whether this is an operation of a bulk request: nobody reads the body of its response.
    pub(crate) in_bulk: bool,
    pub(crate) format: Format,
    pub(crate) cx: Context,
    /// The quirks that the request needed so far.
    pub(crate) tolerance: Tolerance,
    /// What of a bulk request was not done.
    pub(crate) refused: Vec<RefusedOperation>,
}

impl<S: ?Sized> Call<'_, S> {
    /// A request within this one: of the same client at the same time, to `store`, which can do so much.
    pub(crate) fn with<'b, T: ?Sized>(&'b self, store: &'b T, can: Can, parts: &'b Parts, body: Body) -> Call<'b, T> {
        Call {
            store,
            can,
            schemas: self.schemas,
            advertised: self.advertised,
            config: self.config,
            authorizer: self.authorizer,
            parts,
            body,
            in_bulk: self.in_bulk,
            format: self.format,
            cx: self.cx.clone(),
            tolerance: Tolerance::new(self.config.profile()),
            refused: Vec::new(),
        }
    }

    /// The same request within a transaction.
    pub(crate) fn within<'b>(&'b self, transaction: &'b dyn Store, body: Body) -> Call<'b, dyn Store> {
        self.with(transaction, Can::of(&transaction.capabilities()), self.parts, body)
    }
}
