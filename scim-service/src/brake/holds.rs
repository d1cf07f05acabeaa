//! Where holds are kept, so that they survive a restart and all servers know them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::brake::hold::{Hold, Release};
use crate::store::StoreError;

/// What happened under a hold since it was told of last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HoldNews {
    /// How many writes were refused.
    pub refused: u64,
    /// When the last of them was.
    pub last_refused: Option<DateTime<Utc>>,
    /// How many writes its release let pass.
    pub used: u64,
}

impl HoldNews {
    pub(super) fn is_nothing(self) -> bool {
        self.refused == 0 && self.used == 0
    }
}

/// Where holds are kept. Several servers may share one place: what one holds the others hold too, once they have
/// [looked](crate::brake::Brake::sync).
#[async_trait]
pub trait Holds: Send + Sync + 'static {
    /// The holds that [matter](Hold::matters) at this time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where they cannot be read.
    async fn load(&self, now: DateTime<Utc>) -> Result<Vec<Hold>, StoreError>;

    /// Keeps a hold. Of one that is there already, only what was done is written anew: others may have released it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where it cannot be written.
    async fn save(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Adds to what a hold refused, and to what its release let pass.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where it cannot be written.
    async fn note(&self, id: &str, news: HoldNews) -> Result<(), StoreError>;

    /// Releases a hold: the writes of the client go on once the servers have looked. Says whether there was such a hold that was not
    /// released yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where it cannot be written.
    async fn release(&self, id: &str, release: Release) -> Result<bool, StoreError>;
}

/// How many holds are kept in memory once they are released.
const MAX_RELEASED: usize = 1_000;

/// Keeps holds in memory, until the process ends. Clones share them.
///
/// ```
/// use chrono::Utc;
/// use scim_service::brake::{Holds, MemoryHolds, Release};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let holds = MemoryHolds::default();
/// for hold in holds.all().iter().filter(|hold| hold.is_held()) {
///     holds.release(&hold.id, Release::new(Utc::now())).await?;
/// }
/// # Ok::<(), scim_service::StoreError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryHolds(Arc<Mutex<Vec<Hold>>>);

impl MemoryHolds {
    /// All holds, the newest last; of those that are over the last 1,000.
    pub fn all(&self) -> Vec<Hold> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Holds for MemoryHolds {
    async fn load(&self, now: DateTime<Utc>) -> Result<Vec<Hold>, StoreError> {
        Ok(self.lock().iter().filter(|hold| hold.matters(now)).cloned().collect())
    }

    async fn save(&self, hold: &Hold) -> Result<(), StoreError> {
        let mut holds = self.lock();
        match holds.iter_mut().find(|known| known.id == hold.id) {
            Some(known) => known.done.clone_from(&hold.done),
            None => holds.push(hold.clone()),
        }
        if holds.iter().filter(|hold| !hold.is_held()).count() > MAX_RELEASED
            && let Some(oldest) = holds.iter().position(|hold| !hold.is_held())
        {
            holds.remove(oldest);
        }
        Ok(())
    }

    async fn note(&self, id: &str, news: HoldNews) -> Result<(), StoreError> {
        if let Some(hold) = self.lock().iter_mut().find(|hold| hold.id == id) {
            hold.refused = hold.refused.saturating_add(news.refused);
            hold.last_refused = hold.last_refused.max(news.last_refused);
            if let Some(allowance) = hold.release.as_mut().and_then(|release| release.allowance.as_mut()) {
                allowance.used = allowance.used.saturating_add(news.used);
            }
        }
        Ok(())
    }

    async fn release(&self, id: &str, release: Release) -> Result<bool, StoreError> {
        let mut holds = self.lock();
        let held = holds.iter_mut().find(|hold| hold.id == id && hold.is_held());
        Ok(held.map(|hold| hold.release = Some(release)).is_some())
    }
}
