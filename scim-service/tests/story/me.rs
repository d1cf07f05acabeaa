//! Who the clients of a story are.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{SchemaSet, Tolerance};
use scim_filter::{Filter, check};
use scim_service::{Context, List, Me, MeResolver, Store, StoreError};

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
        let filter = check(&filter, of, &mut Tolerance::rfc()).unwrap();
        let page = self.store.list(cx, List::new(of, 1).with_filter(&filter)).await?;
        Ok(page.resources.first().and_then(|user| user.id()?.parse().ok()).map(Me::user))
    }
}
