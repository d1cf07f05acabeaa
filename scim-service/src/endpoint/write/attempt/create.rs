//! A new resource in the store, or one that comes back.

use std::sync::Arc;

use scim_core::{Projection, Quirk, Quirks, Resource, ResourceId, Source, TypeSchema};
use scim_filter::{Comparison, Filter, Literal, Operator, check};

use super::replace::replace_with;
use crate::call::{Call, InSpan, Permit};
use crate::store::{Create, List, Precondition, Store, StoreError, unique_values};
use crate::wire::Failure;

/// Stores what was checked: as a new resource, or in the place of the inactive one that is meant.
pub(in crate::endpoint::write) async fn store_new<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    draft: &Resource,
    permit: &Permit,
    want: &Projection,
) -> Result<Resource, Failure> {
    let request = Create::new(of, draft.clone()).with_want(want);
    let attribute = match call.store.create(&call.cx, request).in_span_about("create", of).await {
        Err(StoreError::Uniqueness { attribute }) => attribute,
        outcome => return Ok(outcome?.resource),
    };
    let restored = Box::pin(restored(call, of, draft, permit, want)).await?;
    restored.ok_or(StoreError::Uniqueness { attribute }.into())
}

/// Puts the draft in the place of the inactive resource that is meant, if there is one.
async fn restored<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    draft: &Resource,
    permit: &Permit,
    want: &Projection,
) -> Result<Option<Resource>, Failure> {
    let Some(id) = inactive_twin(call, of, draft, permit).await? else { return Ok(None) };
    let content = |_: &Resource| Ok((draft.clone(), Quirks::default()));
    replace_with(call, of, &id, &Precondition::None, permit, want, content).await.map(Some)
}

/// The inactive resource that `draft` means to bring back (Okta re-provisions a person whom it only ever deactivated).
///
/// The draft says `active: true`. The resource is of this tenant, inactive, and has all the unique values of the draft and its
/// `externalId`: the same person, whom the same client switched off, never one that is in use or that somebody else made. A name alone
/// says nothing: it may be given to somebody else by now.
async fn inactive_twin<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    draft: &Resource,
    permit: &Permit,
) -> Result<Option<ResourceId>, Failure> {
    let profile = call.config.profile();
    let wanted = unique_values(of, draft);
    // To bring somebody back is to say that they are active.
    let comes_back = draft.get("active").is_some_and(|active| active == true);
    if !profile.allows(Quirk::RestoreInactive) || wanted.is_empty() || !comes_back {
        return Ok(None);
    }
    let Some(filter) = inactive_with(of, draft) else { return Ok(None) };
    let Ok(filter) = check(&filter, of, &mut call.tolerance) else { return Ok(None) };
    let filter = permit.narrow(Some(filter));
    let list = List::new(of, 2).with_filter(&filter);
    let page = call.store.list(&call.cx, list).in_span_about("list", of).await?;
    let [twin] = page.resources.as_slice() else { return Ok(None) };
    let same_client_id = twin.external_id().is_some() && twin.external_id() == draft.external_id();
    let writer = call.cx.principal.source();
    let same_client = twin.provenance().is_none_or(|provenance| {
        let source = provenance.source();
        source == writer || (*source == Source::UnknownClient && writer.is_client())
    });
    if !same_client_id || !same_client || unique_values(of, twin) != wanted {
        return Ok(None);
    }
    call.tolerance.take(Quirk::RestoreInactive);
    Ok(twin.id().and_then(|id| id.parse().ok()))
}

/// `active eq false` and equality of every unique text attribute of the base schema.
fn inactive_with(of: &TypeSchema, draft: &Resource) -> Option<Filter> {
    let equal = |name: &str, value: Literal| {
        Some(Filter::Compare(Comparison { path: name.parse().ok()?, operator: Operator::Eq, value }))
    };
    of.base().attribute("active")?;
    let mut parts = vec![equal("active", Literal::Bool(false))?];
    for attribute in of.base().attributes() {
        if attribute.uniqueness() != scim_core::schema::Uniqueness::None
            && let Some(text) = draft.text(attribute.name())
        {
            parts.push(equal(attribute.name(), Literal::String(text.into_owned()))?);
        }
    }
    (parts.len() > 1).then_some(Filter::And(parts))
}
