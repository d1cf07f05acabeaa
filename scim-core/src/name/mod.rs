//! Names of attributes, and paths to them.

mod attr_name;
mod attr_path;
mod identifier;
mod nearest;

pub use attr_name::{AttrName, AttrNameError};
pub use attr_path::{AttrPath, AttrPathError, MAX_ATTR_PATH_LEN};
pub(crate) use identifier::is_plain;
pub(crate) use nearest::{is_one_edit_apart, meant};
