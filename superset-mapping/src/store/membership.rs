//! Who is in which group: a relation, rendered as `members` and `groups` on the way out.

use std::collections::BTreeSet;

use scim_core::{ExternalId, Resource};
use scim_service::StoreError;
use serde_json::{Map, Value};

use crate::rules::GroupRef;
use crate::sql::Fragment;
use crate::store::content::Member;
use crate::store::record::{CHUNK, LocalRow};
use crate::store::session::Session;

/// A group that somebody is in.
#[derive(Clone, Debug)]
pub(super) struct InGroup {
    pub(super) group: GroupRef,
    pub(super) local: Option<LocalRow>,
    pub(super) direct: bool,
}

impl Session<'_> {
    /// Makes these the members of a group, and says whose membership changed.
    pub(super) async fn set_members(&mut self, group: &str, wanted: &[Member]) -> Result<Vec<String>, StoreError> {
        let statement = Fragment::new("SELECT member_id FROM scim_member WHERE group_id = ?").bind(group);
        let rows = self.transaction.rows(statement).await?;
        let current = rows.iter().map(|row| row.text(0)).collect::<Result<BTreeSet<_>, _>>()?;
        let wanted_ids: BTreeSet<&str> = wanted.iter().map(|member| member.id.as_str()).collect();
        let gone: Vec<String> = current.iter().filter(|id| !wanted_ids.contains(id.as_str())).cloned().collect();
        let new: Vec<Member> = wanted.iter().filter(|member| !current.contains(&member.id)).cloned().collect();
        let mut changed = self.remove_members(group, &gone).await?;
        changed.extend(self.add_members(group, &new).await?);
        Ok(changed)
    }

    /// Adds members, and says which were not there before.
    pub(super) async fn add_members(&mut self, group: &str, members: &[Member]) -> Result<Vec<String>, StoreError> {
        let mut added = Vec::new();
        for members in members.chunks(CHUNK) {
            let rows = members.iter().map(|member| {
                Fragment::new("(?, ?, ?)").bind(group).bind(member.id.as_str()).bind(member.kind.as_deref())
            });
            let statement = Fragment::new("INSERT INTO scim_member (group_id, member_id, member_type) VALUES ")
                .then(Fragment::joined(rows.collect(), ", "))
                .then(Fragment::new(" ON CONFLICT DO NOTHING RETURNING member_id"));
            for row in self.transaction.rows(statement).await? {
                added.push(row.text(0)?);
            }
        }
        Ok(added)
    }

    /// Removes members, and says which were there.
    pub(super) async fn remove_members(&mut self, group: &str, members: &[String]) -> Result<Vec<String>, StoreError> {
        let mut removed = Vec::new();
        for members in members.chunks(CHUNK) {
            let statement = Fragment::new("DELETE FROM scim_member WHERE group_id = ? AND member_id IN ")
                .bind(group)
                .then(Fragment::list(members.iter().map(String::as_str)))
                .then(Fragment::new(" RETURNING member_id"));
            for row in self.transaction.rows(statement).await? {
                removed.push(row.text(0)?);
            }
        }
        Ok(removed)
    }

    /// The groups that hold a resource directly.
    pub(super) async fn direct_groups(&mut self, member: &str) -> Result<Vec<String>, StoreError> {
        let statement = Fragment::new(
            "SELECT g.id FROM scim_member m JOIN scim_resource g ON g.id = m.group_id WHERE m.member_id = ? AND g.tenant = ?",
        );
        let rows = self.transaction.rows(statement.bind(member).bind(self.tenant)).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
    }

    /// The groups that a resource is in, direct ones first (R051). `UNION` drops what was seen, so a cycle ends.
    pub(super) async fn groups_of(&mut self, member: &str) -> Result<Vec<InGroup>, StoreError> {
        let statement = Fragment::new(
            "WITH RECURSIVE above(id) AS (\
                 SELECT g.id FROM scim_member m JOIN scim_resource g ON g.id = m.group_id \
                 WHERE m.member_id = ? AND g.tenant = ? \
                 UNION \
                 SELECT g.id FROM above a JOIN scim_member m ON m.member_id = a.id JOIN scim_resource g ON g.id = m.group_id \
                 WHERE g.tenant = ?) \
             SELECT g.id, g.external_id, g.display, g.local_id, g.local_mark, \
                 EXISTS (SELECT 1 FROM scim_member m WHERE m.group_id = g.id AND m.member_id = ?) AS direct \
             FROM above a JOIN scim_resource g ON g.id = a.id ORDER BY direct DESC, g.id",
        )
        .bind(member)
        .bind(self.tenant)
        .bind(self.tenant)
        .bind(member);
        let mut groups = Vec::new();
        for row in self.transaction.rows(statement).await? {
            let group = GroupRef {
                id: row.text(0)?.parse().map_err(StoreError::internal)?,
                external_id: row.optional_text(1)?.as_deref().map(ExternalId::from),
                display_name: row.optional_text(2)?.unwrap_or_default(),
            };
            let local = row.optional_integer(3)?.zip(row.optional_text(4)?).map(|(id, mark)| LocalRow { id, mark });
            groups.push(InGroup { group, local, direct: row.integer(5)? != 0 });
        }
        Ok(groups)
    }

    /// The users among these resources, and those in them, directly or through other groups.
    pub(super) async fn users_within(&mut self, roots: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let mut users = BTreeSet::new();
        for roots in roots.chunks(CHUNK) {
            let statement = Fragment::new(
                "WITH RECURSIVE within(id, resource_type) AS (\
                     SELECT id, resource_type FROM scim_resource WHERE tenant = ? AND id IN ",
            )
            .bind(self.tenant)
            .then(Fragment::list(roots.iter().map(String::as_str)))
            .then(Fragment::new(
                " UNION \
                     SELECT r.id, r.resource_type FROM within w JOIN scim_member m ON m.group_id = w.id \
                     JOIN scim_resource r ON r.id = m.member_id WHERE r.tenant = ?) \
                 SELECT id FROM within WHERE resource_type = 'User'",
            ))
            .bind(self.tenant);
            for row in self.transaction.rows(statement).await? {
                users.insert(row.text(0)?);
            }
        }
        Ok(users)
    }

    /// Puts `members` into a group.
    pub(super) async fn show_members(&mut self, group: &str, resource: &mut Resource) -> Result<(), StoreError> {
        let statement = Fragment::new(
            "SELECT m.member_id, coalesce(r.resource_type, m.member_type), r.display FROM scim_member m \
             LEFT JOIN scim_resource r ON r.id = m.member_id AND r.tenant = ? WHERE m.group_id = ? ORDER BY m.position",
        )
        .bind(self.tenant)
        .bind(group);
        let mut members = Vec::new();
        for row in self.transaction.rows(statement).await? {
            members.push(reference(row.text(0)?, row.optional_text(1)?, row.optional_text(2)?));
        }
        show(resource, "members", members);
        Ok(())
    }

    /// Puts `groups` into a user.
    pub(super) async fn show_groups(&mut self, user: &str, resource: &mut Resource) -> Result<(), StoreError> {
        let groups = self.groups_of(user).await?.into_iter().map(|in_group| {
            let kind = if in_group.direct { "direct" } else { "indirect" };
            let GroupRef { id, display_name, .. } = in_group.group;
            reference(id.to_string(), Some(kind.to_owned()), Some(display_name))
        });
        show(resource, "groups", groups.collect());
        Ok(())
    }
}

fn reference(value: String, kind: Option<String>, display: Option<String>) -> Value {
    let parts = [("value", Some(value)), ("type", kind), ("display", display)];
    let parts = parts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))));
    Value::Object(parts.collect::<Map<_, _>>())
}

fn show(resource: &mut Resource, name: &str, elements: Vec<Value>) {
    if !elements.is_empty() {
        resource.attributes_mut().insert(name.to_owned(), Value::Array(elements));
    }
}
