//! Large pages for programs that wait for memory.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// What glibc reads at the start of a program, and a value that lets it ask for large pages. Source:
/// the manual of the GNU C Library, *Memory Allocation Tunables*.
const TUNABLES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// Starts this program anew, with the same arguments and as the same process, so that what it
/// takes from the allocator comes in pages of 2 MB where the kernel has some
/// (`/sys/kernel/mm/transparent_hugepage/enabled` says `madvise` or `always`). Who reads
/// hundreds of megabytes in no order is done in two thirds of the time.
///
/// Does nothing in a program that was started so, with tunables of somebody's choice, or without
/// glibc; nor if the program's file cannot be read. To be called before anything else.
pub fn take_large_pages() {
    let (name, value) = TUNABLES;
    if !cfg!(target_env = "gnu") || env::var_os(name).is_some() {
        return;
    }
    let mut words = env::args_os();
    let mut again = Command::new("/proc/self/exe");
    if let Some(own) = words.next() {
        again.arg0(own);
    }
    // It returns only if that failed; the program then goes on as it is.
    let _ = again.args(words).env(name, value).exec();
}
