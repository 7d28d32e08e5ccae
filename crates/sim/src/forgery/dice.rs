//! Random choices from bytes.

/// A source of choices. When the bytes are used up, it always chooses the first option.
#[derive(Clone, Debug)]
pub struct Dice<'b>(&'b [u8]);

impl<'b> Dice<'b> {
    pub const fn new(bytes: &'b [u8]) -> Dice<'b> {
        Dice(bytes)
    }

    pub const fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Returns a number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let number =
            if end > 256 { usize::from(self.byte()) << 8 | usize::from(self.byte()) } else { self.byte().into() };
        number.checked_rem(end).unwrap_or(0)
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let place = self.below(of.len());
        of.get(place).cloned()
    }
}
