//! What somebody had who loses it, for the record of the loss.

use std::collections::{BTreeMap, BTreeSet};

use scim_service::StoreError;
use serde::Serialize;
use serde_json::Value;

use crate::driver::Row;
use crate::sql::Fragment;
use crate::store::session::Session;

/// What was taken from a row of `ab_user`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Taken {
    /// Roles held in person.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) roles: BTreeSet<String>,
    /// Roles held with groups, which go with those.
    #[serde(skip)]
    pub(crate) by_group: BTreeSet<String>,
    /// Groups of Superset.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) groups: BTreeSet<String>,
    /// Rows of `ab_api_key`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) api_keys: BTreeSet<i64>,
    /// Active alerts and reports that run in the name of the person, and stop unless somebody takes them over.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) reports: BTreeMap<i64, String>,
    /// Who took these over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reports_to: Option<String>,
}

impl Taken {
    /// Whether there was nothing to take.
    pub(crate) fn is_nothing(&self) -> bool {
        self.roles.is_empty() && self.groups.is_empty() && self.api_keys.is_empty()
    }

    /// As the audit table has it.
    pub(crate) fn detail(&self) -> Result<Value, StoreError> {
        serde_json::to_value(self).map_err(StoreError::internal)
    }
}

impl Session<'_> {
    /// What these users have that a deactivation takes.
    pub(in crate::store) async fn held_by(&mut self, users: &[i64]) -> Result<BTreeMap<i64, Taken>, StoreError> {
        let mut held: BTreeMap<i64, Taken> = users.iter().map(|user| (*user, Taken::default())).collect();
        let mut selects = vec![
            "SELECT ur.user_id, 'role', r.id, r.name FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE ur.user_id IN ",
        ];
        if self.tables.groups {
            selects.push(
                "SELECT ug.user_id, 'group', g.id, g.name FROM ab_user_group ug JOIN ab_group g ON g.id = ug.group_id \
                 WHERE ug.user_id IN ",
            );
        }
        if self.tables.group_roles {
            selects.push(
                "SELECT ug.user_id, 'by group', r.id, r.name FROM ab_user_group ug JOIN ab_group_role gr \
                 ON gr.group_id = ug.group_id JOIN ab_role r ON r.id = gr.role_id WHERE ug.user_id IN ",
            );
        }
        if self.tables.api_keys {
            selects.push("SELECT user_id, 'key', id, NULL FROM ab_api_key WHERE revoked_on IS NULL AND user_id IN ");
        }
        let among = Fragment::list(users.iter().copied());
        let selects = selects.into_iter().map(|select| Fragment::new(select).then(among.clone())).collect();
        self.each(&mut held, Fragment::joined(selects, " UNION ALL "), |taken, row| {
            let name = row.optional_text(3)?.unwrap_or_default();
            match row.text(1)?.as_str() {
                "role" => taken.roles.insert(name),
                "group" => taken.groups.insert(name),
                "by group" => taken.by_group.insert(name),
                _ => taken.api_keys.insert(row.integer(2)?),
            };
            Ok(())
        })
        .await?;
        Ok(held)
    }

    pub(in crate::store) async fn each(
        &mut self,
        held: &mut BTreeMap<i64, Taken>,
        select: Fragment,
        keep: impl Fn(&mut Taken, &Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for row in self.transaction.rows(select).await? {
            if let Some(taken) = held.get_mut(&row.integer(0)?) {
                keep(taken, &row)?;
            }
        }
        Ok(())
    }
}
