//! The program: an allocator that only grows, a panic handler that only stops,
//! and one entry that touches every engine.

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

use {
    arrows as _, babel as _, forward as _, gossip as _, node as _, noise as _, order as _,
    principles as _,
};

/// Memory there is, in octets.
const ROOM: usize = 1 << 20;

/// Gives out memory from the front, takes none back.
struct Shelf {
    room: UnsafeCell<[u8; ROOM]>,
    taken: AtomicUsize,
}

#[expect(unsafe_code, reason = "octets are handed out once each, by an atomic counter")]
// SAFETY: two threads never get the same octet, and the shelf itself reads none.
unsafe impl Sync for Shelf {}

#[expect(unsafe_code, reason = "a program without std brings its own allocator")]
// SAFETY: every block is inside `room`, aligned as asked, and given out once.
unsafe impl GlobalAlloc for Shelf {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let room = self.room.get().cast::<u8>();
        let wanted = layout.size() + layout.align();
        let start = self.taken.fetch_add(wanted, Ordering::Relaxed);
        if start.saturating_add(wanted) > ROOM {
            return null_mut();
        }
        let free = room.wrapping_add(start);
        free.wrapping_add(free.align_offset(layout.align()))
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static SHELF: Shelf = Shelf { room: UnsafeCell::new([0; ROOM]), taken: AtomicUsize::new(0) };

#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Draws once and names an address, so that the words of all engines are linked.
#[expect(unsafe_code, reason = "the name must survive for the linker to keep what it calls")]
// SAFETY: no other item of the program has this name.
#[unsafe(no_mangle)]
pub extern "C" fn purity(seed: u8) -> u32 {
    let mut dice = words::Dice::of([seed; 32], "purity");
    let drawn = dice.below(6);
    let said = alloc::format!("{drawn}");
    u32::try_from(said.len()).unwrap_or_default()
}
