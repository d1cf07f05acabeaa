//! What users may do in Superset: their roles, given by rules and taken back.

mod desired;
mod grants;
mod last_admin;
mod protected;
mod roles;
mod writers;

pub(crate) use grants::{GROUP_ROLES, Pairs, Relation, USER_GROUPS, USER_ROLES};
pub(super) use writers::SOURCES;
