//! Rows that give somebody something, and whose they are: ours to take back, or made by hand.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::Source;
use scim_service::StoreError;

use crate::rules::Settlement;
use crate::sql::{AB_GROUP_ROLE, AB_USER_GROUP, AB_USER_ROLE, Fragment, Table};
use crate::store::session::CHUNK;
use crate::store::session::Session;
use crate::store::session::source_text;

/// A table of pairs: who holds, and what is held.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) table: &'static Table,
    columns: &'static str,
    pub(crate) select: &'static str,
    /// The pairs, and what is recorded of them by `scim_grant`, which alone has a source.
    both: [&'static str; 2],
    delete: &'static str,
    pair: &'static str,
}

macro_rules! relation {
    ($table:ident, $name:literal, $holder:literal, $held:literal) => {
        Relation {
            table: &$table,
            columns: concat!($holder, ", ", $held),
            select: concat!("SELECT ", $holder, ", ", $held, " FROM ", $name, " WHERE ", $holder, " IN "),
            both: [
                concat!("SELECT ", $holder, ", ", $held, ", NULL FROM ", $name, " WHERE ", $holder, " IN "),
                " UNION ALL SELECT holder_id, held_id, source FROM scim_grant WHERE relation = ? AND holder_id IN ",
            ],
            delete: concat!("DELETE FROM ", $name, " WHERE "),
            pair: concat!("(", $holder, " = ? AND ", $held, " = ?)"),
        }
    };
}

/// Roles granted to a user.
pub(crate) static USER_ROLES: Relation = relation!(AB_USER_ROLE, "ab_user_role", "user_id", "role_id");
/// Memberships of a user.
pub(crate) static USER_GROUPS: Relation = relation!(AB_USER_GROUP, "ab_user_group", "user_id", "group_id");
/// Roles granted to a group.
pub(crate) static GROUP_ROLES: Relation = relation!(AB_GROUP_ROLE, "ab_group_role", "group_id", "role_id");

pub(crate) type Pairs = BTreeSet<(i64, i64)>;

/// Who asserts what a pair rests on, in the text form of sources.
pub(crate) type Sources = BTreeMap<(i64, i64), String>;

/// What is due to each holder, and by whose word.
pub(crate) type DueTo = BTreeMap<i64, BTreeMap<i64, Source>>;

/// What changed: the pairs that were granted, and those that were taken back.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    pub(crate) granted: Pairs,
    pub(crate) revoked: Pairs,
    /// By whose word the one is given and the other was.
    pub(crate) sources: Sources,
}

/// How many pairs one statement looks for.
const PAIRS: usize = 100;

