//! Which groups a message names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scim_core::schema::Mutability;
use scim_core::{Attribute, Quirk, ResourceTypeName, TypeSchema};
use serde_json::Value;

use crate::bulk::{Form, Position, in_patch, in_resource};
use crate::call::Call;
use crate::call::InSpan;
use crate::call::one_of;
use crate::endpoint::write::groups_on_user::invalid;
use crate::store::{Store, StoreExt};
use crate::wire::Failure;

/// How many ids one query of the store asks for.
const AT_ONCE: usize = 64;

/// The groups that a message names, as far as the client may see them. Names in the message are ids by now.
pub(in crate::endpoint::write) struct NamedGroups {
    pub(super) known: BTreeSet<String>,
}

impl<S: ?Sized> Call<'_, S> {
    /// `groups` of users, where clients write it.
    fn written_groups(&self, of: &TypeSchema) -> Option<Arc<Attribute>> {
        let on = self.config.profile().allows(Quirk::GroupsOnUser);
        let groups = of.base().attribute("groups").filter(|groups| groups.mutability() == Mutability::ReadWrite)?;
        (on && of.resource_type().name() == &ResourceTypeName::user()).then(|| groups.clone())
    }
}

impl<S: Store + ?Sized> Call<'_, S> {
    /// Finds the groups that the body of a POST or PUT names, and puts their ids there. `None` if it does not speak of
    /// groups.
    pub(in crate::endpoint::write) async fn groups_of_resource(
        &mut self,
        of: &Arc<TypeSchema>,
        body: &mut Value,
    ) -> Result<Option<NamedGroups>, Failure> {
        let Some(groups) = self.written_groups(of) else { return Ok(None) };
        let mut members = body.as_object_mut().into_iter().flatten();
        let Some((_, value)) = members.find(|(key, _)| key.eq_ignore_ascii_case("groups")) else { return Ok(None) };
        let profile = self.config.profile();
        if let Value::Array(elements) = value {
            // Whoever sends back what was shown sends these too; they follow from other memberships.
            elements.retain(|element| element.get("type").and_then(Value::as_str) != Some("indirect"));
        }
        let mut names = BTreeSet::new();
        in_resource(of, profile, body, &mut |position| note(&groups, &position, &mut names));
        let found = Box::pin(self.find_groups(&names)).await?;
        in_resource(of, profile, body, &mut |mut position| put(&groups, &mut position, &found));
        Ok(Some(NamedGroups { known: found.into_values().collect() }))
    }

    /// The same for a PATCH: in its values, paths and keys.
    pub(in crate::endpoint::write) async fn groups_of_patch(
        &mut self,
        of: &Arc<TypeSchema>,
        body: &mut Value,
    ) -> Result<Option<NamedGroups>, Failure> {
        let Some(groups) = self.written_groups(of) else { return Ok(None) };
        let profile = self.config.profile();
        let mut names = BTreeSet::new();
        in_patch(of, profile, body, &mut |position| note(&groups, &position, &mut names));
        let found = Box::pin(self.find_groups(&names)).await?;
        in_patch(of, profile, body, &mut |mut position| put(&groups, &mut position, &found));
        Ok(Some(NamedGroups { known: found.into_values().collect() }))
    }

    /// The ids of the groups with these names: a name is an id, or else a `displayName`.
    async fn find_groups(&mut self, names: &BTreeSet<String>) -> Result<BTreeMap<String, String>, Failure> {
        let mut found = BTreeMap::new();
        let limit = self.config.limits().groups_on_user;
        if names.len() > limit {
            return Err(invalid(format!("at most {limit} groups")));
        }
        let (Some(of), Some(any)) = (self.group_type(), names.first()) else { return Ok(found) };
        let looked_at = one_of(&of, &["id", "displayName"], &[any])?;
        let permit = self.permit_query(&of, &[], &looked_at.targets()).await?;
        let all: Vec<&String> = names.iter().collect();
        for names in all.chunks(AT_ONCE) {
            let by_id = permit.narrow(Some(one_of(&of, &["id"], names)?));
            let ids = self.store.ids(&self.cx, &of, by_id.as_ref(), names.len() as u64);
            for id in ids.in_span_about("list", &of).await? {
                found.insert(id.clone(), id);
            }
        }
        for name in names {
            if found.contains_key(name) {
                continue;
            }
            let by_name = permit.narrow(Some(one_of(&of, &["displayName"], &[name])?));
            let ids = self.store.ids(&self.cx, &of, by_name.as_ref(), 2).in_span_about("list", &of).await?;
            match ids.as_slice() {
                [] => {}
                [id] => drop(found.insert(name.clone(), id.clone())),
                _ => return Err(invalid("the id of a group where several have the display name".to_owned())),
            }
        }
        Ok(found)
    }
}

fn note(groups: &Attribute, position: &Position<'_>, names: &mut BTreeSet<String>) {
    if std::ptr::eq(position.attribute, groups) && position.form == Form::Id {
        names.insert(position.text.clone());
    }
}

fn put(groups: &Attribute, position: &mut Position<'_>, found: &BTreeMap<String, String>) {
    if std::ptr::eq(position.attribute, groups)
        && position.form == Form::Id
        && let Some(id) = found.get(position.text.as_str())
    {
        position.text.clone_from(id);
    }
}
