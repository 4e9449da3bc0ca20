//! The order of events: make the Internet, found the network, start the nodes, watch
//! them, let go wrong what was ordered, and report.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Stderr, stderr};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use linux::{Clock, Namespace};
use words::{Dice, Time};

use crate::capture::Capture;
use crate::emulator::Emulator;
use crate::ensured::Ensuring;
use crate::faults::Fault;
use crate::flood::Flooding;
use crate::hosts::Hosts;
use crate::internet::{HostId, Internet, Model};
use crate::lan::{self, Lan};
use crate::load::Load;
use crate::meshes::Divided;
use crate::options::Options;
use crate::outward::Outward;
use crate::ping::{self, Pingers, Sum};
use crate::report::{self, Arrows, Gaps, LostPing, Nat, Pings, Report, Spread, Stretch};
use crate::say;
use crate::screen::{Row, Screen};
use crate::status;
use crate::stop::Stop;
use crate::tcp::Transfers;
use crate::uplink;
use crate::watch::Watch;

mod harm;

/// How often the lab looks around.
const TICK: Duration = Duration::from_millis(100);
/// How often it says how things are.
const SAY: Duration = Duration::from_secs(1);

/// A lab whose nodes run.
pub(crate) struct Lab {
    options: Options,
    seed: u64,
    model: Model,
    clock: Clock,
    stop: Stop,
    hosts: Hosts,
    /// What keeps the LAN alive, if there is one.
    _lan: Option<Namespace>,
    /// Whether it is cut off from the Internet.
    lan_is_cut: bool,
    emulator: Emulator,
    pinger: Pingers,
    transfers: Transfers,
    watch: Watch,
    outward: Option<Outward>,
    /// The flood that goes on, and what the last one did.
    flooding: Flooding,
    ensuring: Option<Ensuring>,
    screen: Option<Screen<Stderr>>,
    /// Faults to come, the last one first.
    faults: Vec<Fault>,
    /// How many were carried out.
    done: usize,
    dice: Dice,
    started: Time,
    /// Addresses that the pinger knows.
    addressed: BTreeSet<IpAddr>,
    killed: BTreeSet<HostId>,
    expelled: BTreeSet<HostId>,
    unasked: BTreeSet<HostId>,
}

impl Lab {
    /// Makes the Internet in `directory`, founds the network and starts the nodes.
    pub(crate) fn start(options: Options, directory: PathBuf, stop: Stop) -> anyhow::Result<Self> {
        let seed = options.seed.map_or_else(draw_seed, Ok)?;
        let seed32 = spread(seed);
        let clock = Clock::start();
        let capture = options.capture.as_deref();
        let capture = capture.map(|path| Capture::create(path, Clock::wall())).transpose();
        let capture = capture.context("cannot make the capture file")?;
        let model = model(&options, seed32);
        say(&format!("re6st lab: {} nodes, seed {seed}: making their Internet", options.nodes));
        let executable = options.executable.clone().map_or_else(ourselves, Ok)?;
        let (mut hosts, tuns) = Hosts::make(&model, directory, executable)?;
        let internet = Internet::new(model.clone(), seed32);
        let emulator = Emulator::start(internet, tuns, clock, capture)?;

        say("re6st lab: founding the network");
        let ready = enrol(&mut hosts, &options, &stop);
        if ready.is_err() {
            keep_logs(&hosts, &options);
        }
        ready?;
        let (pinger, transfers) = traffic(&hosts, &options, seed32, clock)?;
        let watch = Watch::start(clock)?;
        hosts.configure(&options)?;
        let ensuring = Ensuring::of(&options.ensure, &model);
        let outward = Outward::prepare(&hosts, &options, clock)?;
        let lan = lan(&hosts, &options)?;
        say("re6st lab: starting the nodes");
        let started = clock.now();
        for node in model.nodes() {
            let process = hosts.up(node, options.record.as_deref())?;
            let hidden = model.at(node).is_some_and(|place| place.private.is_some());
            watch.add(node, hidden, hosts.state(node), process);
        }
        let mut faults = options.faults.clone();
        faults.sort_by_key(|fault| std::cmp::Reverse(fault.at));
        let screen = screen(&options)?;
        Ok(Self {
            options,
            seed,
            model,
            clock,
            stop,
            hosts,
            _lan: lan,
            lan_is_cut: false,
            emulator,
            pinger,
            transfers,
            watch,
            outward,
            flooding: Flooding::default(),
            ensuring,
            screen,
            faults,
            done: 0,
            dice: Dice::of(seed32, "faults"),
            started,
            addressed: BTreeSet::new(),
            killed: BTreeSet::new(),
            expelled: BTreeSet::new(),
            unasked: BTreeSet::new(),
        })
    }