impl Session<'_> {
    /// Grants what is due to each holder and takes back what we granted and is no longer due: see [`Settlement`].
    pub(crate) async fn settle(&mut self, relation: &Relation, due: &DueTo) -> Result<Moved, StoreError> {
        let holders: Vec<i64> = due.keys().copied().collect();
        let words = words_of(due)?;
        let (mut there, mut recorded) = (Pairs::new(), Sources::new());
        for holders in holders.chunks(CHUNK) {
            let [pairs, ours] = relation.both.map(Fragment::new);
            let holders = Fragment::list(holders.iter().copied());
            let select = pairs.then(holders.clone()).then(ours.bind(relation.table.name)).then(holders);
            for row in self.transaction.rows(select).await? {
                // Superset's columns may be null, which means nothing to anybody.
                let Some(pair) = row.optional_integer(0)?.zip(row.optional_integer(1)?) else { continue };
                match row.optional_text(2)? {
                    Some(source) => drop(recorded.insert(pair, source)),
                    None => drop(there.insert(pair)),
                }
            }
        }
        let Settlement { give, take, forget, restate } = Settlement::of(&words, &there, &recorded);
        self.note_admin_before(relation, &take).await?;
        self.take(relation, &take).await?;
        let gone: Vec<_> = forget.union(&take).copied().collect();
        self.forget(relation, &gone).await?;
        self.give(relation, &give, &words).await?;
        let restated: Vec<_> = restate.into_iter().collect();
        self.forget(relation, &restated).await?;
        self.record_grants(relation, &restated, &words).await?;
        let of_revoked = take.iter().filter_map(|pair| Some((*pair, recorded.get(pair)?.clone())));
        let of_granted = give.iter().filter_map(|pair| Some((*pair, words.get(pair)?.clone())));
        let sources = of_revoked.chain(of_granted).collect();
        Ok(Moved { granted: give, revoked: take, sources })
    }

    /// Grants what is due to holders whose rows are new: nobody has given them anything.
    pub(in crate::store) fn give_first(&mut self, relation: &Relation, due: &DueTo) -> Result<Moved, StoreError> {
        let words = words_of(due)?;
        let granted: Pairs = words.keys().copied().collect();
        let (dialect, ids) = (self.dialect(), self.tables.ids(relation.table));
        let pairs: Vec<(i64, i64)> = granted.iter().copied().collect();
        if !pairs.is_empty() {
            let rows = pairs.iter().map(|(holder, held)| Fragment::new("?, ?").bind(*holder).bind(*held)).collect();
            self.later([
                relation.table.insert(dialect, ids, relation.columns, rows),
                granted_by(relation, &pairs, &words),
            ]);
        }
        Ok(Moved { granted, revoked: Pairs::new(), sources: words })
    }

    pub(crate) async fn pairs(&mut self, select: Fragment) -> Result<Pairs, StoreError> {
        let mut pairs = Pairs::new();
        for row in self.transaction.rows(select).await? {
            // Superset's columns may be null, which means nothing to anybody.
            pairs.extend(row.optional_integer(0)?.zip(row.optional_integer(1)?));
        }
        Ok(pairs)
    }

    async fn give(&mut self, relation: &Relation, pairs: &Pairs, words: &Sources) -> Result<(), StoreError> {
        let (dialect, ids) = (self.dialect(), self.tables.ids(relation.table));
        for pairs in pairs.iter().collect::<Vec<_>>().chunks(CHUNK) {
            let rows = pairs.iter().map(|(holder, held)| Fragment::new("?, ?").bind(*holder).bind(*held)).collect();
            self.transaction.execute(relation.table.insert(dialect, ids, relation.columns, rows)).await?;
            let pairs: Vec<(i64, i64)> = pairs.iter().map(|pair| **pair).collect();
            self.record_grants(relation, &pairs, words).await?;
        }
        Ok(())
    }

    /// Remembers that these rows are ours, and by whose word.
    async fn record_grants(
        &mut self,
        relation: &Relation,
        pairs: &[(i64, i64)],
        words: &Sources,
    ) -> Result<(), StoreError> {
        for pairs in pairs.chunks(CHUNK) {
            self.transaction.execute(granted_by(relation, pairs, words)).await?;
        }
        Ok(())
    }

    pub(crate) async fn take(&mut self, relation: &Relation, pairs: &Pairs) -> Result<(), StoreError> {
        for pairs in pairs.iter().collect::<Vec<_>>().chunks(PAIRS) {
            let pairs = pairs.iter().map(|(holder, held)| Fragment::new(relation.pair).bind(*holder).bind(*held));
            let delete = Fragment::new(relation.delete).then(Fragment::joined(pairs.collect(), " OR "));
            self.transaction.execute(delete).await?;
        }
        Ok(())
    }

    pub(crate) async fn forget(&mut self, relation: &Relation, pairs: &[(i64, i64)]) -> Result<(), StoreError> {
        for pairs in pairs.chunks(PAIRS) {
            let pair = |(holder, held): &(i64, i64)| {
                Fragment::new("(holder_id = ? AND held_id = ?)").bind(*holder).bind(*held)
            };
            let delete = Fragment::new("DELETE FROM scim_grant WHERE relation = ? AND (").bind(relation.table.name);
            let pairs = Fragment::joined(pairs.iter().map(pair).collect(), " OR ");
            self.transaction.execute(delete.then(pairs).then(Fragment::new(")"))).await?;
        }
        Ok(())
    }
}

/// By whose word each pair is due.
fn words_of(due: &DueTo) -> Result<Sources, StoreError> {
    let pairs = due.iter().flat_map(|(holder, held)| held.iter().map(move |(held, source)| ((*holder, *held), source)));
    pairs.map(|(pair, source)| Ok((pair, source_text(source)?))).collect()
}

/// The statement that remembers that these rows are ours, and by whose word.
fn granted_by(relation: &Relation, pairs: &[(i64, i64)], words: &Sources) -> Fragment {
    let rows = pairs.iter().map(|(holder, held)| {
        let source = words.get(&(*holder, *held)).map_or("", String::as_str);
        Fragment::new("(?, ?, ?, ?)").bind(relation.table.name).bind(*holder).bind(*held).bind(source)
    });
    let ours = Fragment::new("INSERT INTO scim_grant (relation, holder_id, held_id, source) VALUES ");
    ours.then(Fragment::joined(rows.collect(), ", "))
}
