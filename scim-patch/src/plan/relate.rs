//! Relations: attributes whose elements stand for other resources, as the members of a group do. Elements come and go by
//! their ids; there may be very many.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

/// The id that an element of a relation carries.
pub(crate) fn id(element: &Value) -> Option<&str> {
    element.get("value")?.as_str()
}

/// The ids of elements; `None` where one has none.
fn ids(elements: &[Value]) -> Option<Vec<&str>> {
    elements.iter().map(id).collect()
}

/// What a run of operations does to a relation, whatever it holds: the last word on each id.
#[derive(Clone, Default)]
pub(crate) struct Relate {
    /// Whether elements that are not named here go.
    pub(crate) replace_all: bool,
    named: BTreeMap<String, Named>,
    added: usize,
}

/// What happens to one id. An element that is both removed and added is removed first.
#[derive(Clone, Default)]
struct Named {
    removed: bool,
    /// The element, and how many were added before it.
    added: Option<(usize, Value)>,
}

impl Relate {
    /// Adds elements that are not there yet (R133, R146). `false`, and nothing is done, where one has no id.
    pub(crate) fn add(&mut self, elements: &[Value]) -> bool {
        let Some(ids) = ids(elements) else { return false };
        for (id, element) in ids.into_iter().zip(elements) {
            let unnamed = Named { removed: self.replace_all, added: None };
            let named = self.named.entry(id.to_owned()).or_insert(unnamed);
            if named.added.is_none() {
                named.added = Some((self.added, element.clone()));
                self.added += 1;
            }
        }
        true
    }

    /// Removes the elements with these ids (R151, R174); those that are not there are no error (R153).
    pub(crate) fn remove<'i>(&mut self, ids: impl IntoIterator<Item = &'i str>) {
        for id in ids {
            self.named.insert(id.to_owned(), Named { removed: true, added: None });
        }
    }

    /// Makes these the only elements (R156); those that are there already stay as they are. `false`, and nothing is done,
    /// where one has no id.
    pub(crate) fn replace(&mut self, elements: &[Value]) -> bool {
        let Some(ids) = ids(elements) else { return false };
        let mut old = std::mem::replace(self, Self { replace_all: true, named: BTreeMap::new(), added: self.added });
        for (id, element) in ids.into_iter().zip(elements) {
            if self.named.contains_key(id) {
                continue;
            }
            // What earlier operations have removed comes anew; what they have added is there already.
            let unnamed = Named { removed: old.replace_all, added: None };
            let mut named = old.named.remove(id).unwrap_or(unnamed);
            if named.added.is_none() {
                named.added = Some((self.added, element.clone()));
                self.added += 1;
            }
            self.named.insert(id.to_owned(), named);
        }
        true
    }

    /// The ids that go, in order, where others stay.
    pub(crate) fn removed(&self) -> impl Iterator<Item = &str> {
        self.named.iter().filter(|(_, named)| named.removed).map(|(id, _)| id.as_str())
    }

    /// The elements that come, in the order of their ids.
    pub(crate) fn added(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.named.iter().filter_map(|(id, named)| Some((id.as_str(), &named.added.as_ref()?.1)))
    }

    /// The element that comes under this id.
    pub(crate) fn element(&self, id: &str) -> Option<&Value> {
        Some(&self.named.get(id)?.added.as_ref()?.1)
    }

    /// Changes the elements of an array, each pass over it made once for all ids.
    pub(crate) fn apply(&self, elements: &mut Vec<Value>) -> Edit {
        let mut edit = Edit::default();
        let staying = self.named.iter().filter(|(_, named)| named.added.is_some() && !named.removed);
        let staying = IdSet::of(staying.map(|(id, _)| id.as_str()));
        if self.replace_all || self.removed().next().is_some() {
            let removed = IdSet::of(self.removed());
            let mut index = 0;
            elements.retain_mut(|element| {
                let goes = if self.replace_all { !staying.names(element) } else { removed.names(element) };
                if goes {
                    edit.removed.push((index, std::mem::take(element)));
                }
                index += 1;
                !goes
            });
        }
        if self.added > 0 {
            // Ids without an element yet. What is removed and added again has none by now.
            let known: HashSet<&str> =
                elements.iter().filter(|element| staying.names(element)).filter_map(id).collect();
            let mut new: Vec<&(usize, Value)> = self
                .named
                .iter()
                .filter(|(id, _)| !known.contains(id.as_str()))
                .filter_map(|(_, named)| named.added.as_ref())
                .collect();
            new.sort_by_key(|(order, _)| *order);
            edit.pushed = new.len();
            let new: Vec<Value> = new.into_iter().map(|(_, element)| element.clone()).collect();
            elements.extend(new);
        }
        edit
    }
}

/// What [`Relate::apply`] has done to an array, so that it can be undone.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    /// The elements that went, each with its former index, ascending.
    pub(crate) removed: Vec<(usize, Value)>,
    /// How many elements came, at the end.
    pub(crate) pushed: usize,
}

impl Edit {
    /// Makes the array what it was.
    pub(crate) fn undo(self, elements: &mut Vec<Value>) {
        elements.truncate(elements.len().saturating_sub(self.pushed));
        if self.removed.is_empty() {
            return;
        }
        let mut kept = std::mem::take(elements).into_iter();
        for (index, element) in self.removed {
            elements.extend(kept.by_ref().take(index.saturating_sub(elements.len())));
            elements.push(element);
        }
        elements.extend(kept);
    }
}

