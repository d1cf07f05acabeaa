//! The writes, step by step: document, row of Superset, versions of whoever shows it, access.

use std::collections::BTreeSet;

use scim_core::{Quirks, Resource, ResourceId, TypeSchema};
use scim_patch::{Difference, Differences};
use scim_service::{Change, StoreError};
use serde_json::json;

use crate::sql::Fragment;
use crate::store::accounts::{Profile, Rows};
use crate::store::audit::written;
use crate::store::password::Password;
use crate::store::resources::{Kind, Member, check_external_id};
use crate::store::resources::{Record, display};
use crate::store::session::Action;
use crate::store::session::OwnGroups;
use crate::store::session::Session;

/// What happens to the members of a group.
#[derive(Debug)]
pub(crate) enum MemberChange {
    /// These are the members now.
    Set(Vec<Member>),
    /// These come and go; nobody is in both lists.
    Delta { add: Vec<Member>, remove: Vec<String> },
}

/// New content for a resource, and what is known of how it came about.
#[derive(Debug)]
pub(crate) struct Write {
    pub(super) body: Resource,
    pub(super) members: MemberChange,
    pub(super) password: Password,
    /// The secrets of the document that are set or removed.
    pub(super) secrets: Vec<Difference>,
    /// What applying a patch needed.
    pub(super) quirks: Quirks,
}

impl Write {
    /// This document, with the members and the password that there are.
    pub(crate) fn of(body: Resource) -> Self {
        let (members, password) = (MemberChange::NONE, Password::Kept);
        Self { body, members, password, secrets: Vec::new(), quirks: Quirks::default() }
    }

    /// The same, with members that come and go.
    pub(crate) fn moving(self, add: Vec<Member>, remove: Vec<String>) -> Self {
        Self { members: MemberChange::Delta { add, remove }, ..self }
    }
}

/// A write that was done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(super) change: Change,
    /// The resource as it is now; `None` where it has to be read again, because other steps of the write may have changed it too.
    pub(super) record: Option<Record>,
}

/// Who came into a group, and who went.
#[derive(Default)]
struct MovedMembers {
    added: Vec<String>,
    removed: Vec<String>,
}

impl MovedMembers {
    fn all(&self) -> Vec<String> {
        [self.added.as_slice(), self.removed.as_slice()].concat()
    }
}

impl MemberChange {
    /// All stays as it is.
    pub(crate) const NONE: Self = Self::Delta { add: Vec::new(), remove: Vec::new() };
}

