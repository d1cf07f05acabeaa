//! Identifiers of groups by which rules give protected roles, each kept for the first group that claimed it.

use chrono::Utc;
use scim_core::json::format_date_time;
use scim_core::{Provenance, ResourceId, Source};
use scim_service::{Context, StoreError};
use serde_json::json;

use crate::driver::Row;
use crate::rules::{Bound, GroupRef};
use crate::sql::{Fragment, Param, index_key};
use crate::store::resources::Record;
use crate::store::session::Action;
use crate::store::session::Company;
use crate::store::session::Session;
use crate::store::session::Sessions;
use crate::store::session::SupersetStore;
use crate::store::session::{provenance, read_source, source_text};

/// An `externalId` by which rules give protected roles, and the group that has it: the first that claimed it.
///
/// No other group gets it, whoever claims it, in no tenant. When the group is gone, only whoever asserted it may make it again;
/// [`SupersetStore::release_pin`] lets everybody claim it anew.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pin {
    /// The `externalId`, as the group has it.
    pub external_id: String,
    /// The SCIM `id` of the group.
    pub group: String,
    /// Who asserted the group when it claimed the identifier.
    pub provenance: Provenance,
    /// The `displayName` of the group; `None` where it is gone, or has the identifier no longer.
    pub display_name: Option<String>,
    /// When it was claimed.
    pub pinned_at: String,
}

impl Pin {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            external_id: row.text(0)?,
            group: row.text(1)?,
            provenance: provenance(read_source(&row.text(3)?)?, &row.text(2)?),
            pinned_at: row.text(4)?,
            display_name: row.optional_text(5)?,
        })
    }
}

const SELECT: &str = "SELECT p.external_id, p.resource_id, p.tenant, p.source, p.pinned_at, r.display FROM scim_pin p \
                      LEFT JOIN scim_resource r ON r.id = p.resource_id AND r.external_key = p.external_key ";

impl SupersetStore {
    /// The identifiers by which rules give protected roles, in their order, with the groups that have them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn pins(&self) -> Result<Vec<Pin>, StoreError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.rows(Fragment::new(SELECT).then(Fragment::new("ORDER BY p.external_key"))).await?;
        rows.iter().map(Pin::read).collect()
    }

    /// Takes an identifier from the group that has it, and gives it to the first live group that claims it and that the rules believe;
    /// where there is none, to the next one that does. Says whether any group had it. For operators: it decides who gets protected
    /// roles.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn release_pin(&self, cx: &Context, external_id: &str) -> Result<bool, StoreError> {
        let mut session = self.writing(cx, Company::Alone).await?;
        let Some(pin) = session.pin_of(external_id).await? else { return Ok(false) };
        let delete = Fragment::new("DELETE FROM scim_pin WHERE external_key = ?").bind(&*index_key(external_id));
        session.transaction.execute(delete).await?;
        let id: ResourceId = pin.group.parse().map_err(StoreError::internal)?;
        session.record_audit(Action::Unpin, "Group", &id, None, json!({"source": pin.provenance.to_string()}));
        session.pin_first(external_id, Some(&pin.group)).await?;
        session.commit().await?;
        Ok(true)
    }

    /// Pins what rules give protected roles by and no group has yet: rules may be newer than groups.
    pub(in crate::store) async fn pin_claims(&self) -> Result<(), StoreError> {
        let bindings = self.rules.protected_bindings();
        if bindings.is_empty() {
            return Ok(());
        }
        let cx = Context::internal("rules", Utc::now());
        let mut session = self.writing(&cx, Company::Alone).await?;
        // Whom rules believe may depend on who wrote first.
        let bindings = session.rules.protected_bindings();
        for external_id in bindings {
            if session.pin_of(&external_id).await?.is_none() {
                session.pin_first(&external_id, None).await?;
            }
        }
        session.commit().await
    }
}

