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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriftOptions {
    tenant: Option<String>,
    local: BTreeSet<String>,
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

    /// The one tenant; `None` for all.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    pub(in crate::reconcile) fn is_local(&self, folded_username: &str) -> bool {
        self.local.contains(folded_username)
    }
}
