//! What no program can tell from outside, and a submission asks.

use crate::Profile;

/// Rules of a profile that are left to a person, each with its source.
pub(crate) fn of(profile: Profile) -> &'static [(&'static str, &'static str)] {
    match profile {
        Profile::Rfc => &[],
        Profile::Entra => &[
            ("25 requests a second per tenant are answered, sustained", "Entra ID: app gallery requirements"),
            (
                "OAuth 2.0 client credentials or workload identity federation; no long-lived tokens",
                "Entra ID: app gallery requirements",
            ),
            ("client secrets live 1 to 3 years, and two are active at once", "Entra ID: app gallery requirements"),
            ("access tokens live 60 to 360 minutes", "Entra ID validator 21, 22"),
            ("429 has Retry-After where there are limits", "Entra ID: known issues"),
            (
                "support and engineering contacts, and documentation for administrators",
                "Entra ID: app gallery requirements",
            ),
        ],
        Profile::Okta => &[
            ("tokens are rotated without an outage", "Okta test plan C9340, C9341"),
            ("requests are answered within 60 seconds with the directory of a large customer", "Okta: requirements"),
            (
                "the flows of the test plan in an Okta org: import, assignment, push of groups, profile sourcing",
                "Okta test plan",
            ),
            ("Universal Logout, where it is offered", "Okta: Universal Logout"),
        ],
        Profile::Ipsie => &[
            ("clients authenticate by JWT (RFC 7523) in the header alone", "IPSIE 4.1"),
            ("tokens have the scope `scim` and nothing broader; RFC 8414 metadata", "IPSIE 4.1"),
            ("managed users and groups are not changed in the application itself", "IPSIE 4.2"),
            ("rate limits, with 25 requests a second per tenant at least", "IPSIE 4.3"),
            ("sessions, tokens and keys of a deactivated user end within 5 minutes", "IPSIE 5.1"),
        ],
    }
}
