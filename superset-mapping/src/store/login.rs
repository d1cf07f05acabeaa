//! What a login asks of the store: the account itself, and the access that goes with it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use scim_core::{ResourceId, TypeSchema};
use scim_service::{Context, StoreError};

use crate::login::{LoginAccess, LoginStore};
use crate::sql::Fragment;
use crate::store::resources::Member;
use crate::store::session::CHUNK;
use crate::store::session::SupersetStore;
use crate::store::session::{Session, tenant_of};
use crate::store::session::{Sessions, retry};

#[async_trait]
impl LoginStore for SupersetStore {
    async fn is_closed(&self, cx: &Context, user: &ResourceId) -> Result<bool, StoreError> {
        let mut transaction = self.database.read().await?;
        let statement = Fragment::new(
            "SELECT u.active FROM scim_resource r JOIN ab_user u ON u.id = r.local_id AND r.local_mark = ",
        )
        .then(Fragment::new(self.database.dialect().user_mark()))
        .then(Fragment::new(" WHERE r.resource_type = 'User' AND r.tenant = ? AND r.id = ?"))
        .bind(tenant_of(cx))
        .bind(user.as_str());
        match transaction.row(statement).await? {
            // Superset takes NULL for inactive, too.
            Some(row) => Ok(!row.boolean(0)?),
            None => Ok(false),
        }
    }

    async fn reconcile_access(&self, cx: &Context, user: &ResourceId) -> Result<Option<LoginAccess>, StoreError> {
        let access = async |company| {
            let mut session = self.writing(cx, company).await?;
            session.sync_access(&BTreeSet::from([user.to_string()])).await?;
            let access = session.access_of(user).await?;
            session.ensure_admin_remains().await?;
            session.commit().await?;
            Ok(access)
        };
        retry(Self::ATTEMPTS, access).await
    }

    async fn move_user(
        &self,
        cx: &Context,
        _: &TypeSchema,
        user: &ResourceId,
        leave: &[ResourceId],
        join: &[ResourceId],
    ) -> Result<bool, StoreError> {
        let moved = async |company| {
            let mut session = self.writing(cx, company).await?;
            session.move_user(user, leave, join).await?;
            session.ensure_admin_remains().await?;
            session.commit().await
        };
        retry(Self::ATTEMPTS, moved).await?;
        Ok(true)
    }
}

impl Session<'_> {
    /// What the rules decide about a user, and the roles that Superset has for the user, directly or by groups.
    async fn access_of(&mut self, user: &ResourceId) -> Result<Option<LoginAccess>, StoreError> {
        let ids = [user.to_string()];
        let Some(person) = self.people(&ids).await?.pop() else { return Ok(None) };
        let groups = self.groups_of(&ids).await?.remove(user.as_str()).unwrap_or_default();
        let decision = self.due(&person.record.asserted(), &groups, |in_group| in_group.local.is_some()).decision;
        let mut statement = Fragment::new(
            "SELECT r.name FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE ur.user_id = ?",
        )
        .bind(person.row);
        if self.tables.groups && self.tables.group_roles {
            let by_groups = " UNION SELECT r.name FROM ab_user_group ug JOIN ab_group_role gr ON gr.group_id = ug.group_id \
                             JOIN ab_role r ON r.id = gr.role_id WHERE ug.user_id = ?";
            statement = statement.then(Fragment::new(by_groups)).bind(person.row);
        }
        let rows = self.transaction.rows(statement).await?;
        let roles: BTreeSet<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let generation = person.record.generation;
        Ok(Some(LoginAccess { decision, roles: roles.into_iter().collect(), generation }))
    }

    /// Takes a user out of groups and puts it into others; access follows once, at the end.
    async fn move_user(
        &mut self,
        user: &ResourceId,
        leave: &[ResourceId],
        join: &[ResourceId],
    ) -> Result<(), StoreError> {
        self.record_writer().await?;
        let member = Member { id: user.to_string(), kind: Some("User".to_owned()) };
        let mut changed = Vec::new();
        for group in self.groups_there(leave).await? {
            let removed = self.remove_members(group.as_str(), std::slice::from_ref(&member.id)).await?;
            self.record_members(&group, &[], &removed);
            changed.extend((!removed.is_empty()).then(|| group.to_string()));
        }
        let there = self.groups_there(join).await?;
        if there.len() < join.iter().collect::<BTreeSet<_>>().len() {
            return Err(StoreError::NotFound);
        }
        for group in there {
            let added = self.add_members(group.as_str(), std::slice::from_ref(&member)).await?;
            self.record_members(&group, &added, &[]);
            changed.extend((!added.is_empty()).then(|| group.to_string()));
        }
        if changed.is_empty() {
            return self.follow_reasserted().await;
        }
        self.touch_as_modified(&changed).await?;
        self.touch(std::slice::from_ref(&member.id)).await?;
        self.sync_access(&BTreeSet::from([member.id])).await
    }

    /// Those of these groups that are there.
    async fn groups_there(&mut self, ids: &[ResourceId]) -> Result<BTreeSet<ResourceId>, StoreError> {
        let mut there = BTreeSet::new();
        for ids in ids.chunks(CHUNK) {
            let statement = "SELECT id FROM scim_resource WHERE resource_type = 'Group' AND tenant = ? AND id IN ";
            let statement = Fragment::new(statement).bind(self.tenant);
            let list = Fragment::list(ids.iter().map(ResourceId::as_str));
            for row in self.transaction.rows(statement.then(list)).await? {
                there.insert(row.text(0)?.parse().map_err(StoreError::internal)?);
            }
        }
        Ok(there)
    }
}
