//! What is to become of one resource: its records, read backwards.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use scim_service::change::AttributeRecord;
use scim_service::change::ChangeRecord;
use serde_json::Value;

use crate::undo::history::{Act, By, Entry};

/// What is to become of one resource.
///
/// Records are [taken](Self::take) from the newest to the oldest. Of each attribute and member the last changes of the client count, back to
/// the change before that is somebody else's. What an earlier run took back is closed: nothing before it is looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Intent {
    pub(super) existence: Existence,
    /// By the paths of attributes.
    pub(super) values: BTreeMap<String, Wanted<Option<Value>>>,
    /// By the path of the attribute and the element, as JSON.
    pub(super) elements: BTreeMap<(String, String), Wanted<bool>>,
    /// By the ids of members.
    pub(super) members: BTreeMap<String, Wanted<bool>>,
    /// The groups that the resource was in when the client deleted it, and the record of that.
    pub(super) groups: Vec<String>,
    pub(super) deleted_at: i64,
    /// Secrets that the client set or removed.
    pub(super) secrets: BTreeSet<String>,
    /// Whether the client adopted a local account or group.
    pub(super) adopted: bool,
    /// Whether the client did something whose values nobody wrote down.
    pub(super) unknown: bool,
    /// Who else changed the resource after the client.
    pub(super) others: BTreeSet<String>,
    /// The earliest record of the client whose attributes are taken back.
    pub(super) earliest: Option<i64>,
    closed_values: BTreeMap<String, Closed>,
    closed_elements: BTreeMap<(String, String), Closed>,
    closed_members: BTreeMap<String, Closed>,
    /// Whether an earlier run has made the resource again: only who is in which group may be left to do.
    is_made_again: bool,
}

/// Whether the resource is to be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Existence {
    /// As it is.
    #[default]
    Stays,
    /// The client made it.
    Made,
    /// The client deleted it, when it had this version.
    Deleted { version: i64 },
}

/// What something is to be again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted<T> {
    /// What it was before the client.
    pub(super) value: T,
    /// What the client made of it.
    pub(super) written: T,
    /// Who has changed it since.
    pub(super) since: Option<String>,
    /// The earliest record that is taken back.
    pub(super) position: i64,
    /// Whether nothing before it is looked at any more.
    is_settled: bool,
}

/// Who has the last word on something before the client's changes are reached: an earlier run (`None`), or somebody else.
type Closed = Option<String>;

impl Intent {
    /// Takes the next older record. `Break`: what is older does not matter.
    pub(super) fn take(&mut self, entry: Entry) -> ControlFlow<()> {
        let Entry { position, by, act, version, record } = entry;
        match by {
            By::Undo => return self.close(act, record.as_ref(), &None),
            By::Other(principal) => return self.close(act, record.as_ref(), &Some(principal)),
            By::Client => {}
        }
        let Some(record) = record else {
            self.adopted |= act == Act::Adopt;
            self.unknown |= act != Act::Adopt && !self.is_made_again;
            return if matches!(act, Act::Create | Act::Delete) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            };
        };
        match act {
            Act::Create => {
                self.existence = match self.existence {
                    // It was not there before, and is not now.
                    Existence::Deleted { .. } => {
                        *self = Self::default();
                        Existence::Stays
                    }
                    _ if self.is_made_again => Existence::Stays,
                    _ => Existence::Made,
                };
                return ControlFlow::Break(());
            }
            Act::Delete => {
                if !self.is_made_again {
                    self.existence = Existence::Deleted { version: version.unwrap_or_default() };
                }
                self.deleted_at = position;
                self.groups.clone_from(&record.groups);
            }
            Act::Update | Act::Members | Act::Adopt => {}
        }
        if !self.is_made_again {
            self.earliest = Some(position);
            for attribute in &record.set {
                self.take_attribute(attribute, position);
            }
        }
        let moved = record.members.added.iter().map(|id| (id, false));
        for (id, was_in) in moved.chain(record.members.removed.iter().map(|id| (id, true))) {
            take(&mut self.members, &self.closed_members, id.clone(), (was_in, !was_in), position);
        }
        ControlFlow::Continue(())
    }

    fn take_attribute(&mut self, attribute: &AttributeRecord, position: i64) {
        let path = &attribute.path;
        if attribute.secret.is_some() {
            if !self.closed_values.contains_key(path) {
                self.secrets.insert(path.clone());
            }
        } else if attribute.elements {
            for (element, was_there) in elements(attribute) {
                let key = (path.clone(), element);
                take(&mut self.elements, &self.closed_elements, key, (was_there, !was_there), position);
            }
        } else {
            let values = (attribute.before.clone(), attribute.after.clone());
            take(&mut self.values, &self.closed_values, path.clone(), values, position);
        }
    }

    /// Somebody has the last word on what this record changed.
    fn close(&mut self, act: Act, record: Option<&ChangeRecord>, who: &Closed) -> ControlFlow<()> {
        match (act, who) {
            (Act::Create, None) if !self.is_made_again => self.is_made_again = true,
            (Act::Create | Act::Delete, _) => return ControlFlow::Break(()),
            _ => {}
        }
        self.others.extend(who.clone());
        let Some(record) = record else { return ControlFlow::Continue(()) };
        for attribute in &record.set {
            let path = &attribute.path;
            if attribute.elements {
                for (element, _) in elements(attribute) {
                    close(&mut self.elements, &mut self.closed_elements, (path.clone(), element), who);
                }
            } else {
                close(&mut self.values, &mut self.closed_values, path.clone(), who);
            }
        }
        for id in record.members.added.iter().chain(&record.members.removed) {
            close(&mut self.members, &mut self.closed_members, id.clone(), who);
        }
        ControlFlow::Continue(())
    }
}

