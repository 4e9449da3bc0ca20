//! A speaker, started: everything it needs is checked and opened before it speaks.

use std::sync::Arc;

use anyhow::Context;
use babel::mac::{self, KeyRing};
use babel::{RouterId, Settings};
use linux::{Epoll, Group, RouteTables, Watch};

use crate::config::{Config, Name};
use crate::doors::Doors;
use crate::faces::{Faces, Standing};
use crate::installer::Installer;
use crate::kernel::Kernel;
use crate::memory::{Keeper, Memory};
use crate::offers::Offers;
use crate::policy::Filters;
use crate::world::{DOORS, Monitors, PACKETS, Port, SIGNALS, Tally, Times, WATCH, World};

/// Speaks Babel until told to stop.
///
/// # Errors
///
/// A sentence with its remedy, for whatever keeps the speaker from starting: rights, a port
/// or a socket in use, a state file or a key that cannot be read.
pub fn run(config: &Config) -> anyhow::Result<()> {
    let signals = linux::Signals::take()?;
    let memory = Memory::read(config.state())?;
    let ports = ports(config)?;
    let epoll = Epoll::new()?;
    let doors = Doors::open(config.control(), config.babeld_socket.as_ref(), &epoll, DOORS)?;
    let group = Group::open(config.port())?;
    let tables = RouteTables::open()?;
    let mut watch = Watch::open()?;
    let aside = RouteTables::open()?;
    watch.ignore([&tables, &aside])?;
    let installer = Installer::start(aside)?;
    epoll.add(&signals, SIGNALS)?;
    epoll.add(&watch, WATCH)?;
    epoll.add(&group, PACKETS)?;

    let clock = linux::Clock::start();
    let names = ports.iter().map(|port| port.name.clone()).collect();
    let filters = Arc::new(Filters::new(&config.filters, names));
    let Name(router_id) = config.router_id.or(memory.router_id).unwrap_or(Name(RouterId([0; 8])));
    let usual = Settings::default();
    let settings = Settings {
        router_id,
        seqno: memory.next(),
        policy: filters.clone(),
        max_routes_per_neighbour: config.max_routes.unwrap_or(usual.max_routes_per_neighbour),
        max_ranges: config.max_ranges.unwrap_or(usual.max_ranges),
        ..usual
    };
    let speaker = babel::Speaker::new(settings, linux::seed()?, clock.now());
    let keeper = Keeper::start(config.state(), speaker.router_id(), speaker.seqno())
        .context("a restart must know the sequence number; name another file with --state")?;
    let mut world = World {
        config: config.clone(),
        clock,
        epoll,
        signals,
        group,
        watch,
        tables,
        installer,
        speaker,
        filters,
        faces: Faces::default(),
        ports,
        kernel: Kernel::of(config.table()),
        offers: Offers::by(config.redistribute.clone()),
        doors,
        monitors: Monitors::default(),
        keeper,
        tally: Tally::default(),
        times: Times::starting(clock.now()),
        buffer: Vec::new(),
    };
    warn_of_forwarding();
    world.begin()?;
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::debug!(%error, "the service manager was not told");
    }
    world.run()
}

/// Returns the interfaces on which we are to speak, each with its keys.
fn ports(config: &Config) -> anyhow::Result<Vec<Port>> {
    let port = |name: &String| {
        let speak = config.speak(name);
        let ids = speak.keys.clone().unwrap_or_default();
        let keys = config.keys.iter().filter(|key| ids.contains(&key.id));
        let keys = keys.map(|key| key.read().map_err(anyhow::Error::msg));
        let keys = KeyRing::new(keys.collect::<Result<_, _>>()?)
            .with_context(|| format!("the keys of {name} cannot be used together"))?;
        let require = !speak.accept_unsigned.unwrap_or(false);
        let guarded = (!ids.is_empty()).then_some(mac::Settings { keys, require });
        let standing = Standing::Missing;
        Ok(Port { name: name.clone(), speak, guarded, standing, guard: None, told: None })
    };
    config.interfaces.keys().map(port).collect()
}

/// Says what is easily forgotten: a router has to be allowed to forward.
fn warn_of_forwarding() {
    let settings = [
        ("net.ipv6.conf.all.forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"),
        ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
    ];
    for (name, file) in settings {
        if std::fs::read_to_string(file).is_ok_and(|text| text.trim() == "0") {
            tracing::warn!("packets of others are not forwarded: to be a router, sysctl {name}=1");
        }
    }
}
