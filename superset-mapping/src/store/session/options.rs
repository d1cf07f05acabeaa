//! What a host may choose.

use std::collections::BTreeSet;

use scim_filter::fold;

use crate::store::session::audit_key::AuditKey;

/// What happens when a client provisions somebody who has a local account, which somebody made in Superset.
///
/// Adoption makes the account the client's to manage, with every right that it has. That is why it is not the default: whoever
/// may provision could otherwise take over any account by naming it. What an adopted account is told on the first contact
/// leaves its username, its e-mail address and its password alone, whatever the request says of them; roles and groups that
/// were given by hand stay. Whoever holds a protected role is not adopted, unless
/// [`StoreOptions::with_protected_adoption`] names the account. Every adoption is in the audit table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Adoption {
    /// The client is told that the name is taken: 409.
    #[default]
    Refuse,
    /// An account with the same username, whatever its case, is adopted.
    ByUsername,
    /// An account with the same username or, failing that, with the e-mail address that the client sends is adopted. Only for
    /// clients that are authoritative for addresses.
    ByEmail,
}

/// What a host may choose beyond the rules.
///
/// ```
/// use superset_mapping::{Adoption, StoreOptions};
///
/// let options = StoreOptions::new().with_adoption(Adoption::ByUsername).with_hard_delete("admin");
/// assert_eq!(options.adoption(), Adoption::ByUsername);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreOptions {
    adoption: Adoption,
    adopt_protected: BTreeSet<String>,
    adoption_dry_run: bool,
    adopt_groups: bool,
    successor: Option<String>,
    reports_to: Option<String>,
    takeover: bool,
    audit_key: Option<AuditKey>,
}

impl StoreOptions {
    /// Local accounts are refused, deleted users leave their row.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what happens to local accounts.
    #[must_use]
    pub fn with_adoption(self, adoption: Adoption) -> Self {
        Self { adoption, ..self }
    }

    /// Lets an account be adopted although it holds a protected role, by its username, whatever its case. Called once for each.
    #[must_use]
    pub fn with_protected_adoption(mut self, username: &str) -> Self {
        self.adopt_protected.insert(fold(username).into_owned());
        self
    }

    /// Says in the log and to the client who would be adopted, with 409, and adopts nobody.
    #[must_use]
    pub fn with_adoption_dry_run(self) -> Self {
        Self { adoption_dry_run: true, ..self }
    }

    /// Lets a new SCIM group take over a group of the same name that somebody made in Superset, with the roles that it holds there
    /// and the members that people put into it. One that holds a protected role is not taken over.
    #[must_use]
    pub fn with_group_adoption(self) -> Self {
        Self { adopt_groups: true, ..self }
    }

    /// Makes a deletion remove the row of `ab_user`. What the user owned (dashboards, charts, datasets, reports, queries)
    /// goes to `successor`, a username of Superset; what else refers to the row refers to nobody, or is deleted where it
    /// must refer to somebody. Not on `SQLite`, which would give the id, and with it open sessions, to the next
    /// user.
    #[must_use]
    pub fn with_hard_delete(self, successor: impl Into<String>) -> Self {
        Self { successor: Some(successor.into()), ..self }
    }

    /// Hands the alerts and reports of whoever is deactivated or deleted to this user of Superset, who becomes an owner of theirs
    /// in place of the person. Without it they stop, as Superset runs none of somebody inactive; the log and the audit table say which.
    #[must_use]
    pub fn with_reports_to(self, username: impl Into<String>) -> Self {
        Self { reports_to: Some(username.into()), ..self }
    }

    /// Lets SCIM clients take over users and groups that logins made, by writing to them. The identity provider then no longer
    /// asserts the person: its logins do not find them, memberships that it asserted end, and so do API keys and sessions. Otherwise
    /// such a write is refused, but for one that changes `active` alone, and a deletion.
    ///
    /// Whoever may log in may have made the person under this name: what the name is entitled to by SCIM would be theirs, if they
    /// kept a way in.
    #[must_use]
    pub fn with_takeover(self) -> Self {
        Self { takeover: true, ..self }
    }

    /// Authenticates the rows of the audit and its chain by this key: whoever can write to the database, but has no key, cannot change or
    /// add one without a [verification](crate::SupersetStore::verify_audit) that has the key finding it, nor remove one but with all links
    /// after it, which a checkpoint shows. Without a key the rows have plain hashes, by which a verification finds what was changed by
    /// mistake, or by somebody who did not make them anew. [The audit](crate::store::audit) says what is found by what.
    #[must_use]
    pub fn with_audit_key(self, key: AuditKey) -> Self {
        Self { audit_key: Some(key), ..self }
    }

    /// The key of the audit.
    pub fn audit_key(&self) -> Option<&AuditKey> {
        self.audit_key.as_ref()
    }

    /// Whether SCIM clients may take over what logins made.
    pub fn allows_takeover(&self) -> bool {
        self.takeover
    }

    /// What happens to local accounts.
    pub fn adoption(&self) -> Adoption {
        self.adoption
    }

    /// Whether adoptions are only told.
    pub fn adoption_is_dry_run(&self) -> bool {
        self.adoption_dry_run
    }

    pub(in crate::store) fn adopts_protected(&self, username: &str) -> bool {
        self.adopt_protected.contains(&*fold(username))
    }

    pub(in crate::store) fn adopts_groups(&self) -> bool {
        self.adopt_groups
    }

    /// Who gets the alerts and reports of those who leave; `None` where they stop.
    pub fn reports_to(&self) -> Option<&str> {
        self.reports_to.as_deref()
    }

    /// Who inherits from deleted users whose row is removed; `None` where the row stays.
    pub fn successor(&self) -> Option<&str> {
        self.successor.as_deref()
    }
}
