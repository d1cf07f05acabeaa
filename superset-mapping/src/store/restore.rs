//! A resource that was deleted is made again, as the same one.

use scim_core::{Resource, ResourceId, Source, TypeSchema};
use scim_patch::Differences;
use scim_service::{Change, StoreError};

use crate::sql::Fragment;
use crate::store::accounts::{Profile, Rows};
use crate::store::audit::written;
use crate::store::resources::{Kind, LocalRow, Record};
use crate::store::session::Action;
use crate::store::session::Session;
use crate::store::session::read_source;

/// What is left of a deleted resource.
struct Tombstone {
    source: Source,
    local: Option<LocalRow>,
}

impl Session<'_> {
    /// Makes a deleted resource again: with its id, on the word of whoever asserted it, a user with the row of `ab_user` that it had, if that
    /// is still nobody's. Its version goes on after this one, and sessions from before stay over. A group has no members.
    pub(crate) async fn restore(
        &mut self,
        of: &TypeSchema,
        id: &ResourceId,
        body: Resource,
        version: i64,
    ) -> Result<(), StoreError> {
        self.record_writer().await?;
        let tombstone = self.tombstone(of, id).await?;
        let mut record = Record::new(id.clone(), body, None, self.cx).going_on_after(version);
        record.source = tombstone.as_ref().map_or(Source::UnknownClient, |tombstone| tombstone.source.clone());
        // No session is older than the time.
        record.generation = self.now.timestamp();
        record.body.compact();
        let kind = Kind::of(of);
        let grave = Fragment::new("DELETE FROM scim_tombstone WHERE id = ? AND tenant = ?").bind(id.as_str());
        self.transaction.execute(grave.bind(self.tenant)).await?;
        self.claim_values(of, None, &record).await?;
        self.index_values(of, &record.id, None, &record.body).await?;
        record.local = match kind {
            Kind::User => {
                let profile = Profile::of(&record.body)?;
                let local = tombstone.and_then(|tombstone| tombstone.local);
                Some(self.reopen_account(&record.id, &record.identity(), profile, local).await?)
            }
            Kind::Group => {
                self.claim_binding(None, &record).await?;
                self.open_group(&record).await?
            }
            Kind::Other => None,
        };
        let insertion = self.insertion(of, &record)?;
        self.later([insertion]);
        self.recount(of, None, Some(&record.body));
        self.flush().await?;
        let differences = Differences::between(of, &Resource::default(), &record.body);
        let change = Change::new(self.cx, of, record.id.clone()).with_differences(differences);
        let detail = written(&change, ["schemas"]);
        self.record_change(Action::Create, record.version(), detail, &change, &[]);
        match kind {
            Kind::User => self.sync_written(&record, Rows::Known).await,
            Kind::Group => self.sync_roles_of(&record).await,
            Kind::Other => Ok(()),
        }
    }

    async fn tombstone(&mut self, of: &TypeSchema, id: &ResourceId) -> Result<Option<Tombstone>, StoreError> {
        let select =
            "SELECT source, local_id, local_mark FROM scim_tombstone WHERE id = ? AND tenant = ? AND resource_type = ?";
        let select = Fragment::new(select).bind(id.as_str()).bind(self.tenant);
        let Some(row) = self.transaction.row(select.bind(of.resource_type().name().as_str())).await? else {
            return Ok(None);
        };
        let local = row.optional_integer(1)?.zip(row.optional_text(2)?);
        let local = local.map(|(id, mark)| LocalRow { id, mark });
        Ok(Some(Tombstone { source: read_source(&row.text(0)?)?, local }))
    }

    /// Makes the caller no longer the one who asserts a resource, but this source, as it was before the caller.
    pub(crate) async fn give_back(
        &mut self,
        of: &TypeSchema,
        id: &ResourceId,
        source: Source,
    ) -> Result<(), StoreError> {
        let mut record = self.find(of, id).await?;
        record.source = source;
        self.update(&record).await?;
        if Kind::of(of) == Kind::Group {
            self.sync_roles_of(&record).await?;
        }
        let users = self.users_within(&[id.to_string()]).await?;
        self.sync_access(&users).await
    }
}
