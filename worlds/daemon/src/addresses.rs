//! The thread that notices when this machine is somewhere else: another address, another way.

use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::time::Duration;

use linux::{Notice, Watch};
use words::Prefix;

/// How long the kernel may say more of one change before it is passed on.
const GATHER: Duration = Duration::from_millis(100);

/// How long a broken socket is left alone.
const PAUSE: Duration = Duration::from_secs(10);

/// Sends a word each time that addresses or default routes may have changed. It may be
/// sent for nothing: who hears it looks. Where the kernel does not tell, changes are
/// noticed when the world looks by itself.
pub(crate) fn watch<M: Send + 'static>(node: Sender<M>, word: fn() -> M) {
    if let Err(error) = start(node, word) {
        tracing::warn!(%error, "changes of this machine's addresses are noticed late");
    }
}

fn start<M: Send + 'static>(node: Sender<M>, word: fn() -> M) -> anyhow::Result<()> {
    let mut watch = Watch::open()?;
    let body = move || {
        while node_hears(&mut watch, &node, word) {}
    };
    let thread = std::thread::Builder::new().name("addresses".to_owned());
    thread.stack_size(256 * 1024).spawn(body)?;
    Ok(())
}

/// Waits for one change, and passes it on; tells whether anybody still hears.
fn node_hears<M>(watch: &mut Watch, node: &Sender<M>, word: fn() -> M) -> bool {
    let waited = linux::readable([watch.as_fd()], None);
    // One change is many notices: an address goes, another comes, routes follow.
    std::thread::sleep(GATHER);
    match waited.map_err(anyhow::Error::from).and_then(|_| Ok(watch.read()?)) {
        Ok(notices) if notices.iter().any(matters) => node.send(word()).is_ok(),
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, "changes of this machine's addresses are noticed late");
            std::thread::sleep(PAUSE);
            true
        }
    }
}

/// Tells whether a notice may be about where we are.
fn matters(notice: &Notice) -> bool {
    match notice {
        Notice::Address(..) | Notice::LinkGone(_) | Notice::Overrun => true,
        Notice::Route(route, _) => route.to == Prefix::ALL || route.to == Prefix::ALL_IPV4,
        Notice::Link(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_matter_and_what_interfaces_count_does_not() {
        assert!(matters(&Notice::Address(1, [192, 0, 2, 1].into(), 24, false)));
        assert!(matters(&Notice::Overrun) && matters(&Notice::LinkGone(3)));
    }
}
