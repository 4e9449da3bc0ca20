//! What a process costs: memory and processor time.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use nix::unistd::{SysconfVar, sysconf};

use crate::Error;

/// Gives memory that is free, and kept for later, back to the kernel, and the pages of our own
/// program, most of which only its start needed: those that are needed again are read again.
///
/// After something large has passed: what it leaves between what stays can be half of a
/// process. Frees less where the C library has no such service.
#[expect(unsafe_code, reason = "calls of the C library and the kernel about our own memory")]
pub fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call reads and writes nothing of ours; it only unmaps what nobody owns.
    unsafe {
        libc::malloc_trim(0);
    }
    let (Ok(own), Ok(maps)) =
        (fs::read_link("/proc/self/exe"), fs::read_to_string("/proc/self/maps"))
    else {
        return;
    };
    for (start, end) in maps.lines().filter_map(|line| never_written(line, &own)) {
        // SAFETY: nothing can have written there since it was mapped from the file, which is
        // where the kernel finds it again.
        unsafe {
            libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED);
        }
    }
}

/// Reads a line of `/proc/PID/maps`; returns where a part of the program `own` lies that cannot
/// be written: its code, and what its file begins with. What was relocated is neither.
fn never_written(line: &str, own: &Path) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (place, rights, offset) = (words.next()?, words.next()?, words.next()?);
    let clean = rights == "r-xp" || (rights == "r--p" && offset.bytes().all(|it| it == b'0'));
    let path = words.nth(2)?;
    if !clean || Path::new(path) != own {
        return None;
    }
    let (start, end) = place.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?))
}

/// What a process uses, as the kernel counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory, octets; pages shared with other processes count in full.
    pub resident: u64,
    /// Processor time since its start, in user and kernel mode, all threads. To the nanosecond
    /// if the kernel tells it so (`CONFIG_SCHED_INFO`), but then without threads that have
    /// ended; else in steps of 10 ms.
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
        let counted = ticks.saturating_mul(1_000_000_000 / second.max(1));
        let nanoseconds = on_processor(process).unwrap_or(counted);
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

/// Nanoseconds that the threads of a process ran: the first field of each one's `schedstat`.
/// Source: proc(5).
fn on_processor(process: u32) -> Option<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let ran = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        sum += ran.split_ascii_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(sum).filter(|sum| *sum > 0)
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

    #[test]
    fn only_what_was_never_written_is_dropped() {
        let place = |rights: &str, offset: &str, path: &str| {
            let line = format!("5500-6600 {rights} {offset} fe:00 123        {path}");
            never_written(&line, Path::new("/usr/bin/re6st"))
        };
        let own = "/usr/bin/re6st";
        assert_eq!(place("r-xp", "00403000", own), Some((0x5500, 0x6600)));
        assert_eq!(place("r--p", "00000000", own), Some((0x5500, 0x6600)));
        // Relocated before it became read-only.
        assert_eq!(place("r--p", "011d4000", own), None);
        assert_eq!(place("rw-p", "00000000", own), None);
        assert_eq!(place("r-xp", "00000000", "/usr/lib/libc.so.6"), None);
    }

    #[test]
    fn a_program_goes_on_when_its_pages_are_gone() {
        give_memory_back();
        assert!(Usage::of(std::process::id()).is_ok());
    }
}
