//! Queries.

use scim_core::{Projection, Resource, TypeSchema};
use scim_filter::lower;
use scim_service::{ListPage, ListQuery, Start, StoreError, finish};

use crate::sql::{Fragment, Target};
use crate::store::content::Kind;
use crate::store::record::{RECORD_COLUMNS, Record};
use crate::store::session::Session;
use crate::store::unique::also_unique;

/// Which attributes are to be computed from the membership relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relations {
    members: bool,
    groups: bool,
}

impl Relations {
    pub(super) const ALL: Self = Self { members: true, groups: true };
    pub(super) const ALL_BUT_MEMBERS: Self = Self { members: false, groups: true };

    /// Those that a response will hold.
    pub(super) fn wanted(of: &TypeSchema, projection: &Projection) -> Self {
        let wants = |name| of.base().attribute(name).is_some_and(|attribute| projection.wants(None, attribute));
        Self { members: wants("members"), groups: wants("groups") }
    }

    /// Those that the evaluator has to see.
    fn evaluated(query: &ListQuery) -> Self {
        Self { members: query.looks_at("members"), groups: query.looks_at("groups") }
    }

    /// Those that the resources of a page need.
    fn shown(of: &TypeSchema, query: &ListQuery) -> Self {
        Self { members: query.shows(of, "members"), groups: query.shows(of, "groups") }
    }

    fn without(self, other: Self) -> Self {
        Self { members: self.members && !other.members, groups: self.groups && !other.groups }
    }
}

impl Session<'_> {
    /// The resource as a client sees it, with the relations asked for.
    pub(super) async fn show(
        &mut self,
        of: &TypeSchema,
        record: &Record,
        relations: Relations,
    ) -> Result<Resource, StoreError> {
        let mut resource = record.shown(of);
        self.relate(of, &mut resource, record.id.as_str(), relations).await?;
        Ok(resource)
    }

    async fn relate(
        &mut self,
        of: &TypeSchema,
        resource: &mut Resource,
        id: &str,
        relations: Relations,
    ) -> Result<(), StoreError> {
        match Kind::of(of) {
            Kind::Group if relations.members => self.show_members(id, resource).await,
            Kind::User if relations.groups => self.show_groups(id, resource).await,
            _ => Ok(()),
        }
    }

    /// What of the query has an index goes to the database, the rest to the evaluator.
    pub(super) async fn list(&mut self, of: &TypeSchema, query: &ListQuery) -> Result<ListPage, StoreError> {
        let target = Target { schema: of, tenant: self.tenant, also_unique: also_unique(Kind::of(of)) };
        let (pushed, residual) = match &query.filter {
            None => (None, None),
            Some(filter) => {
                let lowered = lower(filter, &target);
                (lowered.pushed, lowered.residual)
            }
        };
        let mut selection = Fragment::new("WHERE r.tenant = ? AND r.resource_type = ?")
            .bind(self.tenant)
            .bind(of.resource_type().name().as_str());
        if let Some(pushed) = pushed {
            selection = selection.then(Fragment::new(" AND ")).then(pushed);
        }
        let wanted = Relations::shown(of, query);
        if residual.is_none() && query.sort.is_none() {
            return self.page(of, query, selection, wanted).await;
        }
        let evaluated = Relations::evaluated(query);
        let mut candidates = Vec::new();
        for row in self.transaction.rows(Fragment::new(RECORD_COLUMNS).then(selection)).await? {
            candidates.push(self.show(of, &Record::read(&row)?, evaluated).await?);
        }
        let mut page = finish(candidates, query);
        for resource in &mut page.resources {
            let Some(id) = resource.id().map(str::to_owned) else { continue };
            self.relate(of, resource, &id, wanted.without(evaluated)).await?;
        }
        Ok(page)
    }

    /// A page of exactly what the database selects, in the order of `id`.
    async fn page(
        &mut self,
        of: &TypeSchema,
        query: &ListQuery,
        selection: Fragment,
        wanted: Relations,
    ) -> Result<ListPage, StoreError> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let mut page = ListPage::default();
        if let Start::Index(_) = query.start {
            let count = Fragment::new("SELECT count(*) FROM scim_resource r ").then(selection.clone());
            page.total_results = Some(u64::try_from(self.transaction.number(count).await?).unwrap_or_default());
        }
        if query.count == 0 {
            return Ok(page);
        }
        let statement = Fragment::new(RECORD_COLUMNS).then(selection);
        // `id` is compared byte by byte, here as there.
        let statement = match &query.start {
            Start::Index(index) => statement
                .then(Fragment::new(" ORDER BY r.id LIMIT ? OFFSET ?"))
                .bind(number(query.count))
                .bind(number(index.saturating_sub(1))),
            Start::After(position) => statement
                .then(Fragment::new(" AND r.id > ? ORDER BY r.id LIMIT ?"))
                .bind(position.id.as_str())
                .bind(number(query.count)),
            Start::Before(position) => statement
                .then(Fragment::new(" AND r.id < ? ORDER BY r.id DESC LIMIT ?"))
                .bind(position.id.as_str())
                .bind(number(query.count)),
        };
        for row in self.transaction.rows(statement).await? {
            page.resources.push(self.show(of, &Record::read(&row)?, wanted).await?);
        }
        if let Start::Before(_) = query.start {
            page.resources.reverse();
        }
        Ok(page)
    }
}
