//! The store's contract with the service: each call, over whatever gives it a session.

use async_trait::async_trait;
use scim_core::{Resource, ResourceId, ResourceTypeName, TypeSchema};
use scim_patch::{MembershipDelta, Patch};
use scim_service::store::{keep_write_only, patched_content};
use scim_service::{
    Change, Context, Create, Delete, List, ListPage, Membership, Modify, Read, Replace, Store, StoreCapabilities,
    StoreError, Transaction, Written,
};
use uuid::Uuid;

use crate::sql::Fragment;
use crate::store::contract;
use crate::store::password::hashing;
use crate::store::password::{Hash, Password};
use crate::store::query::Relations;
use crate::store::resources::Record;
use crate::store::resources::{Content, Kind, Member};
use crate::store::session::Company;
use crate::store::session::OwnGroups;
use crate::store::session::Session;
use crate::store::session::SupersetStore;
use crate::store::session::{Sessions, is_lost_together, retry};
use crate::store::transaction::OpenTransaction;
use crate::store::write::{Done, MemberChange, Write};

pub(super) async fn create(
    sessions: &impl Sessions,
    cx: &Context,
    company: Company,
    request: Create<'_>,
    hash: Option<&Hash>,
) -> Result<Written, StoreError> {
    let Create { of, resource, want, .. } = request;
    let Content { body, members, password } = Content::of(Kind::of(of), resource);
    let id: ResourceId = Uuid::new_v4().to_string().parse().map_err(StoreError::internal)?;
    let mut session = sessions.writing(cx, company).await?;
    let done = session.create(of, id.clone(), body, &members, &password.hashed_as(hash)).await;
    let (session, done) = told(sessions, cx, company, session, done).await?;
    session.finish(of, &id, Relations::wanted(of, want), done).await
}

pub(super) async fn read(sessions: &impl Sessions, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
    let Read { of, id, want, .. } = request;
    let mut session = sessions.reading(cx).await?;
    let record = session.find(of, id).await?;
    session.show(of, &record, Relations::wanted(of, want)).await
}

pub(super) async fn replace(
    sessions: &impl Sessions,
    cx: &Context,
    company: Company,
    request: Replace<'_>,
    hash: Option<&Hash>,
) -> Result<Written, StoreError> {
    let Replace { of, id, resource, when, want, .. } = request;
    let Content { body, members, password } = Content::of(Kind::of(of), resource);
    let mut session = sessions.writing(cx, company).await?;
    let record = session.find(of, id).await?;
    record.check(when)?;
    session.keep_groups_of(of, id);
    let write = Write { members: MemberChange::Set(members), password, ..Write::of(body) };
    let write = session.settled(of, &record, write, hash).await?;
    let done = session.change(of, record, write).await;
    let (session, done) = told(sessions, cx, company, session, done).await?;
    session.finish(of, id, Relations::wanted(of, want), done).await
}

pub(super) async fn patch(
    sessions: &impl Sessions,
    cx: &Context,
    company: Company,
    request: Modify<'_>,
    hash: Option<&Hash>,
) -> Result<Written, StoreError> {
    let Modify { of, id, patch, when, want, .. } = request;
    let mut session = sessions.writing(cx, company).await?;
    let record = session.find(of, id).await?;
    record.check(when)?;
    session.keep_groups_of(of, id);
    session.says_active |= patch.targets().iter().any(|target| target.is_in("active"));
    let write = session.patched(of, &record, patch).await?;
    let write = session.settled(of, &record, write, hash).await?;
    let done = session.change(of, record, write).await;
    let (session, done) = told(sessions, cx, company, session, done).await?;
    session.finish(of, id, Relations::wanted(of, want), done).await
}

pub(super) async fn reaffirm(
    sessions: &impl Sessions,
    cx: &Context,
    company: Company,
    of: &TypeSchema,
    id: &ResourceId,
) -> Result<(), StoreError> {
    let mut session = sessions.writing(cx, company).await?;
    let record = session.find(of, id).await?;
    session.reassert(Kind::of(of), &record).await?;
    session.ensure_admin_remains().await?;
    session.commit().await
}

pub(super) async fn delete(
    sessions: &impl Sessions,
    cx: &Context,
    company: Company,
    request: Delete<'_>,
) -> Result<Change, StoreError> {
    let Delete { of, id, when, .. } = request;
    let mut session = sessions.writing(cx, company).await?;
    let record = session.find(of, id).await?;
    record.check(when)?;
    let change = session.remove(of, &record).await?;
    session.ensure_admin_remains().await?;
    let access = std::mem::take(&mut session.access);
    session.complete_record(id, None, &access);
    session.commit().await?;
    Ok(change.with_access(access))
}

/// Goes on with a write that was done. Of one that was refused nothing stays but what the refusal is to be known by, and what was found out of
/// names, which is written by itself.
async fn told<'a>(
    sessions: &'a impl Sessions,
    cx: &'a Context,
    company: Company,
    mut session: Session<'a>,
    done: Result<Done, StoreError>,
) -> Result<(Session<'a>, Done), StoreError> {
    let refusal = match done {
        Ok(done) => return Ok((session, done)),
        Err(refusal) => refusal,
    };
    let (alerts, learned) = (std::mem::take(&mut session.alerts), std::mem::take(&mut session.learned));
    drop(session);
    if !alerts.is_empty() || !learned.is_nothing() {
        let written = async {
            let mut session = sessions.writing(cx, company).await?;
            learned.again(&mut session.transaction).await?;
            session.audit = alerts;
            session.commit().await
        };
        match written.await {
            // The whole call is made again.
            Err(error) if error.is_conflict() || is_lost_together(&error) => return Err(error),
            Err(error) => tracing::error!(%error, "what a refused write found out was not written down"),
            Ok(()) => {}
        }
    }
    Err(refusal)
}

