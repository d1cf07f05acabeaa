//! Resource metadata (RFC 7643 section 3.1).

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::identity::Version;
use crate::json::{format_date_time, parse_date_time, write_date_time};
use crate::resource::{ValueRef, write_string};
use crate::schema::ResourceTypeName;

/// What a service knows of a resource besides its attributes. `location` is not here: it is made of the base URL, the
/// endpoint and the id when a response is written (R045, R243).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The resource type (R043).
    pub resource_type: ResourceTypeName,
    /// When the resource was made.
    pub created: DateTime<Utc>,
    /// When it last changed; the time of creation until then (R044).
    pub last_modified: DateTime<Utc>,
    /// Its version (R046).
    pub version: Version,
}

impl Meta {
    /// The metadata of a resource made at `now`.
    pub fn created_at(now: DateTime<Utc>, resource_type: ResourceTypeName, version: Version) -> Self {
        Self { resource_type, created: now, last_modified: now, version }
    }

    /// The value of the `meta` attribute, with times in UTC to the millisecond.
    pub fn to_value(&self) -> Value {
        let mut meta = Map::new();
        meta.insert("resourceType".into(), self.resource_type.as_str().into());
        meta.insert("created".into(), format_date_time(self.created).into());
        meta.insert("lastModified".into(), format_date_time(self.last_modified).into());
        meta.insert("version".into(), self.version.as_str().into());
        Value::Object(meta)
    }

    /// The same as compact JSON.
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(160);
        json.push_str("{\"created\":\"");
        write_date_time(self.created, &mut json);
        json.push_str("\",\"lastModified\":\"");
        write_date_time(self.last_modified, &mut json);
        json.push_str("\",\"resourceType\":");
        write_string(&mut json, self.resource_type.as_str());
        json.push_str(",\"version\":");
        write_string(&mut json, self.version.as_str());
        json.push('}');
        json
    }

    /// Reads the value of the `meta` attribute; `None` where a member is missing or malformed.
    pub fn from_value(value: ValueRef<'_>) -> Option<Self> {
        let (mut resource_type, mut created, mut last_modified, mut version) = Default::default();
        for (name, value) in value.members() {
            let place = match &*name {
                "resourceType" => &mut resource_type,
                "created" => &mut created,
                "lastModified" => &mut last_modified,
                "version" => &mut version,
                _ => continue,
            };
            *place = value.as_str();
        }
        Some(Self {
            resource_type: (&*resource_type?).into(),
            created: parse_date_time(&created?).ok()?,
            last_modified: parse_date_time(&last_modified?).ok()?,
            version: Version::from_tag(&version?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_round_trips_to_the_millisecond() {
        let now = parse_date_time("2026-11-24T01:02:03.004Z").unwrap();
        let meta = Meta::created_at(now, ResourceTypeName::user(), Version::new(1));
        assert_eq!(serde_json::from_str::<Value>(&meta.to_json()).unwrap(), meta.to_value());
        assert_eq!(Meta::from_value((&meta.to_value()).into()), Some(meta));
    }
}
