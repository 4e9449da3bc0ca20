//! What goes wrong by order, and is healed.

use std::time::Duration;

use anyhow::Context;
use words::Time;

use super::Lab;
use crate::calendar;
use crate::emulator::Order;
use crate::faults::{Fault, What, victims};
use crate::flood::Flood;
use crate::hosts::name;
use crate::internet::HostId;
use crate::meshes::{between, fragment};
use crate::status;

impl Lab {
    /// Lets go wrong what is due.
    pub(super) fn go_wrong(&mut self, now: Time) -> anyhow::Result<()> {
        while self.faults.last().is_some_and(|fault| self.started + fault.at <= now) {
            let Some(fault) = self.faults.pop() else { break };
            let heals = matches!(
                fault.what,
                What::Heal(..) | What::Revive(_) | What::Resume(_) | What::Ebb
            );
            self.done += usize::from(!heals);
            self.let_go_wrong(&fault)?;
        }
        Ok(())
    }

    fn let_go_wrong(&mut self, fault: &Fault) -> anyhow::Result<()> {
        match &fault.what {
            What::Kill(count) => self.kill_some(*count),
            What::KillNode(node, lasts) => {
                self.kill_node(HostId(*node));
                if let Some(lasts) = lasts {
                    self.later(Fault { at: fault.at + *lasts, what: What::Revive(*node) });
                }
            }
            What::Split => {
                self.hosts.split(&self.options.first_elections(), &self.stop)?;
            }
            What::Merge => self.hosts.merge(&self.stop)?,
            What::KillBorder => self.kill_border(),
            What::Fragment(count) => self.fragment(*count),
            What::KillRegistry => self.kill(HostId::REGISTRY),
            What::CutLan => {
                for node in self.on_lan() {
                    self.emulator.order(Order::Silence(node));
                }
                self.lan_is_cut = true;
            }
            What::Cut(a, b) => self.emulator.order(Order::Cut(HostId(*a), HostId(*b))),
            What::BlockUdp(node) => self.emulator.order(Order::BlockUdp(HostId(*node))),
            What::UdpOnly(node, others) => {
                for other in others {
                    self.emulator.order(Order::UdpOnly(HostId(*node), HostId(*other)));
                }
            }
            What::Roam(node) => self.roam(HostId(*node))?,
            What::Revoke(node) => self.revoke(HostId(*node))?,
            What::CutUsed(lasts) => self.cut_used(fault.at + *lasts),
            What::Suspend(node, lasts) => {
                self.hosts.suspend(HostId(*node))?;
                self.later(Fault { at: fault.at + *lasts, what: What::Resume(*node) });
            }
            What::Resume(node) => {
                self.hosts.resume(HostId(*node))?;
                self.pinger.broken(self.clock.now());
            }
            What::Flood(mbit, lasts) => {
                self.flood(*mbit)?;
                self.later(Fault { at: fault.at + *lasts, what: What::Ebb });
            }
            What::Ebb => self.ebb(),
            What::Calendar(node, by) => calendar::set(&self.hosts.state(HostId(*node)), *by)?,
            What::KillAwhile(lasts) => {
                for node in victims(&self.alive(), 1, &mut self.dice) {
                    self.kill_node(node);
                    self.later(Fault { at: fault.at + *lasts, what: What::Revive(node.0) });
                }
            }
            What::Heal(a, b) => self.emulator.order(Order::Heal(HostId(*a), HostId(*b))),
            What::Revive(node) => self.revive(HostId(*node))?,
            What::RestartAll => {
                let nodes = self.alive();
                self.kill_nodes(&nodes);
                nodes.iter().try_for_each(|node| self.revive(*node))?;
            }
        }
        Ok(())
    }

    /// Cuts a part of a mesh off from the rest of it.
    fn fragment(&mut self, count: u16) {
        let cuts = fragment(&self.watch.seen(), usize::from(count));
        for (a, b) in cuts {
            self.emulator.order(Order::Cut(a, b));
        }
        self.pinger.broken(self.clock.now());
    }

    /// Cuts a link that is used, until `end`.
    fn cut_used(&mut self, end: Duration) {
        if let Some((a, b)) = self.draw_link() {
            self.emulator.order(Order::Cut(a, b));
            self.later(Fault { at: end, what: What::Heal(a.0, b.0) });
        }
    }

