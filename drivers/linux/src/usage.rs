//! What a process costs: memory and processor time.

use std::fs;
use std::io;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

use crate::Error;

/// Gives memory that is free, and kept for later, back to the kernel.
///
/// After something large has passed: what it leaves between what stays can be half of a
/// process. Does nothing where the C library has no such service.
#[cfg_attr(target_env = "gnu", expect(unsafe_code, reason = "a call of the C library"))]
pub fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call reads and writes nothing of ours; it only unmaps what nobody owns.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// What a process uses, as the kernel counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory, octets; pages shared with other processes count in full.
    pub resident: u64,
    /// Processor time since its start, in user and kernel mode, all threads; the kernel
    /// tells it in steps of 10 ms.
    pub processor: Duration,
}

impl Usage {
    /// Returns what the process with number `process` uses now.
    ///
    /// # Errors
    ///
    /// If there is no such process, or `/proc` is not there.
    pub fn of(process: u32) -> Result<Self, Error> {
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/{process}/{file}"))
                .map_err(|error| failed(process, error))
        };
        let garbled = || failed(process, io::ErrorKind::InvalidData.into());
        let pages = pages(&read("statm")?).ok_or_else(garbled)?;
        let ticks = ticks(&read("stat")?).ok_or_else(garbled)?;
        let (page, second) = (configured(SysconfVar::PAGE_SIZE), configured(SysconfVar::CLK_TCK));
        let nanoseconds = ticks.saturating_mul(1_000_000_000 / second.max(1));
        Ok(Self { resident: pages * page, processor: Duration::from_nanos(nanoseconds) })
    }
}

fn failed(process: u32, error: io::Error) -> Error {
    Error::new(format!("read what process {process} uses"), error)
}

fn configured(name: SysconfVar) -> u64 {
    sysconf(name).ok().flatten().and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
}

/// The second field of `statm`: resident pages. Source: proc(5).
fn pages(statm: &str) -> Option<u64> {
    statm.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Fields 14 and 15 of `stat`: ticks in user and kernel mode. Source: proc(5).
fn ticks(stat: &str) -> Option<u64> {
    // The name, in brackets, may hold blanks and brackets: the last bracket closes it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let (user, kernel): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_use_some_memory() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident > 100_000 && usage.resident < 10_000_000_000, "{usage:?}");
    }

    #[test]
    fn a_strange_name_does_not_confuse_the_reader() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 1 0 5 0 0";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn nobody_uses_nothing() {
        assert!(Usage::of(u32::MAX).is_err());
    }
}
