//! Why the server refuses, in words for programs and for people.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::protocol;

/// The name of a reason, as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// The body or the query is not what it should be.
    Form,
    /// The body is too large.
    TooLarge,
    /// The request came too slowly.
    Slow,
    /// There is no such thing to ask.
    NotFound,
    /// Too many requests.
    Busy,
    /// Enrolment needs an invitation.
    InvitationNeeded,
    /// No such invitation.
    InvitationUnknown,
    /// The invitation has expired.
    InvitationExpired,
    /// The invitation is used up.
    InvitationUsed,
    /// The certificate request cannot be accepted.
    Request,
    /// The request is not signed as it should be.
    Proof,
    /// The calendars of both sides differ.
    Clock,
    /// No such certificate.
    Unknown,
    /// The certificate has expired.
    Expired,
    /// The certificate is revoked.
    Revoked,
    /// The prefix is somebody else's now.
    Replaced,
    /// The introduction is not believed.
    Introduction,
    /// Nobody drew the node to attest that.
    Attestation,
    /// The share in the beacon is none that can be taken.
    Share,
    /// No prefix is left.
    NoRoom,
    /// The registry's own fault.
    Trouble,
    /// A reason that a newer server gives.
    Other,
}

impl Code {
    /// Every code, in the order of the list above.
    pub const ALL: [Self; 22] = [
        Self::Form,
        Self::TooLarge,
        Self::Slow,
        Self::NotFound,
        Self::Busy,
        Self::InvitationNeeded,
        Self::InvitationUnknown,
        Self::InvitationExpired,
        Self::InvitationUsed,
        Self::Request,
        Self::Proof,
        Self::Clock,
        Self::Unknown,
        Self::Expired,
        Self::Revoked,
        Self::Replaced,
        Self::Introduction,
        Self::Attestation,
        Self::Share,
        Self::NoRoom,
        Self::Trouble,
        Self::Other,
    ];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::TooLarge => "too-large",
            Self::Slow => "slow",
            Self::NotFound => "not-found",
            Self::Busy => "busy",
            Self::InvitationNeeded => "invitation-needed",
            Self::InvitationUnknown => "invitation-unknown",
            Self::InvitationExpired => "invitation-expired",
            Self::InvitationUsed => "invitation-used",
            Self::Request => "request",
            Self::Proof => "proof",
            Self::Clock => "clock",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
            Self::Introduction => "introduction",
            Self::Attestation => "attestation",
            Self::Share => "share",
            Self::NoRoom => "no-room",
            Self::Trouble => "trouble",
            Self::Other => "other",
        }
    }

    /// Returns the code of this name; [`Code::Other`] if there is none.
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|code| code.name() == name).unwrap_or(Self::Other)
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Form | Self::Request | Self::Introduction | Self::Other => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Proof | Self::Clock | Self::InvitationNeeded => StatusCode::UNAUTHORIZED,
            Self::InvitationUnknown
            | Self::InvitationExpired
            | Self::InvitationUsed
            | Self::Unknown
            | Self::Expired
            | Self::Revoked
            | Self::Attestation
            | Self::Share
            | Self::Replaced => StatusCode::FORBIDDEN,
            Self::NoRoom | Self::Trouble => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A refusal: what is wrong, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    error: String,
    remedy: String,
}

impl Refusal {
    /// Returns a refusal that says `sentence`: what is wrong, a semicolon, the remedy.
    pub(crate) fn new(code: Code, sentence: impl fmt::Display) -> Self {
        let sentence = sentence.to_string();
        let (error, remedy) = sentence.rsplit_once("; ").unwrap_or((&sentence, "try again later"));
        Self { code, error: error.to_owned(), remedy: remedy.to_owned() }
    }

    /// Returns the refusal for a fault of our own; what it is, only our log says.
    pub(crate) fn trouble(fault: &dyn fmt::Display) -> Self {
        tracing::error!(%fault, "a request failed");
        Self::new(
            Code::Trouble,
            "the registry is in trouble; try again later, or tell its operator",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.code.name().to_owned();
        let body = protocol::Refused { code, error: self.error, remedy: self.remedy };
        (self.code.status(), Json(body)).into_response()
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        use store::Error;
        let code = match error {
            Error::UnknownInvitation => Code::InvitationUnknown,
            Error::ExpiredInvitation { .. } => Code::InvitationExpired,
            Error::UsedInvitation => Code::InvitationUsed,
            Error::UnknownCertificate { .. } | Error::UnknownNode { .. } => Code::Unknown,
            Error::Revoked { .. } => Code::Revoked,
            Error::Replaced { .. } => Code::Replaced,
            Error::NoRoom { .. } => Code::NoRoom,
            Error::Signing(_)
            | Error::Exists { .. }
            | Error::Missing { .. }
            | Error::Full
            | Error::ReadOnly
            | Error::Denied
            | Error::Disk(_)
            | Error::Busy
            | Error::Damaged(_)
            | Error::Version(_)
            | Error::Database(_) => return Self::trouble(&error),
        };
        Self::new(code, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_unknown_ones_are_other() {
        for code in Code::ALL {
            assert_eq!(Code::of(code.name()), code);
        }
        assert_eq!(Code::of("from the future"), Code::Other);
    }

    #[test]
    fn a_sentence_is_what_is_wrong_and_the_remedy() {
        let refusal = Refusal::from(store::Error::UsedInvitation);
        assert_eq!(refusal.code, Code::InvitationUsed);
        assert_eq!(refusal.error, "the invitation has been used up");
        assert!(refusal.remedy.starts_with("ask for another"));
    }

    #[test]
    fn our_own_faults_are_not_told_to_strangers() {
        let refusal = Refusal::from(store::Error::Full);
        assert_eq!(refusal.code, Code::Trouble);
        assert!(!refusal.error.contains("disk"));
    }
}
