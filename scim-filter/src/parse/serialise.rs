//! Filters and PATCH paths as strings in serialised data.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ast::Filter;
use crate::limits::FilterLimits;
use crate::parse::{PatchPath, parse, parse_path};

/// As the text that `Display` prints.
impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From a text, strictly and with the default [`FilterLimits`].
impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| parse(text, &FilterLimits::default()).map_err(|error| error.to_string());
        deserializer.deserialize_str(Text { expecting: "a SCIM filter", parse })
    }
}

/// As the text that `Display` prints.
impl Serialize for PatchPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From a text, with the default [`FilterLimits`].
impl<'de> Deserialize<'de> for PatchPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| parse_path(text, &FilterLimits::default()).map_err(|error| error.to_string());
        deserializer.deserialize_str(Text { expecting: "a SCIM PATCH path", parse })
    }
}

/// Reads a string and parses it where it stands, without a copy.
struct Text<F> {
    expecting: &'static str,
    parse: F,
}

impl<T, F: Fn(&str) -> Result<T, String>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_string() {
        let json = r#""(title pr) and emails[type eq \"work\"]""#;
        let filter: Filter = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&filter).unwrap(), r#""title pr and emails[type eq \"work\"]""#);
        let error = serde_json::from_str::<Filter>("\"title\"").unwrap_err().to_string();
        assert!(error.starts_with("at byte 5: expected an operator"), "{error}");
        let error = serde_json::from_str::<Filter>("5").unwrap_err().to_string();
        assert!(error.contains("expected a SCIM filter"), "{error}");
    }

    #[test]
    fn a_patch_path_is_a_string() {
        let json = r#""emails[type eq \"work\"].value""#;
        let path: PatchPath = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&path).unwrap(), json);
        assert!(serde_json::from_str::<PatchPath>("\"emails[0]\"").is_err());
    }
}
