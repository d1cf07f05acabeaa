//! Taking back what a client did.

use chrono::Utc;
use scim_core::{ResourceTypeName, SchemaSet, Source};
use scim_service::{Context, StoreError};
use uuid::Uuid;

use crate::store::{Sessions, SupersetStore, retry};
use crate::undo::history::{PRINCIPAL, REQUEST, Scope, Touched};
use crate::undo::options::UndoOptions;
use crate::undo::report::{UndoKind, UndoReport, UndoStep};
use crate::undo::step::{Pass, Undo};

impl SupersetStore {
    /// Takes back what a client did, by the records of the audit: what it made is deleted, what it deleted is made again with the same
    /// id, attributes and members are what they were before. See [`UndoOptions`].
    ///
    /// All of it are ordinary changes, by the rules and with records in the audit, of the principal `undo` of the host. Who asserted a
    /// resource or a membership before the client did asserts it again. A user who comes back has the row of `ab_user` that it had.
    ///
    /// What others have changed since the client is left and told ([`UndoKind::Conflict`]), unless
    /// [`UndoOptions::with_force`] says otherwise; a user whom the client made and somebody else has changed is deactivated. Secrets
    /// cannot be brought back. Roles that were given by hand in Superset are not given again.
    ///
    /// Each resource is a transaction of its own, five passes go over all of them, and memory is bounded by one of them. A run that is
    /// interrupted is begun again: what was taken back is not looked at twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails: what was committed until then stays. What
    /// is refused fails by itself, see [`UndoKind::Failed`]. [`StoreError::Internal`], too, where the audit has a key and the store has
    /// not.
    ///
    /// [`StoreError::Refused`] where the audit cannot tell the client from others: an identity provider has its name, or a client or
    /// identity provider is called `undo`.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # #[cfg(feature = "sqlite")] {
    /// use chrono::{TimeDelta, Utc};
    /// use scim_core::SchemaSet;
    /// use superset_mapping::undo::UndoOptions;
    /// use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let url = format!("sqlite://{}/superset.db", folder.path().display());
    /// create_demo_schema(&url).await?;
    /// let store = SupersetStore::connect(&url, RuleSet::default()).await?;
    /// let options = UndoOptions::new("okta", Utc::now() - TimeDelta::hours(1)).with_dry_run();
    /// assert!(store.undo(&SchemaSet::builtin(), &options).await?.is_empty());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn undo(&self, schemas: &SchemaSet, options: &UndoOptions) -> Result<UndoReport, StoreError> {
        self.check_names(options.client()).await?;
        if !options.is_dry_run() {
            self.ensure_audit_key().await?;
        }
        let now = Utc::now();
        let mut cx = Context::internal(PRINCIPAL, now);
        cx.request_id = format!("{REQUEST}{}", Uuid::new_v4().simple()).into();
        if let Some(tenant) = options.tenant() {
            cx.principal = cx.principal.in_tenant(tenant);
        }
        let mut report = UndoReport {
            at: scim_core::json::format_date_time(now),
            database: self.address(),
            client: options.client().to_owned(),
            dry_run: options.is_dry_run(),
            steps: Vec::new(),
            counts: std::collections::BTreeMap::new(),
        };
        let from = self.reading(&cx).await?.first_of(options).await?;
        let Some(from) = from else { return Ok(report) };
        let run = Run { store: self, cx, scope: Scope { options, from }, schemas };
        for pass in Pass::ALL {
            let mut after = String::new();
            loop {
                let page = run.store.reading(&run.cx).await?.touched(&run.scope, &after).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                for touched in &page {
                    for step in run.one(pass, touched).await? {
                        report.add(step);
                    }
                }
            }
        }
        Ok(report)
    }

    /// Whether a principal in the audit with the name of the client is the client, and one with that of the runs is a run.
    async fn check_names(&self, client: &str) -> Result<(), StoreError> {
        let writers = self.writers().await?;
        let has = |name: &str| [Source::client(name), Source::provider(name)].map(|source| writers.contains(&source));
        let reason = match (has(client), has(PRINCIPAL)) {
            ([_, true], _) => format!(
                "an identity provider is called `{client}`, and the audit does not say whether it or a client of that name did \
                 what: nothing is taken back"
            ),
            (_, [false, false]) => return Ok(()),
            _ => format!(
                "a client or identity provider is called `{PRINCIPAL}`, as those are who take something back in the audit: \
                 nothing is taken back"
            ),
        };
        Err(StoreError::Refused { reason })
    }
}

struct Run<'r> {
    store: &'r SupersetStore,
    cx: Context,
    scope: Scope<'r>,
    schemas: &'r SchemaSet,
}

impl Run<'_> {
    /// One resource in one pass.
    async fn one(&self, pass: Pass, touched: &Touched) -> Result<Vec<UndoStep>, StoreError> {
        let failed = |kind, what: String| {
            let (resource_type, id) = (touched.resource_type.clone(), touched.id.clone());
            vec![UndoStep { kind, resource_type, id, name: None, what }]
        };
        let Some(of) = self.schemas.of(&touched.resource_type.as_str().into()) else {
            let unknown = || failed(UndoKind::Conflict, "no such resource type is known here".to_owned());
            return Ok(if pass == Pass::Removal { unknown() } else { Vec::new() });
        };
        let groups = self.schemas.of(&ResourceTypeName::group());
        let outcome = retry(SupersetStore::ATTEMPTS, |company| async move {
            let is_dry = self.scope.options.is_dry_run();
            let session = if is_dry {
                self.store.reading(&self.cx).await?
            } else {
                self.store.writing(&self.cx, company).await?
            };
            let groups = groups.map(|groups| &**groups);
            let mut undo = Undo::new(session, &self.scope, (of, groups), touched)?;
            undo.run(pass).await?;
            let Undo { mut session, wrote, steps, .. } = undo;
            if wrote {
                session.ensure_admin_remains().await?;
                session.commit().await?;
            }
            Ok(steps)
        });
        match outcome.await {
            Err(
                error @ (StoreError::Uniqueness { .. }
                | StoreError::HeldElsewhere { .. }
                | StoreError::InvalidValue { .. }
                | StoreError::Refused { .. }),
            ) => Ok(failed(UndoKind::Failed, error.to_string())),
            outcome => outcome,
        }
    }
}
