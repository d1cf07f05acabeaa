//! What of the store a request may see and change: the policy, asked once and obeyed everywhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use scim_core::{AttributeRef, Projection, Resource, ResourceId, TypeSchema};
use scim_filter::Predicate;

use crate::authorize::{Access, Authorizer, Operation};
use crate::call::Call;
use crate::call::one_of;
use crate::call::permit::{Permit, targets};
use crate::call::span::InSpan;
use crate::scope::{Scope, scope_of};
use crate::store::{List, Read, Store, StoreError};
use crate::wire::Failure;

impl<S: ?Sized> Call<'_, S> {
    /// Refuses what the scopes of the client do not allow.
    pub(crate) fn check_scope(&self, of: &TypeSchema, operation: Operation) -> Result<(), Failure> {
        let Some(scopes) = self.cx.principal.scopes() else { return Ok(()) };
        let reads = matches!(operation, Operation::Read | Operation::List);
        let allowed = if reads { scopes.allow_reading(of) } else { scopes.allow_writing(of) };
        let needed = if reads { Scope::Read } else { scope_of(of) };
        if allowed { Ok(()) } else { Err(Failure::InsufficientScope { needed }) }
    }

    /// Asks the scopes of the client, and the policy if there is one. `attributes` makes the registered paths that the request names.
    pub(crate) async fn permit(
        &self,
        of: &TypeSchema,
        operation: Operation,
        id: Option<&ResourceId>,
        attributes: impl FnOnce() -> BTreeSet<String>,
    ) -> Result<Permit, Failure> {
        self.check_scope(of, operation)?;
        let Some(authorizer) = self.authorizer else { return Ok(Permit::default()) };
        let attributes = attributes().into_iter().collect();
        Box::pin(self.asked(authorizer, of, operation, id, attributes)).await
    }

    async fn asked(
        &self,
        authorizer: &dyn Authorizer,
        of: &TypeSchema,
        operation: Operation,
        id: Option<&ResourceId>,
        attributes: Vec<String>,
    ) -> Result<Permit, Failure> {
        let tenant = self.cx.tenant();
        let access = Access { principal: &self.cx.principal, tenant, operation, of, id, attributes: &attributes };
        let decision = authorizer.authorize(&access).await?;
        let permit = Permit::of(decision, of, self.config.profile())?;
        Ok(if permit.is_restricted() { permit.seen_through(&self.view(of)) } else { permit })
    }

    /// Asks the policy about a write, and refuses one that names what is hidden.
    pub(crate) async fn permit_write(
        &self,
        of: &TypeSchema,
        operation: Operation,
        id: Option<&ResourceId>,
        written: &[AttributeRef],
    ) -> Result<Permit, Failure> {
        let paths = || written.iter().map(ToString::to_string).collect();
        let permit = self.permit(of, operation, id, paths).await?;
        permit.check_written(written)?;
        Ok(permit)
    }

    /// Asks the policy about a query of one type, and refuses one that looks at what is hidden.
    pub(crate) async fn permit_query(
        &self,
        of: &TypeSchema,
        attributes: &[String],
        compared: &[AttributeRef],
    ) -> Result<Permit, Failure> {
        let paths = || {
            let mut paths = self.named(of, attributes);
            paths.extend(compared.iter().map(ToString::to_string));
            paths
        };
        let permit = self.permit(of, Operation::List, None, paths).await?;
        permit.check_compared(compared)?;
        Ok(permit)
    }

    /// Refuses a filter in a URL whose values should not be in one (R098).
    pub(crate) fn check_sensitive(&self, of: &TypeSchema, filter: Option<&Predicate>) -> Result<(), Failure> {
        let sensitive = self.config.sensitive_attributes();
        let Some(filter) = filter.filter(|_| !sensitive.is_empty() && self.parts.method != Method::POST) else {
            return Ok(());
        };
        let sensitive = targets(sensitive, of, self.config.profile());
        let flagged = |target: &AttributeRef| sensitive.iter().any(|sensitive| sensitive.overlaps(target));
        match filter.targets().into_iter().find(flagged) {
            Some(path) => Err(Failure::Sensitive { path: path.to_string() }),
            None => Ok(()),
        }
    }

    /// The registered paths of names that a client asks for.
    pub(crate) fn named(&self, of: &TypeSchema, names: &[String]) -> BTreeSet<String> {
        let paths: Vec<_> = names.iter().filter_map(|name| name.parse().ok()).collect();
        targets(&paths, of, self.config.profile()).iter().map(ToString::to_string).collect()
    }
}

impl<S: Store + ?Sized> Call<'_, S> {
    /// Reads a resource that the client may see; any other is not found.
    pub(crate) async fn visible(
        &self,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        want: &Projection,
        permit: &Permit,
    ) -> Result<Resource, Failure> {
        if !permit.is_restricted() {
            let request = Read::new(of, id).with_want(want);
            return Ok(self.store.read(&self.cx, request).in_span_about("read", of).await?);
        }
        Box::pin(self.visible_within(of, id, want, permit)).await
    }

    /// The same of a permit that is restricted.
    async fn visible_within(
        &self,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        want: &Projection,
        permit: &Permit,
    ) -> Result<Resource, Failure> {
        // The store's own filter decides: it knows every attribute, whatever the projection wants.
        let not_found = || Failure::Store(StoreError::NotFound);
        let by_id = one_of(of, &["id"], &[id.as_str()])?;
        let filter = permit.narrow(Some(by_id));
        let list = List::new(of, 1).with_filter(&filter).with_want(want);
        let mut page = self.store.list(&self.cx, list).in_span_about("list", of).await?;
        page.resources.pop().ok_or_else(not_found)
    }
}
