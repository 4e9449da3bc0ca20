//! Switches of the kernel's network, in `/proc/sys/net`: those of the namespace of the calling
//! thread.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// Lets the machine send on what is not for itself, in one family.
///
/// Of IPv6, an interface that learns its own way out from its router goes on doing so
/// (`accept_ra` 2), which a machine that sends on else would not.
///
/// # Errors
///
/// No right to write there, with the remedy.
pub fn forward(four: bool) -> Result<(), Error> {
    if four {
        return set(Path::new("ipv4/ip_forward"), "1");
    }
    let all = root().join("ipv6/conf");
    for interface in fs::read_dir(&all).into_iter().flatten().flatten() {
        let accepts = interface.path().join("accept_ra");
        if read(&accepts).as_deref() == Some("1") {
            // Best effort: an interface may just have gone.
            let _ = fs::write(accepts, "2");
        }
    }
    set(Path::new("ipv6/conf/all/forwarding"), "1")
}

/// Lets packets come in by an interface that answers to them would not leave by, where the
/// kernel is strict about that (`rp_filter` 1); others are left as they are.
///
/// # Errors
///
/// No right to write there, with the remedy.
pub fn loosen(interface: &str) -> Result<(), Error> {
    let switch = |name: &str| PathBuf::from("ipv4/conf").join(name).join("rp_filter");
    let value = |name: &str| read(&root().join(switch(name))).unwrap_or_default();
    let strict = [value("all"), value(interface)].contains(&"1".to_owned());
    let loose = [value("all"), value(interface)].contains(&"2".to_owned());
    if strict && !loose { set(&switch(interface), "2") } else { Ok(()) }
}

fn set(switch: &Path, value: &str) -> Result<(), Error> {
    let file = root().join(switch);
    if read(&file).as_deref() == Some(value) {
        return Ok(());
    }
    fs::write(&file, value).map_err(|error: io::Error| {
        let doing = format!("write {value} to {}", file.display());
        Error::new(doing, error).advised(|_| {
            "the machine must be let to: set it by sysctl, or allow it to the service \
             (systemd: ProtectKernelTunables=no)"
        })
    })
}

fn read(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

fn root() -> PathBuf {
    PathBuf::from("/proc/sys/net")
}
