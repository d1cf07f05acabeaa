//! What was used before.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_service::StoreError;

/// Remembers identifiers of messages until they expire, so that each is used once.
///
/// Behind several hosts there has to be one such store: `SqlReplays`, or the host's own.
#[async_trait]
pub trait ReplayStore: Send + Sync + 'static {
    /// Remembers `key` until `expires`, and says whether it was not known before. Of two calls with one key, on whichever host,
    /// one is told so.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where that is not certain: the message is then refused.
    async fn first_use(&self, key: &str, expires: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Whether `key` was used, and is still remembered. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where that is not certain.
    async fn was_used(&self, key: &str, now: DateTime<Utc>) -> Result<bool, StoreError>;
}

/// Remembers in memory, for a single process: a restart forgets.
#[derive(Debug, Default)]
pub struct MemoryReplays {
    seen: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl MemoryReplays {
    /// Nothing seen so far.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl ReplayStore for MemoryReplays {
    async fn first_use(&self, key: &str, expires: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut seen = self.seen.lock().map_err(|_| StoreError::internal("an earlier call was cut short"))?;
        seen.retain(|_, expires| *expires > now);
        Ok(seen.insert(key.to_owned(), expires).is_none())
    }

    async fn was_used(&self, key: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let seen = self.seen.lock().map_err(|_| StoreError::internal("an earlier call was cut short"))?;
        Ok(seen.get(key).is_some_and(|expires| *expires > now))
    }
}
