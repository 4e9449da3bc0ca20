//! babeld, the reference.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Place;
use crate::process::Process;
use crate::setting::{Algorithm, Extra, SENDERS};

/// Starts it; it answers at `babeld.sock`.
pub(super) fn start(place: &Place<'_>) -> Vec<Process> {
    let config = place.write("babeld.conf", &config(place));
    // One that was killed has left it, and the next would not begin.
    std::fs::remove_file(place.file("babeld.sock")).ok();
    let mut command = Command::new("babeld");
    // Without smoothing, it takes the better of two ways when it hears of it.
    command.args(["-I", "", "-d", "1", "-M", "0", "-S"]).arg(place.file("babeld.state"));
    command.arg("-c").arg(config).arg("-G").arg(place.file("babeld.sock"));
    vec![place.start("babeld", &mut command)]
}

fn config(place: &Place<'_>) -> String {
    let setting = place.setting;
    let mut text = String::from(
        "redistribute local ip 2001:db8::/32 le 128 allow\n\
         redistribute local ip 10.1.0.0/16 allow\nredistribute local deny\n",
    );
    if setting.has(Extra::ForSenders) {
        writeln!(text, "redistribute ip ::/0 eq 0 src-ip {SENDERS} allow").ok();
    }
    if let Some(key) = setting.keys.last() {
        let algorithm = match key.algorithm {
            Algorithm::HmacSha256 => "hmac-sha256",
            Algorithm::Blake2s128 => "blake2s128",
        };
        writeln!(text, "key id k type {algorithm} value {}", key.hex()).ok();
    }
    for neighbour in place.neighbours {
        let kind = if setting.has(Extra::Delays) {
            "tunnel max-rtt-penalty 5000 rtt-max 500 rtt-decay 125"
        } else {
            "wired"
        };
        write!(text, "interface {} type {kind}", place.interface(*neighbour)).ok();
        let (hello, update) = (setting.hello.as_secs_f64(), setting.update.as_secs_f64());
        write!(text, " hello-interval {hello} update-interval {update}").ok();
        if let Some(cost) = setting.costs.get(neighbour) {
            write!(text, " rxcost {cost}").ok();
        }
        if setting.has(Extra::Unicast) {
            text.push_str(" unicast true");
        }
        if setting.has(Extra::FourBySix) {
            text.push_str(" v4-via-v6 true");
        }
        if !setting.keys.is_empty() {
            text.push_str(" key k");
        }
        if setting.has(Extra::AcceptUnsigned) {
            text.push_str(" accept-bad-signatures true");
        }
        text.push('\n');
    }
    text
}

/// Asks for everything by the text protocol; none if nobody answers in time.
pub(crate) fn dump(socket: &Path) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let mut said = until_ok(&mut stream)?;
    stream.write_all(b"dump\n").ok()?;
    said.push_str(&until_ok(&mut stream)?);
    Some(said)
}

/// Returns the value that follows a name in a line of the text protocol.
pub(crate) fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let mut words = line.split(' ').skip_while(|word| *word != name);
    words.nth(1)
}

/// Reads until the line `ok` has come.
fn until_ok(stream: &mut UnixStream) -> Option<String> {
    let (mut said, mut part) = (String::new(), [0; 4096]);
    while !said.ends_with("\nok\n") && said != "ok\n" {
        let length = stream.read(&mut part).ok().filter(|length| *length > 0)?;
        said.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    Some(said)
}
