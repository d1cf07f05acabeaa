//! What `/ServiceProviderConfig` says of a service.

use scim_core::message::{
    AuthenticationScheme, BulkSupport, FilterSupport, Pagination, PaginationMethod, ServiceProviderConfig, Supported,
};

use crate::config::capabilities::Capabilities;
use crate::config::service_config::ServiceConfig;

impl ServiceConfig {
    /// The body of `/ServiceProviderConfig` (R221).
    pub(crate) fn service_provider_config(&self, schemes: Vec<AuthenticationScheme>) -> ServiceProviderConfig {
        let Capabilities { patch, filter, sort, etag, change_password, bulk: _ } = *self.capabilities();
        let max_results = self.limits().page;
        let mut config = ServiceProviderConfig::minimal(max_results);
        config.documentation_uri = self.documentation_uri().map(str::to_owned);
        config.patch = Supported { supported: patch };
        config.bulk = self.bulk_support();
        config.filter = FilterSupport { supported: filter, max_results };
        config.change_password = Supported { supported: change_password };
        config.sort = Supported { supported: sort };
        config.etag = Supported { supported: etag };
        let cursor_timeout = None;
        #[cfg(feature = "cursor")]
        let cursor_timeout = cursor_timeout.or(Some(self.cursor_timeout().as_secs()));
        config.pagination = Some(Pagination {
            cursor: cfg!(feature = "cursor"),
            index: true,
            default_pagination_method: Some(PaginationMethod::Index),
            default_page_size: Some(self.limits().default_page.min(max_results)),
            max_page_size: Some(max_results),
            cursor_timeout,
        });
        config.authentication_schemes = schemes;
        config
    }

    /// What `/ServiceProviderConfig` says of it.
    fn bulk_support(&self) -> BulkSupport {
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