impl Session<'_> {
    /// Stores a new resource.
    pub(super) async fn create(
        &mut self,
        of: &TypeSchema,
        id: ResourceId,
        body: Resource,
        members: &[Member],
        password: &Password,
    ) -> Result<Done, StoreError> {
        self.record_writer().await?;
        let mut record = Record::new(id, body, None, self.cx);
        // As it is read later.
        record.body.compact();
        let mut rows = Rows::Known;
        check_external_id(self.cx, None, &record.body)?;
        self.claim_values(of, None, &record).await?;
        self.index_values(of, &record.id, None, &record.body).await?;
        let kind = Kind::of(of);
        record.local = match kind {
            Kind::User => {
                let profile = Profile::of(&record.body)?;
                let local;
                (local, rows) = self.open_account(&record.id, &record.identity(), profile, password).await?;
                Some(local)
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
        if rows == Rows::Known {
            self.flush().await?;
        }
        let mut differences = Differences::between(of, &Resource::default(), &record.body);
        if let Some(password) = password.difference(of).filter(|_| !self.ignores_password) {
            differences = differences.with(password);
        }
        let change = Change::new(self.cx, of, record.id.clone()).with_differences(differences);
        let detail = written(&change, ["schemas"]);
        self.record_change(Action::Create, record.version(), detail, &change, &[]);
        match kind {
            Kind::User => {
                self.own_groups = Some(OwnGroups { user: record.id.to_string(), known: Some(Vec::new()) });
                self.sync_written(&record, rows).await?;
                return Ok(Done { change, record: Some(record) });
            }
            Kind::Group => {
                self.sync_roles_of(&record).await?;
                let added = self.add_members(record.id.as_str(), members).await?;
                self.record_members(&record.id, &added, &[]);
                let users = self.users_within(&added).await?;
                self.touch_all(&users).await?;
                self.sync_access(&users).await?;
                return Ok(Done { change: change.with_members(added, Vec::new()), record: None });
            }
            Kind::Other => {}
        }
        Ok(Done { change, record: None })
    }

    /// Puts new content in place of the old. Content that says the same changes nothing, neither version nor time.
    pub(crate) async fn change(
        &mut self,
        of: &TypeSchema,
        mut record: Record,
        write: Write,
    ) -> Result<Done, StoreError> {
        let Write { mut body, members, password, secrets, quirks } = write;
        self.record_writer().await?;
        let kind = Kind::of(of);
        check_external_id(self.cx, Some(&record.body), &body)?;
        let before = record.clone();
        let authority = self.authority_change(kind, &record, &mut body, password.is_written())?;
        let moved = match (kind, members) {
            (Kind::Group, members) => self.move_members(&record, members).await?,
            _ => MovedMembers::default(),
        };
        let change = Change::new(self.cx, of, record.id.clone()).with_quirks(quirks);
        let change = change.with_versions(Some(record.tag()), None);
        let moves = !moved.all().is_empty();
        if record.body == body && secrets.is_empty() && !password.is_written() && !moves {
            self.follow_authority(kind, &mut record, authority).await?;
            self.reassert(kind, &record).await?;
            return Ok(Done { change, record: (kind == Kind::User).then_some(record) });
        }
        record.body = body;
        record.body.compact();
        self.set_authority(kind, &mut record, authority).await?;
        self.claim_values(of, Some(&before), &record).await?;
        self.index_values(of, &record.id, Some(&before.body), &record.body).await?;
        let local = record.local.take();
        record.local = match kind {
            Kind::User => {
                let mut profile = Profile::of(&record.body)?;
                let account = match &local {
                    Some(local) => self.account(local).await?,
                    None => None,
                };
                let was_closed = !before.body.is_inactive() && account.as_ref().is_some_and(|account| !account.active);
                profile.active &= !was_closed || self.says_active;
                if was_closed && profile.active {
                    record.generation += 1;
                    self.record_audit(Action::Activate, "User", &record.id, None, json!({}));
                }
                let identity = record.identity();
                let there = local.zip(account);
                Some(self.change_account(&record.id, &identity, there, profile, &password).await?)
            }
            Kind::Group => {
                self.claim_binding(Some(&before), &record).await?;
                self.write_group(local, &record).await?
            }
            Kind::Other => None,
        };
        let renamed = display(&before.body) != display(&record.body);
        let seen_by_rules = renamed
            || before.external_id() != record.external_id()
            || before.source != record.source
            || before.local != record.local;
        let secrets = secrets.into_iter().chain(password.difference(of));
        let differences = Differences::between(of, &before.body, &record.body).with_secrets(secrets);
        let change = change.with_differences(differences);
        // It follows from the rest, and is written down as ever.
        let schemas = before.body.get("schemas") != record.body.get("schemas");
        let detail = written(&change, schemas.then_some("schemas").into_iter().chain(moves.then_some("members")));
        let (was_active, active) = (!before.body.is_inactive(), !record.body.is_inactive());
        let deactivated = kind == Kind::User && was_active && !active;
        if kind == Kind::User && was_active != active {
            record.generation += 1;
        }
        if deactivated || password.is_written() {
            self.sessions_end(&record.id);
        }
        record.modified(self.now);
        self.update(&record).await?;
        self.recount(of, Some(&before.body), Some(&record.body));
        // The members that move have a record of their own.
        self.record_change(Action::Update, record.version(), detail, &change, &[]);
        if let (true, Some(local)) = (deactivated, &record.local) {
            let taken = self.revoke_access(&[local.id]).await?.remove(&local.id).unwrap_or_default();
            self.note_taken(Action::Deactivate, &record.id, None, &taken)?;
        }
        if renamed {
            // What a member is called is part of its groups' representation.
            let groups = self.direct_groups(record.id.as_str()).await?;
            self.touch(&groups).await?;
        }
        match kind {
            Kind::User => {
                self.sync_written(&record, Rows::Known).await?;
                return Ok(Done { change, record: Some(record) });
            }
            Kind::Group => {
                if seen_by_rules {
                    self.sync_roles_of(&record).await?;
                }
                self.follow_group(record.id.as_str(), &moved.all(), renamed, seen_by_rules).await?;
                self.follow_reasserted().await?;
            }
            Kind::Other => {}
        }
        Ok(Done { change: change.with_members(moved.added, moved.removed), record: None })
    }

    /// Whom somebody else put into a group before may have other roles now.
    pub(super) async fn follow_reasserted(&mut self) -> Result<(), StoreError> {
        let members = std::mem::take(&mut self.reasserted);
        if members.is_empty() {
            return Ok(());
        }
        let users = self.users_within(&members).await?;
        self.sync_access(&users).await
    }

    /// Deletes a resource. It leaves all groups.
    pub(crate) async fn remove(&mut self, of: &TypeSchema, record: &Record) -> Result<Change, StoreError> {
        let kind = Kind::of(of);
        let id = record.id.as_str();
        let change = Change::new(self.cx, of, record.id.clone()).with_versions(Some(record.tag()), None);
        let differences = Differences::between(of, &record.body, &Resource::default());
        let members = if kind == Kind::Group { self.member_ids(id).await? } else { Vec::new() };
        let change = change.with_differences(differences).with_members(Vec::new(), members);
        let holders = self.direct_groups(id).await?;
        let within = match kind {
            Kind::Group => self.users_within(&[id.to_owned()]).await?,
            Kind::User | Kind::Other => BTreeSet::new(),
        };
        let mut detail = json!({});
        match (kind, &record.local) {
            (Kind::User, Some(local)) => {
                let taken = self.close_account(local).await?.unwrap_or_default();
                self.takes(&record.id, &taken);
                self.sessions_end(&record.id);
                detail = taken.detail()?;
            }
            (Kind::Group, Some(local)) => {
                self.note_protected_of_group(&record.id, local.id).await?;
                self.drop_group(local).await?;
            }
            _ => {}
        }
        // A group of another tenant may hold an id that means nobody there: that is its own affair.
        let pairs = Fragment::new("DELETE FROM scim_member WHERE tenant = ? AND (group_id = ? OR member_id = ?)");
        self.later([pairs.bind(self.tenant).bind(id).bind(id)]);
        self.bury(of, record)?;
        self.record_change(Action::Delete, record.version(), detail, &change, &holders);
        if let (Kind::User, Some(local), Some(successor)) = (kind, &record.local, self.options.successor()) {
            self.flush().await?;
            self.purge_account(&record.id, local, successor).await?;
        }
        self.touch_as_modified(&holders).await?;
        self.touch_all(&within).await?;
        self.sync_access(&within).await?;
        Ok(change)
    }

    /// The ids of the members of a group.
    async fn member_ids(&mut self, group: &str) -> Result<Vec<String>, StoreError> {
        let select = Fragment::new("SELECT member_id FROM scim_member WHERE group_id = ?").bind(group);
        self.transaction.rows(select).await?.iter().map(|row| Ok(row.text(0)?)).collect()
    }

    /// Makes the row of a stored group hold what the rules give for the group.
    pub(crate) async fn sync_roles_of(&mut self, record: &Record) -> Result<(), StoreError> {
        let Some(local) = &record.local else { return Ok(()) };
        let group = self.groups_by_id(&[record.id.to_string()]).await?.remove(record.id.as_str());
        self.sync_group_roles(&group.map(|(group, _)| (local.id, group)).into_iter().collect()).await
    }

    async fn move_members(&mut self, group: &Record, members: MemberChange) -> Result<MovedMembers, StoreError> {
        let id = group.id.as_str();
        let (added, removed) = match members {
            MemberChange::Set(members) => self.set_members(id, &members).await?,
            MemberChange::Delta { add, remove } => {
                let removed = self.remove_members(id, &remove).await?;
                (self.add_members(id, &add).await?, removed)
            }
        };
        self.record_members(&group.id, &added, &removed);
        Ok(MovedMembers { added, removed })
    }

    /// Who is in a changed group, now or until now, has other `groups` and maybe other roles.
    async fn follow_group(
        &mut self,
        group: &str,
        moved: &[String],
        renamed: bool,
        seen_by_rules: bool,
    ) -> Result<(), StoreError> {
        let mut affected = self.users_within(moved).await?;
        if seen_by_rules {
            let within = self.users_within(&[group.to_owned()]).await?;
            let touched: BTreeSet<String> =
                if renamed { within.union(&affected).cloned().collect() } else { affected.clone() };
            self.touch_all(&touched).await?;
            affected.extend(within);
        } else {
            self.touch_all(&affected).await?;
        }
        self.sync_access(&affected).await
    }

    async fn touch_all(&mut self, ids: &BTreeSet<String>) -> Result<(), StoreError> {
        let ids: Vec<String> = ids.iter().cloned().collect();
        self.touch(&ids).await
    }

    /// A client that says again that somebody is inactive, or in so many words active, is right, whatever was done in Superset
    /// meanwhile.
    pub(super) async fn reassert(&mut self, kind: Kind, record: &Record) -> Result<(), StoreError> {
        let (Kind::User, Some(local)) = (kind, &record.local) else { return self.follow_reasserted().await };
        let profile = Profile::of(&record.body)?;
        if !profile.active {
            if let Some(taken) = self.close_account(local).await? {
                self.note_taken(Action::Deactivate, &record.id, Some(record.version()), &taken)?;
            }
        } else if self.says_active
            && let Some(account) = self.account(local).await?.filter(|account| !account.active)
        {
            let there = Some((local.clone(), account));
            self.change_account(&record.id, &record.identity(), there, profile, &Password::Kept).await?;
            self.record_audit(Action::Activate, "User", &record.id, Some(record.version()), json!({}));
            self.sync_access(&BTreeSet::from([record.id.to_string()])).await?;
        }
        Ok(())
    }
}
