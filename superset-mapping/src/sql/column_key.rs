//! The keys of a resource that have columns and indexes of their own.

use chrono::{DateTime, Datelike, Timelike, Utc};
use scim_core::Resource;
use scim_core::json::format_date_time;
use scim_filter::fold;

use crate::sql::index_key::{HASHED, index_key};

/// What `display_name_key` starts with where there is a name.
const NAMED: char = 'v';
/// `display_name_key` where there is no name: after every key of a name, as absent values come last in ascending order (R128).
const UNNAMED: &str = "w";

/// The attribute `active` of a resource, as the column `active` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Active {
    /// Not assigned.
    Unassigned,
    /// Assigned, and false.
    No,
    /// Assigned, and true.
    Yes,
}

impl Active {
    /// What a document says.
    pub(crate) fn of(body: &Resource) -> Self {
        match body.get("active") {
            Some(active) if active == true => Self::Yes,
            Some(active) if active == false => Self::No,
            _ => Self::Unassigned,
        }
    }

    /// The number in the column.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Unassigned => 0,
            Self::No => 1,
            Self::Yes => 2,
        }
    }
}

/// `display_name_key` of a resource. A `displayName` that is no string has the key of a long one: nothing compares equal to it, and the
/// evaluator says where it comes in an order.
pub(crate) fn display_name_key(body: &Resource) -> String {
    match body.get("displayName").filter(|name| !name.is_null()) {
        None => UNNAMED.to_owned(),
        Some(name) => name.as_str().map_or_else(|| format!("{NAMED}{HASHED}"), |name| named_key(&fold(&name))),
    }
}

/// The key of a name that is folded.
pub(crate) fn named_key(folded: &str) -> String {
    format!("{NAMED}{}", index_key(folded))
}

/// The place of a folded name, or of none, in the order of the keys; `None` for a name that is hashed, whose key says nothing of its
/// place.
pub(crate) fn name_place(folded: Option<&str>) -> Option<String> {
    match folded.map(index_key) {
        None => Some(UNNAMED.to_owned()),
        Some(key) if key.starts_with(HASHED) || key.contains('\0') => None,
        Some(key) => Some(format!("{NAMED}{key}")),
    }
}

/// The keys of names that are hashed are from the first of these up to the second.
pub(crate) fn hashed_names() -> (String, String) {
    (format!("{NAMED}{HASHED}"), format!("{NAMED}\u{2}"))
}

/// An instant among those that `last_modified` can hold, which are whole milliseconds: the last that is not after it, and whether it is the
/// instant itself. `None` for a year whose text has another order than the time.
pub(crate) fn stored_instant(instant: DateTime<Utc>) -> Option<(String, bool)> {
    let exact = instant.nanosecond().is_multiple_of(1_000_000);
    (0..=9999).contains(&instant.year()).then(|| (format_date_time(instant), exact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::json::parse_date_time;

    fn resource(json: &str) -> Resource {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn active_has_three_states() {
        for (json, active) in [("{}", 0), (r#"{"active": false}"#, 1), (r#"{"active": true}"#, 2)] {
            assert_eq!(Active::of(&resource(json)).number(), active, "{json}");
        }
        assert_eq!(Active::of(&resource(r#"{"active": "false"}"#)), Active::Unassigned);
    }

    #[test]
    fn r128_names_come_in_the_order_of_their_keys_and_before_none() {
        let keys = ["{}", r#"{"displayName": ""}"#, r#"{"displayName": "Ada"}"#, r#"{"displayName": "🔑"}"#]
            .map(|json| display_name_key(&resource(json)));
        assert_eq!(keys, ["w", "v", "vada", "v🔑"]);
        assert_eq!(name_place(Some("ada")).as_deref(), Some("vada"));
        assert_eq!(name_place(None).as_deref(), Some("w"));
    }

    #[test]
    fn long_names_are_known_by_their_keys() {
        let long = "x".repeat(2000);
        let (from, to) = hashed_names();
        for name in [long.as_str(), "\u{1}"] {
            let key = named_key(name);
            assert!(from <= key && key < to, "{key}");
            assert_eq!(name_place(Some(name)), None);
        }
        assert!(named_key("\u{2}") >= to && named_key("") < from);
        assert!(display_name_key(&resource(r#"{"displayName": 1}"#)) >= from);
    }

    #[test]
    fn an_instant_between_two_milliseconds_is_after_the_first() {
        let stored = |text| stored_instant(parse_date_time(text).unwrap()).unwrap();
        assert_eq!(stored("2026-01-02T03:04:05.006+00:00"), ("2026-01-02T03:04:05.006Z".into(), true));
        assert_eq!(stored("2026-01-02T03:04:05.0069Z"), ("2026-01-02T03:04:05.006Z".into(), false));
        assert_eq!(stored_instant(parse_date_time("9999-12-31T23:59:59-02:00").unwrap()), None);
    }
}
