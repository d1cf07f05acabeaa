//! What a login asks of the store: the account itself, and the access that goes with it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use scim_core::{ResourceId, TypeSchema};
use scim_service::{Context, StoreError};

use crate::login::{LoginAccess, LoginStore, LoginTransaction};
use crate::sql::Fragment;
use crate::store::resources::Member;
use crate::store::session::SupersetStore;
use crate::store::session::{CHUNK, Company};
use crate::store::session::{Session, Sessions, retry};
use crate::store::transaction::OpenTransaction;

async fn is_closed(sessions: &impl Sessions, cx: &Context, user: &ResourceId) -> Result<bool, StoreError> {
    let mut session = sessions.reading(cx).await?;
    let statement =
        Fragment::new("SELECT u.active FROM scim_resource r JOIN ab_user u ON u.id = r.local_id AND r.local_mark = ")
            .then(Fragment::new(session.dialect().user_mark()))
            .then(Fragment::new(" WHERE r.resource_type = 'User' AND r.tenant = ? AND r.id = ?"))
            .bind(session.tenant)
            .bind(user.as_str());
    match session.transaction.row(statement).await? {
        // Superset takes NULL for inactive, too.
        Some(row) => Ok(!row.boolean(0)?),
        None => Ok(false),
    }
}

async fn reconcile_access(
    sessions: &impl Sessions,
    cx: &Context,
    company: Company,
    user: &ResourceId,
) -> Result<Option<LoginAccess>, StoreError> {
    let mut session = sessions.writing(cx, company).await?;
    let access = session.settled_access(user).await?;
    session.ensure_admin_remains().await?;
    session.commit().await?;
    Ok(access)
}

async fn move_user(
    sessions: &impl Sessions,
    cx: &Context,
    company: Company,
    user: &ResourceId,
    leave: &[ResourceId],
    join: &[ResourceId],
) -> Result<bool, StoreError> {
    let mut session = sessions.writing(cx, company).await?;
    session.move_user(user, leave, join).await?;
    session.ensure_admin_remains().await?;
    session.commit().await?;
    Ok(true)
}

/// Implements [`LoginStore`] by the calls of this file, and by what else the braces hold.
macro_rules! login_store_of_sessions {
    ($sessions:ty { $($own:tt)* }) => {
        #[async_trait]
        impl LoginStore for $sessions {
            async fn is_closed(&self, cx: &Context, user: &ResourceId) -> Result<bool, StoreError> {
                is_closed(self, cx, user).await
            }

            async fn reconcile_access(&self, cx: &Context, user: &ResourceId) -> Result<Option<LoginAccess>, StoreError> {
                retry(Self::ATTEMPTS, |company| reconcile_access(self, cx, company, user)).await
            }

            async fn move_user(
                &self,
                cx: &Context,
                _: &TypeSchema,
                user: &ResourceId,
                leave: &[ResourceId],
                join: &[ResourceId],
            ) -> Result<bool, StoreError> {
                retry(Self::ATTEMPTS, |company| move_user(self, cx, company, user, leave, join)).await
            }

            $($own)*
        }
    };
}

login_store_of_sessions!(SupersetStore {
    async fn begin_login(&self, cx: &Context) -> Result<Option<Box<dyn LoginTransaction>>, StoreError> {
        Ok(Some(Box::new(OpenTransaction::begin_login(self, cx).await?)))
    }
});

login_store_of_sessions!(OpenTransaction {});

impl Session<'_> {
    /// Makes the access of a user, and of whoever else is owed it, what the rules say now; and tells what they decide about the user, and
    /// the roles that the user has in Superset, directly or by groups.
    async fn settled_access(&mut self, user: &ResourceId) -> Result<Option<LoginAccess>, StoreError> {
        let mut users = self.transaction.settle_owed();
        users.insert(user.to_string());
        let settled = self.settle_access(&users).await?;
        let Some((person, decision)) = settled.into_iter().find(|(person, _)| person.record.id == *user) else {
            return Ok(None);
        };
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
