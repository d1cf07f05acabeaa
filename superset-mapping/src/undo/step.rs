//! What is done about one resource, in one transaction.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use scim_core::{AttributeRef, Resource, ResourceId, Source, Tolerance, TypeSchema};
use scim_service::StoreError;
use serde_json::{Map, Value};

use crate::store::{CHUNK, Member, Record, Session, Write};
use crate::undo::history::{Scope, Touched};
use crate::undo::intent::{Existence, Intent, Wanted};
use crate::undo::report::{UndoKind, UndoStep};

/// What is done in one pass over all resources. Names that resources made by the client have are free before those come back that had
/// them, and everybody is there before anybody is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pass {
    Removal,
    Return,
    Values,
    Memberships,
    Groups,
}

impl Pass {
    pub(super) const ALL: [Self; 5] = [Self::Removal, Self::Return, Self::Values, Self::Memberships, Self::Groups];
}

/// One resource in one transaction.
pub(super) struct Undo<'u, 's> {
    pub(super) session: Session<'s>,
    pub(super) scope: &'u Scope<'u>,
    pub(super) of: &'u TypeSchema,
    pub(super) groups: Option<&'u TypeSchema>,
    pub(super) touched: &'u Touched,
    pub(super) id: ResourceId,
    /// Whether something was written.
    pub(super) wrote: bool,
    pub(super) steps: Vec<UndoStep>,
    name: Option<String>,
}

impl<'u, 's> Undo<'u, 's> {
    pub(super) fn new(
        session: Session<'s>,
        scope: &'u Scope<'u>,
        (of, groups): (&'u TypeSchema, Option<&'u TypeSchema>),
        touched: &'u Touched,
    ) -> Result<Self, StoreError> {
        let id = touched.id.parse().map_err(StoreError::internal)?;
        Ok(Self { session, scope, of, groups, touched, id, wrote: false, steps: Vec::new(), name: None })
    }

    fn add(&mut self, kind: UndoKind, what: impl Into<String>) {
        let (resource_type, id) = (self.touched.resource_type.clone(), self.touched.id.clone());
        self.steps.push(UndoStep { kind, resource_type, id, name: self.name.clone(), what: what.into() });
    }

    fn is_dry(&self) -> bool {
        self.scope.options.is_dry_run()
    }

