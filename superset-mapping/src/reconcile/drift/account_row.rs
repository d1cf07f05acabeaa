//! A row of `ab_user`.

/// What `ab_user` says of somebody.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct AccountRow {
    pub(in crate::reconcile) id: i64,
    pub(in crate::reconcile) username: String,
    pub(in crate::reconcile) first_name: String,
    pub(in crate::reconcile) last_name: String,
    pub(in crate::reconcile) email: String,
    pub(in crate::reconcile) active: bool,
}