/// Implements [`Store`] by the calls of this file, and by what else the braces hold.
macro_rules! store_of_sessions {
    ($sessions:ty { $($own:tt)* }) => {
        #[async_trait]
        impl Store for $sessions {
            async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
                let call = async |hash: Option<Hash>| {
                    retry(Self::ATTEMPTS, |company| contract::create(self, cx, company, request.clone(), hash.as_ref())).await
                };
                hashing(cx, Self::IN_TRANSACTION, call).await
            }

            async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
                contract::read(self, cx, request).await
            }

            async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
                self.reading(cx).await?.list(&request).await
            }

            async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
                let call = async |hash: Option<Hash>| {
                    retry(Self::ATTEMPTS, |company| contract::replace(self, cx, company, request.clone(), hash.as_ref())).await
                };
                hashing(cx, Self::IN_TRANSACTION, call).await
            }

            async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
                let call = async |hash: Option<Hash>| {
                    retry(Self::ATTEMPTS, |company| contract::patch(self, cx, company, request, hash.as_ref())).await
                };
                hashing(cx, Self::IN_TRANSACTION, call).await
            }

            async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
                self.reading(cx).await?.memberships(members).await
            }

            async fn reaffirm(&self, cx: &Context, of: &TypeSchema, id: &ResourceId) -> Result<(), StoreError> {
                retry(Self::ATTEMPTS, |company| contract::reaffirm(self, cx, company, of, id)).await
            }

            async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
                retry(Self::ATTEMPTS, |company| contract::delete(self, cx, company, request)).await
            }

            $($own)*
        }
    };
}

store_of_sessions!(SupersetStore {
    /// Superset keeps the addresses of users unique, and the names of groups where it has groups.
    fn capabilities(&self) -> StoreCapabilities {
        let unique = [(ResourceTypeName::user(), "emails.value", true), (ResourceTypeName::group(), "displayName", self.tables.groups)];
        let capabilities = StoreCapabilities::default().with_patch().with_memberships().with_transactions().with_batches();
        unique.into_iter().filter(|(.., enforced)| *enforced).fold(capabilities, |capabilities, (of, path, _)| {
            match path.parse() {
                Ok(path) => capabilities.with_unique(&of, path),
                Err(_) => capabilities,
            }
        })
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(OpenTransaction::begin(self, cx).await?))
    }

    async fn health(&self) -> Result<(), StoreError> {
        Ok(self.database.reach(Fragment::new("SELECT 1 FROM ab_user LIMIT 1")).await?)
    }
});

store_of_sessions!(OpenTransaction {
    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities::default().with_patch().with_memberships()
    }
});

impl Session<'_> {
    /// Ends a write: the guard, the answer, the commit.
    async fn finish(
        mut self,
        of: &TypeSchema,
        id: &ResourceId,
        relations: Relations,
        Done { change, record }: Done,
    ) -> Result<Written, StoreError> {
        self.ensure_admin_remains().await?;
        let record = match record {
            Some(record) => record,
            None => self.find(of, id).await?,
        };
        let resource = self.show(of, &record, relations).await?;
        let before = change.before.clone();
        let access = std::mem::take(&mut self.access);
        self.complete_record(id, Some(&record.tag()), &access);
        let change = change.with_versions(before, Some(record.tag())).with_access(access);
        self.commit().await?;
        Ok(Written::new(resource, change))
    }

    /// Asks for the groups of a user once: a write to the user puts nobody into a group.
    fn keep_groups_of(&mut self, of: &TypeSchema, id: &ResourceId) {
        if Kind::of(of) == Kind::User {
            self.own_groups = Some(OwnGroups { user: id.to_string(), known: None });
        }
    }

    /// The content that a patch makes of a resource. Members are not loaded where the patch can do without them.
    async fn patched(&mut self, of: &TypeSchema, record: &Record, patch: &Patch) -> Result<Write, StoreError> {
        let kind = Kind::of(of);
        if kind == Kind::Group
            && let Some(delta) = patch.membership_delta()
        {
            let members = member_change(delta);
            return Ok(Write { members, quirks: patch.quirks(), ..Write::of(record.body.clone()) });
        }
        let moves_members = patch.targets().iter().any(|target| target.is_in("members"));
        let relations = if moves_members { Relations::ALL } else { Relations::ALL_BUT_MEMBERS };
        let (content, applied) = patched_content(of, &self.show(of, record, relations).await?, patch)?;
        let Content { body, members, password } = Content::of(kind, content);
        let members = if moves_members { MemberChange::Set(members) } else { MemberChange::NONE };
        Ok(Write { members, password, quirks: applied.quirks(), ..Write::of(body) })
    }

    /// Settles what nobody can read: what the content lacks is kept, what it has as `null` is removed, where there is anything.
    async fn settled(
        &mut self,
        of: &TypeSchema,
        record: &Record,
        mut write: Write,
        hash: Option<&Hash>,
    ) -> Result<Write, StoreError> {
        let secrets = keep_write_only(of, &record.body, &mut write.body);
        let password = match write.password {
            Password::Removed if !self.has_password(record.local.as_ref()).await? => Password::Kept,
            password => password.hashed_as(hash),
        };
        Ok(Write { password, secrets, ..write })
    }
}

fn member_change(delta: MembershipDelta) -> MemberChange {
    let add = delta.add.into_iter().map(|member| Member { id: member.value, kind: member.kind }).collect();
    if delta.replace_all { MemberChange::Set(add) } else { MemberChange::Delta { add, remove: delta.remove } }
}
