//! What a message makes of the groups of a user, one membership after the other.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::message::{PatchOp, PatchOperation};
use scim_core::{Profile, Projection, Resource, ResourceId, TypeSchema, ValueRef};
use scim_patch::{Patch, apply};
use serde_json::{Value, json};

use crate::authorize::Operation;
use crate::call::Call;
use crate::endpoint::write::attempt::store_patched;
use crate::endpoint::write::groups_on_user::invalid;
use crate::endpoint::write::groups_on_user::names::NamedGroups;
use crate::store::{Precondition, Store, StoreError};
use crate::wire::Failure;

/// What a message makes of the groups of a user.
pub(in crate::endpoint::write) struct GroupChange {
    known: BTreeSet<String>,
    wish: Wish,
}

enum Wish {
    /// These ids.
    Exactly(BTreeSet<String>),
    /// What the patch makes of those there are.
    Patched(Box<Patch>),
}

impl NamedGroups {
    /// What the body of a POST or PUT says, taken out of the resource that was made of it.
    pub(in crate::endpoint::write) fn set_by(self, draft: &mut Resource) -> GroupChange {
        let wish = Wish::Exactly(ids(draft.get("groups")));
        draft.set("groups", None);
        GroupChange { known: self.known, wish }
    }

    /// What a PATCH does to groups, taken out of it; `None` if nothing.
    pub(in crate::endpoint::write) fn patched_by(self, patch: &mut Patch) -> Option<GroupChange> {
        let groups = patch.split_off("groups");
        (!groups.targets().is_empty())
            .then_some(GroupChange { known: self.known, wish: Wish::Patched(Box::new(groups)) })
    }
}

/// What happens to the membership of a user in a group.
#[derive(Clone, Copy)]
enum Membership {
    Begins,
    Ends,
}

impl Membership {
    fn operation(self, user: &ResourceId) -> PatchOperation {
        let user = Value::from(user.as_str());
        let (op, path, value) = match self {
            Self::Begins => ("add", "members".to_owned(), Some(json!([{"value": user, "type": "User"}]))),
            Self::Ends => ("remove", format!("members[value eq {user}]"), None),
        };
        PatchOperation { op: op.to_owned(), path: Some(path), value }
    }
}

impl<S: Store + ?Sized> Call<'_, S> {
    /// Makes the direct groups of a user, which are those of `current`, what the message wants them to be. Groups are left
    /// before any is joined. Without a user it only says whether that could be done.
    pub(in crate::endpoint::write) async fn change_groups(
        &mut self,
        mut current: Resource,
        change: &GroupChange,
        user: Option<&ResourceId>,
    ) -> Result<(), Failure> {
        let Some(group) = self.group_type() else { return Ok(()) };
        if let Some(Value::Array(groups)) = current.attributes_mut().get_mut("groups") {
            groups.retain(|element| element.get("type").and_then(Value::as_str) != Some("indirect"));
        }
        let held = ids(current.get("groups"));
        let wanted = match &change.wish {
            Wish::Exactly(ids) => ids.clone(),
            Wish::Patched(patch) => {
                self.tolerance.record(apply(patch, &mut current)?.quirks());
                ids(current.get("groups"))
            }
        };
        let limit = self.config.limits().groups_on_user;
        if held.symmetric_difference(&wanted).count() > limit {
            return Err(invalid(format!("at most {limit} groups that the user is to join or leave")));
        }
        for left in held.difference(&wanted) {
            self.change_member(&group, left, Membership::Ends, user).await?;
        }
        for joined in wanted.difference(&held) {
            let known =
                change.known.contains(joined) && self.change_member(&group, joined, Membership::Begins, user).await?;
            if !known && self.config.refuses_unknown_groups() {
                return Err(invalid("ids or display names of groups that are there".to_owned()));
            }
        }
        Ok(())
    }

    /// Puts a user into a group or takes it out, as a PATCH of the group would. `false`: the client sees no such group.
    /// Without a user it only says whether that could be done.
    async fn change_member(
        &mut self,
        of: &Arc<TypeSchema>,
        group: &str,
        membership: Membership,
        user: Option<&ResourceId>,
    ) -> Result<bool, Failure> {
        let Ok(id) = group.parse::<ResourceId>() else { return Ok(false) };
        // The message is the service's own: no profile forbids its form.
        let message = PatchOp { operations: vec![membership.operation(user.unwrap_or(&id))] };
        let patch = Patch::check(&message, of, &Profile::rfc())?;
        let permit = self.permit_write(of, Operation::Patch, Some(&id), &patch.targets()).await?;
        let want = Projection::new(&["id"], &[] as &[&str], of, self.config.profile())?;
        let outcome = match user {
            Some(_) => store_patched(self, of, &id, &patch, &Precondition::None, &permit, &want).await,
            None => self.visible(of, &id, &want, &permit).await,
        };
        match outcome {
            Ok(_) => Ok(true),
            Err(Failure::Store(StoreError::NotFound)) => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

/// The ids in `groups`.
fn ids(groups: Option<ValueRef<'_>>) -> BTreeSet<String> {
    let elements = groups.into_iter().flat_map(ValueRef::elements);
    elements.filter_map(|element| element.get("value")?.as_str().map(Cow::into_owned)).collect()
}
