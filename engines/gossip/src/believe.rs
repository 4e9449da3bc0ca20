//! The one judgement of an introduction, for nodes and registry alike.

use core::time::Duration;

use words::{Prefix, Wall};

use crate::{Authority, Contact, Introduction, Refused};

/// How far ahead of the calendar a statement may be dated.
pub(crate) const AHEAD: Duration = Duration::from_hours(24);

/// Somebody who introduced itself well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Believed {
    /// What it says of itself.
    pub contact: Contact,
    /// Number of its certificate.
    pub serial: u64,
    /// Last second of its certificate.
    pub expires: Wall,
}

/// Checks an encoded [`Introduction`] at the moment `wall`: certificate, network, signature,
/// names and date.
///
/// Whether the certificate is revoked is not checked here: who asks knows that.
///
/// # Errors
///
/// The reason to refuse it: [`Refused::Malformed`], what the authority refuses,
/// [`Refused::OutsideNetwork`], [`Refused::Signature`], [`Refused::WrongNode`], or
/// [`Refused::Future`] for a statement dated more than a day ahead.
pub fn believe(
    authority: &impl Authority,
    network: Prefix,
    octets: &[u8],
    wall: Wall,
) -> Result<Believed, Refused> {
    let shown = Introduction::decode(octets)?;
    let contact = Contact::decode(&shown.contact)?;
    let identity = authority.certificate(&shown.certificate, wall)?;
    if !network.covers(identity.node.0) {
        return Err(Refused::OutsideNetwork);
    }
    let message = Contact::signed(&shown.contact);
    if !authority.signature(&identity.key, &message, &shown.signature) {
        return Err(Refused::Signature);
    }
    if identity.node != contact.node {
        let (certificate, contact) = (identity.node, contact.node);
        return Err(Refused::WrongNode { certificate, contact });
    }
    if wall.plus(AHEAD) < contact.issued {
        return Err(Refused::Future { issued: contact.issued });
    }
    Ok(Believed { contact, serial: identity.serial, expires: identity.expires })
}
