//! Who asserts a resource, when another source writes to it.

use scim_core::{Resource, Source};
use scim_service::StoreError;
use scim_service::store::AuthorityChange;
use serde_json::json;

use crate::sql::Fragment;
use crate::store::resources::content::Kind;
use crate::store::resources::record::Record;
use crate::store::session::Action;
use crate::store::session::Session;
use crate::store::session::source_text;

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "User",
        Kind::Group => "Group",
        Kind::Other => "resource",
    }
}

impl Session<'_> {
    /// Says who asserts the resource once it has this content. What a login made is taken over by a SCIM client only where the host
    /// lets it, and is then no longer found by logins.
    pub(in crate::store) fn authority_change(
        &mut self,
        kind: Kind,
        record: &Record,
        body: &mut Resource,
        password: bool,
    ) -> Result<AuthorityChange, StoreError> {
        let writer = self.cx.principal.source();
        let change = match AuthorityChange::of(writer, &record.source, &record.body, body) {
            // Whoever sets a password can be the person.
            AuthorityChange::Stays if password && *writer != record.source && *writer != Source::Host => {
                if record.source.is_provider() && writer.is_client() {
                    AuthorityChange::TakesOver
                } else {
                    AuthorityChange::Moves
                }
            }
            change => change,
        };
        if change == AuthorityChange::TakesOver {
            if !self.options.allows_takeover() {
                tracing::warn!(from = %record.source, to = %writer, id = %record.id, "a SCIM client would take over what a login made");
                let detail = json!({"from": record.source.to_string(), "to": writer.to_string()});
                self.alert(Action::TakeoverRefused, name_of(kind), &record.id, detail);
                return Err(AuthorityChange::refusal(&record.source));
            }
            // Logins find their people by it.
            if body.text("externalId").is_some_and(|external_id| external_id.starts_with(&record.source.prefix())) {
                body.set("externalId", None);
            }
        }
        Ok(change)
    }

    /// Makes the caller the one who asserts the resource, where the write does. Where an identity provider had its part in who somebody
    /// is, all sessions of that person end.
    pub(in crate::store) async fn set_authority(
        &mut self,
        kind: Kind,
        record: &mut Record,
        change: AuthorityChange,
    ) -> Result<(), StoreError> {
        if change == AuthorityChange::Stays {
            return Ok(());
        }
        let before = std::mem::replace(&mut record.source, self.cx.principal.source().clone());
        if change == AuthorityChange::Named || !(before.is_provider() || record.source.is_provider()) {
            return Ok(());
        }
        tracing::warn!(from = %before, to = %record.source, id = %record.id, "another source asserts what a login made or makes");
        let detail = json!({"from": before.to_string(), "to": record.source.to_string()});
        self.record_audit(Action::Takeover, name_of(kind), &record.id, None, detail);
        if kind == Kind::User {
            record.generation += 1;
            self.sessions_end(&record.id);
            self.leave_groups_of(&before, record).await?;
            if let Some(local) = record.local.clone()
                && self.account_is_ours(&local).await?
            {
                self.revoke_keys(local.id).await?;
                self.keys_end(&record.id);
                self.end_sessions(local.id).await?;
            }
        }
        Ok(())
    }

    /// The same where the write changes nothing else.
    pub(in crate::store) async fn follow_authority(
        &mut self,
        kind: Kind,
        record: &mut Record,
        change: AuthorityChange,
    ) -> Result<(), StoreError> {
        if change == AuthorityChange::Stays {
            return Ok(());
        }
        self.set_authority(kind, record, change).await?;
        self.update(record).await?;
        if kind == Kind::Group {
            self.sync_roles_of(record).await?;
        }
        let users = self.users_within(&[record.id.to_string()]).await?;
        self.sync_access(&users).await
    }

    /// Ends the memberships that an identity provider asserted of a user whom it asserts no longer.
    async fn leave_groups_of(&mut self, before: &Source, record: &Record) -> Result<(), StoreError> {
        if !before.is_provider() {
            return Ok(());
        }
        let source = source_text(before)?;
        let whose = Fragment::new(" FROM scim_member WHERE tenant = ? AND member_id = ? AND source = ?")
            .bind(self.tenant)
            .bind(record.id.as_str())
            .bind(source);
        let rows = self.transaction.rows(Fragment::new("SELECT group_id").then(whose.clone())).await?;
        let groups = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        self.transaction.execute(Fragment::new("DELETE").then(whose)).await?;
        if let Some(own) = &mut self.own_groups {
            own.known = None;
        }
        self.touch_as_modified(&groups).await
    }
}
