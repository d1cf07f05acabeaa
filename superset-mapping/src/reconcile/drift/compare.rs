//! The comparison of all that rules and SCIM say with all that Superset holds.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use chrono::{DateTime, Utc};
use scim_service::{Context, StoreError};
use serde::Serialize;

use crate::reconcile::drift::accounts::after_row;
use crate::reconcile::drift::finding::{Finding, FindingKind, Subject, Who};
use crate::reconcile::drift::groups::after;
use crate::reconcile::drift::options::DriftOptions;
use crate::reconcile::drift::snapshot::{Found, Snapshot};
use crate::reconcile::progress::{Progress, Stage};
use crate::sql::Fragment;
use crate::store::{Held, Session, Sessions, SupersetStore};

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Checked {
    /// SCIM groups.
    pub groups: u64,
    /// SCIM users.
    pub users: u64,
    /// Rows of `ab_user` that no SCIM user claims.
    pub accounts: u64,
}

/// All differences between what rules and SCIM say and what Superset's tables hold.
///
/// `Display` is a table for people, [`to_html`](Self::to_html) a page, and serde makes JSON of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Drift {
    /// When the comparison began, in the form of RFC 3339.
    pub at: String,
    /// Where the database is: [`SupersetStore::address`].
    pub database: String,
    /// What the rules are called, where the host has [named](Self::of_rules) them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// How much was looked at.
    pub checked: Checked,
    /// The differences, the most urgent kind first.
    pub findings: Vec<Finding>,
    /// How many differences of a kind there are beyond those that the [options](DriftOptions::with_findings_per_kind) keep.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<FindingKind, usize>,
    /// Rows of groups that are lost, for whoever looks again.
    #[serde(skip)]
    pub(in crate::reconcile) lost_groups: BTreeSet<i64>,
}

impl Drift {
    /// Whether all is as it should be.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.left_out.is_empty()
    }

    /// How many findings there are of each kind, those included that were left out.
    pub fn counts(&self) -> BTreeMap<FindingKind, usize> {
        let mut counts = self.left_out.clone();
        for finding in &self.findings {
            *counts.entry(finding.kind).or_default() += 1;
        }
        counts
    }
}

impl SupersetStore {
    /// Compares what rules and SCIM say with what Superset's tables hold, and changes nothing.
    ///
    /// One state of the database is looked at, however long it takes, while others write. Users are read in chunks of 400, so
    /// that memory holds the names of all groups and at most [so many](DriftOptions::with_findings_per_kind) findings of each kind;
    /// 100,000 users take a few thousand statements.
    ///
    /// What one cause explains is one finding: where the row of a group is gone, nothing is said of its members' roles.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # #[cfg(feature = "sqlite")] {
    /// use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
    /// use superset_mapping::reconcile::DriftOptions;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let url = format!("sqlite://{}/superset.db", folder.path().display());
    /// create_demo_schema(&url).await?;
    /// let store = SupersetStore::connect(&url, RuleSet::default()).await?;
    /// let drift = store.drift(&DriftOptions::new(), &()).await?;
    /// assert!(drift.is_clean());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn drift(&self, options: &DriftOptions, progress: &dyn Progress) -> Result<Drift, StoreError> {
        let now = Utc::now();
        let cx = Context::internal("reconcile", now);
        let mut session = self.reading(&cx).await?;
        session.know_writers().await?;
        let tenants = match options.tenant() {
            Some(tenant) => vec![tenant.to_owned()],
            None => session.tenants().await?,
        };
        let mut run = Run {
            store: self,
            snapshot: session.snapshot().await?,
            found: Found::at_most(options.findings_per_kind()),
            checked: Checked::default(),
            progress,
        };
        let contexts: Vec<Context> = tenants.iter().map(|tenant| in_tenant(&cx, tenant)).collect();
        let mut held = session.transaction;
        // All groups before all users: the users of one tenant may be in rows that the groups of another had.
        for cx in &contexts {
            held = run.groups(held, cx).await?;
        }
        held = run.orphans(held, &cx, options).await?;
        for cx in &contexts {
            held = run.users(held, cx).await?;
        }
        run.accounts(held, &cx, options).await?;
        Ok(run.finish(now))
    }
}

pub(in crate::reconcile) fn in_tenant(cx: &Context, tenant: &str) -> Context {
    cx.clone().with_principal(cx.principal.clone().in_tenant(tenant))
}

