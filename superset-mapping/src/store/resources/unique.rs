//! Values that only one resource may have.

use std::collections::BTreeSet;

use scim_core::{ResourceId, TypeSchema};
use scim_filter::fold;
use scim_service::StoreError;
use scim_service::store::{UniqueValue, unique_values};

use crate::sql::{Dialect, Fragment, Param, index_key};
use crate::store::resources::content::Kind;
use crate::store::resources::record::Record;
use crate::store::session::Session;
use crate::store::session::fits;

/// What is unique beyond the schema: `displayName` of a group, because Superset knows groups by name.
fn also_unique(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Group => &["displayName"],
        Kind::User | Kind::Other => &[],
    }
}

/// The unique values of a resource. Groups that logins of an identity provider make have names of their own: they stand for nothing
/// but what that identity provider says, and take no name from anybody else's.
fn values_of(of: &TypeSchema, record: &Record) -> BTreeSet<UniqueValue> {
    let own = |name: &str| {
        if record.source.is_provider() { format!("{name} of {}", record.source) } else { name.to_owned() }
    };
    let more = also_unique(Kind::of(of)).iter().filter_map(|name| {
        let text = record.body.text(name)?;
        Some(UniqueValue { attribute: own(name), key: fold(&text).into_owned() })
    });
    let of_schema = unique_values(of, &record.body).into_iter();
    of_schema.filter(|value| !also_unique(Kind::of(of)).contains(&value.attribute.as_str())).chain(more).collect()
}

/// The attribute of a unique value, as a client knows it.
fn named(value: &UniqueValue) -> String {
    value.attribute.split(' ').next().unwrap_or_default().to_owned()
}

impl Session<'_> {
    /// Claims the unique values of a resource, in place of those it had.
    pub(in crate::store) async fn claim_values(
        &mut self,
        of: &TypeSchema,
        old: Option<&Record>,
        new: &Record,
    ) -> Result<(), StoreError> {
        let resource_type = of.resource_type().name().as_str();
        let old = old.map(|old| values_of(of, old)).unwrap_or_default();
        let id = &new.id;
        let new = values_of(of, new);
        if old == new {
            return Ok(());
        }
        if !old.is_empty() {
            self.release_values(id.as_str()).await?;
        }
        for value in &new {
            fits(&named(value), &value.key, usize::MAX)?;
        }
        if new.is_empty() {
            return Ok(());
        }
        let rows = new.iter().map(|value| {
            Fragment::list([
                Param::from(self.tenant),
                resource_type.into(),
                value.attribute.as_str().into(),
                (&*index_key(&value.key)).into(),
                id.as_str().into(),
            ])
        });
        let claim =
            Fragment::new("INSERT INTO scim_unique (tenant, resource_type, attribute, value, resource_id) VALUES ");
        let claim = claim.then(Fragment::joined(rows.collect(), ", "));
        let claimed = match self.dialect() {
            // Writers take turns, so a value that is free now stays free until it is claimed.
            Dialect::MySql => false,
            Dialect::Postgres | Dialect::Sqlite => {
                let claim = claim.clone().then(Fragment::new(" ON CONFLICT DO NOTHING"));
                usize::try_from(self.transaction.execute(claim).await?) == Ok(new.len())
            }
        };
        if claimed {
            return Ok(());
        }
        if let Some(value) = self.taken_value(resource_type, id, &new).await? {
            return Err(StoreError::Uniqueness { attribute: named(value) });
        }
        self.transaction.execute(claim).await?;
        Ok(())
    }

    /// The first of these values that another resource has.
    async fn taken_value<'v>(
        &mut self,
        resource_type: &str,
        id: &ResourceId,
        values: &'v BTreeSet<UniqueValue>,
    ) -> Result<Option<&'v UniqueValue>, StoreError> {
        let same = values.iter().map(|value| {
            let same = Fragment::new("(attribute = ? AND value = ?)");
            same.bind(value.attribute.as_str()).bind(&*index_key(&value.key))
        });
        let select = "SELECT attribute, value FROM scim_unique WHERE resource_id <> ? AND tenant = ? AND resource_type = ? AND (";
        let select = Fragment::new(select).bind(id.as_str()).bind(self.tenant).bind(resource_type);
        let select = select.then(Fragment::joined(same.collect(), " OR ")).then(Fragment::new(")"));
        let mut taken = BTreeSet::new();
        for row in self.transaction.rows(select).await? {
            taken.insert((row.text(0)?, row.text(1)?));
        }
        let is_taken =
            |value: &&UniqueValue| taken.contains(&(value.attribute.clone(), index_key(&value.key).into_owned()));
        Ok(values.iter().find(is_taken))
    }

    pub(in crate::store) async fn release_values(&mut self, id: &str) -> Result<(), StoreError> {
        self.transaction.execute(Fragment::new("DELETE FROM scim_unique WHERE resource_id = ?").bind(id)).await?;
        Ok(())
    }
}
