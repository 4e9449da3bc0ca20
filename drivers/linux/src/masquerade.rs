//! Masquerading: what leaves the machine for others leaves it under the machine's own address.
//!
//! One table of nftables, which is ours alone and vanishes with its socket:
//!
//! ```text
//! table ip re6st-NAME { chain out { type nat hook postrouting priority srcnat;
//!     ip saddr RANGE meta oif != INTERFACE masquerade } }
//! ```
//!
//! Messages are written by hand: attributes are `length 2 │ kind 2 │ value`, padded to 4 octets;
//! numbers inside them are big-endian.
//!
//! Source: `linux/netfilter/nf_tables.h`, `linux/netfilter/nfnetlink.h`.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use words::Prefix;

use crate::Error;

/// Lets packets of a range leave under this machine's own addresses, while it is there.
#[derive(Debug)]
pub struct Masquerade(#[expect(dead_code, reason = "its table lives as long as it")] Socket);

impl Masquerade {
    /// Masquerades what comes from `range` and leaves by another interface than `device`, in
    /// the network namespace of the calling thread. `name` tells tables of several apart.
    ///
    /// # Errors
    ///
    /// No right to, no nftables in the kernel, or one before Linux 5.12.
    pub fn start(range: Prefix, device: u32, name: &str) -> Result<Self, Error> {
        let start = || {
            let mut socket = Socket::new(NETLINK_NETFILTER)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            let batch = Batch::of(range, device, name);
            socket.send(&batch.0, 0)?;
            acknowledged(&socket)?;
            Ok(socket)
        };
        start().map(Self).map_err(|error: io::Error| {
            Error::new(format!("masquerade {range}"), error).advised(remedy)
        })
    }
}

fn remedy(errno: i32) -> &'static str {
    match errno {
        libc::EPERM => {
            "this needs the right CAP_NET_ADMIN: run as root, or let systemd grant it \
             (AmbientCapabilities=CAP_NET_ADMIN)"
        }
        libc::ENOENT | libc::EOPNOTSUPP | libc::EPROTONOSUPPORT | libc::EINVAL => {
            "the kernel lacks nf_tables with masquerade: modprobe nf_tables nft_chain_nat nft_masq, \
             Linux 5.12 or later; or masquerade by other means, and set `masquerade = false`"
        }
        libc::EAFNOSUPPORT => {
            "the sandbox forbids netlink (systemd: RestrictAddressFamilies=AF_NETLINK)"
        }
        errno => crate::poll::too_many_files(errno),
    }
}

/// Messages that hold together or not at all.
struct Batch(Vec<u8>);

impl Batch {
    fn of(range: Prefix, device: u32, name: &str) -> Self {
        let (family, expressions) = if let Some((first, length)) = range.as_ipv4() {
            (IPV4, masquerades(&first.octets(), usize::from(length), 12, device))
        } else {
            let first = range.first().octets();
            (IPV6, masquerades(&first, usize::from(range.length()), 8, device))
        };
        let name = text(&format!("re6st-{name}"));
        let (chain, kind) = (text("out"), text("nat"));
        let mut batch = Self(Vec::new());
        batch.message(BEGIN, (0, 0), SUBSYSTEM, &[]);
        let owned = number(OWNED);
        batch.message(NEW_TABLE, (family, CREATE), 0, &[(1, &name), (2, &owned)]);
        let hook = attributes(&[(1, &number(POSTROUTING)), (2, &number(SRCNAT))]);
        let chain_of = [(1, &name[..]), (3, &chain), (4 | NESTED, &hook), (7, &kind)];
        batch.message(NEW_CHAIN, (family, CREATE), 0, &chain_of);
        let rule = [(1, &name[..]), (2, &chain), (4 | NESTED, &expressions)];
        batch.message(NEW_RULE, (family, CREATE | APPEND | ACK), 0, &rule);
        batch.message(END, (0, 0), SUBSYSTEM, &[]);
        batch
    }

