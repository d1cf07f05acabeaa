//! Reports for people: tables, and an HTML page of them.

mod html;
#[cfg(feature = "metrics")]
mod prometheus;
mod table;
