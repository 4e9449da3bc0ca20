//! The thread that looks up where the registry answers, so that the way to it can be spared from
//! what leaves through exits. Looking up names may take long.

use std::collections::BTreeSet;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::world::Happened;

/// How often names are looked up again.
const AGAIN: Duration = Duration::from_mins(5);

/// Starts the thread; `node` hears of the addresses of these `HOST:PORT` at first, and when they
/// changed. Those that cannot be looked up stay as they were.
///
/// # Errors
///
/// The system's, if the thread cannot be started.
pub(crate) fn watch(registry: Vec<String>, node: Sender<Happened>) -> std::io::Result<()> {
    let watch = move || {
        let mut told = BTreeSet::new();
        loop {
            let found = look_up(&registry);
            if !found.is_empty() && found != told {
                let addresses = found.iter().copied().collect();
                if node.send(Happened::RegistryAt(addresses)).is_err() {
                    return;
                }
                told = found;
            }
            std::thread::sleep(AGAIN);
        }
    };
    std::thread::Builder::new().name("spared".to_owned()).stack_size(128 * 1024).spawn(watch)?;
    Ok(())
}

fn look_up(registry: &[String]) -> BTreeSet<IpAddr> {
    let found = registry.iter().filter_map(|address| address.to_socket_addrs().ok());
    found.flatten().map(|address| address.ip()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_no_looking_up() {
        let registry = ["203.0.113.5:8443".to_owned(), "[2001:db8::5]:8443".to_owned()];
        let found: Vec<String> = look_up(&registry).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["203.0.113.5", "2001:db8::5"]);
    }
}
