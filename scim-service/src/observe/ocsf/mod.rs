//! Events in the form of the Open Cybersecurity Schema Framework (OCSF), version 1.8: lines of JSON that a SIEM takes as they are.
//!
//! | what happened | class | activity |
//! |---|---|---|
//! | a user was created, deleted, activated, deactivated | 3001 Account Change | 1, 6, 2, 5 |
//! | a client set the password of a user | 3001 | 4 Password Reset |
//! | a user was given a role, or lost one | 3001 | 7 Attach Policy, 8 Detach Policy: `policy` has the role and the rule |
//! | a user was changed in another way | 3001 | 99 Update |
//! | a group was created, deleted | 3006 Group Management | 6, 5 |
//! | members joined a group, or left it | 3006 | 3, 4: an event for each member |
//! | a group was given a role, or lost one | 3006 | 1 Assign Privileges, 2 Revoke Privileges: `unmapped.scim.rule` |
//! | a group was changed in another way | 3006 | 99 Update |
//! | another resource was created, changed, deleted | 3004 Entity Management | 1, 3, 4 |
//! | a client was not authenticated; a login | 3002 Authentication | 1 Logon |
//! | a write to users or groups was refused or failed | 3001, 3006 | that of the method, with `status_id` 2 |
//! | another request was refused or failed | 6003 API Activity | that of the method, with `status_id` 2 |
//! | an operation of a bulk request was refused or failed | as a request of its own | the same |
//!
//! `metadata.correlation_uid` is the [id of the request](crate::observe::request_id()) in each. What OCSF has no attribute for is in
//! `unmapped.scim`: a [`ChangeRecord`](crate::change::ChangeRecord) with the values before and after, whose word a grant rests on, `scimType` and
//! reason of a refusal. No secret is in any of them, no query, no body.

mod event;
mod of_change;
mod of_request;
mod writer;

pub use event::OcsfEvent;
pub use of_change::events_of_change;
pub use of_request::events_of_request;
pub use writer::{MAX_STRANGERS, MAX_UNWRITTEN, OcsfWriter};
