//! Whose names and addresses are in the way of a user.

use scim_core::ResourceId;
use scim_filter::fold;
use scim_service::StoreError;

use crate::driver::Row;
use crate::sql::Fragment;
use crate::store::options::Adoption;
use crate::store::profile::{Email, Profile};
use crate::store::session::Session;

/// A row that a new user gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// That of an earlier user with the name, whom SCIM deleted.
    Buried(i64),
    /// A local account, and the attribute by which it was found.
    Local { row: i64, by: &'static str },
}

/// A row of `ab_user` whose name or address may be in the way.
struct Candidate {
    id: i64,
    same_name: bool,
    same_email: bool,
    owner: Owner,
}

/// Whose row it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// A live user's of any tenant.
    Provisioned,
    /// A deleted user's of this tenant. A row that somebody activated again in Superset is a local account.
    Buried(String),
    /// Somebody's who was made in Superset.
    Local,
}

impl Session<'_> {
    /// Makes sure that no other row has the name or the address of the profile. Names and addresses that only rows of deleted
    /// users hold are taken from them; a row that a new user (`own` is none) is to have is returned instead.
    ///
    /// Names that differ only in case are one name, because Superset's login does not tell them apart and then lets
    /// neither person in.
    pub(super) async fn clear_names(
        &mut self,
        id: &ResourceId,
        profile: &mut Profile,
        own: Option<i64>,
    ) -> Result<Option<Reuse>, StoreError> {
        let adoption = if own.is_none() { self.options.adoption() } else { Adoption::Refuse };
        let candidates = self.candidates(profile, own).await?;
        let mut reused = None;
        for candidate in candidates.iter().filter(|candidate| candidate.same_name) {
            match &candidate.owner {
                Owner::Local if adoption != Adoption::Refuse => {
                    return Ok(Some(Reuse::Local { row: candidate.id, by: "userName" }));
                }
                Owner::Provisioned | Owner::Local => {
                    return Err(StoreError::Uniqueness { attribute: "userName".to_owned() });
                }
                Owner::Buried(tenant) if own.is_none() && reused.is_none() && *tenant == self.tenant => {
                    reused = Some(candidate.id);
                }
                Owner::Buried(_) => self.rename_buried(candidate.id).await?,
            }
        }
        for candidate in candidates.iter().filter(|candidate| Some(candidate.id) != reused && candidate.same_email) {
            match (&candidate.owner, &profile.email) {
                (Owner::Buried(_), _) => {
                    let released = format!("released-{}@scim.invalid", candidate.id);
                    let statement = Fragment::new("UPDATE ab_user SET email = ? WHERE id = ?");
                    self.transaction.execute(statement.bind(released).bind(candidate.id)).await?;
                }
                (Owner::Local, Email::Given(_)) if adoption == Adoption::ByEmail && reused.is_none() => {
                    return Ok(Some(Reuse::Local { row: candidate.id, by: "emails" }));
                }
                (_, Email::Given(_)) => return Err(StoreError::Uniqueness { attribute: "emails".to_owned() }),
                // Nobody asked for this address, so somebody else may have it.
                (_, Email::Derived(_)) => {
                    profile.email = Email::Derived(format!("{id}@scim.invalid"));
                    break;
                }
            }
        }
        Ok(reused.map(Reuse::Buried))
    }

    /// The other rows whose name or address is that of the profile.
    async fn candidates(&mut self, profile: &Profile, own: Option<i64>) -> Result<Vec<Candidate>, StoreError> {
        let mark = self.dialect().user_mark();
        let (name, email) = (fold(&profile.username).into_owned(), fold(profile.email.as_str()).into_owned());
        let statement = Fragment::new("SELECT u.id, u.username, u.email, u.username = ?, u.email = ?, ")
            .bind(profile.username.as_str())
            .bind(profile.email.as_str())
            .then(Fragment::new(
                "(SELECT max(t.tenant) FROM scim_tombstone t \
                  WHERE t.resource_type = 'User' AND t.local_id = u.id AND u.active IS NOT TRUE AND t.local_mark = ",
            ))
            .then(Fragment::new(mark))
            .then(Fragment::new(
                "), EXISTS (SELECT 1 FROM scim_resource r WHERE r.resource_type = 'User' AND r.local_id = u.id \
                  AND r.local_mark = ",
            ))
            .then(Fragment::new(mark))
            .then(Fragment::new(") FROM ab_user u WHERE "))
            .then(Fragment::new(self.dialect().name_candidates()))
            .bind(name.as_str())
            .bind(email.as_str())
            .bind(profile.username.as_str())
            .bind(profile.email.as_str())
            .then(Fragment::new(" AND (? IS NULL OR u.id <> ?) ORDER BY u.id").bind(own).bind(own));
        let candidate = |row: &Row| {
            let owner = match (row.boolean(6)?, row.optional_text(5)?) {
                (true, _) => Owner::Provisioned,
                (false, Some(tenant)) => Owner::Buried(tenant),
                (false, None) => Owner::Local,
            };
            Ok::<_, StoreError>(Candidate {
                id: row.integer(0)?,
                same_name: row.boolean(3)? || fold(&row.text(1)?) == name,
                same_email: row.boolean(4)? || fold(&row.text(2)?) == email,
                owner,
            })
        };
        self.transaction.rows(statement).await?.iter().map(candidate).collect()
    }

    async fn rename_buried(&mut self, row: i64) -> Result<(), StoreError> {
        let statement = Fragment::new("UPDATE ab_user SET username = ? WHERE id = ?");
        self.transaction.execute(statement.bind(format!("released-{row}")).bind(row)).await?;
        Ok(())
    }
}
