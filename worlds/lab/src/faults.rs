//! Faults that are ordered: what is to go wrong, and when.

use std::time::Duration;

use words::Dice;

use crate::internet::HostId;

/// Something that is to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, since the nodes were started.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What is to go wrong. Nodes are numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// So many nodes, drawn by chance, are killed.
    Kill(u16),
    /// This node is killed, and started again so much later, if at all.
    KillNode(u16, Option<Duration>),
    /// The mesh with the most nodes is split in two; of order 1 the whole network.
    Split,
    /// Two meshes that are halves of one range merge, those with the fewest nodes.
    Merge,
    /// All border nodes between two meshes are killed: of the pair that has the most.
    KillBorder,
    /// So many nodes of the mesh with the most nodes cannot reach the others of it any more, nor who
    /// serves in it, but by way of other meshes.
    Fragment(u16),
    /// Two hosts cannot reach each other directly any more; host 0 is the registry.
    Cut(u16, u16),
    /// No UDP leaves or reaches this node any more.
    BlockUdp(u16),
    /// No UDP passes between the first node and any but the others.
    UdpOnly(u16, Vec<u16>),
    /// This node is elsewhere all at once: behind another NAT, with other addresses.
    Roam(u16),
    /// All nodes on the LAN are cut off from the Internet, and not from each other.
    CutLan,
    /// The registry is killed.
    KillRegistry,
    /// This node is put out of the network.
    Revoke(u16),
    /// Two nodes, drawn by chance among those whose link carries routes, cannot reach each
    /// other directly for so long, and then can again.
    CutUsed(Duration),
    /// A node, drawn by chance, is killed, and started again so much later.
    KillAwhile(Duration),
    /// The cut between two hosts is healed.
    Heal(u16, u16),
    /// A node that was killed is started again.
    Revive(u16),
    /// All nodes are killed, and started again at once.
    RestartAll,
    /// This node stands still for so long, as a machine that sleeps.
    Suspend(u16, Duration),
    /// A node that stood still goes on.
    Resume(u16),
    /// The calendar of this node is so many seconds off from now on, ahead or behind.
    Calendar(u16, i64),
    /// Every node sends so many Mbit/s to the others, for so long.
    Flood(u32, Duration),
    /// The flood ends.
    Ebb,
}

/// The same fault again and again, each healed before the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// How often.
    count: u16,
    /// When the first time, since the nodes were started.
    first: Duration,
    /// How long after each the next one comes.
    every: Duration,
}

impl Storm {
    /// Reads `N@T/EVERY`: N times, the first after T seconds, then every EVERY seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn read(text: &str) -> Result<Self, NoFault> {
        let read = || {
            let (count, when) = text.split_once('@')?;
            let (first, every) = when.split_once('/')?;
            let (count, first, every) = (count.parse().ok()?, seconds(first)?, seconds(every)?);
            (every >= SHORTEST).then_some(Self { count, first, every })
        };
        let form = "N@T/EVERY, as 20@30/4, EVERY at least 1";
        read().ok_or_else(|| NoFault { text: text.to_owned(), form })
    }

    /// Returns its faults: silent cuts between nodes whose link carries routes.
    pub fn of_cuts(self) -> impl Iterator<Item = Fault> {
        self.faults(What::CutUsed)
    }

    /// Returns its faults: nodes that are killed, and started again.
    pub fn of_kills(self) -> impl Iterator<Item = Fault> {
        self.faults(What::KillAwhile)
    }

    /// Each lasts three quarters of the time to the next.
    fn faults(self, what: fn(Duration) -> What) -> impl Iterator<Item = Fault> {
        let lasts = self.every * 3 / 4;
        (0..u32::from(self.count))
            .map(move |n| Fault { at: self.first + self.every * n, what: what(lasts) })
    }
}

/// The shortest time between two faults of a storm.
const SHORTEST: Duration = Duration::from_secs(1);

/// The most that one node sends in a flood, in Mbit/s.
const MOST_MBIT: u32 = 1_000;

/// Text that is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not understood; write {form}, times in seconds since the nodes' start")]
pub struct NoFault {
    text: String,
    form: &'static str,
}