/// The elements that came and those that went, as JSON, and whether they were there before.
fn elements(attribute: &AttributeRecord) -> impl Iterator<Item = (String, bool)> {
    let each = |value: &Option<Value>, was_there: bool| {
        let elements = value.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        elements.into_iter().map(move |element| (element.to_string(), was_there))
    };
    each(&attribute.after, false).chain(each(&attribute.before, true))
}

fn take<K: Ord, T>(
    wanted: &mut BTreeMap<K, Wanted<T>>,
    closed: &BTreeMap<K, Closed>,
    key: K,
    (before, after): (T, T),
    position: i64,
) {
    if let Some(known) = wanted.get_mut(&key) {
        if !known.is_settled {
            known.value = before;
            known.position = position;
        }
        return;
    }
    let since = match closed.get(&key) {
        // An earlier run has taken it back.
        Some(None) => return,
        Some(since) => since.clone(),
        None => None,
    };
    wanted.insert(key, Wanted { value: before, written: after, since, position, is_settled: false });
}

fn close<K: Ord, T>(wanted: &mut BTreeMap<K, Wanted<T>>, closed: &mut BTreeMap<K, Closed>, key: K, who: &Closed) {
    match wanted.get_mut(&key) {
        Some(known) => known.is_settled = true,
        // It was taken back, whoever changed it after that.
        None if who.is_none() => drop(closed.insert(key, None)),
        None => drop(closed.entry(key).or_insert_with(|| who.clone())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(position: i64, by: By, act: Act, record: Value) -> Entry {
        let mut record = record;
        record["format"] = json!(1);
        Entry { position, by, act, version: Some(position), record: Some(record.to_string().parse().unwrap()) }
    }

    /// Records from the oldest to the newest.
    fn intent(entries: Vec<(By, Act, Value)>) -> Intent {
        let mut intent = Intent::default();
        let numbered =
            entries.into_iter().zip(1..).map(|((by, act, record), position)| entry(position, by, act, record));
        for entry in numbered.collect::<Vec<_>>().into_iter().rev() {
            if intent.take(entry).is_break() {
                break;
            }
        }
        intent
    }

    fn title(before: &str, after: &str) -> Value {
        json!({"set": [{"path": "title", "before": before, "after": after}]})
    }

    fn moved(added: &[&str], removed: &[&str]) -> Value {
        json!({"members": {"added": added, "removed": removed}})
    }

    fn other() -> By {
        By::Other("entra".to_owned())
    }

    #[test]
    fn the_last_changes_of_the_client_go_back_to_what_somebody_else_wrote() {
        let titles = |entries: Vec<(By, &str, &str)>| {
            let entries = entries.into_iter().map(|(by, before, after)| (by, Act::Update, title(before, after)));
            let wanted = intent(entries.collect()).values.remove("title");
            wanted.map(|wanted| (wanted.value.unwrap(), wanted.written.unwrap(), wanted.since))
        };
        let wanted = |value: &str, written: &str, since: Option<&str>| {
            Some((json!(value), json!(written), since.map(str::to_owned)))
        };
        assert_eq!(titles(vec![(By::Client, "a", "b"), (By::Client, "b", "c")]), wanted("a", "c", None));
        assert_eq!(
            titles(vec![(By::Client, "a", "b"), (other(), "b", "c"), (By::Client, "c", "d")]),
            wanted("c", "d", None)
        );
        assert_eq!(titles(vec![(By::Client, "a", "b"), (other(), "b", "c")]), wanted("a", "b", Some("entra")));
        assert_eq!(titles(vec![(By::Client, "a", "b"), (By::Undo, "b", "a")]), None);
        assert_eq!(
            titles(vec![(By::Client, "a", "b"), (By::Undo, "b", "a"), (By::Client, "a", "c")]),
            wanted("a", "c", None)
        );
        assert_eq!(titles(vec![(By::Client, "a", "b"), (By::Undo, "b", "a"), (other(), "a", "d")]), None);
    }

    #[test]
    fn what_the_client_made_goes_and_what_it_deleted_comes_back() {
        let made = || (By::Client, Act::Create, title("", "a"));
        let deleted = || (By::Client, Act::Delete, json!({"set": [{"path": "title", "before": "b"}], "groups": ["g"]}));
        assert_eq!(intent(vec![made()]).existence, Existence::Made);
        assert_eq!(intent(vec![made(), (other(), Act::Update, title("a", "b"))]).others.len(), 1);
        let nothing = intent(vec![made(), deleted()]);
        assert_eq!((nothing.existence, nothing.groups.len(), nothing.values.len()), (Existence::Stays, 0, 0));
        assert_eq!(intent(vec![made(), (By::Undo, Act::Delete, json!({}))]).existence, Existence::Stays);

        let back = intent(vec![(By::Client, Act::Update, title("a", "b")), deleted()]);
        assert_eq!(
            (back.existence, back.groups.as_slice()),
            (Existence::Deleted { version: 2 }, ["g".to_owned()].as_slice())
        );
        assert_eq!(back.values["title"].value, Some(json!("a")));
        let done = intent(vec![
            (By::Client, Act::Update, title("a", "b")),
            deleted(),
            (By::Undo, Act::Create, title("", "a")),
        ]);
        assert_eq!((done.existence, done.values.len()), (Existence::Stays, 0));
        assert_eq!((done.groups.len(), done.deleted_at), (1, 2), "whether it is in its groups again is looked at");
    }

    #[test]
    fn members_are_taken_back_one_by_one() {
        let intent = intent(vec![
            (By::Client, Act::Members, moved(&["a", "b", "c", "d"], &["e"])),
            (other(), Act::Members, moved(&[], &["b"])),
            (By::Undo, Act::Members, moved(&[], &["c"])),
            (By::Client, Act::Members, moved(&[], &["d"])),
        ]);
        let wanted = |id: &str| intent.members.get(id).map(|wanted| (wanted.value, wanted.since.as_deref()));
        assert_eq!(wanted("a"), Some((false, None)));
        assert_eq!(wanted("b"), Some((false, Some("entra"))));
        assert_eq!(wanted("c"), None);
        assert_eq!(wanted("d"), Some((false, None)), "it was added and removed");
        assert_eq!(wanted("e"), Some((true, None)));
    }

    #[test]
    fn a_group_that_was_made_again_may_still_lack_members() {
        let deleted = json!({"set": [{"path": "displayName", "before": "g"}], "members": {"removed": ["a", "b"]}});
        let intent = intent(vec![
            (By::Client, Act::Members, moved(&["b"], &["c"])),
            (By::Client, Act::Delete, deleted),
            (By::Undo, Act::Create, json!({"set": [{"path": "displayName", "after": "g"}]})),
            (By::Undo, Act::Members, moved(&["a"], &[])),
        ]);
        let wanted: Vec<_> = intent.members.iter().map(|(id, wanted)| (id.as_str(), wanted.value)).collect();
        assert_eq!(wanted, [("b", false), ("c", true)]);
    }

    #[test]
    fn secrets_and_what_nobody_wrote_down_are_told() {
        let password = json!({"set": [{"path": "password", "secret": "set"}]});
        assert!(intent(vec![(By::Client, Act::Update, password)]).secrets.contains("password"));
        let mut intent = Intent::default();
        let entry = Entry { position: 1, by: By::Client, act: Act::Update, version: None, record: None };
        assert!(intent.take(entry).is_continue() && intent.unknown);
    }
}
