//! What tells resources and those who assert them apart: ids, versions, provenance.

mod external_id;
mod provenance;
mod resource_id;
mod serialise;
mod version;

pub use external_id::ExternalId;
pub use provenance::{Provenance, Source, SourceError};
pub use resource_id::{MAX_ID_LEN, ResourceId, ResourceIdError};
pub use version::{Version, VersionError};