impl Fault {
    /// Reads `K@T`: kill K random nodes after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn kill(text: &str) -> Result<Self, NoFault> {
        Self::of(text, "K@T, as 6@30", |what| Some(What::Kill(what.parse().ok()?)))
    }

    /// Reads `NODE@T` or `NODE@T/FOR`: kill a node after T seconds, for FOR seconds or for good.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn kill_node(text: &str) -> Result<Self, NoFault> {
        let read = || {
            let (node, when) = text.split_once('@')?;
            let (at, lasts) = match when.split_once('/') {
                Some((at, lasts)) => (at, Some(seconds(lasts)?)),
                None => (when, None),
            };
            Some(Self { at: seconds(at)?, what: What::KillNode(node.parse().ok()?, lasts) })
        };
        let form = "NODE@T, as 3@30, or NODE@T/FOR, as 3@30/15";
        read().ok_or_else(|| NoFault { text: text.to_owned(), form })
    }

    /// Reads `A-B@T`: cut the nodes A and B from each other after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn cut(text: &str) -> Result<Self, NoFault> {
        Self::of(text, "A-B@T, as 1-2@30", |what| {
            let (a, b) = what.split_once('-')?;
            let (a, b) = (a.parse().ok()?, b.parse().ok()?);
            (a != b).then_some(What::Cut(a, b))
        })
    }

    /// Reads `NODE@T`: block all UDP of a node after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn block_udp(text: &str) -> Result<Self, NoFault> {
        Self::of(text, "NODE@T, as 3@30", |what| Some(What::BlockUdp(what.parse().ok()?)))
    }

    /// Reads `A:B,C@T`: let UDP of node A pass to and from the nodes B and C only, from T
    /// seconds on.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn udp_only(text: &str) -> Result<Self, NoFault> {
        Self::of(text, "A:B,C@T, as 3:1,2@30", |what| {
            let (node, others) = what.split_once(':')?;
            let others = others.split(',').map(|other| other.parse().ok());
            Some(What::UdpOnly(node.parse().ok()?, others.collect::<Option<_>>()?))
        })
    }

    /// Reads `NODE@T`: give a node other addresses, behind another NAT, after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn roam(text: &str) -> Result<Self, NoFault> {
        Self::of(text, "NODE@T, as 3@30", |what| Some(What::Roam(what.parse().ok()?)))
    }

    /// Reads `NODE@T/FOR`: let a node stand still after T seconds, for FOR seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn suspend(text: &str) -> Result<Self, NoFault> {
        Self::with(text, "NODE@T/FOR, as 3@20/15", |node, lasts| {
            Some(What::Suspend(node.parse().ok()?, seconds(lasts)?))
        })
    }

    /// Reads `MBIT@T/FOR`: let every node send MBIT Mbit/s to the others after T seconds, for FOR
    /// seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn flood(text: &str) -> Result<Self, NoFault> {
        Self::with(text, "MBIT@T/FOR, as 8@20/15, MBIT 1 to 1000", |mbit, lasts| {
            let mbit = mbit.parse().ok().filter(|mbit| (1..=MOST_MBIT).contains(mbit))?;
            Some(What::Flood(mbit, seconds(lasts)?))
        })
    }

    /// Reads `NODE@T/BY`: let the calendar of a node be off by BY after T seconds: a number, ahead
    /// or behind (`-`), and `s`, `m`, `h` or `d`, up to 30 years.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn calendar(text: &str) -> Result<Self, NoFault> {
        Self::with(text, "NODE@T/BY, as 3@20/400d or 3@20/-2h", |node, by| {
            Some(What::Calendar(node.parse().ok()?, offset(by)?))
        })
    }

    /// Reads `NODE@T`: revoke the certificate of a node after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn revoke(text: &str) -> Result<Self, NoFault> {
        Self::of(text, "NODE@T, as 3@30", |what| Some(What::Revoke(what.parse().ok()?)))
    }

    /// Reads `T`: kill the registry after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn kill_registry(text: &str) -> Result<Self, NoFault> {
        let form = "T, as 30";
        let at = seconds(text).ok_or_else(|| NoFault { text: text.to_owned(), form })?;
        Ok(Self { at, what: What::KillRegistry })
    }

    /// Reads `T`: cut the LAN off from the Internet after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn cut_lan(text: &str) -> Result<Self, NoFault> {
        let form = "T, as 30";
        let at = seconds(text).ok_or_else(|| NoFault { text: text.to_owned(), form })?;
        Ok(Self { at, what: What::CutLan })
    }

    /// Reads `T`: split the mesh with the most nodes, or the whole network, after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn split(text: &str) -> Result<Self, NoFault> {
        let form = "T, as 30";
        let at = seconds(text).ok_or_else(|| NoFault { text: text.to_owned(), form })?;
        Ok(Self { at, what: What::Split })
    }

    /// Reads `T`: let two meshes merge after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn merge(text: &str) -> Result<Self, NoFault> {
        let form = "T, as 30";
        let at = seconds(text).ok_or_else(|| NoFault { text: text.to_owned(), form })?;
        Ok(Self { at, what: What::Merge })
    }

    /// Reads `T`: kill all border nodes of one pair of meshes after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn kill_border(text: &str) -> Result<Self, NoFault> {
        let form = "T, as 30";
        let at = seconds(text).ok_or_else(|| NoFault { text: text.to_owned(), form })?;
        Ok(Self { at, what: What::KillBorder })
    }

    /// Reads `K@T`: cut K nodes of the mesh with the most nodes from the others of it after T seconds.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn fragment(text: &str) -> Result<Self, NoFault> {
        Self::of(text, "K@T, as 3@30", |what| Some(What::Fragment(what.parse().ok()?)))
    }

    /// Reads `T`: kill all nodes after T seconds, and start them again at once.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the form, for other text.
    pub fn restart_all(text: &str) -> Result<Self, NoFault> {
        let form = "T, as 30";
        let at = seconds(text).ok_or_else(|| NoFault { text: text.to_owned(), form })?;
        Ok(Self { at, what: What::RestartAll })
    }

    /// The node whose calendar is set, if that is the fault.
    pub(crate) const fn jumps(&self) -> Option<u16> {
        if let What::Calendar(node, _) = self.what { Some(node) } else { None }
    }

    fn of(
        text: &str,
        form: &'static str,
        what: impl FnOnce(&str) -> Option<What>,
    ) -> Result<Self, NoFault> {
        let read = || {
            let (first, at) = text.split_once('@')?;
            Some(Self { at: seconds(at)?, what: what(first)? })
        };
        read().ok_or_else(|| NoFault { text: text.to_owned(), form })
    }

    /// Reads `WHAT@T/MORE`.
    fn with(
        text: &str,
        form: &'static str,
        what: impl FnOnce(&str, &str) -> Option<What>,
    ) -> Result<Self, NoFault> {
        let read = || {
            let (first, when) = text.split_once('@')?;
            let (at, more) = when.split_once('/')?;
            Some(Self { at: seconds(at)?, what: what(first, more)? })
        };
        read().ok_or_else(|| NoFault { text: text.to_owned(), form })
    }

    /// Tells what is wrong with the fault in a lab of `nodes` nodes, if anything is.
    pub fn misfit(&self, nodes: u16) -> Option<String> {
        let (named, least) = match &self.what {
            What::Kill(count) if *count >= nodes => {
                return Some(format!("there are {nodes} nodes; kill fewer than that"));
            }
            What::Kill(_)
            | What::KillBorder
            | What::Split
            | What::Merge
            | What::Fragment(_)
            | What::KillRegistry
            | What::CutLan
            | What::Flood(..)
            | What::Ebb
            | What::CutUsed(_)
            | What::KillAwhile(_)
            | What::RestartAll => return None,
            What::Cut(a, b) | What::Heal(a, b) => (vec![*a, *b], 0),
            What::BlockUdp(node)
            | What::Revoke(node)
            | What::Roam(node)
            | What::KillNode(node, _)
            | What::Suspend(node, _)
            | What::Resume(node)
            | What::Calendar(node, _)
            | What::Revive(node) => (vec![*node], 1),
            What::UdpOnly(node, others) => ([&[*node], &others[..]].concat(), 1),
        };
        let wrong = named.into_iter().find(|node| *node < least || *node > nodes)?;
        Some(format!("there is no node {wrong}; nodes have the numbers 1 to {nodes}"))
    }
}

