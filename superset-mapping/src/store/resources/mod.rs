//! The SCIM resources, in tables of our own.

mod content;
mod counts;
mod filling;
mod identity;
mod record;
mod searched;
mod takeover;
mod unique;

pub(crate) use content::Member;
pub(super) use content::{Content, Kind, check_external_id};
pub(crate) use counts::Counts;
pub(super) use filling::fill;
pub(super) use identity::Identity;
pub(crate) use record::{LocalRow, RECORD_WIDTH, Record};
pub(super) use record::{RECORD_ALONE, RECORD_COLUMNS, display, seen, seen_columns};
