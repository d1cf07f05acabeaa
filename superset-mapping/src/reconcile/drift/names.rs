//! What `scim_account` records of names, compared with `ab_user`.

use scim_service::StoreError;

use crate::reconcile::drift::finding::{FindingKind, Subject, Who};
use crate::reconcile::drift::snapshot::Found;
use crate::store::{AccountName, Session, outdated};

impl Session<'_> {
    /// Finds the accounts that somebody renamed in Superset, so that the record does not say who has the name.
    pub(in crate::reconcile) async fn compare_names(&mut self, found: &mut Found) -> Result<(), StoreError> {
        let mut last = 0;
        while let Some((next, accounts)) = outdated(&mut self.transaction, last).await? {
            last = next;
            for account in accounts {
                if !found.differing_users.contains(&account.id) {
                    tell_outdated(account, found);
                }
            }
        }
        Ok(())
    }
}

/// Adds the finding.
pub(in crate::reconcile) fn tell_outdated(account: AccountName, found: &mut Found) {
    let who = Who { name: Some(account.username), id: None, local_id: Some(account.id) };
    let why = "somebody renamed the account in Superset, and `scim_account` does not say so";
    found.add(FindingKind::NameOutdated, &Subject::Name(account.id), &who, None, why);
}
