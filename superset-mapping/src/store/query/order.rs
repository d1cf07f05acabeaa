//! The orders that an index knows: of ids, and of the names of users.

use scim_core::TypeSchema;
use scim_core::message::SortOrder;
use scim_filter::fold;
use scim_service::{List, Position};
use serde_json::Value;

use crate::sql::Fragment;
use crate::store::resources::Kind;

/// An order that the database can page by. Both ids and folded names are compared byte by byte, here as there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Order {
    Id,
    /// By `userName`, which every user has and nobody shares, so that there are no ties.
    UserName(SortOrder),
}

impl Order {
    /// The order of a query, if it is one of these.
    pub(in crate::store) fn of(of: &TypeSchema, query: &List<'_>) -> Option<Self> {
        let Some(sort) = query.sort else { return Some(Self::Id) };
        let by_name = Kind::of(of) == Kind::User && sort.path().top_level() == Some("userName") && !sort.case_exact();
        let readable = match &query.start {
            scim_service::Start::Index(_) => true,
            scim_service::Start::After(position) | scim_service::Start::Before(position) => key(position).is_some(),
        };
        (by_name && readable).then(|| Self::UserName(sort.order()))
    }

    /// What the statement has to join for it.
    pub(in crate::store) fn join(self) -> Fragment {
        match self {
            Self::Id => Fragment::new(""),
            Self::UserName(_) => Fragment::new(
                "JOIN scim_unique n ON n.resource_id = r.id AND n.tenant = r.tenant \
                     AND n.resource_type = r.resource_type AND n.attribute = 'userName' ",
            ),
        }
    }

    fn descends(self, backwards: bool) -> bool {
        matches!(self, Self::UserName(SortOrder::Descending)) != backwards
    }

    pub(in crate::store) fn order_by(self, backwards: bool) -> Fragment {
        Fragment::new(match (self, self.descends(backwards)) {
            (Self::Id, false) => " ORDER BY r.id",
            (Self::Id, true) => " ORDER BY r.id DESC",
            (Self::UserName(_), false) => " ORDER BY n.value",
            (Self::UserName(_), true) => " ORDER BY n.value DESC",
        })
    }

    /// What comes after a position, or before it.
    pub(in crate::store) fn beyond(self, position: &Position, backwards: bool) -> Fragment {
        let descends = self.descends(backwards);
        match self {
            Self::Id => {
                Fragment::new(if descends { " AND r.id < ?" } else { " AND r.id > ?" }).bind(position.id.as_str())
            }
            // Whoever has the position's own name now may be somebody else, created since.
            Self::UserName(_) => {
                let beyond = match (descends, backwards) {
                    (false, false) => " AND n.value >= ? AND (n.value <> ? OR r.id > ?)",
                    (false, true) => " AND n.value >= ? AND (n.value <> ? OR r.id < ?)",
                    (true, false) => " AND n.value <= ? AND (n.value <> ? OR r.id > ?)",
                    (true, true) => " AND n.value <= ? AND (n.value <> ? OR r.id < ?)",
                };
                let name = key(position).unwrap_or_default();
                Fragment::new(beyond).bind(&*name).bind(&*name).bind(position.id.as_str())
            }
        }
    }
}

/// The name that a position stands at, as the index has it.
fn key(position: &Position) -> Option<String> {
    let name = position.key.as_ref().and_then(Value::as_str)?;
    (!name.contains('\0')).then(|| fold(name).into_owned())
}
