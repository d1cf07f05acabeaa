//! The rules of HTTP, over a mounted service.

mod mount;
mod users;

pub use mount::http_conformance;
