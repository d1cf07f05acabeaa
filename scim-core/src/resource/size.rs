//! How large resources are, and whether they hold secrets.

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
    let size = |name: &str, value: ValueRef<'_>| name.len() + 4 + value.json_size();
    let is_reference = |name: &str| of.multi_valued_references().iter().any(|reference| reference == name);
    if let Some(whole) = members.text_len() {
        let references = of.multi_valued_references().iter().map(String::as_str);
        let others = references.chain(without.iter().copied().filter(|name| !is_reference(name)));
        let aside = others.filter_map(|name| Some(size(name, members.get(name)?))).sum();
        // The braces, and a comma less than there are members.
        return whole.saturating_sub(1).saturating_sub(aside);
    }
    let counted = members.members().filter(|(name, _)| !without.contains(&&**name) && !is_reference(name));
    counted.map(|(name, value)| size(&name, value)).sum()
}

impl TypeSchema {
    /// Whether a resource has a member that can hold what no response shows.
    #[doc(hidden)]
    pub fn may_hold_secret(&self, resource: &Resource) -> bool {
        self.secret_members().iter().any(|name| resource.get(name).is_some())
    }
}
