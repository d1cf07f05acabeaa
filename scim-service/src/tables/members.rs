//! Who is in which group: pairs in the host's table, and in the one for members that are no users.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use scim_core::ResourceTypeName;
use scim_filter::fold;
use serde_json::{Map, Value};

use super::database::{Connection, DatabaseError, Fault};
use super::layout::{Layout, Mapped, Related};
use super::pairs::pairs;
use super::session::{CHUNK, Session};
use super::statement::{Cell, CellKind, Sql};
use crate::store::StoreError;

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) id: String,
    /// The type as a client gave it; of a user, `User`.
    pub(super) kind: Option<String>,
    /// Whether the host's own table has it.
    pub(super) is_user: bool,
}

/// Members that came into a group, or went.
#[derive(Clone, Debug, Default)]
pub(super) struct Moved {
    pub(super) users: Vec<String>,
    pub(super) others: Vec<String>,
}

impl Moved {
    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.others.is_empty()
    }

    /// All ids, in order.
    pub(super) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.users.iter().chain(&self.others).cloned().collect();
        ids.sort();
        ids
    }

    fn take(&mut self, member: Member) {
        if member.is_user { self.users.push(member.id) } else { self.others.push(member.id) }
    }
}

fn texts(row: Vec<Cell>) -> impl Iterator<Item = Option<String>> {
    row.into_iter().map(|cell| match cell {
        Cell::Text(text) => text,
        Cell::Bool(_) | Cell::Integer(_) => None,
    })
}

