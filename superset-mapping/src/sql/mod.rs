//! SQL as text: pure functions, without a database.

mod auxiliary_tables;
mod column_key;
mod counted;
mod dialect;
mod fragment;
mod index_key;
mod insert;
mod lower;

pub(crate) use auxiliary_tables::{FILLED, auxiliary_tables};
pub(crate) use column_key::{Active, display_name_key, hashed_names, name_place, stored_instant};
pub(crate) use counted::Counted;
pub(crate) use dialect::Dialect;
pub(crate) use fragment::{Fragment, Param};
pub(crate) use index_key::{HASHED, index_key};
pub(crate) use insert::{
    AB_GROUP, AB_GROUP_ROLE, AB_PERMISSION_VIEW_ROLE, AB_ROLE, AB_USER, AB_USER_GROUP, AB_USER_ROLE, Ids, SUBJECTS,
    Table, USER_ATTRIBUTE,
};
pub(crate) use lower::{EMAILS, Target};
