//! The TUN interface: packets between the kernel and us.
#![expect(unsafe_code, reason = "TUNSETIFF is an ioctl without a safe wrapper")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd;

use crate::Error;

const DEVICE: &str = "/dev/net/tun";

/// How many threads will read the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queues {
    /// One.
    One,
    /// Several: each opens the interface by the same name and gets a queue of its own.
    Many,
}

/// A network interface whose other side is us.
///
/// What the kernel routes to it is read here, one IP packet at a time without any header
/// before it; what is written here arrives in the kernel. The interface is gone when
/// its last queue is closed, whatever becomes of the process.
#[derive(Debug)]
pub struct Tun {
    queue: OwnedFd,
    name: String,
}

impl Tun {
    /// Makes the interface `name` in the network namespace of the calling thread.
    ///
    /// Shape: `name` is 1 to 15 octets; `%d` in it becomes the first free number. The
    /// interface is down, without address: see [`Netlink`](crate::Netlink). Reading and
    /// writing never wait.
    ///
    /// # Errors
    ///
    /// The device node is missing, rights are missing, the name is taken or too long.
    pub fn open(name: &str, queues: Queues) -> Result<Self, Error> {
        let failed = |errno: Errno| {
            Error::new(format!("make the interface {name} by {DEVICE}"), errno).advised(remedy)
        };
        if name.is_empty() || name.len() >= libc::IFNAMSIZ || name.contains(['/', ' ', '\0']) {
            return Err(failed(Errno::ENAMETOOLONG));
        }
        let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let queue = open(DEVICE, flags, Mode::empty()).map_err(failed)?;
        let name = attach(&queue, name, queues).map_err(failed)?;
        Ok(Self { queue, name })
    }

    /// Returns the name of the interface.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads one packet into `packet` and returns its length, or `None` if none waits.
    ///
    /// A packet longer than `packet` is cut.
    ///
    /// # Errors
    ///
    /// `EIO` while the interface is down, `EBADFD` once somebody has deleted it.
    pub fn read(&self, packet: &mut [u8]) -> io::Result<Option<usize>> {
        match unistd::read(&self.queue, packet) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Gives one packet to the kernel.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is neither IPv4 nor IPv6, `EIO` while the interface is down,
    /// `ENOBUFS` or `EAGAIN` if the kernel has no room: the packet is lost.
    pub fn write(&self, packet: &[u8]) -> io::Result<()> {
        Ok(unistd::write(&self.queue, packet).map(drop)?)
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

/// Binds an open device to the interface, and returns the name it got.
fn attach(queue: &OwnedFd, name: &str, queues: Queues) -> Result<String, Errno> {
    let multi = if queues == Queues::Many { libc::IFF_MULTI_QUEUE } else { 0 };
    let flags = libc::IFF_TUN | libc::IFF_NO_PI | multi;
    let mut request = libc::ifreq {
        ifr_name: [0; libc::IFNAMSIZ],
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_ifindex: 0 },
    };
    request.ifr_ifru.ifru_flags = i16::try_from(flags).map_err(|_| Errno::EINVAL)?;
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from.cast_signed();
    }
    // SAFETY: TUNSETIFF reads and writes one ifreq; `request` is one, and lives on.
    let done = unsafe { libc::ioctl(queue.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    Errno::result(done)?;
    let given = request.ifr_name.map(i8::cast_unsigned);
    let length = given.iter().position(|&octet| octet == 0).unwrap_or(given.len());
    Ok(String::from_utf8_lossy(given.get(..length).unwrap_or_default()).into_owned())
}

fn remedy(errno: i32) -> &'static str {
    match errno {
        libc::ENOENT | libc::ENODEV | libc::ENXIO => {
            "load the module (modprobe tun); in a container, pass the device in \
             (--device /dev/net/tun) or make it (mknod /dev/net/tun c 10 200)"
        }
        libc::EPERM => {
            "this needs the right CAP_NET_ADMIN: run as root, or let systemd grant it \
             (AmbientCapabilities=CAP_NET_ADMIN)"
        }
        libc::EACCES => "you may not open the device: run as root, or chmod 666 /dev/net/tun",
        libc::EBUSY => {
            "the name is taken: another process has that interface, perhaps a second copy of \
             this program; stop it or choose another name"
        }
        libc::EINVAL => "an interface of another kind has that name: choose another",
        libc::ENAMETOOLONG => {
            "an interface name has 1 to 15 characters, without blanks and slashes"
        }
        errno => crate::poll::too_many_files(errno),
    }
}
