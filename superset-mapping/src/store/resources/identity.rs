//! Who a user is to whoever provisions them.

use scim_core::Source;

/// Who a user is to whoever provisions them. Only the same person of the same source gets the row of a deleted user: a name says
/// nothing, because anybody may be given it next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(in crate::store) source: Source,
    pub(in crate::store) external_id: Option<String>,
}