    fn message(
        &mut self,
        kind: u16,
        (family, flags): (u8, u16),
        resource: u16,
        with: &[(u16, &[u8])],
    ) {
        let body = attributes(with);
        let length = u32::try_from(HEADER + body.len()).unwrap_or(0);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend((flags | REQUEST).to_ne_bytes());
        self.0.extend([0; 8]);
        self.0.extend([family, 0]);
        self.0.extend(resource.to_be_bytes());
        self.0.extend(body);
    }
}

/// Waits for the one message that is acknowledged, or the first error.
fn acknowledged(socket: &Socket) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(8192);
    socket.recv(&mut buffer, 0)?;
    let code = buffer.get(16..).and_then(|body| body.first_chunk::<4>());
    match code.map_or(-libc::EIO, |code| i32::from_ne_bytes(*code)) {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(-code)),
    }
}

/// The expressions of the rule: from the first `length` bits of `first`, which the header has
/// at octet `at`; not out by `device`; masqueraded.
fn masquerades(first: &[u8], length: usize, at: u32, device: u32) -> Vec<u8> {
    let octets = u32::try_from(first.len()).unwrap_or(0);
    let bits = |octet: usize| length.saturating_sub(8 * octet).min(8);
    let mask: Vec<u8> = (0..first.len())
        .map(|octet| !(0xff_u8.checked_shr(to_u32(bits(octet))).unwrap_or(0)))
        .collect();
    let zeros = vec![0; first.len()];
    let one = number(REGISTER);
    let data = |octets: &[u8]| attributes(&[(1, octets)]);
    let payload =
        [(1, &one[..]), (2, &number(NETWORK_HEADER)), (3, &number(at)), (4, &number(octets))];
    let (mask, zeros) = (data(&mask), data(&zeros));
    let bitwise =
        [(1, &one[..]), (2, &one), (3, &number(octets)), (4 | NESTED, &mask), (5 | NESTED, &zeros)];
    let (first, device) = (data(first), data(&device.to_ne_bytes()));
    let is_from = [(1, &one[..]), (2, &number(EQUAL)), (3 | NESTED, &first)];
    let meta = [(1, &one[..]), (2, &number(OUT_INTERFACE))];
    let is_not_by = [(1, &one[..]), (2, &number(UNEQUAL)), (3 | NESTED, &device)];
    [
        expression("payload", &payload),
        expression("bitwise", &bitwise),
        expression("cmp", &is_from),
        expression("meta", &meta),
        expression("cmp", &is_not_by),
        expression("masq", &[]),
    ]
    .concat()
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// One element of a list of expressions.
fn expression(name: &str, with: &[(u16, &[u8])]) -> Vec<u8> {
    let one = attributes(&[(1, &text(name)), (2 | NESTED, &attributes(with))]);
    attributes(&[(1 | NESTED, &one)])
}

fn attributes(all: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (kind, value) in all {
        out.extend(u16::try_from(4 + value.len()).unwrap_or(0).to_ne_bytes());
        out.extend(kind.to_ne_bytes());
        out.extend(*value);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out
}

const fn number(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// Octets before the attributes of a message.
const HEADER: usize = 20;
const REQUEST: u16 = 0x1;
const ACK: u16 = 0x4;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;
const NESTED: u16 = 0x8000;
/// The number of nftables among the parts of netfilter.
const SUBSYSTEM: u16 = 10;
const BEGIN: u16 = 0x10;
const END: u16 = 0x11;
const NEW_TABLE: u16 = SUBSYSTEM << 8;
const NEW_CHAIN: u16 = SUBSYSTEM << 8 | 3;
const NEW_RULE: u16 = SUBSYSTEM << 8 | 6;
const IPV4: u8 = 2;
const IPV6: u8 = 10;
/// The table is the socket's: nobody else changes it, and it goes with the socket.
const OWNED: u32 = 2;
const POSTROUTING: u32 = 4;
const SRCNAT: u32 = 100;
const REGISTER: u32 = 1;
const NETWORK_HEADER: u32 = 1;
const EQUAL: u32 = 0;
const UNEQUAL: u32 = 1;
const OUT_INTERFACE: u32 = 5;
