//! Who the clients of a story are.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{SchemaSet, Tolerance};
use scim_filter::{Filter, check};
use scim_service::{Context, ListQuery, Me, MeResolver, Store, StoreError};

/// The client is the user whose `nickName` is the principal's name.
pub(super) struct ByNickName {
    pub(super) store: Arc<dyn Store>,
}

#[async_trait]
impl MeResolver for ByNickName {
    async fn resolve(&self, cx: &Context) -> Result<Option<Me>, StoreError> {
        let schemas = SchemaSet::builtin();
        let of = schemas.user().unwrap();
        let filter: Filter = format!("nickName eq \"{}\"", cx.principal.name()).parse().unwrap();
        let filter = Some(check(&filter, of, &mut Tolerance::rfc()).unwrap());
        let query = ListQuery::first(filter, 1);
        let page = self.store.list(cx, of, &query).await?;
        Ok(page.resources.first().and_then(|user| user.id()?.parse().ok()).map(Me::user))
    }
}
