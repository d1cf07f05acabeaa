//! Who is in which group, and who says so.

use scim_core::{ResourceId, Source};

/// A resource directly in a group, and the source that asserts it.
///
/// ```
/// use chrono::Utc;
/// use scim_core::{SchemaSet, Source};
/// use scim_service::{Context, Create, MemoryStore, Principal, Store};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let (users, groups) = (schemas.user().ok_or("no users")?, schemas.group().ok_or("no groups")?);
/// let cx = Context::internal("example", Utc::now()).with_principal(Principal::new("okta"));
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?.change.id;
/// let team = json!({"displayName": "team", "members": [{"value": ada}]});
/// let team = store.create(&cx, Create::new(groups, from_value(team)?)).await?.change.id;
///
/// let memberships = store.memberships(&cx, &[ada]).await?;
/// assert_eq!(memberships[0].group, team);
/// assert_eq!(memberships[0].source, Source::client("okta"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Membership {
    /// The `id` of the member.
    pub member: ResourceId,
    /// The `id` of the group.
    pub group: ResourceId,
    /// Who asserts that the one is in the other.
    pub source: Source,
}

impl Membership {
    /// A resource in a group, as this source says.
    pub fn new(member: ResourceId, group: ResourceId, source: Source) -> Self {
        Self { member, group, source }
    }
}
