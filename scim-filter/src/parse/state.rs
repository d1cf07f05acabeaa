//! What one parse keeps while it goes down through the grammar.

use scim_core::{Quirk, Tolerance};

use crate::limits::FilterLimits;

/// The state of one parse: the limits, and what has been used of them.
pub(super) struct Grammar<'p> {
    pub(super) limits: &'p FilterLimits,
    /// Open parentheses and brackets.
    pub(super) depth: usize,
    pub(super) comparisons: usize,
    tolerance: Option<&'p mut Tolerance>,
    /// Where attributes stand, as bytes left from there to the end; collected only when somebody asks.
    attributes: Option<Vec<usize>>,
}

impl<'p> Grammar<'p> {
    /// The grammar of the RFC.
    pub(super) fn strict(limits: &'p FilterLimits) -> Self {
        Self { limits, depth: 0, comparisons: 0, tolerance: None, attributes: None }
    }

    /// The grammar with what a profile allows beyond the RFC.
    pub(super) fn lenient(limits: &'p FilterLimits, tolerance: &'p mut Tolerance) -> Self {
        Self { tolerance: Some(tolerance), ..Self::strict(limits) }
    }

    /// The same, which notes where attributes stand.
    pub(super) fn noting_attributes(limits: &'p FilterLimits, tolerance: &'p mut Tolerance) -> Self {
        Self { attributes: Some(Vec::new()), ..Self::lenient(limits, tolerance) }
    }

    pub(super) fn max_depth(&self) -> usize {
        self.limits.depth.min(FilterLimits::MAX_DEPTH)
    }

    /// Whether a quirk is allowed; if so, its use is recorded.
    pub(super) fn take(&mut self, quirk: Quirk) -> bool {
        self.tolerance.as_mut().is_some_and(|tolerance| tolerance.take(quirk))
    }

    /// Notes that an attribute starts at `at`.
    pub(super) fn note_attribute(&mut self, at: &str) {
        if let Some(attributes) = &mut self.attributes {
            attributes.push(at.len());
        }
    }

    /// Where an attribute starts, counted in the order of the text, as bytes left from there to the end.
    pub(super) fn noted_attribute(&self, ordinal: usize) -> Option<usize> {
        self.attributes.as_ref()?.get(ordinal).copied()
    }
}
