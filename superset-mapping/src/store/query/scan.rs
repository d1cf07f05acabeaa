//! Queries that no index answers: every candidate is looked at, as far as the budget of the request goes.

use std::collections::HashSet;

use scim_core::{Resource, TypeSchema};
use scim_filter::{Predicate, SortKey};
use scim_service::store::PageBuilder;
use scim_service::{List, Pace, StoreError};

use crate::driver::Row;
use crate::sql::{Dialect, Fragment};
use crate::store::query::list::Relations;
use crate::store::resources::Kind;
use crate::store::resources::{seen, seen_columns};
use crate::store::session::CHUNK;
use crate::store::session::Session;

/// What it costs to have a row from the database, in steps, beside its text.
const ROW: u64 = 16;
/// The bytes of a row's text that cost a step to read.
const BYTES: u64 = 32;
/// What it costs to put an element of `members` together, and one of `groups`, which stands in many resources.
const MEMBER: u64 = 64;
const GROUP: u64 = 192;

/// How many resources the database selects, and how long their texts are.
pub(in crate::store) fn extent(dialect: Dialect, selection: &Fragment) -> Fragment {
    let columns = match dialect {
        Dialect::MySql => "SELECT count(*), CAST(sum(octet_length(r.body)) AS SIGNED) FROM scim_resource r ",
        _ => "SELECT count(*), CAST(sum(octet_length(r.body)) AS BIGINT) FROM scim_resource r ",
    };
    Fragment::new(columns).then(selection.clone())
}

impl Session<'_> {
    /// The ids of the page, in order, and how many resources the query selects. `selection` is what the database selects by,
    /// `residual` what is left of the filter.
    pub(in crate::store) async fn scan(
        &mut self,
        of: &TypeSchema,
        query: &List<'_>,
        selection: Fragment,
        residual: Option<&Predicate>,
    ) -> Result<(Vec<String>, u64), StoreError> {
        let cx = self.cx;
        let (candidates, bytes) = self.extent(&selection).await?;
        let mut page = PageBuilder::new(query).among(usize::try_from(candidates).unwrap_or(usize::MAX));
        let has_room = page.has_room();
        if residual.is_none() && !has_room {
            return Ok((Vec::new(), candidates));
        }
        let reading = candidates.saturating_mul(ROW).saturating_add(bytes / BYTES);
        let testing = residual.map_or(0, |filter| filter.steps(candidates));
        cx.budget.check(reading.saturating_add(testing))?;
        cx.budget.spend(reading)?;
        let relations = Relations::evaluated(query);
        self.check_relations(of, relations).await?;
        let names = query.members_looked_at();
        let rows = self.transaction.rows(Fragment::new(seen_columns(&names)).then(selection)).await?;
        let mut pace = Pace::new(&cx.budget);
        for rows in rows.chunks(CHUNK) {
            for (id, resource) in self.views(of, rows, &names, relations).await? {
                pace.rest().await;
                let selected = match residual {
                    Some(filter) => filter.matches_within(&resource, &cx.budget)?,
                    None => true,
                };
                if selected {
                    let key = query.sort.filter(|_| has_room).map(|sort| sort.sort_key_of(&resource));
                    let finding = query.sort.map_or(2, |sort| sort.steps(&resource));
                    cx.budget.spend(finding + key.as_ref().map_or(0, SortKey::steps))?;
                    page.push(key, &id, id.clone());
                }
            }
            pace.pause().await;
        }
        Ok(page.finish())
    }

    async fn extent(&mut self, selection: &Fragment) -> Result<(u64, u64), StoreError> {
        let statement = extent(self.dialect(), selection);
        let row = self.transaction.row(statement).await?;
        let number = |column| row.as_ref().map(|row: &Row| row.optional_integer(column)).transpose();
        let known =
            |number: Option<Option<i64>>| u64::try_from(number.flatten().unwrap_or_default()).unwrap_or_default();
        Ok((known(number(0)?), known(number(1)?)))
    }

    /// What filter and sort see of the resources in these rows, by their ids.
    async fn views(
        &mut self,
        of: &TypeSchema,
        rows: &[Row],
        names: &HashSet<String>,
        relations: Relations,
    ) -> Result<Vec<(String, Resource)>, StoreError> {
        let ids = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        let mut resources = rows.iter().map(|row| seen(row, of, names)).collect::<Result<Vec<_>, _>>()?;
        if relations.members || relations.groups {
            for (id, resource) in ids.iter().zip(&mut resources) {
                resource.set("id", Some(id.as_str().into()));
            }
            self.relate(of, &mut resources, relations).await?;
        }
        let steps = |resource: &Resource| {
            let of_each = [("members", MEMBER), ("groups", GROUP)];
            let steps = of_each
                .map(|(name, each)| resource.get(name).map_or(0, |value| value.elements().count()) as u64 * each);
            steps.iter().sum::<u64>()
        };
        self.cx.budget.spend(resources.iter().map(steps).sum())?;
        Ok(ids.into_iter().zip(resources).collect())
    }

    /// Refuses a look at more memberships than the budget allows. Those by way of other groups are counted as they are read.
    async fn check_relations(&mut self, of: &TypeSchema, relations: Relations) -> Result<(), StoreError> {
        let each = match Kind::of(of) {
            Kind::Group if relations.members => MEMBER,
            Kind::User if relations.groups => GROUP,
            _ => return Ok(()),
        };
        let budget = &self.cx.budget;
        let most = i64::try_from(budget.left() / each).unwrap_or(i64::MAX - 1);
        let memberships =
            Fragment::new("SELECT count(*) FROM (SELECT 1 FROM scim_member m WHERE m.tenant = ? LIMIT ?) p");
        let memberships = self.transaction.number(memberships.bind(self.tenant).bind(most + 1)).await?;
        Ok(budget.check(u64::try_from(memberships).unwrap_or_default().saturating_mul(each))?)
    }
}
