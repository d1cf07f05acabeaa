//! Alerts and reports of people who leave. Superset runs a report in the name of an owner, and one whose owner is inactive stops
//! without a word.

use std::collections::BTreeMap;

use scim_service::StoreError;

use crate::sql::Fragment;
use crate::store::audit::Taken;
use crate::store::session::Session;

const OWNERS: &str = "report_schedule_user";
const EDITORS: &str = "report_schedule_editors";

impl Session<'_> {
    /// Notes the active reports of these users.
    pub(in crate::store) async fn add_reports(&mut self, held: &mut BTreeMap<i64, Taken>) -> Result<(), StoreError> {
        let users: Vec<i64> = held.keys().copied().collect();
        if !self.tables.reports || users.is_empty() {
            return Ok(());
        }
        let mut statements = Vec::new();
        if self.tables.owners.iter().any(|(table, _)| *table == OWNERS) {
            statements.push(
                "SELECT o.user_id, s.id, s.name FROM report_schedule_user o JOIN report_schedule s \
                 ON s.id = o.report_schedule_id WHERE s.active IS TRUE AND o.user_id IN ",
            );
        }
        if self.tables.editors.iter().any(|(table, _)| table == EDITORS) {
            statements.push(
                "SELECT j.user_id, s.id, s.name FROM report_schedule_editors o JOIN subjects j ON j.id = o.subject_id \
                 JOIN report_schedule s ON s.id = o.report_schedule_id WHERE s.active IS TRUE AND j.user_id IN ",
            );
        }
        for statement in statements {
            let select = Fragment::new(statement).then(Fragment::list(users.iter().copied()));
            self.each(held, select, |taken, row| {
                taken.reports.insert(row.integer(1)?, row.optional_text(2)?.unwrap_or_default());
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Hands the reports of a user who leaves to whom the host names, and says in the log what stops otherwise.
    pub(in crate::store) async fn leave_reports(&mut self, user: i64, taken: &mut Taken) -> Result<(), StoreError> {
        if taken.reports.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = taken.reports.keys().copied().collect();
        let options = self.options;
        let heir = match options.reports_to() {
            Some(username) => self.heir(username, user).await?.map(|heir| (username, heir)),
            None => None,
        };
        let Some((username, heir)) = heir else {
            tracing::warn!(
                ab_user = user, reports = ?ids,
                "alerts and reports run in the name of somebody who is inactive now: they stop until they have another owner"
            );
            return Ok(());
        };
        self.pass_on_ownership(OWNERS, user, heir).await?;
        self.pass_on_editing(Some(EDITORS), user, heir).await?;
        tracing::info!(ab_user = user, reports = ?ids, to = username, "handed over alerts and reports");
        taken.reports_to = Some(username.to_owned());
        Ok(())
    }
}
