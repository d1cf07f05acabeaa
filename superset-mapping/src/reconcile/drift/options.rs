//! What a comparison is about.

use std::collections::BTreeSet;

use scim_filter::fold;

/// What to compare.
///
/// ```
/// use superset_mapping::reconcile::DriftOptions;
///
/// let options = DriftOptions::new().with_local("admin").with_tenant("acme");
/// assert_eq!(options.tenant(), Some("acme"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftOptions {
    tenant: Option<String>,
    local: BTreeSet<String>,
    findings_per_kind: usize,
}

/// How many findings of each kind a comparison keeps by default.
const FINDINGS_PER_KIND: usize = 10_000;

impl Default for DriftOptions {
    fn default() -> Self {
        Self { tenant: None, local: BTreeSet::new(), findings_per_kind: FINDINGS_PER_KIND }
    }
}

impl DriftOptions {
    /// All tenants, and every account is meant to be somebody's of SCIM.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares the users and groups of one tenant. Accounts that are no tenant's are left out then: nobody knows whose they
    /// should be.
    #[must_use]
    pub fn with_tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }

    /// An account that is meant to be local, by its username, whatever its case: it is no finding. Called once for each.
    #[must_use]
    pub fn with_local(mut self, username: &str) -> Self {
        self.local.insert(fold(username).into_owned());
        self
    }

    /// Keeps at most so many findings of each kind, 10,000 by default; the others are only [counted](crate::reconcile::Drift::left_out).
    /// Memory is bounded by it, however much differs.
    #[must_use]
    pub fn with_findings_per_kind(self, most: usize) -> Self {
        Self { findings_per_kind: most, ..self }
    }

    /// The one tenant; `None` for all.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    pub(in crate::reconcile) fn findings_per_kind(&self) -> usize {
        self.findings_per_kind
    }

    pub(in crate::reconcile) fn is_local(&self, folded_username: &str) -> bool {
        self.local.contains(folded_username)
    }
}