impl Session<'_> {
    /// Lets a group have its `externalId`, where rules are bound to it: it is the only live one that they could believe, and where they
    /// give protected roles by it, it is the first that ever claimed it.
    pub(in crate::store) async fn claim_binding(
        &mut self,
        before: Option<&Record>,
        record: &Record,
    ) -> Result<(), StoreError> {
        let Some(external_id) = record.external_id() else { return Ok(()) };
        let external_id = &*external_id;
        let is_new = before.is_none_or(|before| {
            before.external_id().as_deref() != Some(external_id) || before.source != record.source
        });
        if !is_new {
            return Ok(());
        }
        let group = GroupRef::new(record.id.clone(), &record.display_name())
            .with_external_id(external_id)
            .asserted_by(record.provenance().into());
        let bound = self.rules.bound(&group);
        if bound == Bound::default() {
            return Ok(());
        }
        let pin = if bound.protected { self.pin_of(external_id).await? } else { None };
        if let Some(pin) = pin {
            return self.claim_pinned(record, external_id, &pin).await;
        }
        for other in self.claimants(external_id).await?.into_iter().filter(|other| other.id != record.id) {
            if self.rules.bound(&other).competes_with(&bound) {
                if bound.protected {
                    self.alert_claim(record, external_id, "another group has the identifier");
                }
                return Err(StoreError::Uniqueness { attribute: "externalId".to_owned() });
            }
        }
        if bound.gives_protected {
            return self.pin(&group, external_id).await;
        }
        if bound.protected {
            self.alert_claim(record, external_id, "the rules do not believe who asserts the group");
            let alerts = std::mem::take(&mut self.alerts);
            self.audit.extend(alerts);
        }
        Ok(())
    }

    async fn claim_pinned(&mut self, record: &Record, external_id: &str, pin: &Pin) -> Result<(), StoreError> {
        if pin.group == record.id.as_str() {
            return Ok(());
        }
        let (source, of) = (&record.source, pin.provenance.source());
        let same = (source == of || (*of == Source::UnknownClient && source.is_client()))
            && pin.provenance.tenant() == record.provenance().tenant();
        if pin.display_name.is_none() && same {
            let update =
                Fragment::new("UPDATE scim_pin SET resource_id = ?, source = ?, pinned_at = ? WHERE external_key = ?")
                    .bind(record.id.as_str())
                    .bind(source_text(source)?)
                    .bind(format_date_time(self.now))
                    .bind(&*index_key(external_id));
            self.transaction.execute(update).await?;
            self.record_audit(
                Action::Pin,
                "Group",
                &record.id,
                None,
                json!({"source": source.to_string(), "again": true}),
            );
            return Ok(());
        }
        self.alert_claim(record, external_id, "another group claimed the identifier first");
        Err(StoreError::Uniqueness { attribute: "externalId".to_owned() })
    }

    /// Somebody claims what gives a protected role. That is worth a look, whatever comes of it.
    fn alert_claim(&mut self, record: &Record, external_id: &str, why: &str) {
        let by = record.provenance();
        tracing::warn!(%by, external_id, why, "a group claims an identifier by which rules give protected roles");
        self.alert(
            Action::Claim,
            "Group",
            &record.id,
            json!({"by": by.to_string(), "externalId": external_id, "why": why}),
        );
    }

    async fn pin_of(&mut self, external_id: &str) -> Result<Option<Pin>, StoreError> {
        let select =
            Fragment::new(SELECT).then(Fragment::new("WHERE p.external_key = ?").bind(&*index_key(external_id)));
        self.transaction.row(select).await?.map(|row| Pin::read(&row)).transpose()
    }

    /// The live groups of all tenants that claim an identifier, the oldest first.
    async fn claimants(&mut self, external_id: &str) -> Result<Vec<GroupRef>, StoreError> {
        let select = "SELECT r.id, r.display, r.source, r.tenant FROM scim_resource r \
                      WHERE r.external_key = ? AND r.resource_type = 'Group' ORDER BY r.created, r.id";
        let mut groups = Vec::new();
        for row in self.transaction.rows(Fragment::new(select).bind(&*index_key(external_id))).await? {
            let id = row.text(0)?.parse().map_err(StoreError::internal)?;
            let provenance = provenance(read_source(&row.text(2)?)?, &row.text(3)?);
            let group = GroupRef::new(id, &row.optional_text(1)?.unwrap_or_default());
            groups.push(group.with_external_id(external_id).asserted_by(provenance.into()));
        }
        Ok(groups)
    }

    /// Pins an identifier to the oldest group that claims it and that the rules believe.
    async fn pin_first(&mut self, external_id: &str, but: Option<&str>) -> Result<(), StoreError> {
        let claimants = self.claimants(external_id).await?;
        let others = claimants.into_iter().filter(|group| Some(group.id.as_str()) != but);
        let first = others.into_iter().find(|group| self.rules.bound(group).gives_protected);
        match first {
            Some(group) => self.pin(&group, external_id).await,
            None => Ok(()),
        }
    }

    async fn pin(&mut self, group: &GroupRef, external_id: &str) -> Result<(), StoreError> {
        let Some(by) = &group.provenance else { return Ok(()) };
        let insert = "INSERT INTO scim_pin (external_key, external_id, resource_id, tenant, source, pinned_at) VALUES ";
        let row = Fragment::list([
            (&*index_key(external_id)).into(),
            external_id.into(),
            group.id.as_str().into(),
            by.tenant().unwrap_or_default().into(),
            source_text(by.source())?.into(),
            Param::from(format_date_time(self.now)),
        ]);
        self.transaction.execute(Fragment::new(insert).then(row)).await?;
        tracing::info!(%by, external_id, group = %group.id, "a group has an identifier by which rules give protected roles");
        self.record_audit(Action::Pin, "Group", &group.id, None, json!({"source": by.to_string()}));
        Ok(())
    }
}
