//! Identifiers, names, paths, versions and sources as strings in serialised data, as `Display` prints and `FromStr` reads them.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::identity::external_id::ExternalId;
use crate::identity::provenance::Source;
use crate::identity::resource_id::ResourceId;
use crate::identity::version::Version;
use crate::name::AttrName;
use crate::name::AttrPath;

macro_rules! as_string {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_string!(AttrName, AttrPath, ExternalId, ResourceId, Source, Version);

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use serde::de::DeserializeOwned;

    use super::*;

    fn round_trips<T>(text: &str)
    where
        T: FromStr + Display + Debug + PartialEq + Serialize + DeserializeOwned,
        T::Err: Debug,
    {
        let value: T = text.parse().unwrap();
        assert_eq!(value.to_string(), text);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, serde_json::to_string(text).unwrap());
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
    }

    #[test]
    fn each_is_a_string_and_comes_back() {
        round_trips::<AttrName>("userName");
        round_trips::<AttrPath>("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName");
        round_trips::<ExternalId>("a \"b\"");
        round_trips::<ResourceId>("2819c223");
        round_trips::<Source>("provider:partners");
        round_trips::<Version>("W/\"7\"");
    }

    #[test]
    fn what_is_none_is_refused_with_the_reason() {
        let refusal = serde_json::from_str::<ResourceId>("\"bulkId:1\"").unwrap_err().to_string();
        assert!(refusal.contains("bulkId"), "{refusal}");
        assert!(serde_json::from_str::<AttrPath>("\"a b\"").is_err());
        let refusal = serde_json::from_str::<Version>("\"7\"").unwrap_err().to_string();
        assert!(refusal.contains("entity tag"), "{refusal}");
        assert!(serde_json::from_str::<ExternalId>("7").is_err());
    }
}
