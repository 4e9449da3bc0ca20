//! A node's own statement of how to reach it.
//!
//! ```text
//! { 0: prefix, 1: issued (s), 2: X25519 key, 3: [[carrier, address, port]…],
//!   4: [carrier…], 5: country, 6: capacity (Mbit/s),
//!   7: 1 if it escaped, 8: 1 if it knows how meshes merge }
//! ```

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use words::{Carrier, Carriers, NodeId, Wall};

use crate::Malformed;
use crate::codec::{Reader, Writer, within};

const WHAT: &str = "contact";

/// Domain of a contact's signature; no other statement of a node begins so.
const DOMAIN: &[u8] = b"re6st contact 1";

/// How to reach a node, in its own words.
///
/// It is believed once its signature is checked: see [`Introduction`](crate::Introduction).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who speaks.
    pub node: NodeId,
    /// When it was said; a newer statement replaces an older one.
    pub issued: Wall,
    /// The static X25519 key for handshakes with the node.
    pub key: [u8; 32],
    /// Where it listens, at most [`Contact::ENDPOINTS`]; none if nobody can call it first.
    pub endpoints: Vec<Endpoint>,
    /// What it can open and accept.
    pub carriers: Carriers,
    /// Country, two capital letters (ISO 3166-1), if it tells.
    pub country: Option<[u8; 2]>,
    /// Uplink in Mbit/s, if it tells.
    pub capacity: Option<u32>,
    /// It is in a small part of its mesh, and its own prefix is to pass between meshes.
    pub escaped: bool,
    /// It knows how two meshes become one; nodes of before do not say so.
    pub merges: bool,
}

/// One place where a node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// With which technology.
    pub carrier: Carrier,
    /// At which address and port; the port is 0 for GRE only, which has none.
    pub address: SocketAddr,
}

impl Contact {
    /// Largest encoded contact, in octets.
    pub const LIMIT: usize = 400;
    /// Most endpoints of one contact.
    pub const ENDPOINTS: usize = 8;

    /// Returns the octets that a node signs, together with a domain, and sends.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`] for more than [`Contact::ENDPOINTS`] endpoints.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        within(WHAT, self.endpoints.len(), Self::ENDPOINTS)?;
        let mut out = Writer::new();
        let optional = [self.country.is_some(), self.capacity.is_some(), self.escaped, self.merges];
        out.map(5 + optional.into_iter().filter(|there| *there).count());
        out.key(0).prefix(self.node.0);
        out.key(1).number(self.issued.0);
        out.key(2).bytes(&self.key);
        out.key(3).list(self.endpoints.len());
        for endpoint in &self.endpoints {
            endpoint.write(&mut out);
        }
        out.key(4).list(self.carriers.iter().count());
        for carrier in self.carriers.iter() {
            out.number(u64::from(carrier as u8));
        }
        if let Some(country) = self.country {
            out.key(5).bytes(&country);
        }
        if let Some(capacity) = self.capacity {
            out.key(6).number(u64::from(capacity));
        }
        if self.escaped {
            out.key(7).number(1);
        }
        if self.merges {
            out.key(8).number(1);
        }
        out.finish(WHAT, Self::LIMIT)
    }

    /// Reads a contact; carriers that we do not know are left out, and so are endpoints that
    /// nobody can call: those of port 0.
    ///
    /// # Errors
    ///
    /// [`Malformed`], for any other octets than [`encode`](Self::encode) writes, with
    /// fields that we do not know.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let mut reader = Reader::new(WHAT, bytes, Self::LIMIT)?;
        reader.map(|key, value| fields.read(key, value))?;
        reader.finish()?;
        fields.whole()
    }

    /// Returns what is signed for a contact of these octets: the domain, then they.
    pub fn signed(bytes: &[u8]) -> Vec<u8> {
        [DOMAIN, bytes].concat()
    }
}

impl Endpoint {
    fn write(self, out: &mut Writer) {
        out.list(3);
        out.number(u64::from(self.carrier as u8));
        match self.address.ip() {
            IpAddr::V4(ip) => out.bytes(&ip.octets()),
            IpAddr::V6(ip) => out.bytes(&ip.octets()),
        }
        out.number(u64::from(self.address.port()));
    }

    /// Reads an endpoint; `None` for a carrier that we do not know, or one without the port
    /// that it needs.
    fn read(value: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        if value.entries()? != 3 {
            return Err(Malformed::Form { what: WHAT });
        }
        let carrier = carrier(value)?;
        let octets = value.bytes()?;
        let ip = if let Ok(v4) = <[u8; 4]>::try_from(octets) {
            IpAddr::from(v4)
        } else if let Ok(v6) = <[u8; 16]>::try_from(octets) {
            IpAddr::from(v6)
        } else {
            return Err(Malformed::Value { what: WHAT, field: "address" });
        };
        let port = u16::try_from(value.number()?)
            .map_err(|_| Malformed::Value { what: WHAT, field: "port" })?;
        let fit = carrier.filter(|carrier| port != 0 || *carrier == Carrier::Gre);
        Ok(fit.map(|carrier| Self { carrier, address: SocketAddr::new(ip, port) }))
    }
}

/// The fields met so far.
#[derive(Default)]
struct Fields {
    node: Option<NodeId>,
    issued: Option<Wall>,
    key: Option<[u8; 32]>,
    endpoints: Vec<Endpoint>,
    carriers: Carriers,
    country: Option<[u8; 2]>,
    capacity: Option<u32>,
    escaped: bool,
    merges: bool,
}

impl Fields {
    fn read(&mut self, key: u64, value: &mut Reader<'_>) -> Result<bool, Malformed> {
        match key {
            0 => self.node = Some(value.node()?),
            1 => self.issued = Some(Wall(value.number()?)),
            2 => self.key = Some(value.array()?),
            3 => {
                let endpoints = value.list(Contact::ENDPOINTS, Endpoint::read)?;
                self.endpoints = endpoints.into_iter().flatten().collect();
            }
            4 => self.carriers = Carriers::of(value.list(64, carrier)?.into_iter().flatten()),
            5 => self.country = Some(country(value)?),
            6 => self.capacity = Some(u32::try_from(value.number()?).unwrap_or(u32::MAX)),
            7 => self.escaped = value.number()? == 1,
            8 => self.merges = value.number()? == 1,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn whole(self) -> Result<Contact, Malformed> {
        let missing = |field| Malformed::Missing { what: WHAT, field };
        Ok(Contact {
            node: self.node.ok_or(missing("prefix"))?,
            issued: self.issued.ok_or(missing("date"))?,
            key: self.key.ok_or(missing("key"))?,
            endpoints: self.endpoints,
            carriers: self.carriers,
            country: self.country,
            capacity: self.capacity,
            escaped: self.escaped,
            merges: self.merges,
        })
    }
}

fn carrier(value: &mut Reader<'_>) -> Result<Option<Carrier>, Malformed> {
    let number = value.number()?;
    Ok(u8::try_from(number).ok().and_then(Carrier::from_number))
}

fn country(value: &mut Reader<'_>) -> Result<[u8; 2], Malformed> {
    let country: [u8; 2] = value.array()?;
    let capital = country.iter().all(u8::is_ascii_uppercase);
    if capital { Ok(country) } else { Err(Malformed::Value { what: WHAT, field: "country" }) }
}
