//! A registry of one's own.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

use super::machine::Machine;
use super::{Running, Said, command, re6st};

/// A registry; served while `serve`'s value lives.
pub(crate) struct Town {
    folder: TempDir,
    /// Where it is served, in the network of the machine.
    pub(crate) address: String,
}

impl Town {
    /// Makes the registry of a network.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let town = Self { folder, address: free() };
        town.does(&["init", "--public", &town.address, "--listen", &town.address]).well();
        town
    }

    /// Runs `re6st registry ARGUMENTS` for this registry.
    pub(crate) fn does(&self, arguments: &[&str]) -> Said {
        re6st(&self.whole(arguments))
    }

    /// Serves it on `machine`.
    pub(crate) fn serve(&self, machine: &Machine) -> Running {
        let mut served = machine.start(&mut command(&self.whole(&["serve"])));
        served.logs("the registry is served");
        served
    }

    /// Returns a new invitation.
    pub(crate) fn invitation(&self) -> String {
        self.does(&["invite"]).well().trim().to_owned()
    }

    /// Returns how many nodes it knows.
    pub(crate) fn population(&self) -> usize {
        let nodes = self.does(&["nodes", "--json"]).well();
        serde_json::from_str::<Vec<serde_json::Value>>(&nodes).unwrap().len()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.folder.path()
    }

    fn whole<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let directory = self.folder.path().to_str().unwrap();
        ["registry"].iter().chain(arguments).copied().chain(["--directory", directory]).collect()
    }
}

/// Returns an address with a port that nobody has, and that the kernel gives to nobody:
/// below those of clients, and each one once.
fn free() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 9_000).unwrap();
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return format!("127.0.0.1:{port}");
        }
    }
}
