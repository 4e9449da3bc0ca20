//! Octets read as a story: what happens next, to whom, with which octets.

/// The rest of a story. At its end everything is zero and empty.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// Opens a story.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Tells whether it is over.
    pub const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next octet; 0 at the end.
    pub const fn octet(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    /// Returns the next two octets as a number.
    pub fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    /// Returns as many octets as the next two say, or as there are.
    pub fn octets(&mut self) -> &'a [u8] {
        let length = usize::from(self.number()).min(self.0.len());
        let (taken, rest) = self.0.split_at_checked(length).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    /// Returns all the rest.
    pub const fn rest(&mut self) -> &'a [u8] {
        let rest = self.0;
        self.0 = &[];
        rest
    }
}

/// Appends `octets` to a story, so that [`Script::octets`] returns them.
///
/// More than 65 535 octets are cut.
pub(crate) fn put(story: &mut Vec<u8>, octets: &[u8]) {
    let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
    story.extend(length.to_be_bytes());
    story.extend(octets.iter().take(usize::from(length)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read() {
        let mut story = vec![7];
        put(&mut story, b"abc");
        story.push(9);
        let mut script = Script::new(&story);
        assert_eq!((script.octet(), script.octets(), script.rest()), (7, &b"abc"[..], &[9][..]));
        assert!(script.is_over());
        assert_eq!((script.octet(), script.octets()), (0, &[][..]));
    }
}
