//! What people came to be allowed by a write, and what they are allowed no longer.

use scim_core::ResourceId;

/// What a write made of what people may do in the service behind a store.
///
/// ```
/// use scim_service::{AccessChange, Grant, GrantKind};
///
/// let alpha = Grant::new(GrantKind::Role, "Alpha", "User", "2819c223".parse()?).by_rule("rule 3");
/// let access = AccessChange::default().gaining(alpha);
/// assert_eq!(access.gained[0].rule.as_deref(), Some("rule 3"));
/// assert!(!access.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessChange {
    /// What was given.
    pub gained: Vec<Grant>,
    /// What was taken away.
    pub lost: Vec<Grant>,
    /// The users whose sessions have ended.
    pub sessions_ended: Vec<ResourceId>,
    /// The users whose API keys have ended.
    pub keys_ended: Vec<ResourceId>,
}

/// Something that a user or a group has in the service behind a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// A role, or a membership there.
    pub kind: GrantKind,
    /// The name of the role or of the group there.
    pub name: String,
    /// The resource type of the holder, such as `User`.
    pub holder_type: String,
    /// The `id` of the holder.
    pub holder: ResourceId,
    /// The rule that did it, in words; `None` where the store does not know it, or no rule did.
    pub rule: Option<String>,
    /// The source on whose word it rests; `None` where nobody told.
    pub source: Option<String>,
}

/// What a [`Grant`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantKind {
    /// A role.
    Role,
    /// A place in a group of the service behind the store.
    Group,
}

impl AccessChange {
    /// The same, with something that was given.
    #[must_use]
    pub fn gaining(mut self, grant: Grant) -> Self {
        self.gained.push(grant);
        self
    }

    /// The same, with something that was taken away.
    #[must_use]
    pub fn losing(mut self, grant: Grant) -> Self {
        self.lost.push(grant);
        self
    }

    /// Whether nothing was given or taken, and nothing ended.
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty() && self.sessions_ended.is_empty() && self.keys_ended.is_empty()
    }
}

impl Grant {
    /// What a resource of this type has.
    pub fn new(kind: GrantKind, name: impl Into<String>, holder_type: impl Into<String>, holder: ResourceId) -> Self {
        Self { kind, name: name.into(), holder_type: holder_type.into(), holder, rule: None, source: None }
    }

    /// Says which rule did it.
    #[must_use]
    pub fn by_rule(self, rule: impl Into<String>) -> Self {
        Self { rule: Some(rule.into()), ..self }
    }

    /// Says on whose word it rests.
    #[must_use]
    pub fn on_word_of(self, source: impl Into<String>) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}
