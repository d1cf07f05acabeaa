//! One call of the store: a transaction, and what every step of the call needs to know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use scim_core::Source;
use scim_service::{AccessChange, Context, StoreError};

use crate::rules::RoleMapper;
use crate::sql::{Dialect, Fragment};
use crate::store::names::Learned;
use crate::store::session::audit_event::AuditEvent;
use crate::store::session::held::Held;
use crate::store::session::in_group::OwnGroups;
use crate::store::session::known_writers::Writers;
use crate::store::session::options::StoreOptions;
use crate::store::session::schema_probe::SecurityTables;
use crate::store::session::superset_store::SupersetStore;

/// A call under way. Its steps are in the files of their concepts: records, users, groups, membership, access.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) transaction: Held<'a>,
    pub(crate) tables: &'a SecurityTables,
    pub(crate) rules: Arc<dyn RoleMapper>,
    /// The sources that ever wrote, as far as the rules were told.
    pub(crate) sources: Vec<Source>,
    pub(in crate::store) known: &'a Writers,
    pub(crate) options: &'a StoreOptions,
    pub(crate) cx: &'a Context,
    pub(crate) tenant: &'a str,
    pub(crate) now: DateTime<Utc>,
    /// Whether the request itself says what `active` is to be.
    pub(crate) says_active: bool,
    /// The ids of Superset's roles by name, once they were asked for.
    pub(crate) role_ids: Option<BTreeMap<String, i64>>,
    /// The newest row of `ab_user` that is known, once names were looked for.
    pub(in crate::store) newest_account: Option<i64>,
    /// What was found out of names on the way.
    pub(in crate::store) learned: Learned,
    /// The groups of the user whom the call is about, once they were asked for.
    pub(in crate::store) own_groups: Option<OwnGroups>,
    /// Writes to tables that the rest of the call does not look at.
    later: Vec<Fragment>,
    /// Users who were no administrators when the call took something from them.
    pub(in crate::store) no_admins: BTreeSet<i64>,
    /// Whether there was an administrator before the call took anything away; unknown until it does.
    pub(crate) had_admin: Option<bool>,
    /// Members whose membership the caller asserts from now on, which somebody else did before.
    pub(crate) reasserted: Vec<String>,
    /// What people came to be allowed by the call, and what they are allowed no longer.
    pub(in crate::store) access: AccessChange,
    /// Whether the password of the request was ignored, because an account that is adopted keeps its own.
    pub(in crate::store) ignores_password: bool,
    /// What the call has done, to be written when it ends.
    pub(crate) audit: Vec<AuditEvent>,
    /// What was tried and refused, to be written although the call leaves nothing else.
    pub(crate) alerts: Vec<AuditEvent>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(transaction: Held<'a>, store: &'a SupersetStore, cx: &'a Context) -> Self {
        Self {
            transaction,
            tables: &store.tables,
            rules: store.known.rules(),
            sources: store.known.sources(),
            known: &store.known,
            options: &store.options,
            cx,
            tenant: tenant_of(cx),
            now: cx.now,
            says_active: cx.says_active,
            role_ids: None,
            newest_account: None,
            learned: Learned::default(),
            own_groups: None,
            later: Vec::new(),
            no_admins: BTreeSet::new(),
            had_admin: None,
            reasserted: Vec::new(),
            access: AccessChange::default(),
            ignores_password: false,
            audit: Vec::new(),
            alerts: Vec::new(),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.transaction.dialect()
    }

    /// The time of the call, as Superset's tables have it: without zone.
    pub(crate) fn local_now(&self) -> NaiveDateTime {
        self.now.naive_utc()
    }

    /// Leaves writes for the end of the call, where they are one statement if the engine has such. Each is to a table of its own that
    /// nothing reads or writes until [`flush`](Self::flush).
    pub(in crate::store) fn later(&mut self, writes: impl IntoIterator<Item = Fragment>) {
        self.later.extend(writes);
    }

    /// Does the writes that were left for later.
    pub(in crate::store) async fn flush(&mut self) -> Result<(), StoreError> {
        for statement in Fragment::together(self.dialect(), std::mem::take(&mut self.later)) {
            self.transaction.execute(statement).await?;
        }
        Ok(())
    }

    /// Writes down what was done, and makes it all last.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.write_audit().await?;
        if self.had_admin == Some(true) {
            self.transaction.remember_admin();
        }
        let lasts = self.transaction.lasts();
        self.transaction.commit().await?;
        if lasts {
            self.known.keep(self.sources, self.rules);
        }
        Ok(())
    }
}

/// The tenant of a call as the tables have it; the only tenant is the empty text.
pub(crate) fn tenant_of(cx: &Context) -> &str {
    cx.tenant().unwrap_or_default()
}
