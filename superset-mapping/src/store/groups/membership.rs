//! Who is in which group: a relation, rendered as `members` and `groups` on the way out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scim_core::{ExternalId, Resource, ResourceId};
use scim_filter::fold;
use scim_service::{Membership, StoreError};
use serde_json::{Map, Value};

use crate::driver::DatabaseError;
use crate::rules::{Edges, GroupRef};
use crate::sql::{Fragment, index_key};
use crate::store::resources::Member;
use crate::store::session::CHUNK;
use crate::store::session::InGroup;
use crate::store::session::Session;
use crate::store::session::fits;
use crate::store::session::{provenance, read_source, source_text};

/// The longest id of a member that is kept, in characters. Ids that are issued here have 36.
const MAX_MEMBER_ID: usize = 255;

/// A group by its id, and the row of `ab_group`.
pub(crate) type KnownGroup = (GroupRef, Option<i64>);

impl Session<'_> {
    /// Makes these the members of a group, and says who came and who went.
    pub(in crate::store) async fn set_members(
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

    /// Adds members, and says which were not there before. Whoever adds a member asserts the membership from then on; the members
    /// that a whole list names again stay whose they were, because lists are read, changed and sent back.
    pub(in crate::store) async fn add_members(
        &mut self,
        group: &str,
        members: &[Member],
    ) -> Result<Vec<String>, StoreError> {
        let source = source_text(self.cx.principal.source())?;
        let mut added = Vec::new();
        let mut seen = BTreeSet::new();
        for members in members.chunks(CHUNK) {
            for member in members {
                fits("members.value", &member.id, MAX_MEMBER_ID)?;
                if let Some(kind) = &member.kind {
                    fits("members.type", kind, MAX_MEMBER_ID)?;
                }
            }
            let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
            let there = self.members_among(group, ids.into_iter()).await?;
            let new: Vec<&Member> =
                members.iter().filter(|member| !there.contains_key(&member.id) && seen.insert(&member.id)).collect();
            let others = there.iter().filter(|(_, by)| **by != source).map(|(id, _)| id.clone()).collect();
            self.assert_members(group, &source, others).await?;
            let rows: Vec<Fragment> = new
                .iter()
                .map(|member| {
                    Fragment::new("(?, ?, ?, ?, ?, ?)")
                        .bind(self.tenant)
                        .bind(group)
                        .bind(member.id.as_str())
                        .bind(&*index_key(&fold(&member.id)))
                        .bind(member.kind.as_deref())
                        .bind(source.as_str())
                })
                .collect();
            if rows.is_empty() {
                continue;
            }
            let insert = Fragment::new(
                "INSERT INTO scim_member (tenant, group_id, member_id, member_key, member_type, source) VALUES ",
            );
            self.transaction.execute(insert.then(Fragment::joined(rows, ", "))).await?;
            added.extend(new.into_iter().map(|member| member.id.clone()));
        }
        Ok(added)
    }

    /// Removes members, and says which were there.
    pub(in crate::store) async fn remove_members(
        &mut self,
        group: &str,
        members: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let mut removed = Vec::new();
        for members in members.chunks(CHUNK) {
            let askable = members.iter().map(String::as_str).filter(|id| !id.contains('\0'));
            let there = self.members_among(group, askable).await?;
            if there.is_empty() {
                continue;
            }
            let delete = Fragment::new("DELETE FROM scim_member WHERE group_id = ? AND member_id IN ").bind(group);
            let delete = delete.then(Fragment::list(there.keys().map(String::as_str)));
            self.transaction.execute(delete).await?;
            removed.extend(there.into_keys());
        }
        Ok(removed)
    }

    /// Makes the caller the one who asserts these memberships, which somebody else may have made.
    async fn assert_members(&mut self, group: &str, source: &str, members: Vec<String>) -> Result<(), StoreError> {
        if members.is_empty() {
            return Ok(());
        }
        let update = Fragment::new("UPDATE scim_member SET source = ? WHERE group_id = ? AND member_id IN ");
        let update = update.bind(source).bind(group).then(Fragment::list(members.iter().map(String::as_str)));
        self.transaction.execute(update).await?;
        self.reasserted.extend(members);
        Ok(())
    }

    /// Which of these are members, and who says so.
    async fn members_among<'i>(
        &mut self,
        group: &str,
        ids: impl Iterator<Item = &'i str>,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let select = "SELECT member_id, source FROM scim_member WHERE group_id = ? AND member_id IN ";
        let rows = self.transaction.rows(Fragment::new(select).bind(group).then(Fragment::list(ids))).await?;
        Ok(rows.iter().map(|row| Ok::<_, DatabaseError>((row.text(0)?, row.text(1)?))).collect::<Result<_, _>>()?)
    }

    /// The groups that hold a resource directly.
    pub(in crate::store) async fn direct_groups(&mut self, member: &str) -> Result<Vec<String>, StoreError> {
        let statement = Fragment::new("SELECT group_id FROM scim_member WHERE member_id = ? AND tenant = ?");
        let rows = self.transaction.rows(statement.bind(member).bind(self.tenant)).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
    }

    /// The groups that directly hold these resources, and who says so.
    pub(in crate::store) async fn memberships(
        &mut self,
        members: &[ResourceId],
    ) -> Result<Vec<Membership>, StoreError> {
        let mut memberships = Vec::new();
        for members in members.chunks(CHUNK) {
            let select =
                "SELECT m.member_id, m.group_id, m.source FROM scim_member m WHERE m.tenant = ? AND m.member_id IN ";
            let select = Fragment::new(select).bind(self.tenant);
            let members = Fragment::list(members.iter().map(ResourceId::as_str));
            for row in self.transaction.rows(select.then(members)).await? {
                let id = |text: String| text.parse::<ResourceId>().map_err(StoreError::internal);
                memberships.push(Membership::new(id(row.text(0)?)?, id(row.text(1)?)?, read_source(&row.text(2)?)?));
            }
        }
        Ok(memberships)
    }

    /// The groups that each of these is in, direct ones first (R051), with the ways of memberships that lead there. `UNION` drops what
    /// was seen, so a cycle ends.
    ///
    /// First the relation alone, then the groups by id: no engine can mistake how many there are. `coalesce` leaves an engine that does not
    /// know yet how large the tables are no index of a resource but that of its id. Most groups are in no other, so
    /// the recursion starts from the few groups that the members are in, not from the members.
    pub(crate) async fn groups_of(&mut self, members: &[String]) -> Result<BTreeMap<String, Vec<InGroup>>, StoreError> {
        if let [member] = members
            && let Some(known) =
                self.own_groups.as_ref().filter(|own| own.user == *member).and_then(|own| own.known.clone())
        {
            return Ok(BTreeMap::from([(member.clone(), known)]));
        }
        let groups = self.look_for_groups_of(members).await?;
        if let Some(own) = self.own_groups.as_mut().filter(|own| members.contains(&own.user)) {
            own.known = Some(groups.get(&own.user).cloned().unwrap_or_default());
        }
        Ok(groups)
    }

    async fn look_for_groups_of(&mut self, members: &[String]) -> Result<BTreeMap<String, Vec<InGroup>>, StoreError> {
        let mut edges = Edges::default();
        for members in members.chunks(CHUNK) {
            let statement = Fragment::new(
                "SELECT m.member_id, m.group_id, m.source FROM scim_member m JOIN scim_resource r ON r.id = m.member_id \
                 WHERE m.tenant = ? AND coalesce(r.tenant, '') = ? AND m.member_id IN ",
            )
            .bind(self.tenant)
            .bind(self.tenant)
            .then(Fragment::list(members.iter().map(String::as_str)));
            self.add_edges(&mut edges, statement).await?;
        }
        for groups in edges.groups().chunks(CHUNK) {
            let statement = Fragment::new(
                "WITH RECURSIVE above (member_id, group_id, source) AS (\
                     SELECT m.member_id, m.group_id, m.source FROM scim_member m WHERE m.tenant = ? AND m.member_id IN ",
            )
            .bind(self.tenant)
            .then(Fragment::list(groups.iter().map(String::as_str)))
            .then(Fragment::new(
                " UNION SELECT m.member_id, m.group_id, m.source FROM above a \
                     JOIN scim_member m ON m.member_id = a.group_id WHERE m.tenant = ?) \
                 SELECT a.member_id, a.group_id, a.source FROM above a",
            ))
            .bind(self.tenant);
            self.add_edges(&mut edges, statement).await?;
        }
        let known = self.groups_by_id(&edges.groups()).await?;
        let mut groups: BTreeMap<String, Vec<InGroup>> = BTreeMap::new();
        for member in members {
            let mut of_member = Vec::new();
            for (id, way) in edges.above(member) {
                let Some((group, local)) = known.get(id) else { continue };
                let group = group.clone().asserted_through(way.chains);
                of_member.push(InGroup { group, local: *local, direct: way.direct });
            }
            if !of_member.is_empty() {
                of_member.sort_by(|a, b| b.direct.cmp(&a.direct).then_with(|| a.group.id.cmp(&b.group.id)));
                groups.insert(member.clone(), of_member);
            }
        }
        Ok(groups)
    }

    async fn add_edges(&mut self, edges: &mut Edges, statement: Fragment) -> Result<(), StoreError> {
        for row in self.transaction.rows(statement).await? {
            edges.add(row.text(0)?, row.text(1)?, read_source(&row.text(2)?)?);
        }
        Ok(())
    }

    /// Groups as the rules see them, with the row of `ab_group` where it is still ours.
    pub(crate) async fn groups_by_id(&mut self, ids: &[String]) -> Result<BTreeMap<String, KnownGroup>, StoreError> {
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
                .then(Fragment::new(
                    ", r.source, r.tenant, p.resource_id FROM scim_resource r \
                     LEFT JOIN scim_pin p ON p.external_key = r.external_key",
                ))
                .then(join.clone())
                .then(Fragment::new(" WHERE r.id IN "))
                .then(Fragment::list(ids.iter().map(String::as_str)));
            for row in self.transaction.rows(statement).await? {
                let id = row.text(0)?;
                let mut group = GroupRef::new(
                    id.parse().map_err(StoreError::internal)?,
                    &row.optional_text(2)?.unwrap_or_default(),
                )
                .asserted_by(Arc::new(provenance(read_source(&row.text(4)?)?, &row.text(5)?)));
                group.external_id = row.optional_text(1)?.as_deref().map(ExternalId::from);
                group.contested = row.optional_text(6)?.is_some_and(|pinned| pinned != id);
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
    pub(in crate::store) async fn members_of(
        &mut self,
        groups: &[String],
    ) -> Result<BTreeMap<String, Vec<Value>>, StoreError> {
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
pub(in crate::store) fn rendered(groups: Vec<InGroup>) -> Vec<Value> {
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
pub(in crate::store) fn show(resource: &mut Resource, name: &str, elements: Vec<Value>) {
    if !elements.is_empty() {
        resource.set(name, Some(Value::Array(elements)));
    }
}
