//! Whose names and addresses are in the way of a user.

use scim_core::{Resource, ResourceId};
use scim_filter::fold;
use scim_service::StoreError;
use uuid::Uuid;

use crate::sql::Fragment;
use crate::store::accounts::profile::{Email, Profile};
use crate::store::names::{Namesake, key, namesakes};
use crate::store::resources::Identity;
use crate::store::session::Adoption;
use crate::store::session::Session;
use crate::store::session::read_source;

/// A row that a new user gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Reuse {
    /// That of the same person of the same source with the name, whom SCIM deleted.
    SoftDeleted(i64),
    /// A local account, and the attribute by which it was found.
    Local { row: i64, by: &'static str },
}

/// Who had the row of a deleted user.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SoftDeleted {
    tenant: String,
    identity: Identity,
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
    /// A deleted user's.
    SoftDeleted(SoftDeleted),
    /// Somebody's who was made in Superset; or a deleted user's, which somebody activated again in Superset.
    Local(Option<SoftDeleted>),
}

impl Session<'_> {
    /// Makes sure that no other row has the name or the address of the profile. Names and addresses that only rows of deleted
    /// users hold are taken from them; a row that a new user (`own` is none) is to have is returned instead.
    ///
    /// Names that differ only in case are one name, because Superset's login does not tell them apart and then lets
    /// neither person in.
    pub(in crate::store) async fn clear_names(
        &mut self,
        id: &ResourceId,
        identity: &Identity,
        profile: &mut Profile,
        own: Option<i64>,
    ) -> Result<Option<Reuse>, StoreError> {
        let adoption = if own.is_none() { self.options.adoption() } else { Adoption::Refuse };
        let candidates = self.candidates(profile, own).await?;
        let tenant = self.tenant;
        // Nobody is known by the lack of an identifier.
        let is_same = |soft_deleted: &SoftDeleted| {
            identity.external_id.is_some() && soft_deleted.identity == *identity && soft_deleted.tenant == tenant
        };
        // An account that a deleted person has again is that person's.
        let adoptable = |before: &Option<SoftDeleted>| before.as_ref().is_none_or(is_same);
        let mut reused = None;
        for candidate in candidates.iter().filter(|candidate| candidate.same_name) {
            match &candidate.owner {
                Owner::Local(before) => {
                    let allowed = adoption != Adoption::Refuse && adoptable(before);
                    return Ok(Some(self.adopt_or_refuse(candidate.id, "userName", allowed).await?));
                }
                Owner::Provisioned => {
                    return Err(StoreError::Uniqueness { attribute: "userName".to_owned() });
                }
                Owner::SoftDeleted(soft_deleted) if own.is_none() && reused.is_none() && is_same(soft_deleted) => {
                    reused = Some(candidate.id);
                }
                Owner::SoftDeleted(_) => self.rename_soft_deleted(candidate.id).await?,
            }
        }
        for candidate in candidates.iter().filter(|candidate| Some(candidate.id) != reused && candidate.same_email) {
            match (&candidate.owner, &profile.email) {
                (Owner::SoftDeleted(_), _) => {
                    // A name that nobody can have guessed and taken.
                    let released = format!("released-{}@scim.invalid", Uuid::new_v4());
                    self.set_address(candidate.id, &released).await?;
                }
                (Owner::Local(before), Email::Given(_)) => {
                    let allowed = adoption == Adoption::ByEmail && reused.is_none() && adoptable(before);
                    return Ok(Some(self.adopt_or_refuse(candidate.id, "emails", allowed).await?));
                }
                // What was made up is nobody's claim: it makes way for whom the address belongs to.
                (Owner::Provisioned, Email::Given(given)) if self.give_way(candidate.id, given).await? => {}
                (_, Email::Given(_)) => return Err(StoreError::Uniqueness { attribute: "emails".to_owned() }),
                // Nobody asked for this address, so somebody else may have it.
                (_, Email::Derived(_)) => {
                    profile.email = Email::Derived(format!("{id}@scim.invalid"));
                    break;
                }
            }
        }
        Ok(reused.map(Reuse::SoftDeleted))
    }

    /// The other rows whose name or address is that of the profile.
    ///
    /// Whose the few candidates are is asked for afterwards.
    async fn candidates(&mut self, profile: &Profile, own: Option<i64>) -> Result<Vec<Candidate>, StoreError> {
        let found = namesakes(&mut self.transaction, &profile.username, profile.email.as_str()).await?;
        self.newest_account = Some(found.newest);
        self.learned = found.learned;
        let mut candidates = Vec::new();
        for Namesake { id, same_name, same_email } in found.rows.into_iter().filter(|row| own != Some(row.id)) {
            candidates.push(Candidate { id, same_name, same_email, owner: self.owner_of(id).await? });
        }
        Ok(candidates)
    }

    async fn owner_of(&mut self, row: i64) -> Result<Owner, StoreError> {
        let mark = self.dialect().user_mark();
        let live = Fragment::new(
            "SELECT 1 FROM scim_resource r JOIN ab_user u ON u.id = r.local_id WHERE r.resource_type = 'User' \
             AND r.local_id = ? AND r.local_mark = ",
        );
        let live = live.bind(row).then(Fragment::new(mark));
        if self.transaction.row(live).await?.is_some() {
            return Ok(Owner::Provisioned);
        }
        let soft_deleted = Fragment::new(
            "SELECT t.tenant, t.source, t.external_id, u.active FROM scim_tombstone t JOIN ab_user u ON u.id = t.local_id \
             WHERE t.resource_type = 'User' AND t.local_id = ? AND t.local_mark = ",
        );
        let Some(row) = self.transaction.row(soft_deleted.bind(row).then(Fragment::new(mark))).await? else {
            return Ok(Owner::Local(None));
        };
        let identity = Identity { source: read_source(&row.text(1)?)?, external_id: row.optional_text(2)? };
        let soft_deleted = SoftDeleted { tenant: row.text(0)?, identity };
        Ok(if row.boolean(3)? { Owner::Local(Some(soft_deleted)) } else { Owner::SoftDeleted(soft_deleted) })
    }

    /// Lets a user whose address was made up from the user name have another one, if it is this one. Says whether it is so.
    async fn give_way(&mut self, row: i64, address: &str) -> Result<bool, StoreError> {
        let statement = "SELECT r.id, r.body FROM scim_resource r WHERE r.resource_type = 'User' AND r.local_id = ?";
        let Some(holder) = self.transaction.row(Fragment::new(statement).bind(row)).await? else { return Ok(false) };
        let body = Resource::from_json(holder.text(1)?).ok_or_else(|| StoreError::internal("an unreadable body"))?;
        match Profile::of(&body)?.email {
            Email::Derived(derived) if fold(&derived) == fold(address) => {}
            _ => return Ok(false),
        }
        self.set_address(row, &format!("{}@scim.invalid", holder.text(0)?)).await?;
        self.keep_user_subject(row).await?;
        Ok(true)
    }

    async fn rename_soft_deleted(&mut self, row: i64) -> Result<(), StoreError> {
        let released = format!("released-{}", Uuid::new_v4());
        let statement = Fragment::new("UPDATE ab_user SET username = ? WHERE id = ?");
        self.transaction.execute(statement.bind(released.as_str()).bind(row)).await?;
        let record = Fragment::new("UPDATE scim_account SET name_key = ? WHERE local_id = ?");
        self.transaction.execute(record.bind(key(&released)).bind(row)).await?;
        Ok(())
    }

    async fn set_address(&mut self, row: i64, address: &str) -> Result<(), StoreError> {
        let statement = Fragment::new("UPDATE ab_user SET email = ? WHERE id = ?");
        self.transaction.execute(statement.bind(address).bind(row)).await?;
        let record = Fragment::new("UPDATE scim_account SET email_key = ? WHERE local_id = ?");
        self.transaction.execute(record.bind(key(address)).bind(row)).await?;
        Ok(())
    }
}
