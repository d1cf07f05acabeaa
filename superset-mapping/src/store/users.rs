//! The rows of `ab_user`.

use scim_core::ResourceId;
use scim_filter::fold;
use scim_service::StoreError;

use crate::sql::Fragment;
use crate::store::password::UNUSABLE;
use crate::store::profile::{Email, Profile};
use crate::store::record::LocalRow;
use crate::store::session::Session;

/// A row of `ab_user` whose name or address may be in the way.
struct Candidate {
    id: i64,
    username: String,
    email: String,
    /// The tenant whose deleted user it was. A row that somebody activated again in Superset is a local account.
    buried: Option<String>,
}

impl Session<'_> {
    /// Gives a new user a row: the one of an earlier user with this `userName` who was deleted by SCIM in the same tenant,
    /// else a new one. Nothing of the earlier one's password is left.
    pub(super) async fn open_account(
        &mut self,
        id: &ResourceId,
        mut profile: Profile,
        password: Option<&str>,
    ) -> Result<LocalRow, StoreError> {
        let password = password.unwrap_or(UNUSABLE);
        let earlier = self.clear_names(id, &mut profile, None).await?;
        let Some(row) = earlier else { return self.insert_account(&profile, password).await };
        self.write_account(row, &profile, Some(password)).await?;
        // Whatever a person granted while the row was nobody's is not the new user's.
        self.revoke_access(row).await?;
        let taken = "UPDATE scim_tombstone SET local_id = NULL WHERE resource_type = 'User' AND local_id = ?";
        self.transaction.execute(Fragment::new(taken).bind(row)).await?;
        let mark = Fragment::new("SELECT created_on FROM ab_user WHERE id = ?").bind(row);
        let mark = self.transaction.row(mark).await?.ok_or(StoreError::NotFound)?.text(0)?;
        Ok(LocalRow { id: row, mark })
    }

    /// Writes a user's profile to the row, which is a new one if somebody deleted the row in Superset.
    pub(super) async fn change_account(
        &mut self,
        id: &ResourceId,
        local: Option<LocalRow>,
        mut profile: Profile,
        password: Option<&str>,
    ) -> Result<LocalRow, StoreError> {
        let Some(local) = local else { return self.open_account(id, profile, password).await };
        let statement = Fragment::new("SELECT username, email FROM ab_user WHERE id = ? AND created_on = ?");
        let row = self.transaction.row(statement.bind(local.id).bind(local.mark.as_str())).await?;
        let Some(row) = row else { return self.open_account(id, profile, password).await };
        if row.text(0)? != profile.username || row.text(1)? != profile.email.as_str() {
            self.clear_names(id, &mut profile, Some(local.id)).await?;
        }
        self.write_account(local.id, &profile, password).await?;
        Ok(local)
    }

    /// Closes the account of a user who has left. The row stays: much of Superset refers to it.
    pub(super) async fn close_account(&mut self, local: &LocalRow) -> Result<(), StoreError> {
        if !self.account_is_ours(local).await? {
            return Ok(());
        }
        let statement = Fragment::new("UPDATE ab_user SET active = ?, changed_on = ? WHERE id = ? AND active = ?");
        let statement = statement.bind(false).bind(self.local_now()).bind(local.id).bind(true);
        self.transaction.execute(statement).await?;
        self.revoke_access(local.id).await
    }

    /// Whether the row is still the one that we wrote.
    pub(super) async fn account_is_ours(&mut self, local: &LocalRow) -> Result<bool, StoreError> {
        let statement = Fragment::new("SELECT 1 FROM ab_user WHERE id = ? AND created_on = ?");
        Ok(self.transaction.row(statement.bind(local.id).bind(local.mark.as_str())).await?.is_some())
    }

    /// Takes away what a person may do: roles, groups and API keys. One path for whoever leaves, in whatever way.
    pub(super) async fn revoke_access(&mut self, user: i64) -> Result<(), StoreError> {
        let mut statements = vec![
            Fragment::new("DELETE FROM ab_user_role WHERE user_id = ?").bind(user),
            Fragment::new("DELETE FROM scim_role_grant WHERE user_id = ?").bind(user),
        ];
        if self.tables.groups {
            statements.push(Fragment::new("DELETE FROM ab_user_group WHERE user_id = ?").bind(user));
        }
        if self.tables.api_keys {
            let keys = "UPDATE ab_api_key SET active = ?, revoked_on = ? WHERE user_id = ? AND revoked_on IS NULL";
            statements.push(Fragment::new(keys).bind(false).bind(self.local_now()).bind(user));
        }
        for statement in statements {
            self.transaction.execute(statement).await?;
        }
        Ok(())
    }

    /// Makes sure that no other row has the name or the address of the profile. Names and addresses that only rows of deleted
    /// users hold are taken from them; a row that a new user (`own` is none) can have back is returned instead.
    ///
    /// Names that differ only in case are one name, because Superset's login does not tell them apart and then lets
    /// neither person in.
    async fn clear_names(
        &mut self,
        id: &ResourceId,
        profile: &mut Profile,
        own: Option<i64>,
    ) -> Result<Option<i64>, StoreError> {
        let name = fold(&profile.username).into_owned();
        let mut reused = None;
        let candidates = self.candidates(profile, own).await?;
        for candidate in candidates.iter().filter(|candidate| fold(&candidate.username) == name) {
            match &candidate.buried {
                None => return Err(StoreError::Uniqueness { attribute: "userName".to_owned() }),
                Some(tenant) if own.is_none() && reused.is_none() && *tenant == self.tenant => {
                    reused = Some(candidate.id);
                }
                Some(_) => self.rename_buried(candidate.id).await?,
            }
        }
        for candidate in candidates.iter().filter(|candidate| Some(candidate.id) != reused) {
            if fold(&candidate.email) != fold(profile.email.as_str()) {
                continue;
            }
            match (&candidate.buried, &profile.email) {
                (Some(_), _) => {
                    let released = format!("released-{}@scim.invalid", candidate.id);
                    let statement = Fragment::new("UPDATE ab_user SET email = ? WHERE id = ?");
                    self.transaction.execute(statement.bind(released).bind(candidate.id)).await?;
                }
                (None, Email::Given(_)) => return Err(StoreError::Uniqueness { attribute: "emails".to_owned() }),
                // Nobody asked for this address, so somebody else may have it.
                (None, Email::Derived(_)) => {
                    profile.email = Email::Derived(format!("{id}@scim.invalid"));
                    break;
                }
            }
        }
        Ok(reused)
    }

    /// The other rows whose name or address may fold to that of the profile. The database folds ASCII alone, so every row
    /// with more than ASCII is a candidate.
    async fn candidates(&mut self, profile: &Profile, own: Option<i64>) -> Result<Vec<Candidate>, StoreError> {
        let statement = Fragment::new(
            "SELECT u.id, u.username, u.email, \
                 (SELECT t.tenant FROM scim_tombstone t \
                  WHERE t.resource_type = 'User' AND t.local_id = u.id AND t.local_mark = u.created_on \
                  AND coalesce(u.active, 0) = 0) \
             FROM ab_user u \
             WHERE (lower(u.username) = ? OR lower(u.email) = ? \
                 OR u.username GLOB '*[^ -~]*' OR u.email GLOB '*[^ -~]*') \
             AND (? IS NULL OR u.id <> ?) ORDER BY u.id",
        )
        .bind(&*fold(&profile.username))
        .bind(&*fold(profile.email.as_str()))
        .bind(own)
        .bind(own);
        let rows = self.transaction.rows(statement).await?;
        let candidate = |row: &crate::driver::Row| {
            Ok(Candidate {
                id: row.integer(0)?,
                username: row.text(1)?,
                email: row.text(2)?,
                buried: row.optional_text(3)?,
            })
        };
        rows.iter().map(candidate).collect()
    }

    async fn rename_buried(&mut self, row: i64) -> Result<(), StoreError> {
        let statement = Fragment::new("UPDATE ab_user SET username = ? WHERE id = ?");
        self.transaction.execute(statement.bind(format!("released-{row}")).bind(row)).await?;
        Ok(())
    }

    async fn write_account(&mut self, row: i64, profile: &Profile, password: Option<&str>) -> Result<(), StoreError> {
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

    async fn insert_account(&mut self, profile: &Profile, password: &str) -> Result<LocalRow, StoreError> {
        let id = self.unused_id("User", "SELECT max(id) FROM ab_user").await?;
        let mark = self.local_now();
        let statement = Fragment::new(
            "INSERT INTO ab_user (id, username, first_name, last_name, email, active, password, created_on, changed_on) VALUES ",
        )
        .then(Fragment::list([
            id.into(),
            profile.username.as_str().into(),
            profile.first_name.as_str().into(),
            profile.last_name.as_str().into(),
            profile.email.as_str().into(),
            profile.active.into(),
            password.into(),
            mark.as_str().into(),
            crate::sql::Param::from(mark.as_str()),
        ]));
        self.transaction.execute(statement).await?;
        Ok(LocalRow { id, mark })
    }

    /// An id beyond all that are in use or were ours: whoever still holds a session of a deleted row must not become the
    /// next person.
    pub(super) async fn unused_id(&mut self, resource_type: &str, highest: &'static str) -> Result<i64, StoreError> {
        let in_use = self.transaction.number(Fragment::new(highest)).await?;
        let ours = Fragment::new("SELECT max(local_id) FROM scim_resource WHERE resource_type = ?").bind(resource_type);
        let ours = self.transaction.number(ours).await?;
        let buried =
            Fragment::new("SELECT max(local_id) FROM scim_tombstone WHERE resource_type = ?").bind(resource_type);
        let buried = self.transaction.number(buried).await?;
        Ok(in_use.max(ours).max(buried) + 1)
    }
}
