//! What to take back.

use chrono::{DateTime, Utc};

/// What to take back: what one client did in one tenant, from a time on.
///
/// ```
/// use chrono::Utc;
/// use superset_mapping::undo::UndoOptions;
///
/// let options = UndoOptions::new("okta", Utc::now()).with_tenant("acme").with_dry_run();
/// assert_eq!((options.client(), options.is_dry_run()), ("okta", true));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoOptions {
    client: String,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    tenant: Option<String>,
    dry_run: bool,
    force: bool,
}

impl UndoOptions {
    /// All that the client with this name did at this time or later, where there are no tenants.
    pub fn new(client: impl Into<String>, since: DateTime<Utc>) -> Self {
        Self { client: client.into(), since, until: None, tenant: None, dry_run: false, force: false }
    }

    /// Only what it did before this time. What it did later counts as done by somebody else.
    #[must_use]
    pub fn with_until(self, until: DateTime<Utc>) -> Self {
        Self { until: Some(until), ..self }
    }

    /// What it did in this tenant.
    #[must_use]
    pub fn with_tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }

    /// Says what would be done, and writes nothing.
    #[must_use]
    pub fn with_dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Takes back, too, what others have changed since: their changes are lost.
    #[must_use]
    pub fn with_force(self) -> Self {
        Self { force: true, ..self }
    }

    /// The name of the client.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The tenant; `None` where there are none.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether nothing is written.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    pub(super) fn since(&self) -> DateTime<Utc> {
        self.since
    }

    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        self.until
    }

    pub(super) fn is_forced(&self) -> bool {
        self.force
    }
}
