//! Random filters made from bytes: for fuzz targets, property tests and other harnesses (feature `arbitrary`).
//!
//! The functions take the schema of a resource type, so that what they make gets past the check and is evaluated or lowered:
//!
//! | function | makes |
//! |---|---|
//! | [`filter`] | filters that [`check()`](crate::check()) takes: attributes of the type, operators and values that fit them |
//! | [`element_filter`] | filters for the brackets of a value path, which [`check_element`](crate::check_element) takes |
//! | [`near_miss`] | filters that parse, and that the check refuses under every profile |
//!
//! [`Filter`](crate::Filter), [`PatchPath`](crate::PatchPath), [`Operator`](crate::Operator) and [`Literal`](crate::Literal)
//! implement [`Arbitrary`](::arbitrary::Arbitrary): syntax that prints and parses, about no type in particular.
//!
//! Resources to run the filters over come from [`scim_core::arbitrary`]. Values are often of a small set there and here, so that
//! filters select some of the resources and not others.
//!
//! No filter has more than [`MAX_COMPARISONS`] comparisons or nests deeper than [`MAX_DEPTH`].
//!
//! ```
//! use arbitrary::Unstructured;
//! use scim_core::{SchemaSet, Tolerance};
//! use scim_filter::Filter;
//!
//! let schemas = SchemaSet::builtin();
//! let users = schemas.user().unwrap();
//!
//! // A fuzzer or a property test supplies the bytes.
//! let mut bytes = Unstructured::new(b"any bytes at all, the more of them the better");
//! let filter = scim_filter::arbitrary::filter(users, &mut bytes)?;
//! assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter.clone()));
//!
//! let predicate = scim_filter::check(&filter, users, &mut Tolerance::rfc()).unwrap();
//! let user = scim_core::arbitrary::stored(users, &mut bytes)?;
//! predicate.matches(&user);
//! # Ok::<(), arbitrary::Error>(())
//! ```

mod chain;
mod fitting;
mod near_miss;
mod syntax;

pub use chain::{MAX_COMPARISONS, MAX_DEPTH};
pub use fitting::{element_filter, filter};
pub use near_miss::near_miss;
