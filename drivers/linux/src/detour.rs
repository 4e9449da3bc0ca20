//! Rules that send packets to a table of their own, but for those that must not.
//!
//! ```text
//! 32761  to each address that is spared ─► main
//! 32762  main, but for its default routes
//! 32763  not marked ─► the table
//! 32766  main: the kernel's own rule
//! ```

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::Error;
use crate::talk::{Talk, remedy};

/// Sends what has no better route than a default route to a table of its own, unless it bears a
/// mark or goes to an address that is spared.
///
/// One family. The rules stay when the process dies: an empty table is passed over.
#[derive(Debug)]
pub struct Detour {
    talk: Talk,
    four: bool,
    table: u32,
    mark: u32,
    spared: Vec<IpAddr>,
}

impl Detour {
    /// Adds the rules, in the network namespace of the calling thread. Those that are there
    /// already, from a process that died, are taken over.
    ///
    /// # Errors
    ///
    /// No right to, or a kernel without policy routing.
    pub fn start(four: bool, table: u32, mark: u32) -> Result<Self, Error> {
        let talk = Talk::open()?;
        let mut detour = Self { talk, four, table, mark, spared: Vec::new() };
        for rule in detour.rules() {
            detour.add(rule)?;
        }
        Ok(detour)
    }

    /// Spares these addresses of its family, and no others any more.
    ///
    /// # Errors
    ///
    /// No right to.
    pub fn spare(&mut self, addresses: &[IpAddr]) -> Result<(), Error> {
        let ours = |address: &&IpAddr| address.is_ipv4() == self.four;
        let wanted: Vec<IpAddr> = addresses.iter().filter(ours).copied().collect();
        for address in std::mem::take(&mut self.spared) {
            if wanted.contains(&address) {
                self.spared.push(address);
            } else {
                let rule = self.sparing(address);
                self.remove(rule)?;
            }
        }
        for address in wanted {
            if !self.spared.contains(&address) {
                let rule = self.sparing(address);
                self.add(rule)?;
                self.spared.push(address);
            }
        }
        Ok(())
    }

    fn rules(&self) -> [RuleMessage; 2] {
        let mut direct = self.rule(NEARER, MAIN);
        direct.attributes.push(RuleAttribute::SuppressPrefixLen(0));
        let mut detour = self.rule(AWAY, self.table);
        detour.header.flags = RuleFlags::Invert;
        detour.attributes.push(RuleAttribute::FwMark(self.mark));
        [direct, detour]
    }

    fn sparing(&self, address: IpAddr) -> RuleMessage {
        let mut rule = self.rule(SPARED, MAIN);
        rule.header.dst_len = if self.four { 32 } else { 128 };
        rule.attributes.push(RuleAttribute::Destination(address));
        rule
    }

    fn rule(&self, priority: u32, table: u32) -> RuleMessage {
        let mut rule = RuleMessage::default();
        rule.header.family = if self.four { AddressFamily::Inet } else { AddressFamily::Inet6 };
        rule.header.action = RuleAction::ToTable;
        rule.attributes = vec![RuleAttribute::Priority(priority), RuleAttribute::Table(table)];
        rule
    }

    fn add(&mut self, rule: RuleMessage) -> Result<(), Error> {
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        match self.talk.ask(RouteNetlinkMessage::NewRule(rule), flags) {
            Err(error) if error.raw_os_error() != Some(libc::EEXIST) => {
                Err(Error::new("add a routing rule", error).advised(remedy))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn remove(&mut self, rule: RuleMessage) -> Result<(), Error> {
        match self.talk.ask(RouteNetlinkMessage::DelRule(rule), 0) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => {
                Err(Error::new("remove a routing rule", error).advised(remedy))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        let spared = std::mem::take(&mut self.spared);
        let sparing: Vec<RuleMessage> = spared.into_iter().map(|it| self.sparing(it)).collect();
        for rule in self.rules().into_iter().chain(sparing) {
            // What is left does no harm: its table is empty.
            let _ = self.remove(rule);
        }
    }
}

const MAIN: u32 = 254;
const SPARED: u32 = 32_761;
const NEARER: u32 = 32_762;
const AWAY: u32 = 32_763;
