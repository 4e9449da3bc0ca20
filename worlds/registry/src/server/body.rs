//! The body of a request: JSON, small, and on time.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::protocol::BODY;
use crate::refusal::{Code, Refusal};

/// JSON that was read.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let octets = octets(request, state).await?;
        read(&octets).map(Self)
    }
}

/// Reads the JSON of a body.
pub(crate) fn read<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(octets).map_err(|error| {
        let sentence = format!("the body is not the JSON expected ({error}); see /v1/openapi.json");
        Refusal::new(Code::Form, sentence)
    })
}

/// Reads a body, up to its limit.
pub(crate) async fn octets<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Refusal> {
    Bytes::from_request(request, state).await.map_err(|error| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let sentence = format!("the body is too large; send at most {BODY} octets");
            Refusal::new(Code::TooLarge, sentence)
        } else {
            Refusal::new(Code::Form, "the body cannot be read; send it again")
        }
    })
}