    /// Lets all nodes send so many Mbit/s.
    fn flood(&mut self, mbit: u32) -> anyhow::Result<()> {
        let nodes = self.alive();
        let flood = Flood::begin((&self.hosts, &nodes), &self.watch, self.clock, mbit)?;
        self.flooding.now = Some(flood);
        Ok(())
    }

    /// Ends the flood, if there is one.
    pub(super) fn ebb(&mut self) {
        if let Some(flood) = self.flooding.now.take() {
            self.flooding.last = flood.end(&self.hosts, &self.alive(), self.clock.now());
        }
    }

    /// Puts a fault among those to come, the last one first.
    fn later(&mut self, fault: Fault) {
        let at = self.faults.partition_point(|other| other.at > fault.at);
        self.faults.insert(at, fault);
    }

    fn kill(&mut self, host: HostId) {
        self.watch.gone(host);
        self.emulator.order(Order::Silence(host));
        self.hosts.kill(host);
    }

    /// Kills so many nodes, drawn by chance.
    fn kill_some(&mut self, count: u16) {
        let nodes = victims(&self.alive(), count, &mut self.dice);
        self.kill_nodes(&nodes);
    }

    /// Kills all border nodes between two meshes.
    fn kill_border(&mut self) {
        let border = between(&self.watch.seen());
        self.kill_nodes(&border);
    }

    /// Kills some nodes at once: it is looked how long the rest need.
    fn kill_nodes(&mut self, nodes: &[HostId]) {
        for node in nodes {
            self.kill_node(*node);
        }
        self.pinger.broken(self.clock.now());
    }

    fn kill_node(&mut self, node: HostId) {
        self.transfers.close(node);
        self.kill(node);
        self.pinger.close(node);
        if let Some(outward) = &mut self.outward {
            outward.close(node);
        }
        self.killed.insert(node);
    }

    /// Takes a node to another place.
    fn roam(&mut self, node: HostId) -> anyhow::Result<()> {
        self.emulator.order(Order::Roam(node));
        match self.model.roam(node) {
            Some(place) => self.hosts.roam(node, place),
            None => Ok(()),
        }
    }

    /// Starts a node again that was killed.
    fn revive(&mut self, node: HostId) -> anyhow::Result<()> {
        self.emulator.order(Order::Restore(node));
        // What it recorded in its first life stays.
        let process = self.hosts.up(node, None)?;
        let hidden = self.model.at(node).is_some_and(|place| place.private.is_some());
        self.watch.add(node, hidden, self.hosts.state(node), process);
        self.killed.remove(&node);
        let alive = self.alive();
        self.pinger.open(node, |other| alive.contains(&other));
        self.transfers.open(node);
        if let Some(outward) = &mut self.outward {
            outward.open(node);
        }
        Ok(())
    }

    /// Draws a link that carries routes: first a node, then one of its links.
    fn draw_link(&mut self) -> Option<(HostId, HostId)> {
        let mut alive = self.alive();
        while let Some(node) = self.dice.draw(&mut alive, 1).pop() {
            let prefixes = status::used_links(&self.hosts.state(node)).unwrap_or_default();
            let seen = self.watch.seen();
            let host = |prefix| {
                let its = |(_, seen): &(&HostId, &crate::watch::Seen)| {
                    seen.status.prefix == Some(prefix) && !seen.gone
                };
                seen.iter().find(its).map(|(host, _)| *host)
            };
            let mut peers: Vec<HostId> = prefixes.into_iter().filter_map(host).collect();
            drop(seen);
            if let Some(peer) = self.dice.draw(&mut peers, 1).pop() {
                return Some((node, peer));
            }
        }
        None
    }

    /// Puts a node out of the network; its process goes on, and may try what it likes.
    fn revoke(&mut self, node: HostId) -> anyhow::Result<()> {
        let prefix = self.watch.seen().get(&node).and_then(|seen| seen.status.prefix);
        let prefix = prefix.with_context(|| format!("{} has no prefix yet", name(node)))?;
        self.transfers.close(node);
        self.pinger.close(node);
        self.expelled.insert(node);
        self.watch.expelled(node, prefix, self.clock.now());
        self.hosts.revoke(&prefix.to_string(), &self.stop)
    }
}
