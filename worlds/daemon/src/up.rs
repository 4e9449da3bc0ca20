//! A node, started: everything it needs is checked and opened before it speaks.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

use anyhow::Context;
use crypto::session::Mask;
use forward::{Own, Target};
use registry::client::Client;
use words::{NodeId, Prefix, Time};

use crate::birth::conceive;
use crate::config::Config;
use crate::identity::Identity;
use crate::keeper::Keeper;
use crate::lan::Lan;
use crate::mapper::Mapper;
use crate::overlay::Overlay;
use crate::places::Places;
use crate::record::{Birth, Recorder};
use crate::registrar::Registrar;
use crate::state::State;
use crate::tally::Tally;
use crate::world::{Exit, Happened, MARK, Times, WayOut, World};
use crate::{addresses, control, interface, plane, spared, uplink};

/// How to start a node.
#[derive(Clone, Debug)]
pub struct Up {
    /// The state directory that `join` made.
    pub state: PathBuf,
    /// The configuration; none: `re6st.toml` of the state directory.
    pub config: Option<PathBuf>,
    /// Where to record what the node is told and says.
    pub record: Option<PathBuf>,
}

/// Runs a node until it is told to stop.
///
/// # Errors
///
/// A sentence with its remedy, for whatever keeps the node from starting: state,
/// configuration, rights, `/dev/net/tun`, a port in use, an overlapping network.
pub fn up(wish: &Up) -> anyhow::Result<()> {
    let signals = linux::Signals::take()?;
    let state = State::at(&wish.state);
    let _lock = state.lock()?;
    let (config, text) = configuration(wish, &state)?;
    let identity = Identity::load(&state, &config)?;

    let (happened, events) = channel();
    watch_signals(signals, happened.clone())?;
    let mut world = assemble(wish, state, &config, text, (identity, happened))?;
    world.begin()?;
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::debug!(%error, "the service manager was not told");
    }
    world.run(&events);
    Ok(())
}

/// Reads the configuration, and returns its text besides; one that was named must be there.
fn configuration(wish: &Up, state: &State) -> anyhow::Result<(Config, String)> {
    let (file, octets) = match &wish.config {
        Some(file) => (file.clone(), State::read(file)?),
        None => (state.config(), State::read_or_empty(&state.config())?),
    };
    let file = file.display();
    let text = String::from_utf8(octets)
        .map_err(|error| anyhow::anyhow!("{file} is not text ({error}); write it as UTF-8"))?;
    let config = Config::parse(&text).map_err(|what| anyhow::anyhow!("{file}: {what}"))?;
    for objection in config.objections() {
        tracing::warn!("{file}: {objection}");
    }
    Ok((config, text))
}

/// Opens everything outside, and puts it around the engines.
fn assemble(
    wish: &Up,
    state: State,
    config: &Config,
    text: String,
    (identity, happened): (Identity, Sender<Happened>),
) -> anyhow::Result<World> {
    let (me, network) = (identity.me(), identity.network());
    let birth = birth(&identity, text)?;
    let recorder = Recorder::start(wish.record.as_deref(), &birth)
        .context("the recording cannot be started; name a file that you may write")?;
    let node = conceive(&birth).map_err(anyhow::Error::msg)?;

    let udp = underlay(config)?;
    // The kernel may have chosen the port.
    let port = udp.local().context("the UDP socket has no address; restart the node")?.port();
    let places = Places::new(config.endpoints.clone(), network, port);
    let (tun, device) = interface::open(config.interface(), me, network, plane::MTU)?;
    let clock = linux::Clock::start();
    let noise = carrier(&identity)?;
    let parts = plane::Parts {
        tun,
        udp,
        mask: Mask::new(&noise::mask_key(&identity.noise.public())),
        clock,
        own: Own { ipv6: me.address(), ipv4: None, mtu: plane::MTU },
        uplink: config.uplink.and_then(|mbit| u32::try_from(mbit).ok()),
    };
    let plane = start_plane(parts, (me, network), happened.clone())?;
    let overlay = Overlay::open(me.address(), clock, happened.clone(), Happened::Overlay)
        .context("the node's own address cannot be used; is another node running here?")?;
    control::listen(state.directory(), happened.clone(), Happened::Asked)?;
    addresses::watch(happened.clone(), || Happened::Network);
    let lan = lan(config, port, happened.clone());
    let keeper = keeper(happened.clone())?;
    let mapper = mapper(config, port, happened.clone())?;
    let addresses = registry_addresses(&state)?;
    let way_out = way_out(config, &addresses, &happened)?;
    if let Some(exit) = &config.exit {
        uplink::watch(exit.clone(), device.index(), happened.clone())?;
    }
    let client = client(&state, &identity, addresses)?;
    let registrar = start_registrar(client, &identity, happened)?;
    Ok(World {
        times: Times::starting(clock.now()),
        tally: Tally::default(),
        clock,
        node,
        noise,
        plane,
        device,
        overlay,
        lan,
        registrar,
        state,
        identity,
        ipv4: None,
        exit: Exit::new(config.exit.clone().unwrap_or_default()),
        way_out: way_out.naming(config.prefer_exit.map(NodeId)),
        places,
        named: config.bootstrap.clone(),
        shown: Vec::new(),
        escaped: false,
        recorder,
        keeper,
        mapper,
        mapped_by: None,
    })
}

