//! Who wrote something, as the tables have it.

use scim_core::{Provenance, Source};
use scim_service::StoreError;

use crate::driver::DatabaseError;

/// The longest text of a source, in bytes: what its column holds everywhere.
const MAX_SOURCE: usize = 1024;

/// A source as a column has it.
pub(crate) fn source_text(source: &Source) -> Result<String, StoreError> {
    let text = source.to_string();
    if text.len() <= MAX_SOURCE && !text.contains('\0') {
        return Ok(text);
    }
    Err(StoreError::internal(format!("the name of a source has more than {MAX_SOURCE} bytes, or a NUL character")))
}

/// A source as it is read from a column.
pub(crate) fn read_source(text: &str) -> Result<Source, DatabaseError> {
    text.parse().map_err(|_| DatabaseError::corrupt("a `scim_` table holds an unreadable source"))
}

/// Who asserts something in a tenant, as the tables have the two.
pub(crate) fn provenance(source: Source, tenant: &str) -> Provenance {
    Provenance::new(source).in_tenant((!tenant.is_empty()).then_some(tenant))
}
