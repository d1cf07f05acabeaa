//! What a service is set up to do. The router, the limits and `/ServiceProviderConfig` all read one value, so that what is
//! advertised is what happens.

mod bulk;
mod capabilities;
mod limits;
mod service_config;
mod tenancy;

pub use bulk::BulkAtomicity;
pub use capabilities::{Capabilities, PatchResponse};
pub use limits::Limits;
pub use service_config::{ConfigError, ServiceConfig};
pub(crate) use tenancy::path_of;
pub use tenancy::{TenancyMode, TenantOf};
