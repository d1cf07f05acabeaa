//! The rows of `ab_group`, where Superset has groups.

use scim_core::Source;
use scim_filter::fold;
use scim_service::StoreError;
use serde_json::json;

use crate::sql::{AB_GROUP, Dialect, Fragment, Param};
use crate::store::resources::{LocalRow, Record};
use crate::store::session::Action;
use crate::store::session::Session;
use crate::store::session::{fits, fits_narrow};

/// The width of `ab_group.name`, in characters.
const MAX_GROUP_NAME: usize = 100;

/// What the row of a group is called: by its `displayName`. A group that logins of an identity provider make has the provider's name
/// before it, so that it is nobody else's group, and takes no name from one.
pub(crate) fn row_name(record: &Record) -> String {
    let name = record.display_name();
    match &record.source {
        Source::Provider(provider) => format!("{provider}:{name}"),
        _ => name.into_owned(),
    }
}

impl Session<'_> {
    /// Gives a new group a row: that of a group of the same name that somebody made in Superset, where the host lets it be adopted,
    /// else a new one.
    pub(in crate::store) async fn open_group(&mut self, record: &Record) -> Result<Option<LocalRow>, StoreError> {
        if !self.tables.groups {
            return Ok(None);
        }
        let name = row_name(record);
        fits("displayName", &name, MAX_GROUP_NAME)?;
        if self.options.adopts_groups()
            && let Some((row, held)) = self.named_alike(&name, None).await?
            && let Some(row) = self.group_to_adopt(row).await?
        {
            let mark = if self.dialect() == Dialect::Sqlite { held } else { String::new() };
            self.record_audit(Action::Adopt, "Group", &record.id, None, json!({"ab_group": row, "by": "displayName"}));
            return self.write_group(Some(LocalRow { id: row, mark }), record).await;
        }
        self.write_group(None, record).await
    }

    /// Makes the row of a group follow its name; a new row for a new group, and where somebody deleted the old one
    /// in Superset.
    pub(crate) async fn write_group(
        &mut self,
        local: Option<LocalRow>,
        record: &Record,
    ) -> Result<Option<LocalRow>, StoreError> {
        if !self.tables.groups {
            return Ok(None);
        }
        let name = row_name(record);
        let name = name.as_str();
        fits("displayName", name, MAX_GROUP_NAME)?;
        if self.tables.narrow_groups {
            fits_narrow("displayName", name)?;
        }
        let own = match local {
            Some(local) => self.name_of_group(&local).await?.map(|held| (local, held)),
            None => None,
        };
        if let Some((local, held)) = &own
            && held == name
        {
            return Ok(Some(local.clone()));
        }
        self.refuse_taken_group_name(name, own.as_ref().map(|(local, _)| local.id)).await?;
        let id = match own {
            Some((local, _)) => {
                let statement = Fragment::new("UPDATE ab_group SET name = ?, label = ? WHERE id = ?");
                self.transaction.execute(statement.bind(name).bind(name).bind(local.id)).await?;
                local.id
            }
            None => self.insert_row(&AB_GROUP, "Group", "name, label", [Param::from(name), name.into()]).await?,
        };
        self.keep_group_subject(id, name).await?;
        let mark = if self.dialect() == Dialect::Sqlite { name } else { "" };
        Ok(Some(LocalRow { id, mark: mark.to_owned() }))
    }

    /// Deletes the row of a group, with what hangs on it.
    pub(crate) async fn drop_group(&mut self, local: &LocalRow) -> Result<(), StoreError> {
        if !self.tables.groups || self.name_of_group(local).await?.is_none() {
            return Ok(());
        }
        self.note_admin_by(local.id).await?;
        let mut statements = vec![
            Fragment::new("DELETE FROM ab_user_group WHERE group_id = ?"),
            Fragment::new("DELETE FROM scim_grant WHERE relation = 'ab_user_group' AND held_id = ?"),
            Fragment::new("DELETE FROM scim_grant WHERE relation = 'ab_group_role' AND holder_id = ?"),
        ];
        if self.tables.group_roles {
            statements.push(Fragment::new("DELETE FROM ab_group_role WHERE group_id = ?"));
        }
        statements.push(Fragment::new("DELETE FROM ab_group WHERE id = ?"));
        self.drop_group_subject(local.id).await?;
        for statement in statements {
            self.transaction.execute(statement.bind(local.id)).await?;
        }
        Ok(())
    }

    /// What the row is called, if it is still the one that we wrote. Where ids are never given out again, that is so whatever
    /// somebody called it since.
    async fn name_of_group(&mut self, local: &LocalRow) -> Result<Option<String>, StoreError> {
        let statement = Fragment::new("SELECT g.name FROM ab_group g WHERE g.id = ? AND ")
            .bind(local.id)
            .then(Fragment::new(self.dialect().group_mark()))
            .then(Fragment::new(" = ?").bind(local.mark.as_str()));
        Ok(self.transaction.row(statement).await?.map(|row| row.text(0)).transpose()?)
    }

    /// Refuses a name that another group of Superset has, in whatever case: it may hold roles.
    async fn refuse_taken_group_name(&mut self, name: &str, own: Option<i64>) -> Result<(), StoreError> {
        let Some((row, _)) = self.named_alike(name, own).await? else { return Ok(()) };
        let attribute = "displayName".to_owned();
        if self.group_is_local(row).await? {
            let holder = "a group that somebody made in Superset, which is no SCIM resource: it can be taken over by a POST where \
                          the host allows it (`--adopt-groups`) and it gives no protected role, or be renamed in Superset";
            return Err(StoreError::HeldElsewhere { attribute, holder: holder.to_owned() });
        }
        Err(StoreError::Uniqueness { attribute })
    }

    /// Another row of `ab_group` with this name, in whatever case, and how the name is written there.
    async fn named_alike(&mut self, name: &str, own: Option<i64>) -> Result<Option<(i64, String)>, StoreError> {
        let folded = fold(name);
        let statement = Fragment::new("SELECT g.name, g.name = ?, g.id FROM ab_group g WHERE ")
            .bind(name)
            .then(Fragment::new(self.dialect().group_candidates()).bind(&*folded).bind(name))
            .then(Fragment::new(" AND (? IS NULL OR g.id <> ?)").bind(own).bind(own));
        for row in self.transaction.rows(statement).await? {
            let held = row.text(0)?;
            if row.boolean(1)? || fold(&held) == folded {
                return Ok(Some((row.integer(2)?, held)));
            }
        }
        Ok(None)
    }
}