    async fn record(&mut self) -> Result<Option<Record>, StoreError> {
        match self.session.find(self.of, &self.id).await {
            Ok(record) => Ok(Some(record)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn intent(&mut self) -> Result<Intent, StoreError> {
        let mut intent = Intent::default();
        let mut before = i64::MAX;
        loop {
            let entries = self.session.history(self.scope, self.id.as_str(), before).await?;
            let Some(last) = entries.last() else { return Ok(intent) };
            before = last.position;
            for entry in entries {
                if let ControlFlow::Break(()) = intent.take(entry) {
                    return Ok(intent);
                }
            }
        }
    }

    /// Does what this pass does. In a dry run nothing is written.
    pub(super) async fn run(&mut self, pass: Pass) -> Result<(), StoreError> {
        let intent = self.intent().await?;
        let record = self.record().await?;
        let name_before = || intent.values.get("userName").or_else(|| intent.values.get("displayName"));
        self.name = match &record {
            Some(record) => Some(record.display_name().into_owned()).filter(|name| !name.is_empty()),
            None => name_before().and_then(|name| name.value.as_ref()?.as_str().map(str::to_owned)),
        };
        match (pass, record) {
            (Pass::Removal, Some(record)) if intent.existence == Existence::Made => self.remove(&intent, &record).await,
            (Pass::Return, None) => self.bring_back(&intent).await,
            (Pass::Values, Some(record)) if intent.existence != Existence::Made => self.set_back(&intent, record).await,
            (Pass::Memberships | Pass::Groups, record) if intent.existence != Existence::Made => {
                let is_group = self.groups.is_some_and(|groups| groups.resource_type() == self.of.resource_type());
                // In a dry run nobody has come back yet.
                let is_there = record.is_some() || (self.is_dry() && intent.existence != Existence::Stays);
                match pass {
                    Pass::Memberships if is_there && is_group => self.move_members(&intent).await,
                    Pass::Groups if is_there => self.return_to_groups(&intent).await,
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Deletes what the client made, or locks out whom somebody else has changed since.
    async fn remove(&mut self, intent: &Intent, record: &Record) -> Result<(), StoreError> {
        let others = intent.others.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let forced = self.scope.options.is_forced();
        if intent.adopted {
            self.add(UndoKind::Conflict, "the client took a local account or group over: it is not deleted");
            return Ok(());
        }
        if intent.others.is_empty() || forced {
            if !self.is_dry() {
                self.session.remove(self.of, record).await?;
                self.wrote = true;
            }
            self.add(UndoKind::Deleted, "");
            return Ok(());
        }
        if self.of.top_level("active").is_none() {
            self.add(
                UndoKind::Conflict,
                format!("the client made it, and it was changed since by {others}: it is not deleted"),
            );
            return Ok(());
        }
        if record.body.is_inactive() {
            return Ok(());
        }
        if !self.is_dry() {
            let mut body = record.body.clone();
            body.set("active", Some(Value::Bool(false)));
            self.session.says_active = true;
            self.session.change(self.of, record.clone(), Write::of(body)).await?;
            self.wrote = true;
        }
        self.add(UndoKind::Deactivated, format!("not deleted, because it was changed since by {others}"));
        Ok(())
    }

    /// Makes again what the client deleted, as it was before the client.
    async fn bring_back(&mut self, intent: &Intent) -> Result<(), StoreError> {
        let Existence::Deleted { version } = intent.existence else {
            if intent.unknown {
                self.add(UndoKind::Conflict, "nobody wrote down what it was before");
            }
            return Ok(());
        };
        let mut body = Map::new();
        for (path, wanted) in &intent.values {
            match self.resolve(path) {
                Some(attribute) => put(&mut body, &attribute, wanted.value.clone()),
                None => self.add(UndoKind::Conflict, format!("`{path}`: the type has no such attribute any more")),
            }
        }
        for ((path, element), wanted) in &intent.elements {
            if let (true, Some(attribute), Ok(element)) =
                (wanted.value, self.resolve(path), serde_json::from_str(element))
            {
                move_element(&mut body, &attribute, element, true);
            }
        }
        self.tell_secrets(intent);
        if !self.is_dry() {
            let body = self.with_schemas(body);
            self.session.restore(self.of, &self.id, body, version).await?;
            self.wrote = true;
            if let Some(record) = self.record().await?
                && let Some(owner) = self.owner_before(intent, &record).await?
            {
                self.session.give_back(self.of, &self.id, owner).await?;
            }
        }
        self.add(UndoKind::Restored, "");
        Ok(())
    }

    /// Sets attributes back that are still what the client wrote.
    async fn set_back(&mut self, intent: &Intent, record: Record) -> Result<(), StoreError> {
        if intent.unknown {
            self.add(UndoKind::Conflict, "nobody wrote down the values of some changes: these are left");
        }
        self.tell_secrets(intent);
        let mut body = record.body.as_value().to_value().as_object().cloned().unwrap_or_default();
        let mut changed = Vec::new();
        for (path, wanted) in &intent.values {
            let Some(attribute) = self.resolve(path) else {
                self.add(UndoKind::Conflict, format!("`{path}`: the type has no such attribute any more"));
                continue;
            };
            let now = record.body.at(&attribute).map(scim_core::ValueRef::to_value);
            if now == wanted.value || !self.may(path, wanted, now == wanted.written) {
                continue;
            }
            put(&mut body, &attribute, wanted.value.clone());
            changed.push(path.clone());
            self.session.says_active |= attribute.top_level() == Some("active");
        }
        for ((path, element), wanted) in &intent.elements {
            let (Some(attribute), Ok(element)) = (self.resolve(path), serde_json::from_str(element)) else { continue };
            if has_element(&body, &attribute, &element) == wanted.value || !self.may(path, wanted, true) {
                continue;
            }
            move_element(&mut body, &attribute, element, wanted.value);
            changed.push(path.clone());
        }
        // The client asserts it although what it wrote may be what was there before.
        let owner = self.owner_before(intent, &record).await?;
        if changed.is_empty() && owner.is_none() {
            return Ok(());
        }
        if !self.is_dry() {
            if !changed.is_empty() {
                let body = self.with_schemas(body);
                self.session.change(self.of, record, Write::of(body)).await?;
            }
            if let Some(owner) = &owner {
                self.session.give_back(self.of, &self.id, owner.clone()).await?;
            }
            self.wrote = true;
        }
        changed.dedup();
        if changed.is_empty() {
            changed.extend(owner.map(|owner| format!("asserted by {owner} again")));
        }
        self.add(UndoKind::Set, changed.join(", "));
        Ok(())
    }

    /// Whether something may be taken back. If not, that is told.
    fn may<T>(&mut self, what: &str, wanted: &Wanted<T>, is_as_written: bool) -> bool {
        let why = match &wanted.since {
            Some(principal) => format!("`{what}`: `{principal}` has changed it since"),
            None if !is_as_written => format!("`{what}`: it is not what the client wrote"),
            None => return true,
        };
        if !self.scope.options.is_forced() {
            self.add(UndoKind::Conflict, why);
        }
        self.scope.options.is_forced()
    }

    fn tell_secrets(&mut self, intent: &Intent) {
        for path in &intent.secrets {
            self.add(UndoKind::Secret, format!("`{path}`: nobody has the value of before"));
        }
    }

    /// Who asserted the resource before the client did, where the client became the one by what is taken back.
    async fn owner_before(&mut self, intent: &Intent, record: &Record) -> Result<Option<Source>, StoreError> {
        let client = Source::client(self.scope.options.client());
        // `active` says nothing of who somebody is.
        let says_who = intent.elements.keys().next().is_some() || intent.values.keys().any(|path| path != "active");
        let Some(earliest) = intent.earliest.filter(|_| record.source == client && says_who) else { return Ok(None) };
        let before = self.session.asserted_before(self.scope, self.id.as_str(), earliest).await?;
        Ok(before.filter(|before| before.is_client() && *before != client && *before != Source::UnknownClient))
    }

    /// Makes the members of a group who they were.
    async fn move_members(&mut self, intent: &Intent) -> Result<(), StoreError> {
        let wanted: Vec<(&String, &Wanted<bool>)> = intent.members.iter().collect();
        let mut come: BTreeMap<Source, Vec<Member>> = BTreeMap::new();
        let (mut go, mut back) = (Vec::new(), Vec::new());
        for wanted in wanted.chunks(CHUNK) {
            let ids: Vec<&str> = wanted.iter().map(|(id, _)| id.as_str()).collect();
            let there = self.session.members_now(self.id.as_str(), &ids).await?;
            let known = self.session.known_resources(&ids).await?;
            for (id, wanted) in wanted {
                if there.contains(*id) == wanted.value || !self.may(&format!("member {id}"), wanted, true) {
                    continue;
                }
                if !wanted.value {
                    go.push((*id).clone());
                } else if known.contains_key(*id) || self.is_dry() {
                    back.push((Member::of((*id).clone(), known.get(*id).cloned()), id.as_str(), wanted.position));
                } else {
                    self.add(UndoKind::Conflict, format!("member {id}: it is not there any more"));
                }
            }
        }
        let (come_count, gone) = (back.len(), go.len());
        if come_count + gone == 0 {
            return Ok(());
        }
        if !self.is_dry() {
            let positions: BTreeMap<&str, i64> = back.iter().map(|(_, id, position)| (*id, *position)).collect();
            let mut words = self.session.words_for(self.scope, self.id.as_str(), &positions).await?;
            for (member, id, _) in back {
                let source = words.remove(id).unwrap_or(Source::UnknownClient);
                come.entry(source).or_default().push(member);
            }
            if !go.is_empty() {
                self.change_members(Vec::new(), go).await?;
            }
            for (source, members) in come {
                self.session.on_word_of = Some(source);
                self.change_members(members, Vec::new()).await?;
            }
            self.session.on_word_of = None;
        }
        self.add(UndoKind::Members, format!("{come_count} come back, {gone} leave"));
        Ok(())
    }

    async fn change_members(&mut self, add: Vec<Member>, remove: Vec<String>) -> Result<(), StoreError> {
        let record = self.session.find(self.of, &self.id).await?;
        let body = record.body.clone();
        self.session.change(self.of, record, Write::of(body).moving(add, remove)).await?;
        self.wrote = true;
        Ok(())
    }

    /// Puts a resource that came back into the groups that it was in.
    async fn return_to_groups(&mut self, intent: &Intent) -> Result<(), StoreError> {
        let Some(groups) = self.groups else { return Ok(()) };
        let member = self.touched.id.clone();
        for group in &intent.groups {
            let there = self.session.members_now(group, &[member.as_str()]).await?;
            let pair = (group.as_str(), member.as_str());
            if there.contains(&member) {
                continue;
            }
            let Some(source) = self.session.word_for_return(self.scope, pair, intent.deleted_at).await? else {
                continue;
            };
            let id: ResourceId = group.parse().map_err(StoreError::internal)?;
            let record = match self.session.find(groups, &id).await {
                Ok(record) => record,
                Err(StoreError::NotFound) if self.is_dry() => continue,
                Err(StoreError::NotFound) => {
                    self.add(UndoKind::Conflict, format!("group {group}: it is not there any more"));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let name = record.display_name().into_owned();
            if !self.is_dry() {
                let body = record.body.clone();
                let kind = self.of.resource_type().name().to_string();
                let add = vec![Member::of(member.clone(), Some(kind))];
                self.session.on_word_of = Some(source);
                let write = Write::of(body).moving(add, Vec::new());
                self.session.change(groups, record, write).await?;
                self.session.on_word_of = None;
                self.wrote = true;
            }
            self.add(UndoKind::Members, format!("comes back to `{name}`"));
        }
        Ok(())
    }

    fn resolve(&self, path: &str) -> Option<AttributeRef> {
        let path = path.parse().ok()?;
        match self.of.resolve(&path, &mut Tolerance::rfc()).ok()? {
            scim_core::schema::Resolved::Attribute(attribute) => Some(attribute),
            scim_core::schema::Resolved::Extension(_) => None,
        }
    }

    fn with_schemas(&self, body: Map<String, Value>) -> Resource {
        let mut resource = Resource::from_attributes(body);
        let schemas = self.of.schemas_of(resource.as_value());
        resource.set("schemas", Some(schemas));
        resource
    }
}

/// The place of an attribute's own value: in the resource, or in the part of an extension.
fn holder<'b>(body: &'b mut Map<String, Value>, attribute: &AttributeRef) -> Option<&'b mut Map<String, Value>> {
    match attribute.uri() {
        None => Some(body),
        Some(uri) => body.entry(uri).or_insert_with(|| Value::Object(Map::new())).as_object_mut(),
    }
}

/// Writes the value of an attribute or sub-attribute; `None` removes it, with what is empty then.
fn put(body: &mut Map<String, Value>, attribute: &AttributeRef, value: Option<Value>) {
    if let Some(holder) = holder(body, attribute) {
        match (attribute.sub(), value) {
            (None, Some(value)) => drop(holder.insert(attribute.name().to_owned(), value)),
            (None, None) => drop(holder.remove(attribute.name())),
            (Some(sub), value) => {
                let parts = holder.entry(attribute.name()).or_insert_with(|| Value::Object(Map::new()));
                if let Some(parts) = parts.as_object_mut() {
                    match value {
                        Some(value) => drop(parts.insert(sub.to_owned(), value)),
                        None => drop(parts.remove(sub)),
                    }
                    if parts.is_empty() {
                        holder.remove(attribute.name());
                    }
                }
            }
        }
    }
    if let Some(uri) = attribute.uri()
        && body.get(uri).and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        body.remove(uri);
    }
}

fn has_element(body: &Map<String, Value>, attribute: &AttributeRef, element: &Value) -> bool {
    let holder = match attribute.uri() {
        None => Some(body),
        Some(uri) => body.get(uri).and_then(Value::as_object),
    };
    let elements = holder.and_then(|holder| holder.get(attribute.name())?.as_array());
    elements.is_some_and(|elements| elements.contains(element))
}

fn move_element(body: &mut Map<String, Value>, attribute: &AttributeRef, element: Value, comes: bool) {
    let Some(place) = holder(body, attribute) else { return };
    let elements = place.entry(attribute.name()).or_insert_with(|| Value::Array(Vec::new()));
    let Some(elements) = elements.as_array_mut() else { return };
    if comes {
        elements.push(element);
    } else {
        elements.retain(|known| *known != element);
    }
    if elements.is_empty() {
        put(body, attribute, None);
    }
}
