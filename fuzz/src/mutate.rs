//! Seeds, bent: what one seed fixes and a machine repeats.

use words::Dice;

/// The longest input that is made, in octets.
const LONGEST: usize = 4096;

/// Octets that parsers treat apart: borders of numbers, types and lengths.
const BORDERS: [u8; 10] = [0, 1, 2, 0x7f, 0x80, 0xff, 0x3f, 0x40, 0x45, 0x60];

/// Makes inputs out of seeds.
pub struct Mutator {
    dice: Dice,
    seeds: Vec<Vec<u8>>,
}

impl Mutator {
    /// Starts with `seeds`, for the target `name`; `luck` fixes all that follows.
    pub fn new(name: &str, luck: u8, seeds: Vec<Vec<u8>>) -> Self {
        Self { dice: Dice::of([luck; 32], name), seeds }
    }

    /// Returns the next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..=self.dice.below(4) {
            self.bend(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        let chosen = self.dice.below(self.seeds.len());
        self.seeds.get(chosen).cloned().unwrap_or_default()
    }

    fn bend(&mut self, input: &mut Vec<u8>) {
        let at = self.dice.below(input.len() + 1);
        match self.dice.below(8) {
            0 => self.set(input, at, |octet, dice| octet ^ (1 << dice.below(8))),
            1 => self.set(input, at, |_, dice| any(dice)),
            2 => self.set(input, at, |_, dice| {
                BORDERS.get(dice.below(BORDERS.len())).copied().unwrap_or_default()
            }),
            3 => self.set(input, at, |octet, dice| {
                let step = u8::try_from(dice.below(16)).unwrap_or_default();
                octet.wrapping_add(step).wrapping_sub(8)
            }),
            4 => input.truncate(at),
            5 => {
                let octets: Vec<u8> =
                    (0..self.dice.below(9)).map(|_| any(&mut self.dice)).collect();
                input.splice(at..at, octets);
            }
            6 => {
                let end = (at + self.dice.below(9)).min(input.len());
                input.drain(at..end);
            }
            _ => self.splice(input, at),
        }
    }

    /// Changes one octet, if there is one at that place.
    fn set(&mut self, input: &mut [u8], at: usize, change: fn(u8, &mut Dice) -> u8) {
        if let Some(octet) = input.get_mut(at) {
            *octet = change(*octet, &mut self.dice);
        }
    }

    /// Puts a piece of some seed at a place.
    fn splice(&mut self, input: &mut Vec<u8>, at: usize) {
        let other = self.seed();
        let from = self.dice.below(other.len() + 1);
        let length = self.dice.below(other.len() - from + 1);
        input.splice(at..at, other.into_iter().skip(from).take(length));
    }
}

fn any(dice: &mut Dice) -> u8 {
    u8::try_from(dice.below(256)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_luck_makes_the_same_inputs() {
        let make = |luck| {
            let mut mutator = Mutator::new("x", luck, vec![b"seed".to_vec(), vec![0; 40]]);
            (0..200).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }

    #[test]
    fn without_seeds_there_are_inputs_too() {
        let mut mutator = Mutator::new("x", 1, Vec::new());
        assert!((0..100).any(|_| !mutator.next_input().is_empty()));
    }
}
