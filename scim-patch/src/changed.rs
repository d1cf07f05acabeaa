//! What a patch really changed.

use scim_core::Leniencies;

/// The outcome of a patch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub(crate) paths: Vec<String>,
    pub(crate) leniencies: Leniencies,
}

impl Changed {
    /// Whether the resource says just what it said before: version and `lastModified` then stay (R133, R192).
    pub fn is_unchanged(&self) -> bool {
        self.paths.is_empty()
    }

    /// The attributes that differ, by registered path, sorted. A part that changed names its whole attribute.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The leniencies that the message needed.
    pub fn leniencies(&self) -> Leniencies {
        self.leniencies
    }
}
