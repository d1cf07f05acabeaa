//! How one object becomes another, sub-attribute by sub-attribute.

use scim_core::Attribute;
use scim_core::message::PatchOperation;
use serde_json::{Map, Value};

/// Bytes of an operation in the message.
pub(super) fn size(operation: &PatchOperation) -> usize {
    serde_json::to_string(operation).map_or(usize::MAX, |text| text.len())
}

/// Changes the parts of an object, each on its own, or those that get a value all at once (R144).
pub(super) fn by_parts(
    path: &str,
    attribute: &Attribute,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    at_once: bool,
) -> Vec<PatchOperation> {
    let mut operations = Vec::new();
    let mut merged = Map::new();
    for sub in attribute.sub_attributes() {
        let name = sub.name();
        let path = || format!("{path}.{name}");
        match (before.get(name), after.get(name)) {
            (before, after) if before == after => {}
            (_, None) => operations.push(PatchOperation::remove(path())),
            (_, Some(after)) if at_once && !sub.multi_valued() => {
                merged.insert(name.to_owned(), after.clone());
            }
            (_, Some(after)) => operations.push(PatchOperation::replace(path(), after.clone())),
        }
    }
    if !merged.is_empty() {
        operations.push(PatchOperation::add(path, merged));
    }
    operations
}