/// A comparison under way. The transaction goes from one tenant to the next.
struct Run<'r> {
    store: &'r SupersetStore,
    snapshot: Snapshot,
    found: Found,
    checked: Checked,
    progress: &'r dyn Progress,
}

impl<'r> Run<'r> {
    async fn groups(&mut self, held: Held<'r>, cx: &'r Context) -> Result<Held<'r>, StoreError> {
        let mut session = Session::new(held, self.store, cx);
        if !session.tables.groups {
            return Ok(session.transaction);
        }
        let total = session.count("Group").await? + self.checked.groups;
        let mut last = String::new();
        loop {
            let groups = session.group_pairs(after(&last)).await?;
            let Some(pair) = groups.last() else { break };
            last = pair.record.id.to_string();
            session.compare_groups(&mut self.snapshot, &groups, &mut self.found).await?;
            self.checked.groups += size(groups.len());
            self.progress.advanced(Stage::Groups, self.checked.groups, Some(total));
        }
        Ok(session.transaction)
    }

    async fn orphans(
        &mut self,
        held: Held<'r>,
        cx: &'r Context,
        options: &DriftOptions,
    ) -> Result<Held<'r>, StoreError> {
        let mut session = Session::new(held, self.store, cx);
        if session.tables.groups {
            for orphan in session.orphans(options.tenant(), None).await? {
                orphan.tell(&mut self.snapshot, &mut self.found);
            }
        }
        Ok(session.transaction)
    }

    async fn users(&mut self, held: Held<'r>, cx: &'r Context) -> Result<Held<'r>, StoreError> {
        let mut session = Session::new(held, self.store, cx);
        let total = session.count("User").await? + self.checked.users;
        let mut last = String::new();
        loop {
            let users = session.user_pairs(after(&last)).await?;
            let Some(pair) = users.last() else { break };
            last = pair.record.id.to_string();
            session.compare_users(&self.snapshot, &users, &mut self.found).await?;
            self.checked.users += size(users.len());
            self.progress.advanced(Stage::Users, self.checked.users, Some(total));
        }
        Ok(session.transaction)
    }

    async fn accounts(&mut self, held: Held<'r>, cx: &'r Context, options: &DriftOptions) -> Result<(), StoreError> {
        let mut session = Session::new(held, self.store, cx);
        let mut last = 0;
        loop {
            let rows = session.unclaimed(after_row(last)).await?;
            let Some(unclaimed) = rows.last() else { break };
            last = unclaimed.row.id;
            session.judge_accounts(&self.snapshot, &rows, options, &mut self.found).await?;
            self.checked.accounts += size(rows.len());
            self.progress.advanced(Stage::Accounts, self.checked.accounts, None);
        }
        if options.tenant().is_none() {
            session.compare_names(&mut self.found).await?;
        }
        session.stale_grants(&self.snapshot, options.tenant(), &mut self.found).await?;
        session.compare_counts(options.tenant(), &mut self.found).await
    }

    fn finish(mut self, now: DateTime<Utc>) -> Drift {
        for (role, whom) in mem::take(&mut self.found.unknown_roles) {
            let why = format!("Superset has no such role; due {whom}");
            self.found.add(FindingKind::RoleUnknown, &Subject::Role, &Who::default(), Some(role), why);
        }
        let left_out = self.found.left_out();
        let mut findings = self.found.findings;
        findings.sort();
        let at = scim_core::json::format_date_time(now);
        let (database, lost_groups) = (self.store.address(), self.snapshot.lost_groups);
        Drift { at, database, rules: None, checked: self.checked, findings, left_out, lost_groups }
    }
}

pub(in crate::reconcile) fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Session<'_> {
    /// The tenants that have users or groups.
    async fn tenants(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = self.transaction.rows(Fragment::new("SELECT DISTINCT tenant FROM scim_resource ORDER BY 1")).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
    }

    async fn count(&mut self, resource_type: &str) -> Result<u64, StoreError> {
        let count = "SELECT count(*) FROM scim_resource WHERE tenant = ? AND resource_type = ?";
        let count = Fragment::new(count).bind(self.tenant).bind(resource_type);
        Ok(u64::try_from(self.transaction.number(count).await?).unwrap_or_default())
    }
}
