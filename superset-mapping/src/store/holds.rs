//! Holds of a brake, in the database: all servers know them, and they survive a restart.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_core::json::{format_date_time, parse_date_time};
use scim_service::StoreError;
use scim_service::observe::brake::{Allowance, Hold, HoldNews, Holds, Release, Sample};

use crate::driver::{Database, DatabaseError, Row};
use crate::sql::{Fragment, Param};
use crate::store::session::SupersetStore;

/// How long a hold that was released is kept, in days.
const KEPT_DAYS: i64 = 90;

/// Keeps the holds of a [`Brake`](scim_service::observe::brake::Brake) in the table `scim_hold` of Superset's metadata database, for all servers that
/// share it. One that was released is kept for 90 days.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// # #[cfg(feature = "sqlite")] {
/// use scim_service::observe::brake::{Brake, Holds, Release};
/// use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
///
/// # let folder = tempfile::tempdir()?;
/// let url = format!("sqlite://{}/superset.db", folder.path().display());
/// create_demo_schema(&url).await?;
/// let store = SupersetStore::connect(&url, RuleSet::default()).await?;
/// let brake = Brake::new(["deactivations=50/1h".parse()?], store.holds());
/// brake.sync(chrono::Utc::now()).await?;
///
/// // An operator, in another program.
/// for hold in store.holds().held(100).await? {
///     store.holds().release(&hold.id, Release::new(chrono::Utc::now())).await?;
/// }
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SqlHolds {
    database: Database,
}

const SELECT: &str = "SELECT hold, refused, last_refused, released_at, allowed, allowed_until, used FROM scim_hold ";

impl SupersetStore {
    /// The holds of a brake, in the database of the store.
    pub fn holds(&self) -> SqlHolds {
        SqlHolds { database: self.database.clone() }
    }
}

impl SqlHolds {
    /// The newest holds, at most so many, the newest first; those that were released are among them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn latest(&self, most: u32) -> Result<Vec<Hold>, StoreError> {
        let order = Fragment::new("ORDER BY held_at DESC, id LIMIT ?").bind(i64::from(most));
        self.read(Fragment::new(SELECT).then(order)).await
    }

    /// The newest holds that are not released, at most so many, the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn held(&self, most: u32) -> Result<Vec<Hold>, StoreError> {
        let held = Fragment::new("WHERE released_at IS NULL ORDER BY held_at DESC, id LIMIT ?").bind(i64::from(most));
        self.read(Fragment::new(SELECT).then(held)).await
    }

    /// The hold with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn find(&self, id: &str) -> Result<Option<Hold>, StoreError> {
        if id.contains('\0') {
            return Ok(None);
        }
        let found = self.read(Fragment::new(SELECT).then(Fragment::new("WHERE id = ?").bind(id))).await?;
        Ok(found.into_iter().next())
    }

    /// What the resources of a sample are called, by their ids: those that are there, and users that were deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn names(&self, sample: &[Sample]) -> Result<BTreeMap<String, String>, StoreError> {
        let mut names = BTreeMap::new();
        if sample.is_empty() {
            return Ok(names);
        }
        let ids = || Fragment::list(sample.iter().map(|sample| sample.id.as_str()));
        let mut transaction = self.database.read().await?;
        for select in [
            "SELECT id, user_name FROM scim_tombstone WHERE user_name IS NOT NULL AND id IN ",
            "SELECT id, display FROM scim_resource WHERE display IS NOT NULL AND id IN ",
        ] {
            for row in transaction.rows(Fragment::new(select).then(ids())).await? {
                names.insert(row.text(0)?, row.text(1)?);
            }
        }
        Ok(names)
    }

    async fn read(&self, select: Fragment) -> Result<Vec<Hold>, StoreError> {
        let rows = self.database.read().await?.rows(select).await?;
        Ok(rows.iter().map(hold_of).collect::<Result<_, _>>()?)
    }
}

