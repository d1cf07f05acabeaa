//! What a service is set up to do. The router, the limits and `/ServiceProviderConfig` all read one value, so that what is
//! advertised is what happens.

mod address;
mod advertised;
mod bulk;
mod capabilities;
#[cfg(feature = "cursor")]
mod cursor_settings;
#[cfg(feature = "cursor")]
mod cursors;
mod limits;
mod service_config;
mod tenancy;
mod url;

pub(crate) use address::NoTenant;
pub use bulk::BulkAtomicity;
pub use capabilities::{Capabilities, PatchResponse};
pub use limits::ServiceLimits;
pub use service_config::{ConfigError, ServiceConfig};
pub use tenancy::{TenancyMode, TenantOf};
pub(crate) use url::{path_of, segment};
