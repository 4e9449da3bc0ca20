//! What somebody reads who listens to the whole emulated Internet: nothing.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv6Addr;
use std::path::Path;

use super::capture::{all_look_random, datagram, packets};
use super::impossible;
use super::running::Lab;
use crate::test::{Bench, Outcome};
use crate::{command, debian};

/// Words that would give us away, wherever they stood in a packet.
const WORDS: [&[u8]; 4] = [b"re6st", b"BEGIN ", b"invitation", b"\"node\""];

/// What tcpdump would call what it understood.
const UNDERSTOOD: [&str; 2] = ["babel", "re6st"];

/// Captures every packet of a laboratory, handshakes included, and tries to read them.
pub(super) fn wire(bench: &Bench) -> Outcome {
    if let Some(why) = impossible(bench) {
        return Outcome::skipped(why);
    }
    let (file, logs) = (bench.log("lab-wire.pcap"), bench.log("lab-wire.logs"));
    let (capture, keep) = (file.to_string_lossy(), logs.to_string_lossy());
    let options = ["--nodes", "6", "--round", "10s", "--capture", &capture, "--keep-logs", &keep];
    match Lab::start(bench, "lab-wire", 30, &options) {
        Ok(mut lab) => {
            let found = lab.report().and_then(|report| {
                report.all_reachable()?;
                unreadable(&file, &logs)
            });
            lab.outcome(found)
        }
        Err(failed) => failed,
    }
}

/// Checks that nothing in a capture can be read; `logs` tell which addresses are secret.
fn unreadable(file: &Path, logs: &Path) -> Result<String, String> {
    let capture = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let all = packets(&capture)?;
    let inside = inside_addresses(logs);
    if inside.is_empty() {
        return Err("no address of the mesh is in the logs, so none can be looked for".into());
    }
    let prefixes: BTreeSet<Vec<u8>> =
        inside.iter().map(|address| address.octets().iter().take(8).copied().collect()).collect();
    for packet in &all {
        let body = packet.get(20..).unwrap_or_default();
        let holds = |secret: &&[u8]| body.windows(secret.len()).any(|window| window == *secret);
        if let Some(secret) = prefixes.iter().map(Vec::as_slice).chain(WORDS).find(holds) {
            return Err(format!("{secret:02x?} can be read in a packet: {packet:02x?}"));
        }
    }
    let datagrams: Vec<&[u8]> = all.iter().filter_map(|packet| datagram(packet)).collect();
    all_look_random(&datagrams)?;
    let count = format!("no octet of {} datagrams can be foretold", datagrams.len());
    if !debian::has("tcpdump") {
        return Ok(format!("{count} (tcpdump is not there to try as well)"));
    }
    let said = command::output("tcpdump", &["-nn", "-A", "-r", &file.to_string_lossy()])?;
    let understood = |line: &&str| {
        let line = line.to_lowercase();
        UNDERSTOOD.iter().any(|word| line.contains(word))
    };
    match said.lines().find(understood) {
        Some(line) => Err(format!("tcpdump reads: {line}")),
        None => Ok(format!("{count}, nor read by tcpdump")),
    }
}

/// Returns the addresses inside the mesh that the logs name.
fn inside_addresses(logs: &Path) -> BTreeSet<Ipv6Addr> {
    let files = fs::read_dir(logs).into_iter().flatten().flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.flat_map(|text| unique_local(&text)).collect()
}

/// Returns the unique local addresses and prefixes in a text.
fn unique_local(text: &str) -> Vec<Ipv6Addr> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != ':');
    let addresses = words
        .filter_map(|word| word.trim_end_matches(':').parse().ok().or_else(|| word.parse().ok()));
    // The first 8 octets are looked for in packets, so they must be more than zeros.
    addresses
        .filter(|address: &Ipv6Addr| {
            address.octets().starts_with(&[0xfd]) && address.segments()[3] != 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_mesh_are_found_in_logs_and_others_are_not() {
        let text = "INFO node=fd12:3456:789a:2a::/64 address [fd12:3456:789a:2b::1]:6326, \
                    from 2001:db8::1 at 12:30:05";
        let found: Vec<String> = unique_local(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["fd12:3456:789a:2a::", "fd12:3456:789a:2b::1"]);
    }
}
