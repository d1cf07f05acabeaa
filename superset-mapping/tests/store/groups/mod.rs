//! Groups, and what mirrors them.

pub(crate) mod rows;
pub(crate) mod subjects;