/// Draws `count` of the nodes `alive` to be killed.
pub(crate) fn victims(alive: &[HostId], count: u16, dice: &mut Dice) -> Vec<HostId> {
    let mut urn = alive.to_vec();
    let mut drawn = dice.draw(&mut urn, usize::from(count));
    drawn.sort_unstable();
    drawn
}

/// Reads a number of seconds, with or without an `s`, up to a day.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
    (0.0..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// The most that a calendar is off, in seconds: 30 years.
const MOST_OFF: i64 = 30 * 365 * 86_400;

/// Reads how far a calendar is off, in seconds.
fn offset(text: &str) -> Option<i64> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let (number, unit) =
        units.iter().find_map(|(name, of)| Some((text.strip_suffix(*name)?, of)))?;
    let off = number.parse::<i64>().ok()?.checked_mul(*unit)?;
    (-MOST_OFF..=MOST_OFF).contains(&off).then_some(off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let at = Duration::from_secs(30);
        assert_eq!(Fault::kill("6@30"), Ok(Fault { at, what: What::Kill(6) }));
        assert_eq!(Fault::cut("1-12@30s"), Ok(Fault { at, what: What::Cut(1, 12) }));
        assert_eq!(Fault::block_udp("3@30"), Ok(Fault { at, what: What::BlockUdp(3) }));
        let only = What::UdpOnly(3, vec![1, 2]);
        assert_eq!(Fault::udp_only("3:1,2@30"), Ok(Fault { at, what: only }));
        assert_eq!(Fault::fragment("3@30"), Ok(Fault { at, what: What::Fragment(3) }));
        assert_eq!(Fault::roam("3@30"), Ok(Fault { at, what: What::Roam(3) }));
        assert_eq!(Fault::kill_node("3@30"), Ok(Fault { at, what: What::KillNode(3, None) }));
        let awhile = What::KillNode(3, Some(Duration::from_secs(15)));
        assert_eq!(Fault::kill_node("3@30/15"), Ok(Fault { at, what: awhile }));
        assert_eq!(Fault::revoke("3@30"), Ok(Fault { at, what: What::Revoke(3) }));
        let asleep = What::Suspend(3, Duration::from_secs(15));
        assert_eq!(Fault::suspend("3@30/15"), Ok(Fault { at, what: asleep }));
        let off = |by| Fault { at, what: What::Calendar(3, by) };
        assert_eq!(Fault::calendar("3@30/400d"), Ok(off(400 * 86_400)));
        assert_eq!(Fault::calendar("3@30/-2h"), Ok(off(-7_200)));
        let full = What::Flood(8, Duration::from_secs(15));
        assert_eq!(Fault::flood("8@30/15"), Ok(Fault { at, what: full }));
        assert_eq!(Fault::kill_registry("30"), Ok(Fault { at, what: What::KillRegistry }));
        let soon = Fault { at: Duration::from_millis(1_500), what: What::Kill(1) };
        assert_eq!(Fault::kill("1@1.5"), Ok(soon));
    }

    #[test]
    fn other_text_is_refused_with_the_form() {
        for text in ["", "6", "@30", "6@", "x@30", "6@-1", "6@nan", "6@1e9", "99999@1"] {
            let error = Fault::kill(text).unwrap_err().to_string();
            assert!(error.contains("6@30"), "{text}: {error}");
        }
        assert!(Fault::udp_only("3@3").is_err() && Fault::udp_only("3:@3").is_err());
        assert!(Fault::kill_node("3@30/").unwrap_err().to_string().contains("3@30/15"));
        assert!(Fault::suspend("3@30").unwrap_err().to_string().contains("3@20/15"));
        for text in ["3@30", "3@30/2", "3@30/2y", "3@30/99999d", "@30/2d"] {
            assert!(Fault::calendar(text).unwrap_err().to_string().contains("400d"), "{text}");
        }
        for text in ["0@3/1", "1001@3/1", "8@3", "@3/1"] {
            assert!(Fault::flood(text).unwrap_err().to_string().contains("8@20/15"), "{text}");
        }
        assert!(Fault::cut("1-1@3").is_err() && Fault::cut("1@3").is_err());
    }

    #[test]
    fn a_storm_is_the_same_fault_again_and_again() {
        let (at, lasts) = (Duration::from_secs, Duration::from_secs(3));
        let storm = Storm::read("3@20/4").unwrap();
        let cuts: Vec<Fault> = storm.clone().of_cuts().collect();
        let when: Vec<Duration> = cuts.iter().map(|fault| fault.at).collect();
        assert_eq!(when, [at(20), at(24), at(28)]);
        assert!(cuts.iter().all(|fault| fault.what == What::CutUsed(lasts)));
        assert!(storm.of_kills().all(|fault| fault.what == What::KillAwhile(lasts)));
        for text in ["3@20", "3/4", "@20/4", "3@20/0.5", "x@1/2"] {
            assert!(Storm::read(text).unwrap_err().to_string().contains("20@30/4"), "{text}");
        }
    }

    #[test]
    fn who_is_not_there_cannot_fail() {
        let misfit = |fault: Result<Fault, NoFault>| fault.unwrap().misfit(12);
        assert_eq!(misfit(Fault::cut("0-12@1")), None);
        assert_eq!(misfit(Fault::kill("11@1")), None);
        assert!(misfit(Fault::kill("12@1")).unwrap().contains("12 nodes"));
        assert!(misfit(Fault::revoke("13@1")).unwrap().contains("no node 13"));
        assert!(misfit(Fault::block_udp("0@1")).unwrap().contains("no node 0"));
        assert!(misfit(Fault::udp_only("3:1,13@1")).unwrap().contains("no node 13"));
        assert!(misfit(Fault::suspend("13@1/1")).unwrap().contains("no node 13"));
        assert!(misfit(Fault::roam("13@1")).unwrap().contains("no node 13"));
    }

    #[test]
    fn the_same_seed_kills_the_same() {
        let alive: Vec<HostId> = (1..=20).map(HostId).collect();
        let drawn = |seed| victims(&alive, 6, &mut Dice::of([seed; 32], "faults"));
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_eq!(drawn(1).len(), 6);
    }
}