/// Returns all that the node begins with, so that its run can be told again.
fn birth(identity: &Identity, config: String) -> anyhow::Result<Birth> {
    let me = identity.me();
    let (router_id, ca) = (me.routing_name(), identity.ca.der().to_vec());
    Ok(Birth { seed: linux::seed()?, me, router_id, ca, config })
}

/// Opens the socket of the tunnels, marked if other packets are to leave by another way.
fn underlay(config: &Config) -> anyhow::Result<linux::Udp> {
    let udp = linux::Udp::bind(config.port())?;
    if config.use_exits {
        udp.mark(MARK).context(
            "the tunnels cannot be told apart from what leaves through exits; run as root, or \
             with CAP_NET_ADMIN",
        )?;
    }
    Ok(udp)
}

/// Starts the plane of the node `me` of `network`.
fn start_plane(
    parts: plane::Parts,
    (me, network): (NodeId, Prefix),
    happened: Sender<Happened>,
) -> Result<plane::Handle, plane::Failed> {
    let mut plane = plane::start(parts, move |said| {
        // The loop is gone only when the process ends.
        let _ = happened.send(Happened::Plane(said));
    })?;
    plane.set_fixed(me.0.into(), Some(Target::Local));
    // Whom routing does not know is nowhere, and not outside.
    plane.set_fixed(network.into(), Some(Target::Unreachable));
    Ok(plane)
}

/// Starts the line to the registry, and asks for a new certificate if others refuse ours.
fn start_registrar(
    client: Client,
    identity: &Identity,
    happened: Sender<Happened>,
) -> std::io::Result<Registrar> {
    let registrar = Registrar::start(client, happened)?;
    if let Some(why) = identity.out_of_date(linux::Clock::wall()) {
        tracing::warn!(%why, "others refuse this node; it asks the registry for a new certificate");
        // Before it tells the registry how it is reached, which would be refused.
        registrar.renew();
    }
    Ok(registrar)
}

/// Returns the thread that writes files, and tells which it could not.
fn keeper(happened: Sender<Happened>) -> std::io::Result<Keeper> {
    Keeper::start(move |error| {
        // The loop is gone only when the process ends.
        let _ = happened.send(Happened::NotKept(error));
    })
}

/// Returns the engine of our own carrier.
fn carrier(identity: &Identity) -> anyhow::Result<noise::Noise> {
    let secret = *identity.noise.private();
    let (aes, network) = (crypto::session::has_aes(), Some(identity.network()));
    let settings = noise::Settings { aes, network, ..noise::Settings::default() };
    let wall = linux::Clock::wall();
    Ok(noise::Noise::new(secret, linux::seed()?, settings, wall, Time::ZERO))
}

/// Returns the ear on our LANs, if they concern us; a node that has none goes on without.
fn lan(config: &Config, port: u16, happened: Sender<Happened>) -> Option<Lan> {
    let wanted = config.lan.is_on();
    let lan = wanted.then(|| Lan::start(config.lan.clone(), port, happened, Happened::OnLan))?;
    lan.inspect_err(|error| {
        tracing::warn!(%error, "nodes on the same LAN are not looked for");
    })
    .ok()
}

/// Returns the thread that asks the router for our port, if it is to.
fn mapper(
    config: &Config,
    port: u16,
    happened: Sender<Happened>,
) -> anyhow::Result<Option<Mapper>> {
    if !config.maps_ports() {
        return Ok(None);
    }
    let nonce = linux::seed()?.first_chunk().copied().unwrap_or_default();
    Ok(Some(Mapper::start(port, nonce, happened, Happened::Mapped)?))
}

/// Has the kernel lead what leaves this machine through exits, if the configuration asks for it;
/// the tunnels and the registry excepted.
fn way_out(
    config: &Config,
    registry: &[String],
    happened: &Sender<Happened>,
) -> anyhow::Result<WayOut> {
    if !config.use_exits {
        return Ok(WayOut::default());
    }
    spared::watch(registry.to_vec(), happened.clone())?;
    Ok(WayOut::start()?)
}

/// Returns where the registry answers, as `join` noted it.
fn registry_addresses(state: &State) -> anyhow::Result<Vec<String>> {
    let addresses = State::read(&state.registry())?;
    Ok(String::from_utf8_lossy(&addresses).lines().map(str::to_owned).collect())
}

/// Returns the line to the registry at these addresses.
fn client(state: &State, identity: &Identity, addresses: Vec<String>) -> anyhow::Result<Client> {
    let file = state.registry();
    let key = crypto::SigningKey::load(&state.key())?;
    Client::new(addresses, identity.ca.clone(), identity.certificate.clone(), key)
        .with_context(|| file.display().to_string())
}

/// Turns the signals that end a process into one event.
fn watch_signals(signals: linux::Signals, happened: Sender<Happened>) -> anyhow::Result<()> {
    let watch = move || {
        loop {
            let waited = linux::readable([std::os::fd::AsFd::as_fd(&signals)], None);
            let told = waited.is_err() || signals.next().is_some();
            if told && happened.send(Happened::Stop).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).stack_size(64 * 1024).spawn(watch)?;
    Ok(())
}
