//! JSON in and out: strict reading, sizes, times.

mod datetime;
mod read;
mod size;

pub(crate) use datetime::write_date_time;
pub use datetime::{DateTimeError, format_date_time, parse_date_time};
pub use read::{JsonError, JsonLimits, parse_json, parse_json_with};
pub use size::json_size;
