//! Rows of `ab_user` that no SCIM user claims: local accounts, and what deleted users left.

use std::collections::BTreeMap;

use scim_filter::fold;
use scim_service::StoreError;

use crate::reconcile::drift::finding::{FindingKind, Subject, Who};
use crate::reconcile::drift::options::DriftOptions;
use crate::reconcile::drift::snapshot::{Found, Snapshot};
use crate::sql::Fragment;
use crate::store::{CHUNK, LocalRow, Session};

/// A row of `ab_user` without a SCIM user.
#[derive(Debug)]
pub(in crate::reconcile) struct Unclaimed {
    pub(in crate::reconcile) row: LocalRow,
    username: String,
    pub(in crate::reconcile) active: bool,
    /// The deleted SCIM user whose row it was, and the tenant.
    pub(in crate::reconcile) soft_deleted: Option<(String, String)>,
}

impl Session<'_> {
    /// Rows that no SCIM user of any tenant claims, selected by a condition on `u` that ends the statement.
    pub(in crate::reconcile) async fn unclaimed(&mut self, condition: Fragment) -> Result<Vec<Unclaimed>, StoreError> {
        let mark = || Fragment::new(self.dialect().user_mark());
        let select = Fragment::new("SELECT u.id, u.username, u.active, t.id, t.tenant, ")
            .then(mark())
            .then(Fragment::new(
                " FROM ab_user u LEFT JOIN scim_resource r ON r.resource_type = 'User' AND r.local_id = u.id \
                 AND r.local_mark = ",
            ))
            .then(mark())
            .then(Fragment::new(
                " LEFT JOIN scim_tombstone t ON t.resource_type = 'User' AND t.local_id = u.id AND t.local_mark = ",
            ))
            .then(mark())
            .then(Fragment::new(" WHERE r.id IS NULL AND "));
        let mut rows = BTreeMap::new();
        for row in self.transaction.rows(select.then(condition)).await? {
            let id = row.integer(0)?;
            let unclaimed = Unclaimed {
                row: LocalRow { id, mark: row.text(5)? },
                username: row.text(1)?,
                active: row.boolean(2)?,
                soft_deleted: row.optional_text(3)?.zip(row.optional_text(4)?),
            };
            // Several users may have had the row, one after another.
            rows.entry(id).or_insert(unclaimed);
        }
        Ok(rows.into_values().collect())
    }

    /// Judges unclaimed rows, at most a chunk of them.
    pub(in crate::reconcile) async fn judge_accounts(
        &mut self,
        snapshot: &Snapshot,
        rows: &[Unclaimed],
        options: &DriftOptions,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let looked_at = |unclaimed: &&Unclaimed| {
            let in_scope = match (&unclaimed.soft_deleted, options.tenant()) {
                (_, None) => true,
                (Some((_, of)), Some(tenant)) => of == tenant,
                (None, Some(_)) => false,
            };
            in_scope && !options.is_local(&fold(&unclaimed.username))
        };
        let rows: Vec<&Unclaimed> = rows.iter().filter(looked_at).collect();
        let asked = rows.iter().filter(|row| !row.active || row.soft_deleted.is_some()).map(|row| row.row.id);
        let asked: Vec<i64> = asked.collect();
        let access = self.access(&asked, &asked).await?;
        for unclaimed in rows {
            let id = unclaimed.soft_deleted.as_ref().map(|(id, _)| id.clone());
            let who = Who { name: Some(unclaimed.username.clone()), id, local_id: Some(unclaimed.row.id) };
            let subject = Subject::Account { row: unclaimed.row.id, active: unclaimed.active };
            let has = access.of(snapshot, unclaimed.row.id);
            let what = (!has.is_empty()).then(|| has.join(", "));
            let (kind, why) = match (&unclaimed.soft_deleted, unclaimed.active, &what) {
                (Some(_), true, _) => {
                    (FindingKind::LeaverReturned, "SCIM deleted the user, and somebody activated the account again")
                }
                (Some(_), false, Some(_)) => {
                    (FindingKind::LeaverReturned, "SCIM deleted the user, and somebody granted this since")
                }
                (None, true, _) => (FindingKind::UserUnmanaged, "no SCIM user has this account"),
                (None, false, Some(_)) => {
                    (FindingKind::InactiveWithAccess, "a local account that is not active keeps this")
                }
                (_, false, None) => continue,
            };
            found.add(kind, &subject, &who, what, why);
        }
        Ok(())
    }
}

/// The condition for the next chunk of rows after an id, in order.
pub(in crate::reconcile) fn after_row(id: i64) -> Fragment {
    let chunk = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    Fragment::new("u.id > ? ORDER BY u.id LIMIT ?").bind(id).bind(chunk)
}
