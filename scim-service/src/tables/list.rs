//! Queries: by the database where its columns have filter and order, else through the evaluator, slice by slice.

use scim_filter::{Predicate, lower};

use super::condition::Conditions;
use super::database::{Connection, Fault};
use super::layout::{Layout, ROW};
use super::order::Order;
use super::record::Record;
use super::references::References;
use super::session::{Session, is_group, is_user};
use super::statement::{Cell, CellKind, Sql};
use crate::pace::Pace;
use crate::store::{List, ListPage, PageBuilder, PageBytes, Position, Start};

/// How many rows the evaluator gets at once.
const SLICE: i64 = 500;
/// Groups whose members are read together for a page.
const GROUPS_AT_ONCE: usize = 10;

/// What it costs to put a value of `members` or `groups` together, in steps of a budget.
const REFERENCE: u64 = 8;

impl<C: Connection> Session<'_, C> {
    pub(super) async fn list(&mut self, query: &List<'_>) -> Result<ListPage, Fault> {
        let layout = self.layouts.of(query.of)?;
        let (pushed, residual) = match query.filter {
            Some(filter) => {
                let lowered = lower(filter, &Conditions::new(layout, self.layouts.related(), self.tenant));
                (lowered.pushed, lowered.residual)
            }
            None => (None, None),
        };
        let (records, total) = match (&residual, Order::of(layout, query.sort)) {
            (None, Some(order)) => self.page(layout, query, pushed, &order).await?,
            _ => self.scan(layout, query, pushed, residual.as_ref()).await?,
        };
        self.filled(query, records, total).await
    }

    /// The page as the database selects and sorts it.
    async fn page(
        &mut self,
        layout: &Layout,
        query: &List<'_>,
        pushed: Option<Sql>,
        order: &Order,
    ) -> Result<(Vec<Record>, Option<u64>), Fault> {
        let offset = match &query.start {
            Start::Index(index) => Some(index.saturating_sub(1)),
            Start::After(_) | Start::Before(_) => None,
        };
        let total = match offset {
            Some(_) => Some(self.count(layout, pushed.clone()).await?),
            None => None,
        };
        if query.count == 0 || offset.zip(total).is_some_and(|(offset, total)| offset >= total) {
            return Ok((Vec::new(), total));
        }
        let backwards = matches!(query.start, Start::Before(_));
        let conditions = pushed.into_iter().chain(order.bound(&query.start));
        let rows = conditions.fold(self.select(layout), |rows, condition| rows.text(" AND ").then(condition));
        let rows = rows.text(&order.clause(backwards)).text(" LIMIT ? OFFSET ?");
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let rows = rows.bind(number(query.count)).bind(number(offset.unwrap_or(0)));
        let mut records = self.records(layout, query.of, rows).await?;
        if backwards {
            records.reverse();
        }
        Ok((records, total))
    }

    async fn count(&mut self, layout: &Layout, pushed: Option<Sql>) -> Result<u64, Fault> {
        let count = Sql::new(format!("SELECT COUNT(*) FROM {} {ROW} WHERE ", layout.table.name));
        let count = count.then(self.live(layout, &format!("{ROW}.")));
        let count = pushed.into_iter().fold(count, |count, condition| count.text(" AND ").then(condition));
        let rows = self.connection.query(count.returning(vec![CellKind::Integer])).await?;
        Ok(match rows.into_iter().flatten().next() {
            Some(Cell::Integer(Some(number))) => u64::try_from(number).unwrap_or_default(),
            _ => 0,
        })
    }

    /// The page as the evaluator selects and sorts it, of the rows that the database leaves. A page by position in the order of the ids ends
    /// as soon as it is full; any other looks at all of these rows, and keeps no more of them than the page needs.
    async fn scan(
        &mut self,
        layout: &Layout,
        query: &List<'_>,
        pushed: Option<Sql>,
        residual: Option<&Predicate>,
    ) -> Result<(Vec<Record>, Option<u64>), Fault> {
        let of = query.of;
        let looked_at = References {
            members: is_group(of) && query.looks_at("members"),
            groups: is_user(of) && query.looks_at("groups"),
        };
        let by_position = query.sort.is_none() && !matches!(query.start, Start::Index(_));
        let backwards = by_position && matches!(query.start, Start::Before(_));
        let order = Order::by_id(layout);
        let mut start = if by_position { query.start.clone() } else { Start::Index(1) };
        let mut page = PageBuilder::new(query);
        let mut selected = 0;
        let mut pace = Pace::new(&self.cx.budget);
        'slices: loop {
            let conditions = pushed.clone().into_iter().chain(order.bound(&start));
            let rows = conditions.fold(self.select(layout), |rows, condition| rows.text(" AND ").then(condition));
            let rows = rows.text(&order.clause(backwards)).text(" LIMIT ?").bind(SLICE);
            let records = self.records(layout, of, rows).await?;
            let Some(last) = records.last().map(|record| Position::new(None, record.id.clone())) else { break };
            let mut views: Vec<_> = records.iter().map(|record| record.shown(of, self.tenant)).collect();
            self.refer(&mut views, looked_at).await?;
            for (record, view) in records.into_iter().zip(views) {
                if looked_at.any() {
                    let values = ["members", "groups"].iter().filter_map(|name| view.get(name));
                    let values: usize = values.map(|value| value.elements().count()).sum();
                    self.cx.budget.spend(REFERENCE + REFERENCE * values as u64)?;
                }
                let is_selected = match residual {
                    Some(filter) => filter.matches_within(&view, &self.cx.budget)?,
                    None => true,
                };
                pace.rest().await;
                if !is_selected {
                    continue;
                }
                let key = query.sort.filter(|_| page.has_room()).map(|sort| sort.sort_key_of(&view));
                if let Some(sort) = query.sort {
                    let key = key.as_ref().map_or(0, scim_filter::SortKey::steps);
                    self.cx.budget.spend(sort.steps(&view) + key)?;
                }
                let id = record.id.clone();
                page.push(key, &id, record);
                selected += 1;
                if by_position && selected >= query.count {
                    break 'slices;
                }
            }
            start = if backwards { Start::Before(last) } else { Start::After(last) };
        }
        let (records, total) = page.finish();
        Ok((records, (!by_position).then_some(total)))
    }

    /// The page with references, as far as it may be large.
    async fn filled(&mut self, query: &List<'_>, records: Vec<Record>, total: Option<u64>) -> Result<ListPage, Fault> {
        let of = query.of;
        let shows = References {
            members: is_group(of) && query.shows("members"),
            groups: is_user(of) && query.shows("groups"),
        };
        let backwards = matches!(query.start, Start::Before(_));
        let mut rows: Vec<_> = records.iter().map(|record| record.shown(of, self.tenant)).collect();
        if backwards {
            rows.reverse();
        }
        let mut bytes = PageBytes::of(query);
        let (mut resources, mut ends_early) = (Vec::with_capacity(rows.len()), false);
        // A few at a time: the members of groups that do not come to the page are not read.
        let at_once = if shows.members { GROUPS_AT_ONCE } else { rows.len().max(1) };
        'page: for rows in rows.chunks_mut(at_once) {
            self.refer(rows, shows).await?;
            for resource in rows {
                if !bytes.takes(resource.as_value().json_size()) {
                    ends_early = true;
                    break 'page;
                }
                resources.push(std::mem::take(resource));
            }
        }
        if backwards {
            resources.reverse();
        }
        let page = ListPage::new(resources).ending_early(ends_early);
        Ok(match total {
            Some(total) => page.with_total(total),
            None => page,
        })
    }
}