    /// Watches the nodes until it is time, or somebody asks to stop.
    pub(crate) fn watch(&mut self) -> anyhow::Result<()> {
        let end = self.options.seconds.map(|seconds| self.started + seconds);
        let mut next = self.started + SAY;
        while !self.stop.sleep(TICK) {
            let now = self.clock.now();
            if end.is_some_and(|end| now >= end) {
                break;
            }
            self.mourn();
            self.introduce();
            if let Some(outward) = &mut self.outward {
                outward.look(&self.watch, &self.hosts, &self.stop)?;
            }
            self.go_wrong(now)?;
            if let Some(ensuring) = &mut self.ensuring {
                ensuring.look(&self.hosts, &self.watch, now);
            }
            let alive = self.alive();
            self.flooding.now.iter_mut().for_each(|flood| flood.look(&self.hosts, &alive, now));
            if now >= next {
                next = next + SAY;
                self.tell(now);
            }
        }
        Ok(())
    }

    /// Stops everything, and returns how it went.
    pub(crate) fn finish(mut self) -> Report {
        let ended = self.clock.now();
        self.ebb();
        self.pinger.quiet();
        self.outward.iter().for_each(Outward::quiet);
        let patience = ended + ping::PATIENCE;
        let settled =
            |it: &Self| it.pinger.settled() && it.outward.as_ref().is_none_or(Outward::settled);
        while !settled(&self) && self.clock.now() < patience {
            std::thread::sleep(TICK / 10);
        }
        let tcp = self.transfers.stop();
        self.watch.look();
        self.mourn();
        self.screen = None;
        let since = ago(ended, self.pinger.lately());
        let lan = self.lan(since);
        // While they live: who is told to end leaves its meshes and links, and is still looked at.
        let mut report = self.costs();
        report.explained = self.explained();
        keep_logs(&self.hosts, &self.options);
        self.hosts.end();

        report.reachable_pairs = self.pinger.reachable(since).len();
        report.lan = lan;
        report.tcp = tcp;
        report.seconds = report::rounded(ended.since(self.started).as_secs_f64());
        let internet = self.emulator.stop();
        if let (Some(outward), Some(internet)) = (&self.outward, &internet) {
            let medians = self.pinger.medians().into_iter().collect();
            report.outside = outward.report(since, internet.outside(), &medians);
        }
        report.packets = internet.as_ref().map_or(0, Internet::carried);
        report.dropped =
            internet.map(|internet| report::named(internet.drops())).unwrap_or_default();
        report
    }

    /// Returns the report as far as pings and watching know it.
    fn costs(&self) -> Report {
        let sum = self.pinger.sum();
        let full = self.pinger.full();
        let seen = self.watch.seen();
        let there = || seen.values().filter(|seen| !seen.gone);
        let memory: Vec<f64> = there().map(|seen| report::mb(seen.resident)).collect();
        let most = there().map(|seen| report::mb(seen.most_resident)).fold(0.0, f64::max);
        let processor: Vec<f64> = there().map(|seen| seen.processor).collect();
        let (packets, kilobits): (Vec<f64>, Vec<f64>) = there().map(|seen| seen.control).unzip();
        Report {
            nodes: self.options.nodes,
            pairs: sum.pairs,
            first_full_mesh_s: full
                .map(|full| report::rounded(full.since(self.started).as_secs_f64())),
            pings: Pings::of(&sum),
            arrows: Arrows::of(&seen),
            lost_by_nodes: report::losses(&seen),
            lost_pings: self.lost_pings(),
            stretch: Stretch::of(&self.pinger.medians(), &self.model),
            faults: self.done,
            gaps_ms: Gaps::of(self.pinger.gaps().into_iter()),
            full_again_s: self.pinger.full_again().map(|it| report::rounded(it.as_secs_f64())),
            control_packets_per_s: Spread::of(&packets),
            control_kbit_per_s: Spread::of(&kilobits),
            rss_mb: Spread { max: report::rounded(most), ..Spread::of(&memory) },
            cpu_share: Spread::of(&processor),
            seed: self.seed,
            ping_interval_ms: report::ms(self.pinger.interval()),
            killed: self.killed.len(),
            died_unasked: self.unasked.len(),
            nat: Nat::of(&seen),
            divided: Divided::of(&seen),
            flood: self.flooding.last.clone(),
            load: Load::of(&seen),
            ensured: self.ensuring.as_ref().map(|it| it.report(&seen)).unwrap_or_default(),
            calendar_jumps: seen.values().map(|seen| seen.status.jumps).sum(),
            revoked: self.watch.all_expelled().iter().map(Into::into).collect(),
            ..Report::default()
        }
    }

