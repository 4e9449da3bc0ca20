//! What the operator lets in and out.

use core::fmt;

use words::routing::Scope;

use crate::{Interface, Key, Metric, RouterId};

/// Where something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The interface.
    pub interface: Interface,
    /// Which rules hold there, see [`Profile::scope`](crate::Profile::scope).
    pub scope: Scope,
}

/// What is let in and out, interface by interface.
///
/// A pure function of its arguments: the speaker may ask at any time, and any number of times.
/// It can make routes longer, never shorter: that would make loops.
pub trait Policy: fmt::Debug + Send + Sync {
    /// Returns what is added to the metric of a route that a neighbour tells; `None` to pass
    /// over it.
    fn import(&self, at: Place, key: Key, router: RouterId) -> Option<Metric> {
        let _ = (at, key, router);
        Some(Metric::ZERO)
    }

    /// Returns what is added to the metric of a route that neighbours are told; `None` to
    /// keep it from them.
    fn export(&self, at: Place, key: Key, router: RouterId) -> Option<Metric> {
        let _ = (at, key, router);
        Some(Metric::ZERO)
    }

    /// Judges the optional sub-TLVs, unknown here, of a finite update; false to pass over it.
    ///
    /// `octets` are those sub-TLVs as they came, type and length first; never empty.
    fn admits(&self, at: Place, key: Key, router: RouterId, octets: &[u8]) -> bool {
        let _ = (at, key, router, octets);
        true
    }
}

/// Everything in, everything out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl Policy for Open {}
