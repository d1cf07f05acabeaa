//! Superset's roles: which there are, and those that are made because rules give them.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::ResourceId;
use scim_filter::fold;
use scim_service::StoreError;
use serde_json::json;

use crate::rules::protects;
use crate::sql::{AB_PERMISSION_VIEW_ROLE, AB_ROLE, Fragment};
use crate::store::session::Action;
use crate::store::session::Session;

impl Session<'_> {
    /// The ids of the roles by their names.
    pub(crate) async fn role_ids(&mut self) -> Result<&BTreeMap<String, i64>, StoreError> {
        if self.role_ids.is_none() {
            let mut ids = BTreeMap::new();
            for row in self.transaction.rows(Fragment::new("SELECT id, name FROM ab_role")).await? {
                ids.insert(row.text(1)?, row.integer(0)?);
            }
            self.role_ids = Some(ids);
        }
        Ok(self.role_ids.get_or_insert_default())
    }

    /// Whether Superset has a role, or gets it once somebody is to have it. Everything counts as there until
    /// [`role_ids`](Self::role_ids) has looked.
    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.role_ids.as_ref().is_none_or(|known| known.contains_key(role) || self.template_for(role, known).is_some())
    }

    /// The role whose permissions a missing role gets. A protected role is made by people alone, and so is one that differs from
    /// another by case: not every database tells the two apart.
    fn template_for(&self, role: &str, known: &BTreeMap<String, i64>) -> Option<i64> {
        let template = *known.get(&self.rules.template_role()?)?;
        let taken = known.keys().any(|known| fold(known) == fold(role));
        (!taken && !protects(&self.rules.protected_roles(), role)).then_some(template)
    }

    /// The ids of the roles with exactly these names. One that Superset lacks is made where the rules say so; else it is told, and
    /// granted once it is there.
    pub(in crate::store) async fn known_roles<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<BTreeSet<i64>, StoreError> {
        let mut ids = BTreeSet::new();
        for name in names {
            let known = self.role_ids().await?.clone();
            if let Some(id) = known.get(name) {
                ids.insert(*id);
            } else if let Some(template) = self.template_for(name, &known) {
                ids.insert(self.create_role(name, template).await?);
            } else {
                Self::tell_missing(name);
            }
        }
        Ok(ids)
    }

    /// Says in the log that a role gives nothing, because Superset does not have it.
    pub(in crate::store) fn tell_missing(role: &str) {
        tracing::warn!(
            role,
            "a rule gives a role that Superset does not have: it gives nothing until somebody creates it"
        );
    }

    async fn create_role(&mut self, name: &str, template: i64) -> Result<i64, StoreError> {
        let dialect = self.dialect();
        let row = Fragment::new("?").bind(name);
        self.transaction.execute(AB_ROLE.insert(dialect, self.tables.ids(&AB_ROLE), "name", vec![row])).await?;
        let id = self.transaction.number(Fragment::new("SELECT id FROM ab_role WHERE name = ?").bind(name)).await?;
        if self.tables.permissions {
            let copies = "permission_view_id, ? FROM ab_permission_view_role WHERE role_id = ?";
            let copies = Fragment::new(copies).bind(id).bind(template);
            let ids = self.tables.ids(&AB_PERMISSION_VIEW_ROLE);
            let copy = AB_PERMISSION_VIEW_ROLE.insert_selected(dialect, ids, "permission_view_id, role_id", copies);
            self.transaction.execute(copy).await?;
        }
        self.keep_role_subject(id, name).await?;
        let from = self.rules.template_role();
        tracing::warn!(role = name, from, "made a role that a rule gives and Superset did not have");
        let resource: ResourceId = format!("role:{id}").parse().map_err(StoreError::internal)?;
        self.record_audit(
            Action::CreateRole,
            "Role",
            &resource,
            None,
            json!({"role": name, "ab_role": id, "from": from}),
        );
        if let Some(known) = &mut self.role_ids {
            known.insert(name.to_owned(), id);
        }
        Ok(id)
    }
}