    /// Asks every node why packets to every other go as they go; returns how many it can tell.
    fn explained(&self) -> usize {
        let seen = self.watch.seen();
        let there: Vec<_> = seen.iter().filter(|(_, seen)| !seen.gone).collect();
        let told = there.iter().flat_map(|(from, own)| {
            let state = self.hosts.state(**from);
            let others = there.iter().filter_map(|(_, other)| other.status.prefix);
            let others = others.filter(|to| Some(*to) != own.status.prefix);
            // Who does not answer once is asked no more.
            others.map_while(move |to| status::explains(&state, to).ok())
        });
        told.filter(|told| *told).count()
    }

    /// Returns the first pings that were lost, for people who look for the cause.
    fn lost_pings(&self) -> Vec<LostPing> {
        let all = self.pinger.first_lost();
        let lost = all.iter().map(|(from, to, sent)| LostPing {
            from: from.0,
            to: to.0,
            at_s: report::rounded(sent.since(self.started).as_secs_f64()),
        });
        lost.collect()
    }

    /// Says which processes have ended unasked.
    fn mourn(&mut self) {
        for (host, status) in self.hosts.dead() {
            self.watch.gone(host);
            if self.expelled.contains(&host) {
                // Whoever is put out of the network may well end.
                continue;
            }
            self.unasked.insert(host);
            // The table would cover it.
            self.screen = None;
            say(&format!("re6st lab: {}", self.hosts.obituary(host, status)));
        }
    }

    /// Tells the pinger the addresses that have become known.
    fn introduce(&mut self) {
        let seen = self.watch.seen();
        for (node, seen) in seen.iter() {
            for address in &seen.status.addresses {
                if self.addressed.insert(*address) {
                    self.pinger.address(*node, *address);
                    self.transfers.address(*node, *address);
                }
            }
        }
    }

    /// Returns the nodes on the LAN that are there.
    fn on_lan(&self) -> Vec<HostId> {
        self.alive().into_iter().filter(|node| node.0 <= self.options.lan).collect()
    }

    /// Returns how it is with the LAN.
    fn lan(&self, since: Time) -> Lan {
        let (seen, on_lan) = (self.watch.seen(), self.on_lan());
        let prefix = |node: HostId| seen.get(&node).and_then(|seen| seen.status.prefix);
        let nodes: Vec<_> = on_lan.iter().map(|node| (*node, prefix(*node))).collect();
        drop(seen);
        let known = lan::Known {
            pairs: &self.pinger.pairs(),
            reached: &self.pinger.reachable(since),
            medians: &self.pinger.medians(),
            longest_gap: self.pinger.longest_gap_among(&on_lan),
        };
        Lan::of(&self.hosts, &nodes, self.lan_is_cut, &known)
    }

    fn alive(&self) -> Vec<HostId> {
        let gone = |node: &HostId| {
            let lists = [&self.killed, &self.expelled, &self.unasked];
            lists.iter().any(|list| list.contains(node))
        };
        self.model.nodes().filter(|node| !gone(node)).collect()
    }

    /// Says how things are: the table, or a line.
    fn tell(&mut self, now: Time) {
        let since = ago(now, self.pinger.lately() + SAY);
        let reached = self.pinger.reachable(since);
        let summary = self.summary(now, reached.len());
        let rows = self.rows(&reached);
        match &mut self.screen {
            // A terminal that is gone is told by a signal.
            Some(screen) => drop(screen.draw(&rows, &summary)),
            None => say(&summary),
        }
    }

    fn summary(&self, now: Time, reached: usize) -> String {
        let Sum { pairs, sent, lost, longest_gap, .. } = self.pinger.sum();
        let arrows = Arrows::of(&self.watch.seen());
        let seconds = now.since(self.started).as_secs();
        format!(
            "{seconds:>4} s  {reached}/{pairs} pairs reachable  arrows born {} died {} oldest {} s  \
             pings lost {lost}/{sent}  longest gap {} ms",
            arrows.born,
            arrows.died,
            arrows.oldest_s.round(),
            longest_gap.as_millis(),
        )
    }

