//! Numbers that look random and follow from a seed.

/// The generator splitmix64: eight bytes of state, and as good as new for each user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// That of one of many things: numbers side by side give sequences that have nothing to do with each other.
    pub(super) fn of(seed: u64, kind: u64, number: usize) -> Self {
        let mut random = Self(seed ^ kind.rotate_left(32));
        let start = random.next().wrapping_add(number as u64);
        Self(Self(start).next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let drawn = self.next().checked_rem(end as u64).unwrap_or_default();
        usize::try_from(drawn).unwrap_or_default()
    }

    /// One of the words; the empty string where the list is empty.
    pub(super) fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        let at = self.below(words.len());
        words.get(at).copied().unwrap_or_default()
    }

    /// Holds once in `of` times.
    pub(super) fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_splitmix64() {
        let mut random = Random(1_234_567);
        let drawn = [random.next(), random.next(), random.next()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn what_has_no_choice_has_a_default() {
        let mut random = Random(1);
        assert_eq!((random.below(0), random.one_of(&[])), (0, ""));
    }
}
