//! Making Superset's tables what rules and SCIM say.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use chrono::Utc;
use scim_core::ResourceId;
use scim_service::{Context, StoreError};
use serde::Serialize;
use serde_json::json;

use crate::reconcile::drift::among;
use crate::reconcile::drift::{Finding, FindingKind, Subject};
use crate::reconcile::drift::{Found, Snapshot};
use crate::reconcile::drift::{in_tenant, size};
use crate::reconcile::drift::{relation, tell_outdated, tell_stale};
use crate::reconcile::progress::{Progress, Stage};
use crate::reconcile::repair::policy::{RepairOptions, policy};
use crate::sql::Fragment;
use crate::store::{Action, Company, Session, Sessions, SupersetStore, relearn, retry};

/// How many users, groups or records one transaction repairs, so that SCIM requests get their turn between two.
const BATCH: usize = 50;

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The repair was refused, as that of the last administrator is.
    Failed,
    /// It was repaired.
    Repaired,
    /// A dry run: it would be repaired.
    WouldRepair,
    /// It is left as it is.
    Kept,
    /// Somebody else repaired it since it was found.
    AlreadyGone,
}

impl Outcome {
    /// The outcome in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Repaired => "repaired",
            Self::WouldRepair => "would be repaired",
            Self::Kept => "kept",
            Self::AlreadyGone => "already gone",
        }
    }
}

/// A finding, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Repair {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// What became of it.
    pub outcome: Outcome,
    /// What was done, would be done, or why nothing was.
    pub action: String,
}

/// What a repair did, or would do. `Display` is a table for people, [`to_html`](Self::to_html) a page, and serde makes JSON of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RepairReport {
    /// When the repair began, in the form of RFC 3339.
    pub at: String,
    /// Where the database is: [`SupersetStore::address`].
    pub database: String,
    /// What the rules are called, where the host has [named](Self::of_rules) them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Each finding with its outcome.
    pub repairs: Vec<Repair>,
    /// How many findings of a kind were not looked at, because the [options](crate::reconcile::DriftOptions::with_findings_per_kind) keep
    /// no more: the next run finds them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<FindingKind, usize>,
}

impl RepairReport {
    /// How many findings had this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.repairs.iter().filter(|repair| repair.outcome == outcome).count()
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.repairs.is_empty() && self.left_out.is_empty()
    }
}

/// Users, groups or records with what is to be repaired of each.
type Batch = Vec<(Subject, Vec<Finding>)>;

impl SupersetStore {
    /// Repairs what [`drift`](Self::drift) finds, as far as the [`RepairOptions`] say, in transactions of at most 50 users, groups
    /// or records.
    ///
    /// Each transaction looks at its users and groups again once it has the write lock, and repairs what it still finds. So several
    /// hosts may repair at the same time: what one has repaired the others find to be gone. The steps are those of SCIM writes,
    /// with the same audit records and the guard of the last administrator; beside them each repaired finding is written down
    /// as `repair`, with the principal of `cx`. A row of `ab_group` that had to be made again is filled with its
    /// members by more transactions; if they are interrupted, the next run finds the rest.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails: what was committed until then stays.
    /// What is refused fails by itself, see [`Outcome::Failed`].
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # #[cfg(feature = "sqlite")] {
    /// use scim_service::Context;
    /// use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
    /// use superset_mapping::reconcile::{DriftOptions, RepairOptions};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let url = format!("sqlite://{}/superset.db", folder.path().display());
    /// create_demo_schema(&url).await?;
    /// let store = SupersetStore::connect(&url, RuleSet::default()).await?;
    /// let options = RepairOptions::new(DriftOptions::new().with_local("admin"));
    /// let report = store.repair(&Context::internal("nightly", chrono::Utc::now()), &options, &()).await?;
    /// assert!(report.is_clean());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn repair(
        &self,
        cx: &Context,
        options: &RepairOptions,
        progress: &dyn Progress,
    ) -> Result<RepairReport, StoreError> {
        let at = scim_core::json::format_date_time(Utc::now());
        let drift = self.drift(&options.drift, progress).await?;
        let mut repairs = Vec::new();
        let mut planned: BTreeMap<Subject, Vec<Finding>> = BTreeMap::new();
        for finding in drift.findings {
            match policy(&finding, options) {
                Err(why) => repairs.push(Repair { finding, outcome: Outcome::Kept, action: why.to_owned() }),
                Ok(action) if options.is_dry_run() => {
                    repairs.push(Repair { finding, outcome: Outcome::WouldRepair, action: action.to_owned() });
                }
                Ok(_) => planned.entry(finding.subject.clone()).or_default().push(finding),
            }
        }
        let left_out = drift.left_out;
        let mut run =
            Run { store: self, cx, options, lost_groups: drift.lost_groups, repairs, follow: BTreeMap::new() };
        let total = size(planned.len());
        let mut done = 0;
        let mut groups_done = false;
        for batch in batches(planned) {
            let of_users = matches!(batch.first(), Some((Subject::User { .. } | Subject::Account { .. }, _)));
            if of_users && !mem::replace(&mut groups_done, true) {
                run.follow().await?;
            }
            done += size(batch.len());
            run.batch(batch).await?;
            progress.advanced(Stage::Repairs, done, Some(total));
        }
        run.follow().await?;
        run.repairs.sort_by(|a, b| a.finding.cmp(&b.finding));
        let (database, repairs) = (self.address(), run.repairs);
        Ok(RepairReport { at, database, rules: None, dry_run: options.is_dry_run(), repairs, left_out })
    }
}

