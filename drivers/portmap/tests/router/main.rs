//! A real router: miniupnpd, in namespaces of its own. Skipped where it is not installed.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portmap::{Doors, Protocol, Wish, map, unmap};

/// Programs that the test needs.
const NEEDED: [&str; 5] = ["ip", "nft", "unshare", "nsenter", "miniupnpd"];

/// Where nobody answers.
const NOBODY: u16 = 9;

fn is_there(program: &str) -> bool {
    let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    folders.iter().any(|folder| Path::new(folder).join(program).exists())
}

#[test]
fn a_router_maps_our_port_by_each_protocol_and_gets_it_back() {
    let missing = NEEDED.into_iter().find(|program| !is_there(program));
    let allowed = Command::new("unshare").args(["-n", "nft", "list", "tables"]).output();
    let allowed = allowed.is_ok_and(|output| output.status.success());
    if missing.is_some() || !allowed {
        println!("skipped: {} is missing, or no rights", missing.unwrap_or("nothing"));
        return;
    }
    let directory = std::env::temp_dir().join(format!("re6st-router-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/router/namespaces.sh");
    let mut command = Command::new("unshare");
    command.args(["-n", "sh"]).arg(script).arg(&directory);
    command.arg(std::env::current_exe().unwrap());
    let inside = ["--ignored", "--exact", "inside_the_home", "--nocapture"];
    let output = command.args(inside).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{errors}\n{log}");
}

#[test]
#[ignore = "run by the other test, in the home of its router"]
fn inside_the_home() {
    let standard = Doors::default();
    for (doors, by) in [
        (Doors { ssdp: NOBODY, ..standard }, Protocol::Pcp),
        (Doors { pcp: NOBODY, ..standard }, Protocol::Upnp),
    ] {
        let wish = Wish {
            gateway: Ipv4Addr::new(192, 168, 1, 1),
            own: Ipv4Addr::new(192, 168, 1, 2),
            port: 6326,
            lifetime: Duration::from_mins(10),
            nonce: [7; 12],
            doors,
        };
        let mapping = map(&wish).unwrap();
        assert_eq!(mapping.by, by);
        assert_eq!(mapping.outside, "45.0.0.5:6326".parse().unwrap());
        assert_eq!(mapping.lifetime, wish.lifetime);
        unmap(&wish, &mapping);
    }
}