impl<C: Connection> Session<'_, C> {
    /// Pairs of group and member for these groups; with `among`, of these members alone.
    async fn members_of(
        &mut self,
        groups: &[String],
        among: Option<&[String]>,
    ) -> Result<Vec<(String, Member)>, Fault> {
        let Some(related) = self.layouts.related() else { return Ok(Vec::new()) };
        let (group, user) = (&related.groups.table.id, &related.users.table.id);
        let mut found = Vec::new();
        let all = [Vec::new()];
        let parts: Vec<&[String]> = match among {
            Some(members) => members.chunks(CHUNK).collect(),
            None => all.iter().map(Vec::as_slice).collect(),
        };
        for groups in groups.chunks(CHUNK) {
            for members in &parts {
                let narrowed = |query: Sql, column: &str| match among {
                    Some(_) => query.text(&format!(" AND {column} IN ")).then(Sql::list(*members)),
                    None => query,
                };
                let query = pairs(related, self.tenant, &format!("g.{group}, u.{user}"));
                let query = query.text(&format!("g.{group} IN ")).then(Sql::list(groups));
                let query = narrowed(query, &format!("u.{user}")).returning(vec![CellKind::Text; 2]);
                for row in self.connection.query(query).await? {
                    let mut row = texts(row);
                    if let (Some(group), Some(id)) = (row.next().flatten(), row.next().flatten()) {
                        let kind = Some(ResourceTypeName::user().to_string());
                        found.push((group, Member { id, kind, is_user: true }));
                    }
                }
                let Some(others) = &related.membership.others else { continue };
                let query = Sql::new(format!(
                    "SELECT o.group_id, o.member_id, o.member_type FROM {others} o WHERE o.group_id IN "
                ));
                let query = narrowed(query.then(Sql::list(groups)), "o.member_id").returning(vec![CellKind::Text; 3]);
                for row in self.connection.query(query).await? {
                    let mut row = texts(row);
                    if let (Some(group), Some(id)) = (row.next().flatten(), row.next().flatten()) {
                        found.push((group, Member { id, kind: row.next().flatten(), is_user: false }));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The members of a group, in the order of their ids.
    pub(super) async fn members(&mut self, group: &str) -> Result<BTreeMap<String, Member>, Fault> {
        let pairs = self.members_of(&[group.to_owned()], None).await?;
        Ok(pairs.into_iter().map(|(_, member)| (member.id.clone(), member)).collect())
    }

    /// The groups of the tenant that directly hold these resources: pairs of member and group.
    pub(super) async fn groups_of(&mut self, members: &[String]) -> Result<Vec<(String, String)>, Fault> {
        let Some(related) = self.layouts.related() else { return Ok(Vec::new()) };
        let (group, user) = (&related.groups.table.id, &related.users.table.id);
        let mut found = Vec::new();
        for members in members.chunks(CHUNK) {
            let query = pairs(related, self.tenant, &format!("u.{user}, g.{group}"));
            let mut queries = vec![query.text(&format!("u.{user} IN ")).then(Sql::list(members))];
            if let Some(others) = &related.membership.others {
                let query = Sql::new(format!(
                    "SELECT o.member_id, g.{group} FROM {others} o JOIN {} g ON g.{group} = o.group_id WHERE ",
                    related.groups.table.name
                ));
                let query = query.then(self.live(related.groups, "g.")).text(" AND o.member_id IN ");
                queries.push(query.then(Sql::list(members)));
            }
            for query in queries {
                for row in self.connection.query(query.returning(vec![CellKind::Text; 2])).await? {
                    let mut row = texts(row);
                    found.extend(row.next().flatten().zip(row.next().flatten()));
                }
            }
        }
        Ok(found)
    }

    /// Adds members to a group. Says which of them were not there.
    pub(super) async fn link(&mut self, group: &str, members: &[(String, Option<String>)]) -> Result<Moved, Fault> {
        let mut moved = Moved::default();
        let Some(related) = self.layouts.related() else {
            return if members.is_empty() { Ok(moved) } else { Err(unknown_member().into()) };
        };
        let mut wanted: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (id, kind) in members {
            if id.contains('\0') || kind.as_deref().is_some_and(|kind| kind.contains('\0')) {
                let (attribute, expected) = ("members.value".to_owned(), "a string without U+0000".to_owned());
                return Err(StoreError::InvalidValue { attribute, expected }.into());
            }
            wanted.entry(id).or_insert(kind.as_deref());
        }
        let ids: Vec<String> = wanted.keys().map(|id| (*id).to_owned()).collect();
        let there = self.members_of(&[group.to_owned()], Some(&ids)).await?;
        let there: HashSet<String> = there.into_iter().map(|(_, member)| member.id).collect();
        let new: Vec<String> = ids.into_iter().filter(|id| !there.contains(id)).collect();
        let users = self.existing(related.users, &new).await?;
        for id in new {
            let (is_user, kind) = (users.contains(&id), wanted.get(id.as_str()).copied().flatten().map(str::to_owned));
            moved.take(Member { id, kind, is_user });
        }
        let (groups, people) = (&related.groups.table, &related.users.table);
        for ids in moved.users.chunks(CHUNK) {
            let membership = related.membership;
            let insert = Sql::new(format!(
                "INSERT INTO {} ({}, {}) SELECT g.{}, u.{} FROM {} g, {} u WHERE g.{} = ? AND u.{} IN ",
                membership.table,
                membership.group,
                membership.user,
                groups.key,
                people.key,
                groups.name,
                people.name,
                groups.id,
                people.id
            ));
            self.insert_pairs(insert.bind(group).then(Sql::list(ids))).await?;
        }
        if moved.others.is_empty() {
            return Ok(moved);
        }
        let others = related.membership.others.as_ref().ok_or_else(unknown_member)?;
        for ids in moved.others.chunks(CHUNK / 4) {
            let rows = ids.iter().map(|id| {
                let kind = wanted.get(id.as_str()).copied().flatten().map(str::to_owned);
                Sql::list([Cell::from(group), Cell::from(id), Cell::from(&*fold(id)), Cell::Text(kind)])
            });
            let insert =
                Sql::new(format!("INSERT INTO {others} (group_id, member_id, member_folded, member_type) VALUES "));
            self.insert_pairs(insert.then(Sql::joined(rows, ", "))).await?;
        }
        Ok(moved)
    }

    /// A pair that is there already came from a writer at the same time: the call is made again, and sees it.
    async fn insert_pairs(&mut self, insert: Sql) -> Result<(), Fault> {
        match self.connection.execute(insert.statement()).await {
            Ok(_) => Ok(()),
            Err(DatabaseError::Unique { .. }) => Err(Fault::overtaken()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes members from a group. Says which of them were there.
    pub(super) async fn unlink(&mut self, group: &str, ids: &[String]) -> Result<Moved, Fault> {
        let mut moved = Moved::default();
        let Some(related) = self.layouts.related() else { return Ok(moved) };
        for (_, member) in self.members_of(&[group.to_owned()], Some(ids)).await? {
            moved.take(member);
        }
        let Related { membership, groups, users } = related;
        for ids in moved.users.chunks(CHUNK) {
            let delete = Sql::new(format!(
                "DELETE FROM {} WHERE {} IN (SELECT g.{} FROM {} g WHERE g.{} = ?) AND {} IN (SELECT u.{} FROM {} u WHERE u.{} IN ",
                membership.table,
                membership.group,
                groups.table.key,
                groups.table.name,
                groups.table.id,
                membership.user,
                users.table.key,
                users.table.name,
                users.table.id
            ));
            self.connection.execute(delete.bind(group).then(Sql::list(ids)).text(")").statement()).await?;
        }
        if let Some(others) = &membership.others {
            for ids in moved.others.chunks(CHUNK) {
                let delete = Sql::new(format!("DELETE FROM {others} WHERE group_id = ? AND member_id IN "));
                self.connection.execute(delete.bind(group).then(Sql::list(ids)).statement()).await?;
            }
        }
        Ok(moved)
    }

    /// Which of these ids rows of a table have.
    async fn existing(&mut self, layout: &Layout, ids: &[String]) -> Result<HashSet<String>, Fault> {
        let mut found = HashSet::new();
        for ids in ids.chunks(CHUNK) {
            let query = Sql::new(format!("SELECT {0} FROM {1} WHERE {0} IN ", layout.table.id, layout.table.name));
            let query = query.then(Sql::list(ids)).text(" AND ").then(self.live(layout, ""));
            let rows = self.connection.query(query.returning(vec![CellKind::Text])).await?;
            found.extend(rows.into_iter().filter_map(|row| texts(row).next().flatten()));
        }
        Ok(found)
    }

    /// What the resources of a table are called, by id. A resource without a name is there too.
    async fn names(&mut self, layout: &Layout, ids: &[String]) -> Result<HashMap<String, Option<String>>, Fault> {
        let table = &layout.table;
        let column = |name: &str| layout.columns.iter().find(|mapped| mapped.target.top_level() == Some(name));
        // A name without a column is in the rest.
        let (display, user) = (column("displayName"), column("userName"));
        let name = |mapped: Option<&Mapped>| mapped.map_or(&table.rest, |mapped| &mapped.name).clone();
        let mut found = HashMap::new();
        for ids in ids.chunks(CHUNK) {
            let query = Sql::new(format!(
                "SELECT {0}, {1}, {2} FROM {3} WHERE {0} IN ",
                table.id,
                name(display),
                name(user),
                table.name
            ));
            let query = query.then(Sql::list(ids)).text(" AND ").then(self.live(layout, ""));
            for row in self.connection.query(query.returning(vec![CellKind::Text; 3])).await? {
                let mut row = texts(row);
                let Some(id) = row.next().flatten() else { continue };
                let mut read = |column: Option<&Mapped>, name: &str| {
                    let text = row.next().flatten()?;
                    if let Some(column) = column {
                        return (column.absent != Some(Cell::from(&text))).then_some(text);
                    }
                    let rest: Value = serde_json::from_str(&text).ok()?;
                    rest.get(name)?.as_str().map(str::to_owned)
                };
                let (shown, user_name) = (read(display, "displayName"), read(user, "userName"));
                found.insert(id, shown.or(user_name));
            }
        }
        Ok(found)
    }

    /// The values of `members` for these groups, in the order of the ids.
    pub(super) async fn member_values(&mut self, groups: &[String]) -> Result<HashMap<String, Vec<Value>>, Fault> {
        let mut pairs = self.members_of(groups, None).await?;
        pairs.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        let ids = |is_user: bool| -> Vec<String> {
            let ids: BTreeSet<&String> =
                pairs.iter().filter(|(_, member)| member.is_user == is_user).map(|(_, member)| &member.id).collect();
            ids.into_iter().cloned().collect()
        };
        let mut known: HashMap<String, (ResourceTypeName, Option<String>)> = HashMap::new();
        let (users, others) = (ids(true), ids(false));
        for layout in self.layouts.all() {
            let of = &layout.table.of;
            let ids = if *of == ResourceTypeName::user() { &users } else { &others };
            let names = self.names(layout, ids).await?;
            known.extend(names.into_iter().map(|(id, name)| (id, (of.clone(), name))));
        }
        let mut values: HashMap<String, Vec<Value>> = HashMap::new();
        for (group, member) in pairs {
            let (kind, display) = match known.get(&member.id) {
                Some((of, name)) => (Some(of.to_string()), name.clone()),
                None => (member.kind, None),
            };
            values.entry(group).or_default().push(reference(&member.id, kind.as_deref(), display));
        }
        Ok(values)
    }

    /// The values of `groups` for these users: those that name the user, then those around them.
    pub(super) async fn group_values(&mut self, users: &[String]) -> Result<HashMap<String, Vec<Value>>, Fault> {
        let Some(related) = self.layouts.related() else { return Ok(HashMap::new()) };
        let above = Closure::above(self, users.to_vec()).await?;
        let ids: BTreeSet<&String> = above.edges.values().flatten().collect();
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        let names = self.names(related.groups, &ids).await?;
        let values = |user: &String| {
            let groups = above.groups(user).into_iter();
            groups
                .map(|(group, direct)| {
                    let kind = if direct { "direct" } else { "indirect" };
                    reference(group, Some(kind), names.get(group).cloned().flatten())
                })
                .collect()
        };
        Ok(users.iter().map(|user| (user.clone(), values(user))).collect())
    }
}

fn unknown_member() -> StoreError {
    StoreError::InvalidValue { attribute: "members.value".to_owned(), expected: "the id of a user".to_owned() }
}

fn reference(id: &str, kind: Option<&str>, display: Option<String>) -> Value {
    let mut value = Map::from_iter([("value".to_owned(), id.into())]);
    value.extend(kind.map(|kind| ("type".to_owned(), kind.into())));
    value.extend(display.map(|display| ("display".to_owned(), display.into())));
    Value::Object(value)
}

/// How deep groups may lie in groups before each further level costs steps of the request's budget: a statement or two are run for it.
const FREE_LEVELS: u32 = 8;

/// What a further level costs.
const LEVEL: u64 = 1024;

/// The next level, as far as the request may cause the work for it.
fn deeper<C>(session: &Session<'_, C>, level: u32) -> Result<u32, Fault> {
    if level >= FREE_LEVELS {
        session.cx.budget.spend(LEVEL)?;
    }
    Ok(level.saturating_add(1))
}

/// Memberships followed step by step. A circle ends where it closes.
#[derive(Debug, Default)]
pub(super) struct Closure {
    /// Of each resource, the groups that directly hold it, in order.
    edges: HashMap<String, Vec<String>>,
}

impl Closure {
    /// All groups around these resources, one statement or two for each level.
    async fn above<C: Connection>(session: &mut Session<'_, C>, start: Vec<String>) -> Result<Self, Fault> {
        let mut above = Self::default();
        let (mut next, mut level) = (start, 0);
        while !next.is_empty() {
            level = deeper(session, level)?;
            for id in &next {
                above.edges.entry(id.clone()).or_default();
            }
            let pairs = session.groups_of(&next).await?;
            let mut found = BTreeSet::new();
            for (member, group) in pairs {
                if !above.edges.contains_key(&group) {
                    found.insert(group.clone());
                }
                above.edges.entry(member).or_default().push(group);
            }
            next = found.into_iter().collect();
        }
        above.edges.values_mut().for_each(|groups| groups.sort());
        Ok(above)
    }

    /// The users below these resources, through groups in groups.
    pub(super) async fn below<C: Connection>(
        session: &mut Session<'_, C>,
        start: Vec<String>,
    ) -> Result<Vec<String>, Fault> {
        let mut seen: HashSet<String> = start.iter().cloned().collect();
        let (mut users, mut next, mut level) = (Vec::new(), start, 0);
        while !next.is_empty() {
            level = deeper(session, level)?;
            let pairs = session.members_of(&next, None).await?;
            let mut found = Vec::new();
            for (_, member) in pairs {
                if seen.insert(member.id.clone()) {
                    if member.is_user { users.push(member.id) } else { found.push(member.id) }
                }
            }
            next = found;
        }
        Ok(users)
    }

    /// The groups that hold a resource, with whether they name it.
    fn groups(&self, id: &str) -> Vec<(&String, bool)> {
        let of = |id: &str| self.edges.get(id).into_iter().flatten();
        let mut found: Vec<(&String, bool)> = of(id).map(|group| (group, true)).collect();
        let mut seen: HashSet<&String> = found.iter().map(|(group, _)| *group).collect();
        let mut next = 0;
        while let Some((group, _)) = found.get(next).copied() {
            next += 1;
            found.extend(of(group).filter(|group| seen.insert(group)).map(|group| (group, false)));
        }
        found
    }
}
