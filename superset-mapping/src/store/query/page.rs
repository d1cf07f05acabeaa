//! The statements of a page that the database selects, puts in order and cuts.

use scim_core::TypeSchema;
use scim_filter::{Predicate, lower};
use scim_service::{List, Position, Start};

use crate::sql::{Counted, Dialect, Fragment, Target, hashed_names};
use crate::store::query::order::{Beyond, Key, Order};
use crate::store::resources::RECORD_ALONE;

/// What of a query the database selects by, and what is left to the evaluator.
#[derive(Clone, Debug)]
pub(in crate::store) struct Selection<'a> {
    tenant: &'a str,
    resource_type: &'a str,
    pushed: Option<Fragment>,
    /// What is left of the filter.
    pub(in crate::store) residual: Option<Predicate>,
    /// How the resources are counted that the filter selects, where that is known without a look at them.
    counted: Option<Fragment>,
}

/// The rows that a page is taken from, with the columns that it is in the order of.
struct Source {
    from: Fragment,
    key: &'static str,
    id: &'static str,
}

impl<'a> Selection<'a> {
    pub(in crate::store) fn of(tenant: &'a str, of: &'a TypeSchema, filter: Option<&Predicate>) -> Self {
        let resource_type = of.resource_type().name().as_str();
        let whole = Self { tenant, resource_type, pushed: None, residual: None, counted: Some(Fragment::new("")) };
        let Some(filter) = filter else { return whole };
        let counted = lower(filter, &Counted);
        let counted = counted.pushed.filter(|_| counted.residual.is_none());
        let lowered = lower(filter, &Target::new(of, tenant));
        let counted = counted.map(|condition| Fragment::new(" AND ").then(condition));
        Self { pushed: lowered.pushed, residual: lowered.residual, counted, ..whole }
    }

    /// `WHERE` and the conditions on `scim_resource r`.
    pub(in crate::store) fn rows(&self) -> Fragment {
        let rows =
            Fragment::new("WHERE r.tenant = ? AND r.resource_type = ?").bind(self.tenant).bind(self.resource_type);
        match &self.pushed {
            Some(pushed) => rows.then(Fragment::new(" AND ")).then(pushed.clone()),
            None => rows,
        }
    }

    /// How many resources are selected, as a sum of rows; the filter is no more than the database does.
    pub(in crate::store) fn total(&self) -> Fragment {
        match &self.counted {
            Some(condition) => {
                let total = "SELECT c.total FROM scim_count c WHERE c.tenant = ? AND c.resource_type = ?";
                Fragment::new(total).bind(self.tenant).bind(self.resource_type).then(condition.clone())
            }
            None => Fragment::new("SELECT count(*) FROM scim_resource r ").then(self.rows()),
        }
    }

    /// Whether there are names whose keys do not say where they come in an order; `None` where the order is not that of names.
    pub(in crate::store) fn unordered(&self, order: Order) -> Option<Fragment> {
        let (from, to) = hashed_names();
        let rows = "SELECT 1 FROM scim_resource r WHERE r.tenant = ? AND r.resource_type = ? AND r.display_name_key >= ? \
                    AND r.display_name_key < ? LIMIT 1";
        let rows = Fragment::new(rows).bind(self.tenant).bind(self.resource_type).bind(from).bind(to);
        (order.key == Some(Key::DisplayName)).then_some(rows)
    }

    /// The records of the page, in the order in which they are read: backwards where the page is before a position.
    ///
    /// The ids come first, from an index that has all that selection and order ask for, and then the few records of the page, each by its
    /// id: `PostgreSQL` might read all records where it does not know how few the ids are.
    pub(in crate::store) fn page(&self, dialect: Dialect, query: &List<'_>, order: Order) -> Fragment {
        let backwards = matches!(query.start, Start::Before(_));
        let records = match dialect {
            Dialect::Postgres => ") p CROSS JOIN LATERAL (SELECT * FROM scim_resource s WHERE s.id = p.id LIMIT 1) r",
            Dialect::Sqlite | Dialect::MySql => ") p JOIN scim_resource r ON r.id = p.id",
        };
        Fragment::new(RECORD_ALONE)
            .then(Fragment::new("FROM ("))
            .then(self.ids(query, order, backwards))
            .then(Fragment::new(records))
            .then(order.by("p.k", "p.id", backwards))
    }

    fn ids(&self, query: &List<'_>, order: Order, backwards: bool) -> Fragment {
        let source = self.source(order);
        let limit = || Fragment::new(" LIMIT ?").bind(number(query.count));
        let by = || source.order(order, backwards).then(limit());
        let beyond = |position: &Position, which| {
            let beyond = order.beyond(position, source.key, source.id, backwards, which);
            source.columns().then(beyond).then(by())
        };
        match &query.start {
            Start::Index(0 | 1) => source.columns().then(by()),
            Start::Index(index) => {
                source.columns().then(by()).then(Fragment::new(" OFFSET ?").bind(number(index.saturating_sub(1))))
            }
            Start::After(position) | Start::Before(position) if order.key.is_none() => beyond(position, Beyond::Ties),
            Start::After(position) | Start::Before(position) => {
                Fragment::new("SELECT u.id, u.k FROM (SELECT a.id, a.k FROM (")
                    .then(beyond(position, Beyond::Ties))
                    .then(Fragment::new(") a UNION ALL SELECT b.id, b.k FROM ("))
                    .then(beyond(position, Beyond::Rest))
                    .then(Fragment::new(") b) u"))
                    .then(order.by("u.k", "u.id", backwards))
                    .then(limit())
            }
        }
    }

    fn source(&self, order: Order) -> Source {
        let resources = || Fragment::new(" FROM scim_resource r ").then(self.rows());
        match (order.key, &self.pushed) {
            (None, _) => Source { from: resources(), key: "r.id", id: "r.id" },
            (Some(Key::DisplayName), _) => Source { from: resources(), key: "r.display_name_key", id: "r.id" },
            (Some(Key::LastModified), _) => Source { from: resources(), key: "r.last_modified", id: "r.id" },
            // Every user has one: nothing need be known of the resource.
            (Some(Key::UserName), None) => {
                let from =
                    " FROM scim_unique n WHERE n.tenant = ? AND n.resource_type = ? AND n.attribute = 'userName'";
                let from = Fragment::new(from).bind(self.tenant).bind(self.resource_type);
                Source { from, key: "n.value", id: "n.resource_id" }
            }
            (Some(Key::UserName), Some(_)) => {
                let from = " FROM scim_resource r JOIN scim_unique n ON n.resource_id = r.id AND n.tenant = r.tenant \
                            AND n.resource_type = r.resource_type AND n.attribute = 'userName' ";
                Source { from: Fragment::new(from).then(self.rows()), key: "n.value", id: "n.resource_id" }
            }
        }
    }
}

impl Source {
    fn columns(&self) -> Fragment {
        Fragment::new("SELECT ")
            .then(Fragment::new(self.id))
            .then(Fragment::new(" AS id, "))
            .then(Fragment::new(self.key))
            .then(Fragment::new(" AS k"))
            .then(self.from.clone())
    }

    fn order(&self, order: Order, backwards: bool) -> Fragment {
        order.by(self.key, self.id, backwards)
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
