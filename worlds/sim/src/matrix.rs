//! Round trips between all pairs of places, and the file format that holds them.
//!
//! ```text
//!  ┌────────┬───────────┬──────────────────────────────────────────────────────┐
//!  │ "RTT1" │ n, u32 LE │ n × n round trips, u16 LE, row by row, unit 0.1 ms   │
//!  └────────┴───────────┴──────────────────────────────────────────────────────┘
//! ```
//!
//! 65535 is a pair that was not measured; the diagonal is 0. Where the two directions of a pair
//! differ, their mean is taken.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;

/// Round trips between all pairs of some places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    places: usize,
    /// Tenths of milliseconds.
    cells: Vec<u16>,
}

/// Octets that are no matrix of round trips.
///
/// Always the file's fault: name it, and say what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRtt16 {
    /// The first four octets are others.
    #[error("it does not begin with RTT1; give a .rtt16 file, as docs/sim.md describes")]
    Magic,
    /// The length does not fit the number of places.
    #[error("it has {got} octets where {places} places need {wanted}; fetch or build it again")]
    Length {
        /// Octets there are.
        got: usize,
        /// Places that it says it has.
        places: u32,
        /// Octets that these need.
        wanted: u64,
    },
    /// Fewer than two places.
    #[error("it has {0} places; a mesh needs two at least")]
    Few(u32),
    /// A place is not where it is.
    #[error("place {0} is not at 0 from itself; fetch or build the file again")]
    Diagonal(usize),
}

/// A pair that was not measured.
const MISSING: u16 = u16::MAX;
/// The unit of the cells.
const UNIT: Duration = Duration::from_micros(100);

impl Matrix {
    /// Returns places of which no pair is measured.
    pub fn new(places: usize) -> Self {
        let mut cells = vec![MISSING; places * places];
        cells.iter_mut().step_by(places + 1).for_each(|cell| *cell = 0);
        Self { places, cells }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no matrix; the path is named.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let octets = std::fs::read(path).with_context(|| {
            format!("{} cannot be read; give a file of --rtt that is there", path.display())
        })?;
        Self::decode(&octets).with_context(|| path.display().to_string())
    }

    /// Reads octets.
    ///
    /// # Errors
    ///
    /// [`NotRtt16`], which says what is wrong.
    pub fn decode(octets: &[u8]) -> Result<Self, NotRtt16> {
        let rest = octets.strip_prefix(b"RTT1").ok_or(NotRtt16::Magic)?;
        let (places, rest) = rest.split_first_chunk().ok_or(NotRtt16::Magic)?;
        let places = u32::from_le_bytes(*places);
        let wanted = u64::from(places).saturating_mul(u64::from(places)).saturating_mul(2);
        if rest.len() as u64 != wanted {
            let got = octets.len();
            return Err(NotRtt16::Length { got, places, wanted: wanted.saturating_add(8) });
        }
        if places < 2 {
            return Err(NotRtt16::Few(places));
        }
        let (cells, _) = rest.as_chunks();
        let cells: Vec<u16> = cells.iter().map(|cell| u16::from_le_bytes(*cell)).collect();
        let mut matrix = Self { places: places as usize, cells };
        matrix.check()?;
        matrix.level();
        Ok(matrix)
    }

    /// Returns the octets that [`decode`](Self::decode) reads.
    pub fn encode(&self) -> Vec<u8> {
        let places = u32::try_from(self.places).unwrap_or(u32::MAX);
        let mut octets = b"RTT1".to_vec();
        octets.extend(places.to_le_bytes());
        octets.extend(self.cells.iter().flat_map(|cell| cell.to_le_bytes()));
        octets
    }

    fn check(&self) -> Result<(), NotRtt16> {
        let diagonal = self.cells.iter().step_by(self.places + 1);
        diagonal
            .enumerate()
            .find(|(_, cell)| **cell != 0)
            .map_or(Ok(()), |(place, _)| Err(NotRtt16::Diagonal(place)))
    }

    /// Makes both directions of each pair alike.
    fn level(&mut self) {
        for a in 0..self.places {
            for b in 0..a {
                let (there, back) = (self.cell(a, b), self.cell(b, a));
                let both = match (there, back) {
                    (MISSING, one) | (one, MISSING) => one,
                    (there, back) => there.midpoint(back),
                };
                self.put(a, b, both);
            }
        }
    }

