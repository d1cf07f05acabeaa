//! Who is in which group: a relation, rendered as `members` and `groups` on the way out.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::{ExternalId, Resource};
use scim_filter::fold;
use scim_service::StoreError;
use serde_json::{Map, Value};

use crate::rules::GroupRef;
use crate::sql::{Fragment, index_key};
use crate::store::content::Member;
use crate::store::profile::fits;
use crate::store::record::CHUNK;
use crate::store::session::Session;

/// The longest id of a member that is kept, in characters. Ids that are issued here have 36.
const MAX_MEMBER_ID: usize = 255;

/// A group that somebody is in.
#[derive(Clone, Debug)]
pub(crate) struct InGroup {
    pub(crate) group: GroupRef,
    /// The row of `ab_group`, where there is one and it is still ours.
    pub(crate) local: Option<i64>,
    pub(crate) direct: bool,
}

impl Session<'_> {
    /// Makes these the members of a group, and says who came and who went.
    pub(super) async fn set_members(
        &mut self,
        group: &str,
        wanted: &[Member],
    ) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let statement = Fragment::new("SELECT member_id FROM scim_member WHERE group_id = ?").bind(group);
        let rows = self.transaction.rows(statement).await?;
        let current = rows.iter().map(|row| row.text(0)).collect::<Result<BTreeSet<_>, _>>()?;
        let wanted_ids: BTreeSet<&str> = wanted.iter().map(|member| member.id.as_str()).collect();
        let gone: Vec<String> = current.iter().filter(|id| !wanted_ids.contains(id.as_str())).cloned().collect();
        let new: Vec<Member> = wanted.iter().filter(|member| !current.contains(&member.id)).cloned().collect();
        let removed = self.remove_members(group, &gone).await?;
        Ok((self.add_members(group, &new).await?, removed))
    }

    /// Adds members, and says which were not there before.
    pub(super) async fn add_members(&mut self, group: &str, members: &[Member]) -> Result<Vec<String>, StoreError> {
        let mut added = Vec::new();
        let mut seen = BTreeSet::new();
        for members in members.chunks(CHUNK) {
            for member in members {
                fits("members.value", &member.id, MAX_MEMBER_ID)?;
                if let Some(kind) = &member.kind {
                    fits("members.type", kind, MAX_MEMBER_ID)?;
                }
            }
            let there = self.members_among(group, members.iter().map(|member| member.id.as_str())).await?;
            let new: Vec<&Member> =
                members.iter().filter(|member| !there.contains(&member.id) && seen.insert(&member.id)).collect();
            let rows: Vec<Fragment> = new
                .iter()
                .map(|member| {
                    Fragment::new("(?, ?, ?, ?, ?)")
                        .bind(self.tenant)
                        .bind(group)
                        .bind(member.id.as_str())
                        .bind(&*index_key(&fold(&member.id)))
                        .bind(member.kind.as_deref())
                })
                .collect();
            if rows.is_empty() {
                continue;
            }
            let insert =
                Fragment::new("INSERT INTO scim_member (tenant, group_id, member_id, member_key, member_type) VALUES ");
            self.transaction.execute(insert.then(Fragment::joined(rows, ", "))).await?;
            added.extend(new.into_iter().map(|member| member.id.clone()));
        }
        Ok(added)
    }

    /// Removes members, and says which were there.
    pub(super) async fn remove_members(&mut self, group: &str, members: &[String]) -> Result<Vec<String>, StoreError> {
        let mut removed = Vec::new();
        for members in members.chunks(CHUNK) {
            let askable = members.iter().map(String::as_str).filter(|id| !id.contains('\0'));
            let there = self.members_among(group, askable).await?;
            if there.is_empty() {
                continue;
            }
            let delete = Fragment::new("DELETE FROM scim_member WHERE group_id = ? AND member_id IN ").bind(group);
            let delete = delete.then(Fragment::list(there.iter().map(String::as_str)));
            self.transaction.execute(delete).await?;
            removed.extend(there);
        }
        Ok(removed)
    }

    async fn members_among<'i>(
        &mut self,
        group: &str,
        ids: impl Iterator<Item = &'i str>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let select =
            Fragment::new("SELECT member_id FROM scim_member WHERE group_id = ? AND member_id IN ").bind(group);
        let rows = self.transaction.rows(select.then(Fragment::list(ids))).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
    }

    /// The groups that hold a resource directly.
    pub(super) async fn direct_groups(&mut self, member: &str) -> Result<Vec<String>, StoreError> {
        let statement = Fragment::new("SELECT group_id FROM scim_member WHERE member_id = ? AND tenant = ?");
        let rows = self.transaction.rows(statement.bind(member).bind(self.tenant)).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
    }

    /// The groups that each of these is in, direct ones first (R051). `UNION` drops what was seen, so a cycle ends.
    ///
    /// First the relation alone, then the groups by id: no engine can mistake how many there are.
    pub(crate) async fn groups_of(&mut self, members: &[String]) -> Result<BTreeMap<String, Vec<InGroup>>, StoreError> {
        let mut above: BTreeMap<(String, String), bool> = BTreeMap::new();
        for members in members.chunks(CHUNK) {
            let statement = Fragment::new(
                "WITH RECURSIVE above (member, id, direct) AS (\
                     SELECT m.member_id, m.group_id, 1 FROM scim_member m WHERE m.tenant = ? AND m.member_id IN ",
            )
            .bind(self.tenant)
            .then(Fragment::list(members.iter().map(String::as_str)))
            .then(Fragment::new(
                " UNION \
                     SELECT a.member, m.group_id, 0 FROM above a JOIN scim_member m ON m.member_id = a.id \
                     WHERE m.tenant = ?) \
                 SELECT a.member, a.id, a.direct FROM above a",
            ))
            .bind(self.tenant);
            for row in self.transaction.rows(statement).await? {
                *above.entry((row.text(0)?, row.text(1)?)).or_default() |= row.integer(2)? != 0;
            }
        }
        let ids: BTreeSet<String> = above.keys().map(|(_, id)| id.clone()).collect();
        let known = self.groups_by_id(&ids.into_iter().collect::<Vec<_>>()).await?;
        let mut groups: BTreeMap<String, Vec<InGroup>> = BTreeMap::new();
        for ((member, id), direct) in above {
            if let Some((group, local)) = known.get(&id) {
                let in_group = InGroup { group: group.clone(), local: *local, direct };
                groups.entry(member).or_default().push(in_group);
            }
        }
        for groups in groups.values_mut() {
            groups.sort_by(|a, b| b.direct.cmp(&a.direct).then_with(|| a.group.id.cmp(&b.group.id)));
        }
        Ok(groups)
    }

    /// Groups as the rules see them, with the row of `ab_group` where it is still ours.
    async fn groups_by_id(&mut self, ids: &[String]) -> Result<BTreeMap<String, (GroupRef, Option<i64>)>, StoreError> {
        let (local, join) = if self.tables.groups {
            let join = Fragment::new(" LEFT JOIN ab_group g ON g.id = r.local_id AND r.local_mark = ");
            (Fragment::new("g.id"), join.then(Fragment::new(self.dialect().group_mark())))
        } else {
            (Fragment::new("r.local_id"), Fragment::new(""))
        };
        let mut groups = BTreeMap::new();
        for ids in ids.chunks(CHUNK) {
            let statement = Fragment::new("SELECT r.id, r.external_id, r.display, ")
                .then(local.clone())
                .then(Fragment::new(" FROM scim_resource r"))
                .then(join.clone())
                .then(Fragment::new(" WHERE r.id IN "))
                .then(Fragment::list(ids.iter().map(String::as_str)));
            for row in self.transaction.rows(statement).await? {
                let id = row.text(0)?;
                let group = GroupRef {
                    id: id.parse().map_err(StoreError::internal)?,
                    external_id: row.optional_text(1)?.as_deref().map(ExternalId::from),
                    display_name: row.optional_text(2)?.unwrap_or_default(),
                };
                groups.insert(id, (group, row.optional_integer(3)?));
            }
        }
        Ok(groups)
    }

    /// The users among these resources, and those in them, directly or through other groups.
    pub(crate) async fn users_within(&mut self, roots: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let mut within: BTreeSet<String> = roots.iter().cloned().collect();
        for roots in roots.chunks(CHUNK) {
            let statement = Fragment::new(
                "WITH RECURSIVE below (id) AS (\
                     SELECT m.member_id FROM scim_member m WHERE m.tenant = ? AND m.group_id IN ",
            )
            .bind(self.tenant)
            .then(Fragment::list(roots.iter().map(String::as_str)))
            .then(Fragment::new(
                " UNION \
                     SELECT m.member_id FROM below b JOIN scim_member m ON m.group_id = b.id WHERE m.tenant = ?) \
                 SELECT b.id FROM below b",
            ))
            .bind(self.tenant);
            for row in self.transaction.rows(statement).await? {
                within.insert(row.text(0)?);
            }
        }
        let mut users = BTreeSet::new();
        for ids in within.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
            let statement =
                "SELECT r.id FROM scim_resource r WHERE r.resource_type = 'User' AND r.tenant = ? AND r.id IN ";
            let statement = Fragment::new(statement).bind(self.tenant);
            for row in self.transaction.rows(statement.then(Fragment::list(ids.iter().map(String::as_str)))).await? {
                users.insert(row.text(0)?);
            }
        }
        Ok(users)
    }

    /// The `members` of each of these groups.
    pub(super) async fn members_of(&mut self, groups: &[String]) -> Result<BTreeMap<String, Vec<Value>>, StoreError> {
        let mut members: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for groups in groups.chunks(CHUNK) {
            let statement = Fragment::new(
                "SELECT m.group_id, m.member_id, coalesce(r.resource_type, m.member_type), r.display FROM scim_member m \
                 LEFT JOIN scim_resource r ON r.id = m.member_id AND r.tenant = ? WHERE m.group_id IN ",
            )
            .bind(self.tenant)
            .then(Fragment::list(groups.iter().map(String::as_str)))
            .then(Fragment::new(" ORDER BY m.position"));
            for row in self.transaction.rows(statement).await? {
                let member = reference(row.text(1)?, row.optional_text(2)?, row.optional_text(3)?);
                members.entry(row.text(0)?).or_default().push(member);
            }
        }
        Ok(members)
    }
}

/// The `groups` of a user.
pub(super) fn rendered(groups: Vec<InGroup>) -> Vec<Value> {
    let render = |in_group: InGroup| {
        let kind = if in_group.direct { "direct" } else { "indirect" };
        let GroupRef { id, display_name, .. } = in_group.group;
        reference(id.to_string(), Some(kind.to_owned()), Some(display_name))
    };
    groups.into_iter().map(render).collect()
}

fn reference(value: String, kind: Option<String>, display: Option<String>) -> Value {
    let parts = [("value", Some(value)), ("type", kind), ("display", display)];
    let parts = parts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))));
    Value::Object(parts.collect::<Map<_, _>>())
}

/// Puts a relation into a resource; nothing where it is empty.
pub(super) fn show(resource: &mut Resource, name: &str, elements: Vec<Value>) {
    if !elements.is_empty() {
        resource.attributes_mut().insert(name.to_owned(), Value::Array(elements));
    }
}
