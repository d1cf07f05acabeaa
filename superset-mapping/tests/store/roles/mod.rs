//! Who gets which role.

pub(crate) mod access;
pub(crate) mod agreement;
pub(crate) mod believed;
pub(crate) mod given;
pub(crate) mod grants;
pub(crate) mod provenance;
