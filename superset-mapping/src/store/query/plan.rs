//! What the database does for a query, in its own words.

use scim_service::{Context, List, StoreError};

use crate::sql::{Dialect, Fragment};
use crate::store::query::page::Selection;
use crate::store::query::scan::extent;
use crate::store::session::{Session, Sessions, SupersetStore};

impl SupersetStore {
    /// The plans of the statements with which a query would be answered, for whoever wonders why one is slow: `EXPLAIN` of `PostgreSQL`, one
    /// line each, `EXPLAIN FORMAT=JSON` of `MySQL`, `EXPLAIN QUERY PLAN` of `SQLite`. Where the evaluator has to look at candidates, it is
    /// the statement that counts them. Plans depend on what the database knows of its tables: `ANALYZE` tells it.
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # #[cfg(feature = "sqlite")] {
    /// use chrono::Utc;
    /// use scim_core::SchemaSet;
    /// use scim_filter::Filter;
    /// use scim_service::{Context, List};
    /// use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let url = format!("sqlite://{}/superset.db", folder.path().display());
    /// create_demo_schema(&url).await?;
    /// let store = SupersetStore::connect(&url, RuleSet::default()).await?;
    /// let schemas = SchemaSet::builtin();
    /// let users = schemas.user().ok_or("no users")?;
    /// let inactive = "active eq false".parse::<Filter>()?.check(users)?;
    /// let cx = Context::internal("doctor", Utc::now());
    /// let plan = store.query_plan(&cx, &List::new(users, 100).with_filter(&inactive)).await?;
    /// assert!(plan.iter().any(|step| step.contains("scim_resource_active")));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn query_plan(&self, cx: &Context, query: &List<'_>) -> Result<Vec<String>, StoreError> {
        let mut session = self.reading(cx).await?;
        let selection = Selection::of(session.tenant, query.of, query.filter);
        let statements = match session.order_of(query, &selection).await? {
            Some(order) if query.count > 0 => vec![selection.page(session.dialect(), query, order), selection.total()],
            Some(_) => vec![selection.total()],
            None => vec![extent(session.dialect(), &selection.rows())],
        };
        let mut plans = Vec::new();
        for statement in statements {
            plans.extend(session.plan(statement).await?);
        }
        Ok(plans)
    }
}

impl Session<'_> {
    async fn plan(&mut self, statement: Fragment) -> Result<Vec<String>, StoreError> {
        let (explain, column) = match self.dialect() {
            Dialect::Sqlite => ("EXPLAIN QUERY PLAN ", 3),
            Dialect::Postgres => ("EXPLAIN ", 0),
            Dialect::MySql => ("EXPLAIN FORMAT=JSON ", 0),
        };
        let rows = self.transaction.rows(Fragment::new(explain).then(statement)).await?;
        Ok(rows.iter().map(|row| row.text(column)).collect::<Result<_, _>>()?)
    }
}
