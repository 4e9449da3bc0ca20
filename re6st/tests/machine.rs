//! What a machine may lack or hold already: rights, devices, ports, routes, room on disk.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use common::home::Home;
use common::machine::{Machine, disk, fill, may_mount, on_a_thread, read_only, writable};
use common::town::Town;
use common::{Said, command, patiently, re6st};
use linux::{Netlink, Queues, Tun};
use words::Prefix;

#[test]
fn a_network_that_overlaps_another_route_is_refused() {
    let Some(machine) = Machine::private() else { return };
    let home = Home::new();
    for (range, fits) in [
        ("fd00:42:0:9::/64", false),
        ("fd00:42::/48", false),
        ("fd00:42::5/128", false),
        ("fd00::/16", true),
        ("fd00:43::/48", true),
    ] {
        let taken = machine.does(|| {
            // The one before goes with the last process that was forked beside it.
            let mut tun = None;
            patiently(|| {
                tun = Tun::open("other0", Queues::One).ok();
                tun.is_some()
            });
            let mut netlink = Netlink::open().unwrap();
            let device = netlink.index("other0").unwrap();
            netlink.set_up(device).unwrap();
            netlink.set_route(range.parse::<Prefix>().unwrap().into(), device, None).unwrap();
            tun
        });
        if fits {
            drop(machine.lives(&home));
        } else {
            let words = ["the network fd00:42::/48 overlaps", range, "other0", "remove that route"];
            machine.up(&home).refused(&words);
        }
        drop(taken);
    }
    drop(machine.lives(&home));
}

