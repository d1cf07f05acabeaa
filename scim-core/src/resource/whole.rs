//! Documents that a response shows as they are.

use crate::resource::document::{Document, Shown};
use crate::resource::value_ref::ValueRef;
use crate::schema::TypeSchema;

impl Document {
    /// The text up to where `meta.location` has its place, of a document that fits the type, where responses show all of it by
    /// default.
    pub(crate) fn but_location(&self, of: &TypeSchema) -> Option<&str> {
        let shown = *self.shown.get_or_init(|| self.shown_as(of).unwrap_or(Shown::InParts));
        (shown == Shown::WithLocation).then(|| self.text().strip_suffix("}}"))?
    }

    fn shown_as(&self, of: &TypeSchema) -> Option<Shown> {
        let (mut walk, mut members, mut last) = (self.walk(), of.members(), None);
        for (name, value) in walk.by_ref() {
            let value = ValueRef::of_text(value);
            let is_meta = name == "meta";
            if !is_meta && !members.find(name)?.is_plain(|name| value.has(name)) {
                return None;
            }
            last = Some(value).filter(|_| is_meta);
        }
        let meta = last?;
        (meta.is_object() && meta.json_size() > 2 && !meta.has("location")).then_some(Shown::WithLocation)
    }
}
