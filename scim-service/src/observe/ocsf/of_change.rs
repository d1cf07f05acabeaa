//! The events of a committed write.

use serde_json::{Map, Value, json};

use crate::change::{Change, ChangeRecord, Grant, GrantKind};
use crate::context::Context;
use crate::observe::ocsf::event::{Class, OTHER, OcsfEvent, Severity, named};

/// The events of a write: one of the resource itself, one for each member that came or went, one for each role that somebody was given
/// or lost. None where nothing changed.
///
/// ```
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::observe::ocsf::events_of_change;
/// use scim_service::{Context, Create, MemoryStore, Principal, Store};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::new(Principal::new("okta"), "r-1", Utc::now());
/// let made = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?;
/// let events = events_of_change(&cx, &made.change);
/// assert!(events[0].to_string().contains(r#""type_uid":300101"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn events_of_change(cx: &Context, change: &Change) -> Vec<OcsfEvent> {
    if change.is_unchanged() {
        return Vec::new();
    }
    let base = |class, activity| base(cx, change, class, activity);
    let id = change.id.as_str();
    let name = ["userName", "displayName"].into_iter().find_map(|name| value_of(change, name));
    let mut events = Vec::new();
    let is_written = change.before.is_none() || change.after.is_none() || !change.differences.is_unchanged();
    let mut record = ChangeRecord::of(change);
    // Each member has an event of its own.
    record.members = crate::change::MemberRecord::default();
    let record: Value = serde_json::from_str(&record.to_json()).unwrap_or_default();
    match change.resource_type.as_str() {
        "User" if is_written => {
            let event = base(Class::Account, of_user(change)).with("user", named(Some(id), name));
            events.push(event.with_unmapped("changes", record));
        }
        "Group" => {
            let whole = named(Some(id), name);
            if is_written {
                let activity = whole_activity(change, 6, 5, OTHER);
                let event = base(Class::Group, activity).with("group", whole.clone());
                events.push(event.with_unmapped("changes", record));
            }
            for (activity, members) in [(3, &change.members_added), (4, &change.members_removed)] {
                for member in members {
                    let event = base(Class::Group, activity).with("group", whole.clone());
                    events.push(event.with("user", named(Some(member), None)));
                }
            }
        }
        "User" => {}
        other => {
            let entity = json!({"uid": id, "type": other, "type_id": 99});
            let event = base(Class::Entity, whole_activity(change, 1, 4, 3)).with("entity", entity);
            events.push(event.with_unmapped("resource_type", other.into()).with_unmapped("changes", record));
        }
    }
    for (granted, grants) in [(true, &change.access.gained), (false, &change.access.lost)] {
        let roles = grants.iter().filter(|grant| grant.kind == GrantKind::Role);
        events.extend(roles.map(|grant| of_grant(&base, grant, granted)));
    }
    events
}

fn base(cx: &Context, change: &Change, class: Class, activity: u32) -> OcsfEvent {
    OcsfEvent::new(class, activity, change.time, &change.request_id)
        .by(&change.principal, &change.provenance.source().to_string(), &change.request_id)
        .in_tenant(change.tenant())
        .from(cx.address)
}

/// The value of an attribute after the write, or before a deletion, where the write was about it.
fn value_of<'c>(change: &'c Change, name: &str) -> Option<&'c str> {
    let difference = change.differences.all().iter().find(|difference| difference.target().to_string() == name)?;
    difference.after().or_else(|| difference.before())?.as_str()
}

fn whole_activity(change: &Change, created: u32, deleted: u32, changed: u32) -> u32 {
    match (&change.before, &change.after) {
        (None, _) => created,
        (_, None) => deleted,
        (Some(_), Some(_)) => changed,
    }
}

/// What a write did to a user, by the attribute that matters most.
fn of_user(change: &Change) -> u32 {
    let changed =
        |name: &str| change.differences.all().iter().find(|difference| difference.target().to_string() == name);
    match whole_activity(change, 1, 6, OTHER) {
        OTHER => match (changed("active"), changed("password")) {
            (Some(active), _) if active.after() == Some(&Value::Bool(false)) => 5,
            (Some(active), _) if active.before() == Some(&Value::Bool(false)) => 2,
            (_, Some(_)) => 4,
            _ => OTHER,
        },
        activity => activity,
    }
}

fn of_grant(base: &impl Fn(Class, u32) -> OcsfEvent, grant: &Grant, granted: bool) -> OcsfEvent {
    let holder = named(Some(grant.holder.as_str()), None);
    let event = if grant.holder_type == "Group" {
        let event = base(Class::Group, if granted { 1 } else { 2 }).with("group", holder);
        let event = event.with("privileges", json!([grant.name]));
        // This class has no `policy`.
        match &grant.rule {
            Some(rule) => event.with_unmapped("rule", rule.as_str().into()),
            None => event,
        }
    } else {
        let mut policy = Map::new();
        policy.insert("name".to_owned(), grant.name.as_str().into());
        policy.insert("type".to_owned(), "role".into());
        policy.insert("is_applied".to_owned(), granted.into());
        if let Some(rule) = &grant.rule {
            policy.insert("desc".to_owned(), rule.as_str().into());
        }
        base(Class::Account, if granted { 7 } else { 8 }).with("user", holder).with("policy", policy)
    };
    let event = event.with("severity_id", Severity::Low as u32);
    match &grant.source {
        Some(source) => event.with_unmapped("source", source.as_str().into()),
        None => event,
    }
}
