//! How large resources are.

use crate::resource::{Resource, ValueRef};
use crate::schema::TypeSchema;

impl Resource {
    /// The bytes of JSON that the resource has without relations such as `members`.
    pub fn json_size(&self, of: &TypeSchema) -> usize {
        2 + members_size(of, self.as_value(), &[])
    }
}

/// The bytes of JSON that members of a resource have, without relations and without these.
#[doc(hidden)]
pub fn members_size(of: &TypeSchema, members: ValueRef<'_>, without: &[&str]) -> usize {
    let is_multi_valued_reference =
        |name: &str| of.top_level(name).is_some_and(|attribute| attribute.is_multi_valued_reference());
    let counted = members.members().filter(|(name, _)| !without.contains(&&**name) && !is_multi_valued_reference(name));
    counted.map(|(name, value)| name.len() + 4 + value.json_size()).sum()
}