/// Whole transactions: of one kind of subject and one tenant each.
fn batches(planned: BTreeMap<Subject, Vec<Finding>>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (subject, findings) in planned {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && batch.last().is_some_and(|(last, _)| last.goes_with(&subject)) => {
                batch.push((subject, findings));
            }
            _ => batches.push(vec![(subject, findings)]),
        }
    }
    batches
}

impl Subject {
    fn goes_with(&self, other: &Self) -> bool {
        mem::discriminant(self) == mem::discriminant(other) && self.tenant() == other.tenant()
    }

    fn tenant(&self) -> Option<&str> {
        match self {
            Self::Group { tenant, .. } | Self::User { tenant, .. } | Self::Count { tenant, .. } => Some(tenant),
            _ => None,
        }
    }
}

/// A repair under way.
struct Run<'r> {
    store: &'r SupersetStore,
    cx: &'r Context,
    options: &'r RepairOptions,
    lost_groups: BTreeSet<i64>,
    repairs: Vec<Repair>,
    /// Users who have to follow their groups into new rows, by tenant.
    follow: BTreeMap<String, BTreeSet<String>>,
}

/// What a transaction did.
#[derive(Default)]
struct Done {
    repairs: Vec<Repair>,
    follow: BTreeSet<String>,
}

impl Run<'_> {
    async fn batch(&mut self, batch: Batch) -> Result<(), StoreError> {
        match self.try_batch(&batch).await {
            Ok(()) => Ok(()),
            // One of them is refused: each has to stand for itself.
            Err(error) if is_refusal(&error) && batch.len() > 1 => {
                for one in batch {
                    let one = vec![one];
                    match self.try_batch(&one).await {
                        Err(error) if is_refusal(&error) => self.fail(one, &error),
                        other => other?,
                    }
                }
                Ok(())
            }
            Err(error) if is_refusal(&error) => {
                self.fail(batch, &error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn fail(&mut self, batch: Batch, error: &StoreError) {
        for finding in batch.into_iter().flat_map(|(_, findings)| findings) {
            self.repairs.push(Repair { finding, outcome: Outcome::Failed, action: error.to_string() });
        }
    }

    async fn try_batch(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let tenant = batch.first().and_then(|(subject, _)| subject.tenant()).unwrap_or_default().to_owned();
        let cx = in_tenant(self.cx, &tenant);
        let done = retry(SupersetStore::ATTEMPTS, |_| self.once(&cx, batch)).await?;
        self.repairs.extend(done.repairs);
        self.follow.entry(tenant).or_default().extend(done.follow);
        Ok(())
    }

    async fn once(&self, cx: &Context, batch: &Batch) -> Result<Done, StoreError> {
        let mut session = self.store.writing(cx, Company::Alone).await?;
        let mut snapshot = session.snapshot().await?;
        snapshot.lost_groups.clone_from(&self.lost_groups);
        let mut done = Done::default();
        for (subject, planned) in batch {
            let fresh = session.repair_step(&mut snapshot, subject, self.options, &mut done.follow).await?;
            let gone = planned.iter().filter(|finding| !fresh.iter().any(|fresh| fresh.is_same_as(finding)));
            done.repairs.extend(gone.map(|finding| Repair {
                finding: finding.clone(),
                outcome: Outcome::AlreadyGone,
                action: "nothing: somebody repaired it meanwhile".to_owned(),
            }));
            for finding in fresh {
                // As it was told first, with the names that were known there.
                let told = planned.iter().find(|told| finding.is_same_as(told));
                let finding = told.cloned().unwrap_or(finding);
                let action = policy(&finding, self.options).unwrap_or_default().to_owned();
                done.repairs.push(Repair { finding, outcome: Outcome::Repaired, action });
            }
        }
        session.ensure_admin_remains().await?;
        session.commit().await?;
        Ok(done)
    }

    /// Puts the members of groups that were made again into their rows.
    async fn follow(&mut self) -> Result<(), StoreError> {
        for (tenant, users) in mem::take(&mut self.follow) {
            let cx = in_tenant(self.cx, &tenant);
            let users: Vec<String> = users.into_iter().collect();
            for users in users.chunks(BATCH) {
                let users: BTreeSet<String> = users.iter().cloned().collect();
                retry(SupersetStore::ATTEMPTS, async |_| {
                    let mut session = self.store.writing(&cx, Company::Alone).await?;
                    session.sync_access(&users).await?;
                    session.ensure_admin_remains().await?;
                    session.commit().await
                })
                .await?;
            }
        }
        Ok(())
    }
}

fn is_refusal(error: &StoreError) -> bool {
    !matches!(error, StoreError::Unavailable(_) | StoreError::Internal(_))
}

impl Session<'_> {
    /// Looks at a subject again, repairs what the options say, and returns what was repaired.
    async fn repair_step(
        &mut self,
        snapshot: &mut Snapshot,
        subject: &Subject,
        options: &RepairOptions,
        follow: &mut BTreeSet<String>,
    ) -> Result<Vec<Finding>, StoreError> {
        let mut found = Found::at_most(usize::MAX);
        let chosen = |found: Found| -> Vec<Finding> {
            found.findings.into_iter().filter(|finding| policy(finding, options).is_ok()).collect()
        };
        let fresh = match subject {
            Subject::Group { id, .. } => {
                let groups = self.group_pairs(among([id.as_str()])).await?;
                self.compare_groups(snapshot, &groups, &mut found).await?;
                let fresh = chosen(found);
                if let (Some(pair), false) = (groups.first(), fresh.is_empty())
                    && self.repair_step_group(snapshot, pair, &fresh).await?
                {
                    follow.extend(self.users_within(std::slice::from_ref(id)).await?);
                }
                fresh
            }
            Subject::LocalGroup(row) => {
                for orphan in self.orphans(options.drift.tenant(), Some(*row)).await? {
                    orphan.tell(snapshot, &mut found);
                    self.repair_step_orphan(&orphan).await?;
                }
                chosen(found)
            }
            Subject::User { id, .. } => {
                let users = self.user_pairs(among([id.as_str()])).await?;
                self.compare_users(snapshot, &users, &mut found).await?;
                let fresh = chosen(found);
                if let (Some(pair), false) = (users.first(), fresh.is_empty()) {
                    self.repair_step_user(snapshot, pair, &fresh, options).await?;
                }
                fresh
            }
            Subject::Account { row, .. } => {
                let rows = self.unclaimed(Fragment::new("u.id = ?").bind(*row)).await?;
                self.judge_accounts(snapshot, &rows, &options.drift, &mut found).await?;
                let fresh = chosen(found);
                if let (Some(unclaimed), Some(finding)) = (rows.first(), fresh.first()) {
                    let id = audited_id(finding)?;
                    self.repair_step_account(&id, unclaimed).await?;
                }
                fresh
            }
            Subject::Grant { relation: name, holder, held } => {
                self.repair_step_grant(snapshot, name, *holder, *held, &mut found).await?;
                found.findings
            }
            Subject::Name(row) => {
                if let Some(account) = relearn(&mut self.transaction, *row).await? {
                    tell_outdated(account, &mut found);
                }
                found.findings
            }
            Subject::Role => Vec::new(),
            Subject::Count { tenant, resource_type } => {
                self.compare_counts(Some(tenant), &mut found).await?;
                let mut fresh = chosen(found);
                fresh.retain(|finding| finding.subject == *subject);
                if !fresh.is_empty() {
                    self.correct_counts(resource_type).await?;
                }
                fresh
            }
        };
        for finding in &fresh {
            self.note_repair(finding)?;
        }
        Ok(fresh)
    }

    async fn repair_step_grant(
        &mut self,
        snapshot: &Snapshot,
        name: &'static str,
        holder: i64,
        held: i64,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let Some(relation) = relation(name) else { return Ok(()) };
        let now = self.held(relation, &[holder]).await?;
        let recorded = now.ours.get(&holder).is_some_and(|ours| ours.contains(&held));
        if recorded && !now.of(holder).contains(&held) {
            self.forget(relation, &[(holder, held)]).await?;
            tell_stale(snapshot, name, holder, held, None, found);
        }
        Ok(())
    }

    /// Writes down that a finding was repaired: kind, row and role, but nothing that a client may have chosen.
    fn note_repair(&mut self, finding: &Finding) -> Result<(), StoreError> {
        let (resource_type, table) = match &finding.subject {
            Subject::Count { resource_type, .. } => (resource_type.as_str(), "scim_count"),
            Subject::Group { .. } | Subject::LocalGroup(_) | Subject::Grant { relation: "ab_group_role", .. } => {
                ("Group", "ab_group")
            }
            _ => ("User", "ab_user"),
        };
        let mut detail = json!({"finding": finding.kind.as_str(), table: finding.who.local_id});
        let names_role = [
            FindingKind::RoleMissing,
            FindingKind::RoleExtra,
            FindingKind::RoleByHand,
            FindingKind::GroupRoleMissing,
            FindingKind::GroupRoleExtra,
            FindingKind::GroupRoleByHand,
        ];
        if let (true, Some(detail)) = (names_role.contains(&finding.kind), detail.as_object_mut()) {
            detail.insert("role".to_owned(), json!(finding.what));
        }
        self.record_audit(Action::Repair, resource_type, &audited_id(finding)?, None, detail);
        Ok(())
    }
}

/// The id under which a finding is written down: that of the resource, or of the row where there is none.
fn audited_id(finding: &Finding) -> Result<ResourceId, StoreError> {
    let row = finding.who.local_id.unwrap_or_default();
    let id = finding.who.id.clone().unwrap_or_else(|| format!("local:{row}"));
    id.parse().map_err(StoreError::internal)
}
