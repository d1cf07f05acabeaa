//! People of SCIM whom the source of truth no longer has.

use scim_core::SchemaSet;
use scim_service::{Context, StoreError};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::reconcile::drift::Who;
use crate::reconcile::drift::after;
use crate::reconcile::drift::{in_tenant, size};
use crate::reconcile::leavers::directory::{Directory, DirectoryError, DirectorySnapshot};
use crate::reconcile::leavers::safety_threshold::{SafetyThreshold, SafetyThresholdError};
use crate::reconcile::progress::{Progress, Stage};
use crate::store::{Company, Profile, Session, Sessions, SupersetStore, Write, retry};

/// Somebody who is active in SCIM and has left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct DeprovisionedUser {
    /// Who it is.
    pub who: Who,
    /// Why the person counts as a leaver.
    pub why: &'static str,
    /// What became of it: `None` where nothing was to be done yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// The people who left. `Display` is a table for people, [`to_html`](Self::to_html) a page, and serde makes JSON of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeprovisionedUsers {
    /// When the comparison began, in the form of RFC 3339.
    pub at: String,
    /// Where the database is: [`SupersetStore::address`].
    pub database: String,
    /// What the rules are called, where the host has [named](Self::of_rules) them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// How many people the directory has.
    pub directory: u64,
    /// How many people are active in SCIM, without those whom a login created.
    pub active: u64,
    /// Whether the directory said that it has more people than it showed.
    pub ended_early: bool,
    /// Those of them who left.
    pub leavers: Vec<DeprovisionedUser>,
}

impl DeprovisionedUsers {
    /// Whether nobody left.
    pub fn is_clean(&self) -> bool {
        self.leavers.is_empty()
    }
}

/// Why leavers could not be found or deactivated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeprovisionedUsersError {
    /// The source of truth could not be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The safety threshold refused, before anything was written.
    #[error(transparent)]
    SafetyThreshold(#[from] SafetyThresholdError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SupersetStore {
    /// Finds who is active in SCIM, in the tenant of `cx`, and whom the directory does not have or has as inactive.
    ///
    /// Somebody is looked for by `externalId`, which regards case, and if the directory does not have it by `userName`, compared as
    /// SCIM compares it. So a person whose `externalId` differs but whose name is there stays: a wrong match keeps somebody in, and
    /// never locks one out.
    ///
    /// People whom a login created are left out: another identity provider speaks for them, and a directory of one's own
    /// does not have them.
    ///
    /// # Errors
    ///
    /// [`DeprovisionedUsersError`] where the directory or the database fails.
    pub async fn leavers(
        &self,
        cx: &Context,
        directory: &dyn Directory,
        progress: &dyn Progress,
    ) -> Result<DeprovisionedUsers, DeprovisionedUsersError> {
        let snapshot = DirectorySnapshot::read(directory, progress).await?;
        let mut session = self.reading(cx).await?;
        let (mut leavers, mut active, mut last) = (Vec::new(), 0, String::new());
        loop {
            let users = session.user_pairs(after(&last)).await?;
            let Some(pair) = users.last() else { break };
            last = pair.record.id.to_string();
            for pair in users {
                let profile = Profile::of(&pair.record.body)?;
                let external_id = pair.record.body.text("externalId");
                if !profile.active || pair.record.source.is_provider() {
                    continue;
                }
                active += 1;
                let why = match snapshot.active(&profile.username, external_id.as_deref()) {
                    Some(true) => continue,
                    Some(false) => "the directory says inactive",
                    None => "the directory does not have the person",
                };
                let local_id = pair.record.local.map(|local| local.id);
                let who = Who { name: Some(profile.username), id: Some(pair.record.id.to_string()), local_id };
                leavers.push(DeprovisionedUser { who, why, outcome: None });
            }
        }
        leavers.sort();
        let at = scim_core::json::format_date_time(cx.now);
        let (database, directory, ended_early) = (self.address(), snapshot.people, snapshot.ended_early);
        Ok(DeprovisionedUsers { at, database, rules: None, directory, active, ended_early, leavers })
    }

    /// Deactivates leavers, each in a transaction of its own that looks at the person again, as SCIM would by `active` false: roles,
    /// memberships and API keys go, and the last administrator stays. What became of each is its
    /// [`outcome`](DeprovisionedUser::outcome) then.
    ///
    /// # Errors
    ///
    /// [`DeprovisionedUsersError::SafetyThreshold`] before anything is written, and [`DeprovisionedUsersError::Store`] where the database fails.
    pub async fn deactivate_leavers(
        &self,
        cx: &Context,
        leavers: &mut DeprovisionedUsers,
        threshold: &SafetyThreshold,
        progress: &dyn Progress,
    ) -> Result<(), DeprovisionedUsersError> {
        threshold.check_walk(leavers.ended_early)?;
        let total = size(leavers.leavers.len());
        threshold.check(leavers.active, total, leavers.directory)?;
        let cx = in_tenant(cx, cx.tenant().unwrap_or_default());
        for (done, leaver) in (1..).zip(&mut leavers.leavers) {
            let outcome = match retry(Self::ATTEMPTS, |company| self.deactivate(&cx, company, &leaver.who)).await {
                Ok(true) => "deactivated".to_owned(),
                Ok(false) => "already gone".to_owned(),
                Err(error @ (StoreError::Unavailable(_) | StoreError::Internal(_))) => return Err(error.into()),
                Err(error) => format!("failed: {error}"),
            };
            leaver.outcome = Some(outcome);
            progress.advanced(Stage::DeprovisionedUsers, done, Some(total));
        }
        Ok(())
    }

    /// Says whether the person was still active.
    async fn deactivate(&self, cx: &Context, company: Company, who: &Who) -> Result<bool, StoreError> {
        let schemas = SchemaSet::builtin();
        let of = schemas.user().ok_or(StoreError::NotFound)?;
        let id = who.id.as_deref().unwrap_or_default().parse().map_err(StoreError::internal)?;
        let mut session: Session<'_> = self.writing(cx, company).await?;
        let record = match session.find(of, &id).await {
            Ok(record) if Profile::of(&record.body)?.active => record,
            Ok(_) | Err(StoreError::NotFound) => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut body = record.body.clone();
        body.attributes_mut().insert("active".to_owned(), Value::Bool(false));
        session.change(of, record, Write::of(body)).await?;
        session.ensure_admin_remains().await?;
        session.commit().await?;
        Ok(true)
    }
}