fn corrupt() -> DatabaseError {
    DatabaseError::corrupt("`scim_hold` holds an unreadable hold")
}

fn hold_of(row: &Row) -> Result<Hold, DatabaseError> {
    let time = |column| -> Result<Option<DateTime<Utc>>, DatabaseError> {
        row.optional_text(column)?.map(|text| parse_date_time(&text).map_err(|_| corrupt())).transpose()
    };
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let mut hold: Hold = serde_json::from_str(&row.text(0)?).map_err(|_| corrupt())?;
    hold.refused = number(row.integer(1)?);
    hold.last_refused = time(2)?;
    hold.release = match time(3)? {
        None => None,
        Some(at) => {
            let mut release = Release::new(at);
            let allowed = row.optional_integer(4)?.zip(time(5)?);
            let used = number(row.integer(6)?);
            release.allowance = allowed.map(|(allowed, until)| Allowance::new(number(allowed), until, used));
            Some(release)
        }
    };
    Ok(hold)
}

/// A number as a column has it.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[async_trait]
impl Holds for SqlHolds {
    async fn load(&self, now: DateTime<Utc>) -> Result<Vec<Hold>, StoreError> {
        let open = Fragment::new("WHERE released_at IS NULL OR allowed > used");
        let mut holds = self.read(Fragment::new(SELECT).then(open)).await?;
        holds.retain(|hold| hold.matters(now));
        Ok(holds)
    }

    async fn save(&self, hold: &Hold) -> Result<(), StoreError> {
        let text = serde_json::to_string(hold).map_err(StoreError::internal)?;
        let mut transaction = self.database.write().await?;
        let known = Fragment::new("SELECT 1 FROM scim_hold WHERE id = ?").bind(hold.id.as_str());
        let statement = if transaction.row(known).await?.is_some() {
            Fragment::new("UPDATE scim_hold SET hold = ? WHERE id = ?").bind(text).bind(hold.id.as_str())
        } else {
            let values = [
                Param::from(hold.id.as_str()),
                format_date_time(hold.since).into(),
                text.into(),
                column(hold.refused).into(),
                hold.last_refused.map(format_date_time).as_deref().into(),
                0_i64.into(),
            ];
            Fragment::new("INSERT INTO scim_hold (id, held_at, hold, refused, last_refused, used) VALUES ")
                .then(Fragment::list(values))
        };
        transaction.execute(statement).await?;
        Ok(transaction.commit().await?)
    }

    async fn note(&self, id: &str, news: HoldNews) -> Result<(), StoreError> {
        let statement = Fragment::new(
            "UPDATE scim_hold SET refused = refused + ?, last_refused = coalesce(?, last_refused), used = used + ? WHERE id = ?",
        )
        .bind(column(news.refused))
        .bind(news.last_refused.map(format_date_time).as_deref())
        .bind(column(news.used))
        .bind(id);
        let mut transaction = self.database.write().await?;
        transaction.execute(statement).await?;
        Ok(transaction.commit().await?)
    }

    async fn release(&self, id: &str, release: Release) -> Result<bool, StoreError> {
        if id.contains('\0') {
            return Ok(false);
        }
        let mut transaction = self.database.write().await?;
        let old = Fragment::new("DELETE FROM scim_hold WHERE released_at < ?");
        transaction.execute(old.bind(format_date_time(release.at - TimeDelta::days(KEPT_DAYS)))).await?;
        let allowance = release.allowance.as_ref();
        let statement = Fragment::new(
            "UPDATE scim_hold SET released_at = ?, allowed = ?, allowed_until = ? WHERE id = ? AND released_at IS NULL",
        )
        .bind(format_date_time(release.at))
        .bind(allowance.map(|allowance| column(allowance.number)))
        .bind(allowance.map(|allowance| format_date_time(allowance.until)).as_deref())
        .bind(id);
        let released = transaction.execute(statement).await? > 0;
        transaction.commit().await?;
        Ok(released)
    }
}
