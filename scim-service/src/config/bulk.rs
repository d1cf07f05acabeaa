//! Whether and how bulk requests are done.

use scim_core::message::BulkSupport;

use crate::config::{Capabilities, ServiceConfig};

/// What happens to the operations of a bulk request when one of them fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BulkAtomicity {
    /// Each operation stands for itself: what is done stays (RFC 7644 section 3.7). The default.
    #[default]
    PerOperation,
    /// All of them are done, in one [`Transaction`](crate::Transaction) of the store, or none.
    ///
    /// The first failure ends the job, whatever `failOnErrors` says. The operation that failed has its own error; all others
    /// are reported with status 424. Over a store without transactions there are no bulk requests then. While the job runs, other
    /// writers may have to wait.
    AllOrNothing,
}

impl ServiceConfig {
    /// What happens to the operations of a bulk request when one fails: sets [`Capabilities::bulk`].
    ///
    /// ```
    /// use scim_service::{BulkAtomicity, ServiceConfig};
    ///
    /// let config = ServiceConfig::new("https://example.com/scim/v2")?.with_bulk(BulkAtomicity::AllOrNothing);
    /// assert_eq!(config.bulk(), Some(BulkAtomicity::AllOrNothing));
    /// assert_eq!(config.without_bulk().bulk(), None);
    /// # Ok::<(), scim_service::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_bulk(self, atomicity: BulkAtomicity) -> Self {
        let capabilities = Capabilities { bulk: Some(atomicity), ..*self.capabilities() };
        self.with_capabilities(capabilities)
    }

    /// No bulk requests: `/Bulk` answers 501, and `/ServiceProviderConfig` says so (R219).
    #[must_use]
    pub fn without_bulk(self) -> Self {
        let capabilities = Capabilities { bulk: None, ..*self.capabilities() };
        self.with_capabilities(capabilities)
    }

    /// What happens to the operations of a bulk request when one fails; `None` where there are no bulk requests.
    pub fn bulk(&self) -> Option<BulkAtomicity> {
        self.capabilities().bulk
    }

    /// What `/ServiceProviderConfig` says of it.
    pub(super) fn bulk_support(&self) -> BulkSupport {
        match self.bulk() {
            None => BulkSupport::default(),
            Some(_) => BulkSupport {
                supported: true,
                max_operations: self.limits().bulk_operations as u64,
                max_payload_size: self.limits().bulk_payload as u64,
            },
        }
    }
}
