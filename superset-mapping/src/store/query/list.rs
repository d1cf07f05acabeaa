//! Queries.

use std::borrow::Cow;
use std::collections::HashMap;

use scim_core::schema::Returned;
use scim_core::{Projection, Resource, TypeSchema};
use scim_service::store::PageBytes;
use scim_service::{List, ListPage, Start, StoreError};

use crate::driver::Row;
use crate::sql::Fragment;
use crate::store::groups::{rendered, show};
use crate::store::query::order::Order;
use crate::store::query::page::Selection;
use crate::store::resources::Kind;
use crate::store::resources::{RECORD_COLUMNS, Record};
use crate::store::session::CHUNK;
use crate::store::session::Session;

/// Which attributes are to be computed from the membership relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Relations {
    pub(in crate::store) members: bool,
    pub(in crate::store) groups: bool,
}

impl Relations {
    pub(in crate::store) const ALL: Self = Self { members: true, groups: true };
    pub(in crate::store) const ALL_BUT_MEMBERS: Self = Self { members: false, groups: true };

    /// Those that a response will hold.
    pub(in crate::store) fn wanted(of: &TypeSchema, projection: &Projection) -> Self {
        let wants = |name| of.base().attribute(name).is_some_and(|attribute| projection.wants(None, attribute));
        Self { members: wants("members"), groups: wants("groups") }
    }

    /// Those that the evaluator has to see.
    pub(in crate::store) fn evaluated(query: &List<'_>) -> Self {
        Self { members: query.looks_at("members"), groups: query.looks_at("groups") }
    }

    /// Those that the resources of a page need.
    fn shown(query: &List<'_>) -> Self {
        Self { members: query.shows("members"), groups: query.shows("groups") }
    }
}

/// Most resources that are given their relations at once.
const RELATED: usize = 50;
/// The bytes of JSON that a member has at least, whose id was issued here.
const MEMBER: usize = 60;

