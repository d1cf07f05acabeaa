//! The rows of `subjects`, where Superset has that table: a mirror of users and groups that its own code keeps by hooks,
//! and that nobody else keeps.

use scim_service::StoreError;
use uuid::Uuid;

use crate::sql::{Fragment, SUBJECTS};
use crate::store::session::Session;

/// `SubjectType` of Superset.
const USER: i64 = 1;
const ROLE: i64 = 2;
const GROUP: i64 = 3;

impl Session<'_> {
    /// Makes the subject of a user say what the row of the user says.
    pub(in crate::store) async fn keep_user_subject(&mut self, user: i64) -> Result<(), StoreError> {
        if !self.tables.subjects {
            return Ok(());
        }
        let statement = "SELECT u.first_name, u.last_name, u.username, u.email, u.active FROM ab_user u WHERE u.id = ?";
        let Some(row) = self.transaction.row(Fragment::new(statement).bind(user)).await? else { return Ok(()) };
        let whole = format!("{} {}", row.text(0)?, row.text(1)?);
        let label = if whole.trim().is_empty() { row.text(2)? } else { whole.trim().to_owned() };
        let (email, active) = (row.text(3)?, row.boolean(4)?);
        let update = "UPDATE subjects SET label = ?, secondary_label = ?, active = ? WHERE user_id = ?";
        let update = Fragment::new(update).bind(label.as_str()).bind(email.as_str()).bind(active).bind(user);
        if self.transaction.execute(update).await? == 0 {
            let row = Fragment::new("?, ?, ?, ?, ?").bind(label).bind(email).bind(active).bind(USER).bind(user);
            self.insert_subject("label, secondary_label, active, type, user_id", row).await?;
        }
        if self.tables.subject_search {
            let search =
                Fragment::new("UPDATE subjects SET extra_search = secondary_label WHERE user_id = ?").bind(user);
            self.transaction.execute(search).await?;
        }
        self.identify_subject(Fragment::new("user_id = ?").bind(user)).await
    }

    /// Makes the subject of a role that we made.
    pub(in crate::store) async fn keep_role_subject(&mut self, role: i64, name: &str) -> Result<(), StoreError> {
        if !self.tables.subjects {
            return Ok(());
        }
        let row = Fragment::new("?, ?, ?, ?").bind(name).bind(true).bind(ROLE).bind(role);
        self.insert_subject("label, active, type, role_id", row).await?;
        self.identify_subject(Fragment::new("role_id = ?").bind(role)).await
    }

    /// Makes the subject of a group have the group's name.
    pub(in crate::store) async fn keep_group_subject(&mut self, group: i64, name: &str) -> Result<(), StoreError> {
        if !self.tables.subjects {
            return Ok(());
        }
        let update = Fragment::new("UPDATE subjects SET label = ? WHERE group_id = ?").bind(name).bind(group);
        if self.transaction.execute(update).await? == 0 {
            let row = Fragment::new("?, ?, ?, ?").bind(name).bind(true).bind(GROUP).bind(group);
            self.insert_subject("label, active, type, group_id", row).await?;
        }
        if self.tables.subject_search {
            // Name and label are the same: there is nothing else to be found by.
            let search = Fragment::new("UPDATE subjects SET extra_search = NULL WHERE group_id = ?").bind(group);
            self.transaction.execute(search).await?;
        }
        self.identify_subject(Fragment::new("group_id = ?").bind(group)).await
    }

    /// Removes the subject of a group whose row goes.
    pub(in crate::store) async fn drop_group_subject(&mut self, group: i64) -> Result<(), StoreError> {
        if self.tables.subjects {
            let statement = Fragment::new("DELETE FROM subjects WHERE group_id = ?").bind(group);
            self.transaction.execute(statement).await?;
        }
        Ok(())
    }

    /// Gives a subject a UUID, where subjects have one.
    async fn identify_subject(&mut self, which: Fragment) -> Result<(), StoreError> {
        if self.tables.subject_uuids {
            let uuid = Fragment::new(self.dialect().uuid()).bind(Uuid::new_v4().simple().to_string());
            let set = Fragment::new("UPDATE subjects SET uuid = ").then(uuid);
            self.transaction.execute(set.then(Fragment::new(" WHERE uuid IS NULL AND ")).then(which)).await?;
        }
        Ok(())
    }

    /// The subject of a user, which is made if there is none.
    pub(in crate::store) async fn subject_of_user(&mut self, user: i64) -> Result<Option<i64>, StoreError> {
        if !self.tables.subjects {
            return Ok(None);
        }
        self.keep_user_subject(user).await?;
        let statement = Fragment::new("SELECT id FROM subjects WHERE user_id = ?").bind(user);
        Ok(self.transaction.row(statement).await?.map(|row| row.integer(0)).transpose()?)
    }

    async fn insert_subject(&mut self, columns: &'static str, row: Fragment) -> Result<(), StoreError> {
        let insert = SUBJECTS.insert(self.dialect(), self.tables.ids(&SUBJECTS), columns, vec![row]);
        self.transaction.execute(insert).await?;
        Ok(())
    }
}
