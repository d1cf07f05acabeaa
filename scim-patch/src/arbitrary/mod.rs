//! Random PATCH messages made from bytes: for fuzz targets, property tests and other harnesses (feature `arbitrary`).
//!
//! | function | makes |
//! |---|---|
//! | [`message`] | messages that [`Patch::check`](crate::Patch::check) takes for a type, under the profiles of the RFCs and of clients |
//! | [`attempt`] | messages that aim at the attributes of a type in every spelling, of which the check refuses many |
//!
//! [`PatchOp`](scim_core::message::PatchOp) itself implements [`Arbitrary`](::arbitrary::Arbitrary), for messages about no type in
//! particular. Resources to apply the messages to come from [`scim_core::arbitrary`].
//!
//! A message has up to [`MAX_OPERATIONS`] operations. Whether one that is taken also applies depends on the resource: what is
//! immutable stays, and by the letter of the RFC a value path must select something.
//!
//! ```
//! use arbitrary::Unstructured;
//! use scim_core::{Profile, SchemaSet};
//! use scim_patch::{Patch, apply};
//!
//! let schemas = SchemaSet::builtin();
//! let users = schemas.user().unwrap();
//!
//! // A fuzzer or a property test supplies the bytes.
//! let mut bytes = Unstructured::new(b"any bytes at all, the more of them the better");
//! let message = scim_patch::arbitrary::message(users, &mut bytes)?;
//! let patch = Patch::check(&message, users, &Profile::rfc()).unwrap();
//!
//! let before = scim_core::arbitrary::stored(users, &mut bytes)?;
//! let mut after = before.clone();
//! if apply(&patch, &mut after).is_err() {
//!     assert_eq!(after, before);
//! }
//! # Ok::<(), arbitrary::Error>(())
//! ```

mod attempt;
mod message;
mod place;

pub use attempt::attempt;
pub use message::{MAX_OPERATIONS, message};
