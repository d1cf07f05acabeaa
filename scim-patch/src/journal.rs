//! What a patch has touched, and how it was.

use scim_core::Resource;
use serde_json::{Map, Value};

/// The members of a resource as they were before a patch touched them, in the order of the first touch. Going back costs
/// what was touched, not what the resource holds.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    before: Vec<(String, Option<Value>)>,
}

impl Journal {
    /// Remembers a member once.
    pub(crate) fn remember(&mut self, resource: &Resource, name: &str) {
        if !self.before.iter().any(|(remembered, _)| remembered == name) {
            self.before.push((name.to_owned(), resource.get(name).cloned()));
        }
    }

    /// Puts everything back.
    pub(crate) fn roll_back(self, resource: &mut Resource) {
        for (name, value) in self.before {
            put(resource.attributes_mut(), &name, value);
        }
    }

    /// The members that differ now, by name, with what they were.
    pub(crate) fn differences(&self, resource: &Resource) -> Vec<(&str, Option<&Value>)> {
        let differs = self.before.iter().filter(|(name, before)| resource.get(name) != before.as_ref());
        differs.map(|(name, before)| (name.as_str(), before.as_ref())).collect()
    }

    /// The names of all members touched.
    pub(crate) fn touched(&self) -> impl Iterator<Item = &str> {
        self.before.iter().map(|(name, _)| name.as_str())
    }
}

/// Assigns or removes a member.
pub(crate) fn put(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            object.insert(name.to_owned(), value);
        }
        None => {
            object.remove(name);
        }
    }
}
