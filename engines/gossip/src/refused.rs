//! Why something is not believed.

use words::{NodeId, Prefix, Wall};

/// Octets that are not what they should be.
///
/// Always the fault of whoever wrote them; worth a counter, never a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Longer than anything honest.
    #[error("{what} is too long: {got}, at most {limit} allowed")]
    Oversize {
        /// What was read or written.
        what: &'static str,
        /// Its size: octets, or entries of a list.
        got: usize,
        /// The size allowed, in the same unit.
        limit: usize,
    },
    /// Not CBOR, or CBOR of another shape.
    #[error("{what} is not of the expected form")]
    Form {
        /// What was read.
        what: &'static str,
    },
    /// A field that must be there is not.
    #[error("{what} lacks its {field}")]
    Missing {
        /// What was read.
        what: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A field that has no such value.
    #[error("{what} has an impossible {field}")]
    Value {
        /// What was read.
        what: &'static str,
        /// The field.
        field: &'static str,
    },
}

/// Why a certificate, a contact, a document or a question is refused.
///
/// Each is the fault of who sent it, except [`Refused::Busy`], which is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The octets are not what they should be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The certificate cannot be read, or lacks the fields of a node.
    #[error("the certificate is not one of a re6st node; enrol again with `re6st join`")]
    Unreadable,
    /// Another authority issued the certificate.
    #[error("the certificate was not issued by this network's authority")]
    OtherAuthority,
    /// The certificate is for later.
    #[error("the certificate is not valid before {from}; check the clocks")]
    NotYetValid {
        /// Its first second.
        from: Wall,
    },
    /// The certificate is of the past.
    #[error("the certificate expired at {since}; renew it at the registry")]
    Expired {
        /// Its last second.
        since: Wall,
    },
    /// Neither Ed25519, nor P-256, nor RSA of 2048 to 8192 bits.
    #[error("the key is too weak or of an unknown kind; use Ed25519")]
    WeakKey,
    /// The certificate's prefix is not inside the network.
    #[error("the certificate's prefix is outside of the network")]
    OutsideNetwork,
    /// The network document revokes the certificate.
    #[error("certificate {serial} is revoked")]
    Revoked {
        /// Number of the certificate.
        serial: u64,
    },
    /// The signature is not of whom it should be.
    #[error("the signature is not of the certificate's or the authority's key")]
    Signature,
    /// Contact and certificate name two nodes.
    #[error("the certificate of {certificate} introduces {contact}")]
    WrongNode {
        /// Whom the certificate names.
        certificate: NodeId,
        /// Whom the contact names.
        contact: NodeId,
    },
    /// The contact's static key is not the one of the handshake.
    #[error("the handshake was done with a key that the contact does not name")]
    WrongKey,
    /// The statement was made more than a day from now.
    #[error("the statement is dated {issued}, more than a day ahead; check the clocks")]
    Future {
        /// When it says that it was made.
        issued: Wall,
    },
    /// The statement was made too long ago to hold still.
    #[error("the statement is of {issued}, and holds no longer; check the clocks")]
    Stale {
        /// When it says that it was made.
        issued: Wall,
    },
    /// The document is of another network.
    #[error("the document is of the network {network}, not of ours")]
    OtherNetwork {
        /// The network it names.
        network: Prefix,
    },
    /// The document is not newer than ours.
    #[error("document version {theirs} is not newer than ours, {ours}")]
    Rollback {
        /// The version we have.
        ours: u64,
        /// The version offered.
        theirs: u64,
    },
    /// The document is newer, and what it tells of meshes cannot be.
    #[error(transparent)]
    Meshes(#[from] order::Refused),
    /// The document is newer, and knows of no meshes, unlike ours: no registry signs that.
    #[error(
        "the document knows of no meshes, and ours of those of epoch {epoch}; was an old backup restored?"
    )]
    Undivided {
        /// Number of the epoch of ours.
        epoch: u64,
    },
    /// The introduction is our own.
    #[error("the introduction is our own")]
    Ourselves,
    /// The message claims another sender than its address says.
    #[error("the message does not come from whom it introduces")]
    Spoofed,
    /// Nobody asked for this answer.
    #[error("the answer was not asked for")]
    Unasked,
    /// Too many questions at once.
    #[error("too many messages at once; try again later")]
    Busy,
}

impl Refused {
    /// Returns the name of the reason, for counters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Unreadable => "unreadable",
            Self::OtherAuthority => "other-authority",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Expired { .. } => "expired",
            Self::WeakKey => "weak-key",
            Self::OutsideNetwork => "outside-network",
            Self::Revoked { .. } => "revoked",
            Self::Signature => "signature",
            Self::WrongNode { .. } => "wrong-node",
            Self::WrongKey => "wrong-key",
            Self::Future { .. } => "future",
            Self::Stale { .. } => "stale",
            Self::OtherNetwork { .. } => "other-network",
            Self::Rollback { .. } => "rollback",
            Self::Meshes(why) => why.name(),
            Self::Undivided { .. } => "undivided",
            Self::Ourselves => "ourselves",
            Self::Spoofed => "spoofed",
            Self::Unasked => "unasked",
            Self::Busy => "busy",
        }
    }
}
