//! A row of `ab_user`.

/// What `ab_user` says of somebody.
#[derive(Clone, Debug)]
pub(super) struct AccountRow {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: String,
    pub(super) active: bool,
}
