//! What passed over the emulated Internet, for `tcpdump -r`.
//!
//! ```text
//! file:   magic u32 | 2 u16 | 4 u16 | 0 u32 | 0 u32 | longest u32 | link type u32
//! packet: seconds u32 | microseconds u32 | length u32 | length u32 | packet
//! ```
//!
//! Source: draft-ietf-opsawg-pcap; link type 101 is "raw IP".

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use words::{Time, Wall};

const MAGIC: u32 = 0xa1b2_c3d4;
const LONGEST: u32 = 65_535;
const RAW_IP: u32 = 101;

/// A capture file being written.
#[derive(Debug)]
pub(crate) struct Capture<W: Write = BufWriter<File>> {
    to: W,
    /// The calendar time at [`Time::ZERO`].
    zero: Wall,
}

impl Capture {
    /// Makes the file at `path`, or empties it.
    pub(crate) fn create(path: &Path, zero: Wall) -> io::Result<Self> {
        Self::begin(BufWriter::new(File::create(path)?), zero)
    }
}

impl<W: Write> Capture<W> {
    fn begin(mut to: W, zero: Wall) -> io::Result<Self> {
        to.write_all(&MAGIC.to_ne_bytes())?;
        to.write_all(&2_u16.to_ne_bytes())?;
        to.write_all(&4_u16.to_ne_bytes())?;
        for word in [0, 0, LONGEST, RAW_IP] {
            to.write_all(&word.to_ne_bytes())?;
        }
        Ok(Self { to, zero })
    }

    /// Writes one packet down.
    pub(crate) fn note(&mut self, packet: &[u8], now: Time) -> io::Result<()> {
        let seconds = self.zero.0 + now.as_micros() / 1_000_000;
        let length = packet.len() as u64;
        for word in [seconds, now.as_micros() % 1_000_000, length, length] {
            self.to.write_all(&u32::try_from(word).unwrap_or(u32::MAX).to_ne_bytes())?;
        }
        self.to.write_all(packet)
    }

    /// Writes what waits to the file.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_has_its_calendar_time_and_its_length_twice() {
        let mut capture = Capture::begin(Vec::new(), Wall(1_700_000_000)).unwrap();
        capture.note(&[0x45; 20], Time::from_micros(2_500_000)).unwrap();
        assert_eq!(capture.to.len(), 24 + 16 + 20);
        let words: Vec<u32> = capture.to[24..40]
            .chunks_exact(4)
            .map(|word| u32::from_ne_bytes(word.try_into().unwrap()))
            .collect();
        assert_eq!(words, [1_700_000_002, 500_000, 20, 20]);
    }
}
