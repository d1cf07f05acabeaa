//! The rows of `ab_user`.

use chrono::{DurationRound, TimeDelta, Utc};
use scim_core::ResourceId;
use scim_service::StoreError;
use serde_json::json;

use crate::sql::{AB_USER, Dialect, Fragment, Ids, Param, Table, USER_ATTRIBUTE};
use crate::store::accounts::candidates::Reuse;
use crate::store::accounts::profile::Profile;
use crate::store::audit::Taken;
use crate::store::names::{AccountName, learn};
use crate::store::password::{Password, UNUSABLE};
use crate::store::resources::Identity;
use crate::store::resources::LocalRow;
use crate::store::session::Action;
use crate::store::session::Session;

/// What is known of rows of `ab_user`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Rows {
    /// They may hold anything.
    Known,
    /// They were made by this call and hold nothing, and their users are in no group.
    New,
}

/// What the row of a user says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountState {
    username: String,
    email: String,
    /// Whether Superset lets the user in. Somebody whom SCIM says to be active and who is not here was deactivated in Superset. Such an
    /// account stays closed until a client says `active: true` after it, whatever else is said of the user meanwhile.
    pub(in crate::store) active: bool,
}

impl Session<'_> {
    /// Gives a new user a row: that of the same person with this `userName` whom the same source had in the same tenant before, that
    /// of a local account where the host lets it be adopted, else a new one.
    pub(in crate::store) async fn open_account(
        &mut self,
        id: &ResourceId,
        identity: &Identity,
        mut profile: Profile,
        password: &Password,
    ) -> Result<(LocalRow, Rows), StoreError> {
        if self.tables.narrow_users {
            profile.check_narrow()?;
        }
        let reuse = self.clear_names(id, identity, &mut profile, None).await?;
        // From here on nothing of the request is in doubt but what Superset does at the same moment.
        let row = match reuse {
            None => self.insert_account(&profile, password.column()?.unwrap_or(UNUSABLE)).await?,
            Some(Reuse::SoftDeleted(row)) => {
                // Nothing of the earlier one's password is left.
                self.write_account(row, &profile, Some(password.column()?.unwrap_or(UNUSABLE))).await?;
                self.end_sessions(row).await?;
                // Whatever a person granted while the row was nobody's is not the new user's.
                self.revoke_access(&[row]).await?;
                let taken = "UPDATE scim_tombstone SET local_id = NULL WHERE resource_type = 'User' AND local_id = ?";
                self.transaction.execute(Fragment::new(taken).bind(row)).await?;
                self.record_audit(Action::Reuse, "User", id, None, json!({"ab_user": row}));
                row
            }
            Some(Reuse::Local { row, by }) => {
                self.adopt_account(row, &profile).await?;
                let mut detail = json!({"ab_user": row, "by": by});
                if let (true, Some(detail)) = (password.is_written(), detail.as_object_mut()) {
                    self.ignores_password = true;
                    tracing::warn!(ab_user = row, "the password in the request that adopts the account is ignored");
                    detail.insert("ignored".to_owned(), json!(["password"]));
                }
                self.record_audit(Action::Adopt, "User", id, None, detail);
                row
            }
        };
        self.keep_user_subject(row).await?;
        let local = LocalRow { id: row, mark: self.mark_of_user(row).await? };
        match reuse {
            None => {
                let mut names = self.names_of_row(&local, &profile).into_iter();
                self.later(names.next());
                // To the same table, which one statement writes to once.
                for statement in names {
                    self.transaction.execute(statement).await?;
                }
            }
            Some(Reuse::SoftDeleted(_)) => self.record_names(&local, &profile).await?,
            Some(Reuse::Local { .. }) => {}
        }
        // SQLite may have given the id out before, and Superset may have left what belonged to it.
        let is_new = reuse.is_none() && self.dialect() != Dialect::Sqlite;
        Ok((local, if is_new { Rows::New } else { Rows::Known }))
    }

    /// Gives a user who is made again the row of before, with the password that is in it, where it is still nobody's; else a row as a new
    /// user has.
    pub(in crate::store) async fn reopen_account(
        &mut self,
        id: &ResourceId,
        identity: &Identity,
        mut profile: Profile,
        before: Option<LocalRow>,
    ) -> Result<LocalRow, StoreError> {
        let mut nobodys = None;
        if let Some(local) = before
            && self.account(&local).await?.is_some_and(|account| !account.active)
            && !self.is_claimed(local.id).await?
        {
            nobodys = Some(local);
        }
        let Some(local) = nobodys else {
            return Ok(self.open_account(id, identity, profile, &Password::Kept).await?.0);
        };
        if self.tables.narrow_users {
            profile.check_narrow()?;
        }
        self.clear_names(id, identity, &mut profile, Some(local.id)).await?;
        // Whatever a person granted while the row was nobody's is not the user's.
        self.revoke_access(&[local.id]).await?;
        self.write_account(local.id, &profile, None).await?;
        self.record_names(&local, &profile).await?;
        self.end_sessions(local.id).await?;
        self.keep_user_subject(local.id).await?;
        self.record_audit(Action::Reuse, "User", id, None, json!({"ab_user": local.id}));
        Ok(local)
    }

    /// Whether a live user or another deleted one has the row.
    async fn is_claimed(&mut self, row: i64) -> Result<bool, StoreError> {
        let claims = "SELECT 1 FROM scim_resource WHERE resource_type = 'User' AND local_id = ? UNION ALL \
                      SELECT 1 FROM scim_tombstone WHERE resource_type = 'User' AND local_id = ?";
        Ok(self.transaction.row(Fragment::new(claims).bind(row).bind(row)).await?.is_some())
    }

    /// What the row of a user says, if it is still the one that we wrote.
    pub(crate) async fn account(&mut self, local: &LocalRow) -> Result<Option<AccountState>, StoreError> {
        let statement = "SELECT u.username, u.email, u.active FROM ab_user u WHERE ";
        let statement = Fragment::new(statement).then(self.this_user(local));
        let Some(row) = self.transaction.row(statement).await? else { return Ok(None) };
        // Null is inactive to Superset too.
        Ok(Some(AccountState { username: row.text(0)?, email: row.text(1)?, active: row.boolean(2)? }))
    }

    /// Writes a user's profile to the row that is there, else to a new one: somebody deleted the old one in Superset.
    pub(crate) async fn change_account(
        &mut self,
        id: &ResourceId,
        identity: &Identity,
        there: Option<(LocalRow, AccountState)>,
        mut profile: Profile,
        password: &Password,
    ) -> Result<LocalRow, StoreError> {
        let Some((local, account)) = there else {
            let (local, _) = self.open_account(id, identity, profile, password).await?;
            self.flush().await?;
            return Ok(local);
        };
        if self.tables.narrow_users {
            profile.check_narrow()?;
        }
        let renamed = account.username != profile.username || account.email != profile.email.as_str();
        if renamed {
            self.clear_names(id, identity, &mut profile, Some(local.id)).await?;
        }
        self.write_account(local.id, &profile, password.column()?).await?;
        if renamed {
            self.record_names(&local, &profile).await?;
        }
        if password.is_written() || (account.active && !profile.active) {
            self.end_sessions(local.id).await?;
        }
        self.keep_user_subject(local.id).await?;
        Ok(local)
    }

    /// Closes the account of a user who has left, and says what was taken; `None` where there was nothing to do. The row stays: much
    /// of Superset refers to it.
    pub(crate) async fn close_account(&mut self, local: &LocalRow) -> Result<Option<Taken>, StoreError> {
        if !self.account_is_ours(local).await? {
            return Ok(None);
        }
        self.note_admin_among(&[local.id]).await?;
        let statement = Fragment::new("UPDATE ab_user SET active = ?, changed_on = ? WHERE id = ? AND active IS TRUE");
        let statement = statement.bind(false).bind(self.local_now()).bind(local.id);
        let closed = self.transaction.execute(statement).await? > 0;
        if closed {
            self.end_sessions(local.id).await?;
        }
        let taken = self.revoke_access(&[local.id]).await?.remove(&local.id).unwrap_or_default();
        self.keep_user_subject(local.id).await?;
        Ok((closed || !taken.is_nothing()).then_some(taken))
    }

    /// Ends the sessions that a user has in Superset, where Superset looks for that: those from before the next whole second.
    pub(in crate::store) async fn end_sessions(&mut self, row: i64) -> Result<(), StoreError> {
        if !self.tables.session_ends {
            return Ok(());
        }
        // Somebody may have logged in while the request waited for its turn.
        let now = self.now.max(Utc::now());
        let whole = now.duration_trunc(TimeDelta::seconds(1)).unwrap_or(now);
        let until = (if whole < now { whole + TimeDelta::seconds(1) } else { whole }).naive_utc();
        let update = "UPDATE user_attribute SET sessions_invalidated_at = ?, changed_on = ? WHERE user_id = ?";
        let update = Fragment::new(update).bind(until).bind(until).bind(row);
        if self.transaction.execute(update).await? == 0 {
            let values = Fragment::new("?, ?, ?, ?").bind(row).bind(until).bind(until).bind(until);
            let columns = "user_id, sessions_invalidated_at, created_on, changed_on";
            let ids = self.tables.ids(&USER_ATTRIBUTE);
            let insert = USER_ATTRIBUTE.insert(self.dialect(), ids, columns, vec![values]);
            self.transaction.execute(insert).await?;
        }
        Ok(())
    }

    /// Whether the row is still the one that we wrote.
    pub(in crate::store) async fn account_is_ours(&mut self, local: &LocalRow) -> Result<bool, StoreError> {
        let statement = Fragment::new("SELECT 1 FROM ab_user u WHERE ").then(self.this_user(local));
        Ok(self.transaction.row(statement).await?.is_some())
    }

    /// Whether a password can be used to log in to the row.
    pub(in crate::store) async fn has_password(&mut self, local: Option<&LocalRow>) -> Result<bool, StoreError> {
        let Some(local) = local else { return Ok(false) };
        let statement = Fragment::new("SELECT u.password FROM ab_user u WHERE ").then(self.this_user(local));
        let Some(row) = self.transaction.row(statement).await? else { return Ok(false) };
        Ok(row.optional_text(0)?.is_some_and(|password| password != UNUSABLE))
    }

    /// Selects the row of `ab_user u`, if it is still the same one.
    fn this_user(&self, local: &LocalRow) -> Fragment {
        let mark = Fragment::new(self.dialect().user_mark());
        Fragment::new("u.id = ? AND ").bind(local.id).then(mark).then(Fragment::new(" = ?").bind(local.mark.as_str()))
    }

    async fn mark_of_user(&mut self, row: i64) -> Result<String, StoreError> {
        if self.dialect() != Dialect::Sqlite {
            return Ok(String::new());
        }
        let mark = Fragment::new("SELECT ").then(Fragment::new(self.dialect().user_mark()));
        let mark = mark.then(Fragment::new(" FROM ab_user u WHERE u.id = ?").bind(row));
        Ok(self.transaction.row(mark).await?.ok_or(StoreError::NotFound)?.text(0)?)
    }

    async fn write_account(&mut self, row: i64, profile: &Profile, password: Option<&str>) -> Result<(), StoreError> {
        if !profile.active {
            self.note_admin_among(&[row]).await?;
        }
        let statement = Fragment::new(
            "UPDATE ab_user SET username = ?, first_name = ?, last_name = ?, email = ?, active = ?, changed_on = ?, \
             password = coalesce(?, password) WHERE id = ?",
        )
        .bind(profile.username.as_str())
        .bind(profile.first_name.as_str())
        .bind(profile.last_name.as_str())
        .bind(profile.email.as_str())
        .bind(profile.active)
        .bind(self.local_now())
        .bind(password)
        .bind(row);
        self.transaction.execute(statement).await?;
        Ok(())
    }

    /// Records the name and the address that a row was given.
    async fn record_names(&mut self, local: &LocalRow, profile: &Profile) -> Result<(), StoreError> {
        for statement in self.names_of_row(local, profile) {
            self.transaction.execute(statement).await?;
        }
        Ok(())
    }

    fn names_of_row(&self, local: &LocalRow, profile: &Profile) -> Vec<Fragment> {
        let account = AccountName {
            id: local.id,
            mark: local.mark.clone(),
            username: profile.username.clone(),
            email: profile.email.as_str().to_owned(),
        };
        learn(self.dialect(), self.newest_account, &[account])
    }

    /// What an adopted account is told on the first contact: who the person is and whether they may come in. Whom somebody
    /// deactivated in Superset comes in by a request that says so alone.
    async fn adopt_account(&mut self, row: i64, profile: &Profile) -> Result<(), StoreError> {
        if !profile.active {
            self.note_admin_among(&[row]).await?;
        }
        let was_active =
            self.transaction.row(Fragment::new("SELECT active FROM ab_user WHERE id = ?").bind(row)).await?;
        let was_active = was_active.map(|row| row.boolean(0)).transpose()?.unwrap_or_default();
        let statement =
            Fragment::new("UPDATE ab_user SET first_name = ?, last_name = ?, active = ?, changed_on = ? WHERE id = ?")
                .bind(profile.first_name.as_str())
                .bind(profile.last_name.as_str())
                .bind(profile.active && (was_active || self.says_active))
                .bind(self.local_now())
                .bind(row);
        self.transaction.execute(statement).await?;
        if was_active && !profile.active {
            self.end_sessions(row).await?;
        }
        Ok(())
    }

    async fn insert_account(&mut self, profile: &Profile, password: &str) -> Result<i64, StoreError> {
        let now = Param::from(self.local_now());
        let values = [
            profile.username.as_str().into(),
            profile.first_name.as_str().into(),
            profile.last_name.as_str().into(),
            profile.email.as_str().into(),
            profile.active.into(),
            password.into(),
            now.clone(),
            now,
        ];
        let columns = "username, first_name, last_name, email, active, password, created_on, changed_on";
        self.insert_row(&AB_USER, "User", columns, values).await
    }

    /// Inserts a row and returns its id, which comes from where Superset's own inserts take theirs. On `SQLite` it is one
    /// beyond all that are in use or were ours: whoever still holds a session of a deleted row must not become the next
    /// person.
    pub(in crate::store) async fn insert_row(
        &mut self,
        table: &'static Table,
        resource_type: &str,
        columns: &'static str,
        values: impl IntoIterator<Item = Param>,
    ) -> Result<i64, StoreError> {
        let dialect = self.dialect();
        let values = values.into_iter().map(|value| Fragment::new("?").bind(value)).collect();
        let values = Fragment::joined(values, ", ");
        let ids = self.tables.ids(table);
        let id = match dialect {
            Dialect::Postgres => {
                let insert = table.insert(dialect, ids, columns, vec![values]).then(Fragment::new(" RETURNING id"));
                return Ok(self.transaction.number(insert).await?);
            }
            Dialect::Sqlite => Some(self.unused_id(table, resource_type).await?),
            Dialect::MySql if ids == Ids::Sequence => {
                let next = Fragment::new("SELECT ").then(Fragment::new(table.next_id(dialect)));
                Some(self.transaction.number(next).await?)
            }
            Dialect::MySql => None,
        };
        if let Some(id) = id {
            let values = Fragment::new("?, ").bind(id).then(values);
            self.transaction.execute(table.insert_with_id(columns, values)).await?;
            return Ok(id);
        }
        self.transaction.execute(table.insert(dialect, Ids::Column, columns, vec![values])).await?;
        Ok(self.transaction.number(Fragment::new("SELECT last_insert_id()")).await?)
    }

    async fn unused_id(&mut self, table: &'static Table, resource_type: &str) -> Result<i64, StoreError> {
        let in_use =
            self.transaction.number(Fragment::new("SELECT max(id) FROM ").then(Fragment::new(table.name))).await?;
        let ours = Fragment::new("SELECT max(local_id) FROM scim_resource WHERE resource_type = ?").bind(resource_type);
        let ours = self.transaction.number(ours).await?;
        let soft_deleted =
            Fragment::new("SELECT max(local_id) FROM scim_tombstone WHERE resource_type = ?").bind(resource_type);
        let soft_deleted = self.transaction.number(soft_deleted).await?;
        Ok(in_use.max(ours).max(soft_deleted) + 1)
    }
}
