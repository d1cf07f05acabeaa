//! The resources of RFC 7643 as Rust types, and the way from any Rust type to a resource and back.

mod address;
mod convert;
mod enterprise_user;
mod group;
mod multi_value;
mod name;
mod password;
mod user;

pub use address::Address;
pub use convert::TypedError;
pub use enterprise_user::{EnterpriseUser, Manager};
pub use group::Group;
pub use multi_value::MultiValue;
pub use name::Name;
pub use password::Password;
pub use user::User;
