//! Logins over a store whose roles follow.

use std::collections::BTreeSet;

use async_trait::async_trait;
use scim_core::ResourceId;
use scim_service::{Context, Read, Store, StoreError};

use super::core::unbounded;
use super::sync::RoleSync;
use super::target::{RoleContext, RoleTarget};
use crate::group_reader::GroupReader;
use crate::login::{LoginAccess, LoginStore};
use crate::rules::Subject;

/// At each login the user's roles become what the rules give now, and the login tells what the user holds.
#[async_trait]
impl<S: Store, T: RoleTarget> LoginStore for RoleSync<S, T> {
    async fn reconcile_access(&self, cx: &Context, user: &ResourceId) -> Result<Option<LoginAccess>, StoreError> {
        self.reconcile(cx, user).await?;
        let (core, cx) = (&*self.core, unbounded(cx));
        let resource = core.store.read(&cx, Read::new(&core.users, user)).await?;
        let mut groups = GroupReader::new(&core.store, &cx, &core.groups, &*core.rules)?;
        let groups = groups.groups_of(user, &resource).await?;
        let decision = core.rules.decide(&Subject { user: &resource, groups });
        let held = if core.is_inside() {
            let transaction = core.store.begin(&cx).await?;
            core.target.held(&RoleContext::within(&cx, &*transaction), user).await?
        } else {
            core.target.held(&RoleContext::new(&cx), user).await?
        };
        let roles: BTreeSet<String> = held.into_iter().map(|grant| grant.role).collect();
        Ok(Some(LoginAccess { decision, roles: roles.into_iter().collect(), generation: 0 }))
    }
}
