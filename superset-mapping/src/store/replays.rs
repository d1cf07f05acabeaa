//! What was used before, in the database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_service::StoreError;
use sha2::{Digest, Sha256};

use crate::driver::Database;
use crate::login::ReplayStore;
use crate::sql::Fragment;
use crate::store::ConnectError;

/// Identifiers have any length; their hashes fit an index.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS scim_seen_message (\
                     key_hash CHAR(64) NOT NULL PRIMARY KEY, expires_at BIGINT NOT NULL)";

/// Remembers in the table `scim_seen_message` of a database, for all hosts that share it.
#[derive(Clone, Debug)]
pub struct SqlReplays {
    database: Database,
}

impl SqlReplays {
    /// Opens the database, as [`SupersetStore::connect`](crate::SupersetStore::connect) does, and makes the table where it is
    /// missing.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says what to do.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let database = Database::open(url, false).await?.ok_or(ConnectError::Url)?;
        let mut transaction = database.migrate().await?;
        transaction.script(TABLE).await?;
        transaction.migrated().await?;
        Ok(Self { database })
    }
}

#[async_trait]
impl ReplayStore for SqlReplays {
    async fn first_use(&self, key: &str, expires: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        // Writers take turns, so that nobody comes between the look and the entry.
        let mut transaction = self.database.write().await?;
        let forget = Fragment::new("DELETE FROM scim_seen_message WHERE expires_at <= ?").bind(now.timestamp());
        transaction.execute(forget).await?;
        let key = hash(key);
        let known = Fragment::new("SELECT 1 FROM scim_seen_message WHERE key_hash = ?").bind(key.as_str());
        if transaction.row(known).await?.is_some() {
            return Ok(false);
        }
        // A second is the unit: one that has begun counts.
        let enter = Fragment::new("INSERT INTO scim_seen_message (key_hash, expires_at) VALUES (?, ?)");
        transaction.execute(enter.bind(key).bind(expires.timestamp() + 1)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn was_used(&self, key: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let known = Fragment::new("SELECT 1 FROM scim_seen_message WHERE key_hash = ? AND expires_at > ?");
        let mut transaction = self.database.read().await?;
        Ok(transaction.row(known.bind(hash(key)).bind(now.timestamp())).await?.is_some())
    }
}

fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}
