//! The members that resources of a type can have, and their order in a compact resource.

use std::cmp::Ordering;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicU64};

use crate::schema::attribute::Attribute;
use crate::schema::{Returned, Schema};

/// Tells the definitions of types from each other: two that have the same number are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeStamp(NonZeroU64);

impl TypeStamp {
    pub(super) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let next = LAST.fetch_add(1, atomic::Ordering::Relaxed).saturating_add(1);
        Self(NonZeroU64::new(next).unwrap_or(NonZeroU64::MAX))
    }
}

/// The order in which a compact resource has two members.
#[doc(hidden)]
pub fn member_order(a: &str, b: &str) -> Ordering {
    rank(a).cmp(&rank(b))
}

/// The place of a member among the others.
pub(crate) fn rank(name: &str) -> (u8, &str) {
    let class = match name {
        "schemas" => 0,
        "id" => 1,
        "externalId" => 2,
        "meta" => 5,
        _ if name.contains(':') => 4,
        _ => 3,
    };
    (class, name)
}

/// A member that resources of a type can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) kind: MemberKind,
    /// Whether all of it is returned by default, and nothing added, unless one of the attributes has a value that are not so: of a
    /// value that fits, the text is copied.
    is_plain: bool,
    /// The attributes of an extension that are not returned by default, or have something added.
    others: Vec<Arc<Attribute>>,
}

/// What a member of a resource can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MemberKind {
    /// A common or base attribute.
    Attribute(Arc<Attribute>),
    /// The container of an extension.
    Extension(Arc<Schema>),
}

impl Member {
    pub(super) fn new(kind: MemberKind) -> Self {
        match &kind {
            MemberKind::Attribute(attribute) => {
                let is_plain = attribute.name() != "meta" && is_plain(attribute);
                Self { is_plain, others: Vec::new(), kind }
            }
            MemberKind::Extension(schema) => {
                let others = schema.attributes().iter().filter(|attribute| !is_plain(attribute)).cloned().collect();
                Self { is_plain: true, others, kind }
            }
        }
    }

    /// Whether a value that fits is returned by default as it is, if `has` tells of an extension which attributes have a value.
    pub(crate) fn is_plain(&self, has: impl Fn(&str) -> bool) -> bool {
        self.is_plain && !self.others.iter().any(|attribute| has(attribute.name()))
    }

    pub(super) fn name(&self) -> &str {
        match &self.kind {
            MemberKind::Attribute(attribute) => attribute.name(),
            MemberKind::Extension(schema) => schema.id(),
        }
    }
}

/// Whether an attribute and all its sub-attributes are returned by default, and none is a `$ref`, which is made on the way out.
fn is_plain(attribute: &Attribute) -> bool {
    let is_returned = |attribute: &Attribute| matches!(attribute.returned(), Returned::Always | Returned::Default);
    let subs = attribute.sub_attributes();
    is_returned(attribute) && subs.iter().all(|sub| is_returned(sub) && sub.name() != "$ref")
}

/// Finds members of resources by their registered names, quickest in the order of a compact resource.
pub(crate) struct Members<'a> {
    members: &'a [Member],
    next: usize,
}

impl<'a> Members<'a> {
    pub(super) fn of(members: &'a [Member]) -> Self {
        Self { members, next: 0 }
    }

    pub(crate) fn find(&mut self, name: &str) -> Option<&'a Member> {
        let (before, after) = self.members.split_at_checked(self.next)?;
        let found = after.iter().position(|member| member.name() == name).map(|found| self.next + found);
        let found = found.or_else(|| before.iter().position(|member| member.name() == name))?;
        self.next = found + 1;
        self.members.get(found)
    }
}
