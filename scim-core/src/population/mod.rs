//! Made-up users and groups, as many as asked for: for benchmarks, tests and load programs (feature `population`).
//!
//! A [`Population`] follows from a seed and a number of users. Each user and group is made when it is asked for, from its number
//! alone, so a million of them take no more memory than one, and any of them can be made again, in any order, on any machine.
//!
//! Users are like those of a company's directory: a name, an address as `userName`, e-mail addresses and telephone numbers with
//! types, a title, and the enterprise extension with a department and a manager. A user has about 650 bytes of JSON. Groups have
//! as many members as asked for, chosen from the users.
//!
//! ```
//! use scim_core::population::Population;
//! use scim_core::{SchemaSet, User};
//!
//! let company = Population::new(7, 1_000);
//! let user: User = company.user(41).view()?;
//! assert!(user.user_name.ends_with("@example.com"));
//!
//! for user in company.users() {
//!     // Send it to a service, put it into a store.
//!     assert!(user.get("emails").is_some());
//! }
//! for group in company.groups([10, 100, 1_000]) {
//!     assert!(group.get("members").is_some());
//! }
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Ids
//!
//! A service issues the ids of what it creates, so users and groups come without one. Where members and managers have to be known
//! beforehand, as in a store that is filled directly, [`Population::id`] is the id that they name; [`Population::member_numbers`]
//! and [`Population::group`] are for whoever has collected the ids that a service has issued:
//!
//! ```
//! use scim_core::population::Population;
//!
//! let company = Population::new(7, 100);
//! // What a service has answered, user by user.
//! let issued: Vec<String> = (0..100).map(|number| format!("issued-{number}")).collect();
//! let members = company.member_numbers(0, 10).filter_map(|number| issued.get(number));
//! let group = company.group(0, members);
//! assert_eq!(group.get("members").map(|members| members.elements().count()), Some(10));
//! ```

mod company;
mod group;
mod person;
mod random;
mod words;

pub use company::Population;