    fn rows(&self, reached: &[(HostId, HostId)]) -> Vec<Row> {
        let seen = self.watch.seen();
        let row = |node: HostId| {
            let place = self.model.at(node)?;
            let seen = seen.get(&node)?;
            let arrows = &seen.status.arrows;
            Some(Row {
                node: node.0,
                city: format!("{} {}", place.city.name, place.city.country),
                nat: place.private.is_some(),
                gone: seen.gone,
                links: seen.status.links,
                arrows: (arrows.live, arrows.born, arrows.died),
                routes: seen.status.routes,
                reached: reached.iter().filter(|(from, _)| *from == node).count(),
                longest_gap: self.pinger.longest_gap(node),
            })
        };
        self.model.nodes().filter_map(row).collect()
    }
}

/// Draws the Internet that `options` ask for.
fn model(options: &Options, seed: [u8; 32]) -> Model {
    let mut model = Model::with(options.nodes, options.homes, seed);
    model.loss = options.loss;
    model.underlay = options.underlay;
    model.set_uplinks(options.uplink);
    uplink::lay(&mut model, &options.capacities);
    model
}

/// Begins to draw on the terminal, if there is one to draw on.
fn screen(options: &Options) -> anyhow::Result<Option<Screen<Stderr>>> {
    if options.headless || !stderr().is_terminal() {
        return Ok(None);
    }
    Screen::begin(stderr()).context("cannot draw on the terminal").map(Some)
}

/// Puts the first nodes on a LAN, if there is to be one.
fn lan(hosts: &Hosts, options: &Options) -> anyhow::Result<Option<Namespace>> {
    let mut nodes = hosts.nodes();
    nodes.truncate(usize::from(options.lan));
    if nodes.is_empty() {
        return Ok(None);
    }
    lan::connect(&nodes).context("there can be no LAN").map(Some)
}

/// Founds the network and lets the nodes join.
fn enrol(hosts: &mut Hosts, options: &Options, stop: &Stop) -> anyhow::Result<()> {
    hosts.found(options, stop).context("the registry cannot be started")?;
    let invitation = hosts.invite(options.nodes, stop).context("there is no invitation")?;
    say("re6st lab: enrolling the nodes");
    hosts.join(&invitation, stop).context("a node cannot join")
}

fn keep_logs(hosts: &Hosts, options: &Options) {
    if let Some(directory) = &options.keep_logs
        && let Err(error) = hosts.keep_logs(directory)
    {
        say(&format!("re6st lab: cannot keep the logs in {}: {error}", directory.display()));
    }
}

/// Prepares what is to cross the mesh: pings, and TCP connections.
fn traffic(
    hosts: &Hosts,
    options: &Options,
    seed: [u8; 32],
    clock: Clock,
) -> anyhow::Result<(Pingers, Transfers)> {
    let nodes = hosts.nodes();
    let all: Vec<HostId> = nodes.iter().map(|(node, _)| *node).collect();
    let mut dice = Dice::of(seed, "pairs");
    let pairs = some_pairs(&all, options.pairs, &mut dice);
    let pinger = Pingers::start(&nodes, &pairs, (options.family, options.ping, clock))?;
    let connected = some_pairs(&all, Some(options.tcp), &mut dice);
    Ok((pinger, Transfers::start(&nodes, &connected)?))
}

/// Draws `count` ordered pairs of `nodes`; all, if it is not said how many.
fn some_pairs(nodes: &[HostId], count: Option<u16>, dice: &mut Dice) -> Vec<(HostId, HostId)> {
    let mut all = ping::all_pairs(nodes);
    match count {
        Some(count) => dice.draw(&mut all, usize::from(count)),
        None => all,
    }
}

/// Returns the program that we are, also if its file was replaced meanwhile.
fn ourselves() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe().context("cannot tell which program this is")?;
    Ok(if path.exists() { path } else { PathBuf::from("/proc/self/exe") })
}

fn draw_seed() -> anyhow::Result<u64> {
    let [a, b, c, d, ..] = linux::seed()?;
    Ok(u64::from(u32::from_be_bytes([a, b, c, d])))
}

/// Returns the seed as dice want it.
fn spread(seed: u64) -> [u8; 32] {
    let mut spread = [0; 32];
    for (to, from) in spread.iter_mut().zip(seed.to_be_bytes()) {
        *to = from;
    }
    spread
}

fn ago(now: Time, before: Duration) -> Time {
    let since = now.since(Time::ZERO).saturating_sub(before);
    Time::ZERO + since
}
