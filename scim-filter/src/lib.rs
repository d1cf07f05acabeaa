//! SCIM 2.0 filters, PATCH paths and sort keys (RFC 7644 sections 3.4.2.2, 3.4.2.3 and 3.5.2).
//!
//! ```
//! use scim_core::{Resource, SchemaSet, Tolerance};
//! use scim_filter::{FilterLimits, check, parse};
//!
//! let filter = parse(r#"userName sw "bj" and emails[type eq "work"]"#, &FilterLimits::default())?;
//!
//! let schemas = SchemaSet::builtin();
//! let user = schemas.user().unwrap();
//! let predicate = check(&filter, user, &mut Tolerance::default())?;
//!
//! let resource: Resource =
//!     serde_json::from_str(r#"{"userName": "BJensen", "emails": [{"type": "work", "value": "bj@example.com"}]}"#)?;
//! assert!(predicate.matches(&resource));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Stages
//!
//! | from | by | to | refuses |
//! |---|---|---|---|
//! | text | [`parse()`], [`parse_with`], [`parse_path`] | [`Filter`], [`PatchPath`] | bad syntax: [`ParseError`] with a byte offset |
//! | [`Filter`] | [`check()`], [`check_any`], [`check_element`] | [`Predicate`], [`ElementPredicate`] | what the schema does not allow: [`FilterError`] |
//! | [`Predicate`] | [`Predicate::matches`] | `bool` | nothing |
//! | [`Predicate`] | [`lower()`] with a [`Lower`] of the host's | a database's condition and the rest | nothing |
//!
//! [`attr`] builds filters in code. Filters and paths are strings to serde.
//!
//! [`Sort`] resolves and applies a sort key. [`fold()`] and [`equal_values`] are the comparison rules on their own, for
//! stores that test uniqueness and for PATCH: the rules exist once, here.
//!
//! # What is shown
//!
//! A service shows more than stores keep: `$ref`, `meta.location`. A [`View`] that is given to a predicate, a sort or an element
//! predicate lets them see it, whatever store evaluates them.
//!
//! # Limits
//!
//! [`FilterLimits`] hold while parsing: 8 KiB of text, 64 levels of nesting and 256 comparisons unless set otherwise. Time is
//! linear in the length of the text. Every recursion (parsing, checking, evaluating, printing, dropping) goes as deep as the
//! parentheses of the text, so the limit on nesting bounds the stack.
//!
//! A [`Budget`] bounds the work of a filter on many resources, in steps: [`Predicate::matches_within`].
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `arbitrary` | the module `arbitrary`: random filters over the attributes of a type, made from bytes, for fuzz targets and property tests |

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod ast;
mod budget;
mod caret;
mod check;
mod evaluate;
mod fold;
mod limits;
mod lower;
mod parse;
mod predicate;
mod sort;

/// The crates whose types the signatures here have.
#[doc(no_inline)]
pub use scim_core;

pub use ast::{AttrBuilder, BuildError, Comparison, Filter, FilterBuilder, Literal, Operator, attr};
pub use budget::{Budget, BudgetExceeded};
pub use check::{FilterError, check, check_any, check_element};
pub use evaluate::equal_values;
pub use fold::fold;
pub use limits::FilterLimits;
pub use lower::{Lower, Lowered, after_prefix, lower, lower_element, lower_parts};
pub use parse::{ParseError, PatchPath, parse, parse_path, parse_path_with, parse_with};
pub use predicate::{ElementPredicate, Operand, Predicate, Test, View};
pub use sort::{Sort, SortKey};