#[test]
fn a_udp_port_in_use_is_named() {
    let home = Home::new();
    let taken = UdpSocket::bind("[::]:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    home.write("re6st.toml", format!("port = {port}"));
    let words = [&port.to_string(), "in use", "choose another port"];
    re6st(&["up", "--state", home.path()]).refused(&words);
}

#[test]
fn a_registry_is_made_once_and_served_once() {
    let town = Town::new();
    let files = ["ca.key", "ca.pem", "registry.toml"].map(|name| town.directory().join(name));
    let before = files.clone().map(|file| std::fs::read(file).unwrap());
    town.does(&["init", "--public", "127.0.0.1:1"]).refused(&["exists already", "use another"]);
    assert_eq!(files.map(|file| std::fs::read(file).unwrap()), before);

    let taken = TcpListener::bind(&town.address).unwrap();
    let words = ["cannot listen on", &town.address, "in use", "change `listen`"];
    let said = town.does(&["serve"]);
    said.refused(&words);
    drop(taken);
    let _served = town.serve(&Machine::ours());
    town.does(&["serve"]).refused(&words);

    let nowhere = Home::empty();
    for what in ["serve", "invite", "nodes"] {
        let said = re6st(&["registry", what, "--directory", nowhere.path()]);
        said.refused(&["holds no registry", "re6st registry init"]);
    }
    let said = town.does(&["revoke", "rubbish"]);
    said.refused(&["\"rubbish\" names no node", "re6st registry nodes"]);
}

#[test]
fn a_machine_without_tun_is_told_what_to_do() {
    on_a_thread(|| {
        let Some(machine) = Machine::private() else { return };
        let home = Home::new();
        if !may_mount(Path::new("/dev/net")) {
            return;
        }
        machine.up(&home).refused(&["/dev/net/tun", "No such file", "modprobe tun", "mknod"]);
    });
}

/// Runs the command as nobody, or as we are if that is not root.
#[cfg(test)]
fn ordinary(home: &Home, arguments: &[&str]) -> Said {
    // The command may lie where nobody may look.
    let copy = home.folder().join("re6st");
    std::fs::copy(env!("CARGO_BIN_EXE_re6st"), &copy).unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(home.folder(), open).unwrap();
    let mut command = Command::new(copy);
    command.args(arguments).args(["--state", home.path()]);
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    Machine::ours().start(&mut command).end()
}

/// The user and the group with no rights.
#[cfg(test)]
const NOBODY: u32 = 65534;

#[test]
fn an_ordinary_user_is_told_which_rights_are_missing() {
    let home = Home::new();
    home.write("re6st.toml", "port = 0\ninterface = \"re6st-test\"");
    if nix::unistd::geteuid().is_root() {
        for file in std::fs::read_dir(&home.state).unwrap() {
            chown(file.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        chown(&home.state, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let said = ordinary(&home, &["up"]);
    said.refused(&["re6st-test", "/dev/net/tun", "run as root"]);
}

#[test]
fn a_state_directory_of_somebody_else_is_not_taken_for_empty() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can be somebody else");
        return;
    }
    let home = Home::new();
    std::fs::set_permissions(&home.state, std::fs::Permissions::from_mode(0o700)).unwrap();
    let words = ["Permission denied", "run as the user who owns the directory"];
    ordinary(&home, &["up"]).refused(&words);
    let line = Town::new().invitation();
    ordinary(&home, &["join", &line]).refused(&words);
    ordinary(&home, &["status"]).refused(&["permission denied", "as the user who runs the node"]);
}

#[test]
fn a_node_does_not_start_on_a_read_only_disk() {
    on_a_thread(|| {
        let home = Home::new();
        let folder = tempfile::tempdir().unwrap();
        if !disk(folder.path()) {
            return;
        }
        let home = home.at(&folder.path().join("state"));
        read_only(folder.path());
        let said = re6st(&["up", "--state", home.path()]);
        said.refused(&[home.path(), "Read-only file system", "remount it"]);
    });
}

/// A node whose disk fails while it runs goes on, counts it, and keeps everything again
/// once the disk is mended.
#[cfg(test)]
fn goes_on(fail: impl Fn(&Path) + Send, mend: impl Fn(&Path) + Send) {
    on_a_thread(move || {
        let Some(machine) = Machine::private() else { return };
        let town = Town::new();
        let _served = town.serve(&machine);
        let home = Home::empty();
        if !disk(home.folder()) {
            return;
        }
        machine.re6st(&["join", &town.invitation(), "--state", home.path()]).well();
        let node = machine.lives(&home);
        assert!(patiently(|| home.status()["document"] == 1));
        let kept = home.read("document.cbor");

        fail(home.folder());
        town.does(&["parameters", "--arrows", "5"]).well();
        // Other files may fail before the document does.
        assert!(patiently(|| home.status()["document"] == 2));
        assert!(patiently(|| home.status()["events"]["state-not-written"].as_u64() > Some(0)));
        let status = home.status();
        assert_eq!((&status["document"], &status["arrows"]["wanted"]), (&2.into(), &5.into()));
        assert_eq!(home.read("document.cbor"), kept);
        assert!(node.log().contains("the node goes on without it"), "{}", node.log());

        mend(home.folder());
        town.does(&["parameters", "--arrows", "6"]).well();
        assert!(patiently(|| home.status()["document"] == 3));
        assert!(patiently(|| home.read("document.cbor") != kept));
    });
}

#[test]
fn a_node_whose_disk_is_full_goes_on() {
    goes_on(|folder| fill(folder, 0), |folder| fill(folder, 64));
}

#[test]
fn a_node_whose_disk_becomes_read_only_goes_on() {
    goes_on(read_only, writable);
}

#[test]
fn a_registry_without_room_is_refused_until_there_is_some() {
    on_a_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        if !disk(folder.path()) {
            return;
        }
        let directory = folder.path().join("registry");
        let registry = |arguments: &[&str]| {
            let mut command = command(&[&["registry"], arguments].concat());
            Machine::ours().start(command.arg("--directory").arg(&directory)).end()
        };
        let mut refused = 0;
        for spare in (0..1000).step_by(12) {
            fill(folder.path(), spare);
            let said = registry(&["init", "--public", "127.0.0.1:8443"]);
            if directory.join("registry.toml").exists() {
                break;
            }
            said.refused(&["; "]);
            refused += 1;
        }
        assert!(refused > 3, "{refused}");
        std::fs::remove_file(folder.path().join("ballast")).unwrap();
        registry(&["nodes"]).well();
        registry(&["invite"]).well();
    });
}