/// Ids to look up in very many elements, mostly in vain. What costs is memory that is far apart, so that most elements are
/// told apart by what lies near: the lengths of their texts, and the last characters of those that are as long as an id.
struct IdSet<'i> {
    ids: HashSet<&'i str>,
    /// One bit for each length modulo 64.
    lengths: u64,
    /// One bit for each class of ids.
    sieve: [u64; 64],
}

impl<'i> IdSet<'i> {
    fn of(ids: impl Iterator<Item = &'i str>) -> Self {
        let mut set = Self { ids: ids.collect(), lengths: 0, sieve: [0; 64] };
        for id in &set.ids {
            set.lengths |= length(id);
            let (word, bit) = class(id);
            if let Some(word) = set.sieve.get_mut(word) {
                *word |= bit;
            }
        }
        set
    }

    /// Whether the element has one of the ids.
    fn names(&self, element: &Value) -> bool {
        let Value::Object(members) = element else { return false };
        let passes = |value: &Value| value.as_str().is_some_and(|text| self.passes(text));
        members.values().any(passes) && id(element).is_some_and(|id| self.ids.contains(id))
    }

    /// Whether the text can be one of the ids.
    fn passes(&self, text: &str) -> bool {
        if self.lengths & length(text) == 0 {
            return false;
        }
        let (word, bit) = class(text);
        self.sieve.get(word).is_some_and(|word| word & bit != 0)
    }
}

fn length(id: &str) -> u64 {
    1 << (id.len() % 64)
}

/// One of 4096 classes, by the last characters, as word and bit of a sieve. Ids often start alike.
fn class(id: &str) -> (usize, u64) {
    let hash = id.bytes().rev().take(8).fold(0_u64, |hash, byte| (hash << 8) | u64::from(byte));
    let class = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
    (usize::try_from(class >> 6).unwrap_or_default(), 1 << (class & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn elements(ids: &[&str]) -> Vec<Value> {
        ids.iter().map(|id| json!({ "value": id })).collect()
    }

    fn relate(before: &[&str], steps: impl FnOnce(&mut Relate)) -> Vec<Value> {
        let mut relate = Relate::default();
        steps(&mut relate);
        let mut after = elements(before);
        let edit = relate.apply(&mut after);
        let mut undone = after.clone();
        edit.undo(&mut undone);
        assert_eq!(undone, elements(before), "an edit can be undone");
        after
    }

    #[test]
    fn r165_the_last_word_on_an_id_wins() {
        let add = |ids: &'static [&str]| move |relate: &mut Relate| assert!(relate.add(&elements(ids)));
        assert_eq!(relate(&["a", "b"], add(&["b", "c", "c"])), elements(&["a", "b", "c"]));
        assert_eq!(relate(&["a", "b", "c"], |relate| relate.remove(["c", "a", "x"])), elements(&["b"]));
        let again = relate(&["a", "b"], |relate| {
            relate.remove(["a"]);
            relate.add(&[json!({"value": "a", "type": "Group"})]);
        });
        assert_eq!(again, [json!({"value": "b"}), json!({"value": "a", "type": "Group"})]);
        let never = relate(&["a"], |relate| {
            relate.add(&elements(&["b"]));
            relate.remove(["b"]);
        });
        assert_eq!(never, elements(&["a"]));
    }

    #[test]
    fn r165_replacing_regards_what_came_before() {
        let typed = || [json!({"value": "y", "type": "Group"})];
        let removed_first = relate(&["y", "z"], |relate| {
            relate.remove(["y"]);
            relate.replace(&typed());
        });
        assert_eq!(removed_first, typed());
        let added_first = relate(&["z"], |relate| {
            relate.add(&typed());
            relate.replace(&elements(&["x", "y"]));
        });
        assert_eq!(added_first, [json!({"value": "y", "type": "Group"}), json!({"value": "x"})]);
        let added_later = relate(&["y"], |relate| {
            relate.replace(&elements(&["x"]));
            relate.add(&typed());
        });
        assert_eq!(added_later, [json!({"value": "x"}), json!({"value": "y", "type": "Group"})]);
    }

    #[test]
    fn r156_replacing_keeps_what_stays() {
        let before = [json!({"value": "a", "display": "A"}), json!({"value": "b"})];
        let mut relate = Relate::default();
        relate.add(&elements(&["z"]));
        assert!(relate.replace(&elements(&["c", "a"])));
        let mut after = before.to_vec();
        let edit = relate.apply(&mut after);
        assert_eq!(after, [json!({"value": "a", "display": "A"}), json!({"value": "c"})]);
        edit.undo(&mut after);
        assert_eq!(after, before);
    }

    #[test]
    fn an_element_without_an_id_is_not_related_by_id() {
        let mut relate = Relate::default();
        assert!(!relate.add(&[json!({"value": "a"}), json!({"$ref": "Users/1"})]));
        assert_eq!(relate.added().count(), 0);
    }

    #[test]
    fn the_sieve_lets_every_id_of_the_set_through() {
        let ids: Vec<String> = (0..1000).map(|n| format!("user-{n}")).collect();
        let set = IdSet::of(ids.iter().map(String::as_str));
        let named = |id: &str| set.names(&json!({"type": "User", "value": id}));
        assert!(ids.iter().all(|id| named(id)));
        assert!(!(1000..2000).any(|n| named(&format!("user-{n}"))) && !named(""));
        assert!(!set.names(&json!({"value": "x", "display": "user-1"})), "only the id counts");
    }
}
