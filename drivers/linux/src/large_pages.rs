//! Large pages for programs that wait for memory.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// What glibc reads at the start of a program, and a value that lets it ask for large pages. Source:
/// the manual of the GNU C Library, *Memory Allocation Tunables*.
const TUNABLES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// Tells a program that it was started so: glibc may take its tunables out of the environment.
const ASKED: (&str, &str) = ("RE6ST_LARGE_PAGES", "asked");

/// Starts this program anew, with the same arguments and as the same process, so that what it
/// takes from the allocator comes in pages of 2 MB where the kernel has some
/// (`/sys/kernel/mm/transparent_hugepage/enabled` says `madvise` or `always`). Who reads
/// hundreds of megabytes in no order is done in two thirds of the time.
///
/// Does nothing in a program that was started so, with tunables of somebody's choice, or without
/// glibc; nor if the program's file cannot be read. To be called before anything else.
pub fn take_large_pages() {
    let was_asked = [TUNABLES.0, ASKED.0].into_iter().any(|name| env::var_os(name).is_some());
    if !cfg!(target_env = "gnu") || was_asked {
        return;
    }
    let own = env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
    let mut words = env::args_os();
    let mut again = Command::new(own);
    if let Some(name) = words.next() {
        again.arg0(name);
    }
    // It returns only if that failed; the program then goes on as it is.
    let _ = again.args(words).envs([TUNABLES, ASKED]).exec();
}
