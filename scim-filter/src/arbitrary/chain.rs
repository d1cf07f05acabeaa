//! Terms joined by `and`, `or` and `not`, within bounds.

use ::arbitrary::{Result, Unstructured};

use crate::ast::Filter;

/// Most comparisons of a filter that is made, `pr` tests included.
pub const MAX_COMPARISONS: usize = 16;

/// Deepest nesting of a filter that is made, in levels of `and`, `or`, `not` and brackets.
pub const MAX_DEPTH: usize = 6;

/// What of a filter's bounds is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) comparisons: usize,
    pub(super) depth: usize,
}

impl Room {
    /// That of a whole filter. One level is kept for the brackets of a value path and what stands in them.
    pub(super) fn of_filter() -> Self {
        Self { comparisons: MAX_COMPARISONS, depth: MAX_DEPTH / 2 }
    }

    /// That of what stands in brackets.
    pub(super) fn of_brackets() -> Self {
        Self { comparisons: MAX_COMPARISONS / 4, depth: MAX_DEPTH / 2 - 1 }
    }

    /// Makes what stands in brackets, in their room, and takes from this room the comparisons that it has.
    pub(super) fn brackets(&mut self, filter: impl FnOnce(&mut Self) -> Result<Filter>) -> Result<Filter> {
        let brackets = Self::of_brackets();
        let mut inside = Self { comparisons: brackets.comparisons.min(self.comparisons), ..brackets };
        let rest = self.comparisons - inside.comparisons;
        let filter = filter(&mut inside)?;
        self.comparisons = rest + inside.comparisons;
        Ok(filter)
    }
}

/// One term, or several that are joined. `term` makes one and takes from the room the comparisons that it has; there is room
/// for one at least whenever it is called.
pub(super) fn chain(
    u: &mut Unstructured<'_>,
    room: &mut Room,
    term: &mut dyn FnMut(&mut Unstructured<'_>, &mut Room) -> Result<Filter>,
) -> Result<Filter> {
    let form = if room.depth == 0 || room.comparisons < 2 { 0 } else { u.int_in_range(0..=7)? };
    if form < 5 {
        return term(u, room);
    }
    room.depth -= 1;
    let filter =
        if form == 5 { Filter::Not(Box::new(chain(u, room, term)?)) } else { joined(form == 6, u, room, term)? };
    room.depth += 1;
    Ok(filter)
}

fn joined(
    all: bool,
    u: &mut Unstructured<'_>,
    room: &mut Room,
    term: &mut dyn FnMut(&mut Unstructured<'_>, &mut Room) -> Result<Filter>,
) -> Result<Filter> {
    let mut terms = vec![chain(u, room, term)?];
    for _ in 1..u.int_in_range(2..=4)? {
        if room.comparisons > 0 {
            terms.push(chain(u, room, term)?);
        }
    }
    Ok(match <[Filter; 1]>::try_from(terms) {
        Ok([only]) => only,
        Err(terms) if all => Filter::And(terms),
        Err(terms) => Filter::Or(terms),
    })
}