    /// Returns the median of the round trips from `place`, in tenths of milliseconds; a pair that
    /// was not measured takes longest.
    pub(crate) fn remoteness(&self, place: usize) -> u16 {
        let mut all: Vec<u16> = (0..self.places).map(|other| self.cell(place, other)).collect();
        all.sort_unstable();
        all.get(self.places / 2).copied().unwrap_or(MISSING)
    }

    /// Returns how many places there are.
    pub const fn places(&self) -> usize {
        self.places
    }

    /// Returns the round trip between `a` and `b`; `None` if it was not measured, or there is
    /// no such place.
    pub fn round_trip(&self, a: usize, b: usize) -> Option<Duration> {
        let cell = self.cell(a, b);
        (cell != MISSING).then(|| UNIT * u32::from(cell))
    }

    /// Notes the round trip between `a` and `b`, rounded to 0.1 ms; at most 6.5534 s.
    pub fn set(&mut self, a: usize, b: usize, round_trip: Duration) {
        let units = (round_trip + UNIT / 2).as_micros() / UNIT.as_micros();
        let cell = u16::try_from(units).unwrap_or(MISSING).min(MISSING - 1);
        self.put(a, b, cell);
    }

    /// Returns the matrix of these places only.
    #[must_use]
    pub fn of(&self, places: &[usize]) -> Self {
        let rows = places.iter().flat_map(|a| places.iter().map(|b| self.cell(*a, *b)));
        Self { places: places.len(), cells: rows.collect() }
    }

    fn cell(&self, a: usize, b: usize) -> u16 {
        let inside = a < self.places && b < self.places;
        let cell = self.cells.get(a * self.places + b).filter(|_| inside);
        cell.copied().unwrap_or(MISSING)
    }

    fn put(&mut self, a: usize, b: usize, value: u16) {
        for (a, b) in [(a, b), (b, a)] {
            if let Some(cell) = self.cells.get_mut(a * self.places + b) {
                *cell = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Matrix {
        let mut matrix = Matrix::new(3);
        matrix.set(0, 1, Duration::from_micros(12_340));
        matrix.set(2, 1, Duration::from_mins(1));
        matrix
    }

    #[test]
    fn what_is_written_is_read() {
        let matrix = three();
        assert_eq!(Matrix::decode(&matrix.encode()), Ok(matrix.clone()));
        assert_eq!(matrix.round_trip(1, 0), Some(Duration::from_micros(12_300)));
        assert_eq!(matrix.round_trip(1, 2), Some(Duration::from_micros(6_553_400)));
        assert_eq!((matrix.round_trip(0, 2), matrix.round_trip(0, 3)), (None, None));
        assert_eq!(matrix.of(&[1, 0]).round_trip(0, 1), matrix.round_trip(0, 1));
    }

    #[test]
    fn both_directions_are_alike_and_one_is_enough() {
        let mut octets = three().encode();
        // The cell of (0, 1) becomes 1000, and that of (1, 2) is missing.
        octets[8 + 2..8 + 4].copy_from_slice(&1000_u16.to_le_bytes());
        octets[8 + 10..8 + 12].copy_from_slice(&u16::MAX.to_le_bytes());
        let matrix = Matrix::decode(&octets).unwrap();
        assert_eq!(matrix.round_trip(0, 1), Some(Duration::from_micros(56_100)));
        assert_eq!(matrix.round_trip(1, 2), Some(Duration::from_micros(6_553_400)));
    }

    #[test]
    fn what_is_no_matrix_is_told_with_the_remedy() {
        let mut octets = three().encode();
        for short in 0..8 {
            assert_eq!(Matrix::decode(&octets[..short]), Err(NotRtt16::Magic));
        }
        let length = Matrix::decode(&octets[..25]).unwrap_err();
        assert_eq!(
            length.to_string(),
            "it has 25 octets where 3 places need 26; fetch or build it again"
        );
        octets[8 + 8] = 1;
        assert_eq!(Matrix::decode(&octets), Err(NotRtt16::Diagonal(1)));
        let one = [b"RTT1".as_slice(), &[1, 0, 0, 0, 0, 0]].concat();
        assert_eq!(Matrix::decode(&one), Err(NotRtt16::Few(1)));
        let many = [b"RTT1".as_slice(), &[0xff; 4]].concat();
        assert!(matches!(Matrix::decode(&many), Err(NotRtt16::Length { .. })));
    }
}