impl Session<'_> {
    /// The resource as a client sees it, with the relations asked for.
    pub(in crate::store) async fn show(
        &mut self,
        of: &TypeSchema,
        record: &Record,
        relations: Relations,
    ) -> Result<Resource, StoreError> {
        let mut resources = vec![record.shown(of)];
        self.relate(of, &mut resources, relations).await?;
        resources.pop().ok_or(StoreError::NotFound)
    }

    /// Gives resources the relations asked for, all at once.
    pub(in crate::store) async fn relate(
        &mut self,
        of: &TypeSchema,
        resources: &mut [Resource],
        relations: Relations,
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = resources.iter().filter_map(|resource| resource.id().map(Cow::into_owned)).collect();
        let (name, mut related) = match Kind::of(of) {
            Kind::Group if relations.members => ("members", self.members_of(&ids).await?),
            Kind::User if relations.groups => {
                let groups = self.groups_of(&ids).await?;
                ("groups", groups.into_iter().map(|(id, groups)| (id, rendered(groups))).collect())
            }
            _ => return Ok(()),
        };
        for resource in resources {
            let elements = resource.id().and_then(|id| related.remove(&*id));
            show(resource, name, elements.unwrap_or_default());
        }
        Ok(())
    }

    /// What of the query has an index goes to the database, the rest to the evaluator.
    pub(in crate::store) async fn list(&mut self, query: &List<'_>) -> Result<ListPage, StoreError> {
        let of = query.of;
        let selection = Selection::of(self.tenant, of, query.filter);
        let wanted = Relations::shown(query);
        if let Some(order) = self.order_of(query, &selection).await? {
            return self.page(query, order, &selection, wanted).await;
        }
        let (ids, total_results) = self.scan(of, query, selection.rows(), selection.residual.as_ref()).await?;
        let resources = self.by_ids(of, ids).await?;
        let (resources, ends_early) = self.fill(of, query, resources, wanted).await?;
        Ok(ListPage::new(resources).with_total(total_results).ending_early(ends_early))
    }

    /// The order in which the database can page what it selects; `None` where the evaluator has to see each candidate.
    pub(in crate::store) async fn order_of(
        &mut self,
        query: &List<'_>,
        selection: &Selection<'_>,
    ) -> Result<Option<Order>, StoreError> {
        let order = Order::of(query.of, query).filter(|_| selection.residual.is_none());
        let Some(unordered) = order.and_then(|order| selection.unordered(order)) else { return Ok(order) };
        Ok(if self.transaction.row(unordered).await?.is_some() { None } else { order })
    }

    /// Gives the resources of a page the relations asked for, until the page is full. Whether it ends early, too.
    async fn fill(
        &mut self,
        of: &TypeSchema,
        query: &List<'_>,
        mut resources: Vec<Resource>,
        wanted: Relations,
    ) -> Result<(Vec<Resource>, bool), StoreError> {
        let backwards = matches!(query.start, Start::Before(_));
        if backwards {
            resources.reverse();
        }
        // What a client did not choose takes no room. What comes on request or never, the service may need.
        let unwanted = |name: &str| {
            let attribute = of.base().attribute(name);
            attribute.is_some_and(|known| known.returned() == Returned::Default) && !query.shows(name)
        };
        for resource in &mut resources {
            let left_out: Vec<String> =
                resource.members().map(|(name, _)| name).filter(|name| unwanted(name)).map(Cow::into_owned).collect();
            let left_out: Vec<_> = left_out.iter().map(|name| (&**name, None)).collect();
            resource.set_json(&left_out);
        }
        let sizes = if Kind::of(of) == Kind::Group && wanted.members {
            self.sizes_of(&resources).await?
        } else {
            HashMap::new()
        };
        let size = |resource: &Resource| resource.id().and_then(|id| sizes.get(&*id)).copied().unwrap_or_default();
        let mut bytes = PageBytes::of(query);
        let mut page = Vec::with_capacity(resources.len());
        let mut waiting = resources.into_iter().peekable();
        let mut ends_early = false;
        while !ends_early && waiting.peek().is_some() {
            // No more at once than the page could hold: a group may have very many members.
            let mut some: Vec<Resource> = Vec::new();
            let mut held = 0_usize;
            while let Some(resource) =
                waiting.next_if(|next| some.is_empty() || (some.len() < RELATED && held + size(next) <= query.bytes))
            {
                held = held.saturating_add(size(&resource));
                some.push(resource);
            }
            self.relate(of, &mut some, wanted).await?;
            for resource in some {
                ends_early |= !bytes.takes(resource.as_value().json_size());
                if ends_early {
                    break;
                }
                page.push(resource);
            }
        }
        if backwards {
            page.reverse();
        }
        Ok((page, ends_early))
    }

    /// How many bytes of JSON the members of groups have at least.
    async fn sizes_of(&mut self, groups: &[Resource]) -> Result<HashMap<String, usize>, StoreError> {
        let ids: Vec<Cow<'_, str>> = groups.iter().filter_map(Resource::id).collect();
        let mut sizes = HashMap::new();
        for ids in ids.chunks(CHUNK) {
            let statement = Fragment::new("SELECT m.group_id, count(*) FROM scim_member m WHERE m.group_id IN ")
                .then(Fragment::list(ids.iter().map(|id| &**id)))
                .then(Fragment::new(" GROUP BY m.group_id"));
            for row in self.transaction.rows(statement).await? {
                let members = usize::try_from(row.integer(1)?).unwrap_or_default();
                sizes.insert(row.text(0)?, members.saturating_mul(MEMBER));
            }
        }
        Ok(sizes)
    }

    /// These resources, in this order.
    async fn by_ids(&mut self, of: &TypeSchema, ids: Vec<String>) -> Result<Vec<Resource>, StoreError> {
        let mut found = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(CHUNK) {
            let selection = Fragment::new("WHERE r.id IN ").then(Fragment::list(ids.iter().map(String::as_str)));
            for resource in self.select(of, Fragment::new(RECORD_COLUMNS).then(selection)).await? {
                found.insert(resource.id().unwrap_or_default().into_owned(), resource);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn select(&mut self, of: &TypeSchema, statement: Fragment) -> Result<Vec<Resource>, StoreError> {
        let rows = self.transaction.rows(statement).await?;
        let shown = |row: &Row| Ok(Record::read(row)?.shown(of));
        rows.iter().map(shown).collect()
    }

    /// A page of exactly what the database selects, in an order that it knows.
    async fn page(
        &mut self,
        query: &List<'_>,
        order: Order,
        selection: &Selection<'_>,
        wanted: Relations,
    ) -> Result<ListPage, StoreError> {
        let of = query.of;
        let statement = selection.page(self.dialect(), query, order);
        let mut resources = if query.count == 0 { Vec::new() } else { self.select(of, statement).await? };
        let total_results = match query.start {
            Start::Index(index) => Some(self.total(query, index, size(resources.len()), selection).await?),
            Start::After(_) | Start::Before(_) => None,
        };
        if let Start::Before(_) = query.start {
            resources.reverse();
        }
        let (resources, ends_early) = self.fill(of, query, resources, wanted).await?;
        let mut page = ListPage::new(resources).ending_early(ends_early);
        page.total_results = total_results;
        Ok(page)
    }

    /// How many resources are selected, of which so many are on the page that starts at an index. A page that is not full tells by itself,
    /// unless it is empty.
    async fn total(
        &mut self,
        query: &List<'_>,
        index: u64,
        on_page: u64,
        selection: &Selection<'_>,
    ) -> Result<u64, StoreError> {
        if on_page < query.count && (on_page > 0 || index <= 1) {
            return Ok(index.saturating_sub(1) + on_page);
        }
        let mut total = 0;
        for row in self.transaction.rows(selection.total()).await? {
            total += u64::try_from(row.integer(0)?).unwrap_or_default();
        }
        Ok(total)
    }
}

fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
