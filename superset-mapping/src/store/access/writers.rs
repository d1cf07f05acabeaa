//! Which sources ever wrote, which tells whom rules believe that name no source.

use scim_core::json::format_date_time;
use scim_core::{Provenance, Source};
use scim_service::StoreError;

use crate::sql::{Fragment, Param};
use crate::store::session::Held;
use crate::store::session::Session;
use crate::store::session::SupersetStore;
use crate::store::session::{ConnectError, failed};
use crate::store::session::{read_source, source_text};

/// Whether nothing that is still to come changes whom rules believe that name no source.
fn is_settled(sources: &[Source]) -> bool {
    let first = sources.iter().find(|source| **source != Source::Host);
    match first {
        None => false,
        Some(Source::UnknownClient) => sources.iter().any(|source| matches!(source, Source::Client(_))),
        Some(_) => true,
    }
}

impl SupersetStore {
    /// The sources that ever wrote here, in the order in which they first did.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn writers(&self) -> Result<Vec<Source>, StoreError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.rows(Fragment::new(SOURCES)).await?;
        Ok(rows.iter().map(|row| read_source(&row.text(0)?)).collect::<Result<_, _>>()?)
    }

    /// Checks that everybody who can write through a program is somebody whom the rules know: for a program to call before it
    /// serves anybody. See [`RuleSet::check_writers`](crate::RuleSet::check_writers).
    ///
    /// # Errors
    ///
    /// [`ConnectError::Writers`], which says what to add to the rules.
    pub async fn check_writers(&self, writers: &[Provenance]) -> Result<(), ConnectError> {
        let recorded = self.writers().await.map_err(failed)?;
        Ok(self.rules().check_writers(writers, &recorded)?)
    }
}

/// The sources that ever wrote, in the order in which they first did.
pub(in crate::store) const SOURCES: &str = "SELECT source FROM scim_source ORDER BY position, first_at, source";

impl Session<'_> {
    /// Tells the rules which sources ever wrote, where that still matters.
    pub(crate) async fn know_writers(&mut self) -> Result<(), StoreError> {
        if is_settled(&self.sources) { Ok(()) } else { self.read_writers().await }
    }

    async fn read_writers(&mut self) -> Result<(), StoreError> {
        let rows = self.transaction.rows(Fragment::new(SOURCES)).await?;
        let sources = rows.iter().map(|row| read_source(&row.text(0)?)).collect::<Result<_, _>>()?;
        self.tell_rules(sources);
        // Nothing was written yet, so that this is what others see too. In a transaction of several calls it may not be.
        if let Held::Own(_) = self.transaction {
            self.known.keep(self.sources.clone(), self.rules.clone());
        }
        Ok(())
    }

    fn tell_rules(&mut self, sources: Vec<Source>) {
        if let Some(told) = self.rules.believing(&sources) {
            self.rules = told;
        }
        self.sources = sources;
    }

    /// Remembers that the caller has written.
    pub(in crate::store) async fn record_writer(&mut self) -> Result<(), StoreError> {
        let writer = self.cx.principal.source();
        if self.sources.contains(writer) {
            return Ok(());
        }
        self.read_writers().await?;
        if self.sources.contains(writer) {
            return Ok(());
        }
        let insert = Fragment::new("INSERT INTO scim_source (source, position, first_at) VALUES ");
        let position = i64::try_from(self.sources.len()).unwrap_or(i64::MAX).saturating_add(1);
        let row = [source_text(writer)?.into(), position.into(), Param::from(format_date_time(self.now))];
        self.transaction.execute(insert.then(Fragment::list(row))).await?;
        if !self.sources.is_empty() {
            tracing::warn!(
                source = %writer,
                "another source writes here for the first time: rules that name no source do not believe it unless `sources` says so"
            );
        }
        let mut sources = std::mem::take(&mut self.sources);
        sources.push(writer.clone());
        self.tell_rules(sources);
        Ok(())
    }
}
