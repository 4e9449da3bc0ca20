//! The mesh map as octets, in the network document.
//!
//! ```text
//!  0                   1
//!  0 1 2 3 4 5 6 7 8 9 0 1 ...
//! +-+-+-+-+-+-+-+-+-+-+-+-+---
//! |     cuts      | trie ... 0 to 7 zero bits
//! +-+-+-+-+-+-+-+-+-+-+-+-+---
//! ```
//!
//! The trie is told from the network downward, the half with the lower addresses first. At each
//! place, 1 says that the next cut passes here, 0 that there are two halves; where the last cut
//! passes is a mesh, and nothing more is told of it. A map of order 2 with M meshes has 2M - 1
//! bits: a thousand meshes are 251 octets. No map has two forms.

use alloc::vec;
use alloc::vec::Vec;

use words::Prefix;

use crate::map::halves;
use crate::{MeshMap, Refused};

impl MeshMap {
    /// Most octets of a map.
    pub const LIMIT: usize = 16 * 1024;

    /// Returns the octets of the map. The network is not among them: the document names it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Bits { octets: vec![u8::try_from(self.cuts().len()).unwrap_or(0)], free: 0 };
        let mut places = vec![(self.network(), 0)];
        while let Some((place, level)) = places.pop() {
            let mut level = level;
            while let Some(cut) = self.cuts().get(level) {
                let is_cut = cut.binary_search(&place).is_ok();
                out.push(is_cut);
                if !is_cut {
                    let [low, high] = halves(place);
                    places.extend([(high, level), (low, level)]);
                    break;
                }
                level += 1;
            }
        }
        out.octets
    }

    /// Reads a map of `network`. Time and memory are bounded by [`MeshMap::LIMIT`].
    ///
    /// # Errors
    ///
    /// [`Refused`], for other octets than [`encode`](Self::encode) writes.
    pub fn decode(network: Prefix, octets: &[u8]) -> Result<Self, Refused> {
        let (cuts, trie) = octets.split_first().ok_or(Refused::Form)?;
        let cuts = usize::from(*cuts);
        if cuts >= Self::ORDER {
            return Err(Refused::Order { order: cuts + 1, most: Self::ORDER });
        }
        if octets.len() > Self::LIMIT {
            return Err(Refused::Meshes { most: Self::MESHES });
        }
        let mut told =
            trie.iter().flat_map(|octet| (0..8).map(move |bit| octet << bit & 0x80 != 0));
        let mut read = vec![Vec::new(); cuts];
        let mut used = 0_usize;
        let mut places = vec![(network, 0)];
        while let Some((place, level)) = places.pop() {
            if !Self::is_room(network, place) {
                return Err(Refused::Small { range: place });
            }
            let mut level = level;
            while let Some(cut) = read.get_mut(level) {
                used += 1;
                if !told.next().ok_or(Refused::Form)? {
                    let [low, high] = halves(place);
                    places.extend([(high, level), (low, level)]);
                    break;
                }
                cut.push(place);
                level += 1;
            }
        }
        if read.last().is_some_and(|meshes| meshes.len() > Self::MESHES) {
            return Err(Refused::Meshes { most: Self::MESHES });
        }
        let rest = used.div_ceil(8) != trie.len() || told.any(|bit| bit);
        if rest { Err(Refused::Form) } else { Ok(Self::known(network, read)) }
    }
}

/// Bits, the first one the highest of the first octet.
struct Bits {
    octets: Vec<u8>,
    /// How many bits of the last octet are still free.
    free: u8,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.free == 0 {
            self.octets.push(0);
            self.free = 8;
        }
        self.free -= 1;
        if let Some(last) = self.octets.last_mut() {
            *last |= u8::from(bit) << self.free;
        }
    }
}
