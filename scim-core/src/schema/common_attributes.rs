//! The attributes that no schema lists.

use std::sync::{Arc, LazyLock};

use crate::schema::attribute::Attribute;

/// A definition that lies as JSON beside the code.
macro_rules! builtin {
    ($(#[$doc:meta])* $name:ident: $type:ty = $file:literal) => {
        $(#[$doc])*
        pub(super) static $name: LazyLock<$type> = LazyLock::new(|| {
            serde_json::from_str(include_str!(concat!("../../schemas/", $file))).expect("a built-in schema file")
        });
    };
}

pub(super) use builtin;

builtin! {
    /// See [`common_attributes`].
    COMMON_ATTRIBUTES: Vec<Arc<Attribute>> = "common_attributes.json"
}

/// The attributes that every resource has although no schema lists them (RFC 7643 section 3.1): `schemas`, `id`,
/// `externalId` and `meta`.
pub fn common_attributes() -> &'static [Arc<Attribute>] {
    &COMMON_ATTRIBUTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attributes_of_every_resource_are_four() {
        let names: Vec<&str> = common_attributes().iter().map(|attribute| attribute.name()).collect();
        assert_eq!(names, ["schemas", "id", "externalId", "meta"]);
    }
}
