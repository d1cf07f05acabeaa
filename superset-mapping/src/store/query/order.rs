//! The orders that an index knows: of ids, of names, and of times.

use scim_core::TypeSchema;
use scim_core::message::SortOrder;
use scim_core::schema::AttributeType;
use scim_filter::{Sort, fold};
use scim_service::{List, Position, Start};
use serde_json::Value;

use crate::sql::{Fragment, name_place, stored_instant};
use crate::store::resources::Kind;

/// What the index of an order has beside the ids. All of it is compared byte by byte, here as there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Key {
    /// `userName`, which every user has and nobody shares, so that there are no ties.
    UserName,
    DisplayName,
    LastModified,
}

/// An order that the database can page by. Ties go by id, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Order {
    /// `None`: the order is that of the ids.
    pub(in crate::store) key: Option<Key>,
    descends: bool,
}

/// Which of the rows that are beyond a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Beyond {
    /// Those with the key of the position.
    Ties,
    /// Those with other keys.
    Rest,
}

impl Order {
    /// The order of a query, if it is one of these and the place where the page starts can be told in it.
    pub(in crate::store) fn of(of: &TypeSchema, query: &List<'_>) -> Option<Self> {
        let Some(sort) = query.sort else { return Some(Self { key: None, descends: false }) };
        let key = Key::of(of, sort)?;
        if let Start::After(position) | Start::Before(position) = &query.start {
            key.at(position)?;
        }
        Some(Self { key: Some(key), descends: sort.order() == SortOrder::Descending })
    }

    /// ` ORDER BY` these columns. A page before a position is read backwards.
    pub(in crate::store) fn by(self, key: &'static str, id: &'static str, backwards: bool) -> Fragment {
        let way = |descends| Fragment::new(if descends { " DESC" } else { "" });
        let id = Fragment::new(id).then(way(backwards));
        let start = Fragment::new(" ORDER BY ");
        if self.key.is_none() {
            return start.then(id);
        }
        let key = Fragment::new(key).then(way(self.descends != backwards));
        start.then(key).then(Fragment::new(", ")).then(id)
    }

    /// What comes after a position, or before it, of the rows that have a key. The rows with the key of the position are a range of their
    /// own, so that an index leads to either however many ties there are.
    pub(in crate::store) fn beyond(
        self,
        position: &Position,
        key: &'static str,
        id: &'static str,
        backwards: bool,
        which: Beyond,
    ) -> Fragment {
        let and = Fragment::new(" AND ");
        let of_id = Fragment::new(id).then(Fragment::new(if backwards { " < ?" } else { " > ?" })).bind(&*position.id);
        let Some(place) = self.key.and_then(|key| key.at(position)) else { return and.then(of_id) };
        let column = and.clone().then(Fragment::new(key));
        match which {
            Beyond::Ties => column.then(Fragment::new(" = ?")).bind(place).then(and).then(of_id),
            Beyond::Rest => {
                let less = self.descends != backwards;
                column.then(Fragment::new(if less { " < ?" } else { " > ?" })).bind(place)
            }
        }
    }
}

impl Key {
    fn of(of: &TypeSchema, sort: &Sort) -> Option<Self> {
        let path = sort.path();
        if path.attribute().multi_valued() {
            return None;
        }
        let folded = sort.kind() == AttributeType::String && !sort.case_exact();
        match (path.top_level(), path.sub()) {
            (Some("userName"), _) if folded && Kind::of(of) == Kind::User => Some(Self::UserName),
            (Some("displayName"), _) if folded => Some(Self::DisplayName),
            (None, Some("lastModified")) if path.is_in("meta") => Some(Self::LastModified),
            _ => None,
        }
    }

    /// The key that a position stands at, as the index has it.
    fn at(self, position: &Position) -> Option<String> {
        let key = position.key.as_ref().filter(|key| !key.is_null());
        match (self, key) {
            (Self::DisplayName, None) => name_place(None),
            (Self::DisplayName, Some(Value::String(name))) => name_place(Some(&fold(name))),
            (Self::UserName, Some(Value::String(name))) => (!name.contains('\0')).then(|| fold(name).into_owned()),
            (Self::LastModified, Some(Value::String(time))) => {
                let instant = scim_core::json::parse_date_time(time).ok()?;
                stored_instant(instant).and_then(|(stored, exact)| exact.then_some(stored))
            }
            _ => None,
        }
    }
}
