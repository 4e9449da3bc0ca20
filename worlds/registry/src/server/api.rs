//! What can be asked: version 1, described by `openapi.json`.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use crypto::{Grant, NodeCertificate, Validity};
use gossip::PublicKey;
use linux::Clock;
use store::{Applicant, Seat, Signing};
use words::{Dice, Wall};

use super::Shared;
use super::body::Body;
use super::gate::Source;
use super::member::{Member, Signed};
use super::restored::{self, Alarm};
use crate::invitation::Token;
use crate::protocol;
use crate::protocol::{
    Attestations, BODY, Bootstrap, Contact, Count, Document, Enrol, Enrolled, HOLD, Health, Newer,
    Node, Nodes, Page, to_octets, to_text,
};
use crate::refusal::{Code, Refusal};
use crate::room::{has_room, room};
use crate::{duties, meshes};

type Known = State<Arc<Shared>>;
type Asked<T> = Result<Query<T>, QueryRejection>;

/// Introductions of nodes of the whole network that come with those of one's own meshes.
const ANYWHERE: u32 = 10;
/// Most introductions in one answer.
const INTRODUCTIONS: u32 = 50;
/// Most nodes in one answer.
const PAGE: u32 = 500;
/// Longest note of an enrolment, in characters.
const NOTE: usize = 100;

/// Returns the service.
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    let quick = Router::new()
        .route("/v1/openapi.json", get(openapi))
        .route("/v1/ca", get(ca))
        .route("/v1/health", get(health))
        .route("/v1/enrol", post(enrol))
        .route("/v1/renew", post(renew))
        .route("/v1/contact", post(contact))
        .route("/v1/beacon", post(beacon))
        .route("/v1/attestations", post(attestations))
        .route("/v1/bootstrap", get(bootstrap))
        .route("/v1/nodes", get(nodes))
        .layer(from_fn_with_state(shared.clone(), in_time));
    quick
        .route("/v1/document", get(document))
        .fallback(nothing)
        .method_not_allowed_fallback(nothing)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(shared.clone(), at_pace))
        .with_state(shared)
}

async fn openapi() -> Response {
    let text = include_str!("../../openapi.json");
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

async fn ca(State(shared): Known) -> Response {
    let pem = shared.issuer.certificate().pem();
    ([(CONTENT_TYPE, "application/pem-certificate-chain")], pem).into_response()
}

async fn health(State(shared): Known) -> Result<Json<Health>, Refusal> {
    let document = shared.store.version().await?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Json(Health { status: "ok".to_owned(), version, document }))
}

async fn enrol(
    State(shared): Known,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Body(wish): Body<Enrol>,
) -> Result<Json<Enrolled>, Refusal> {
    let token = match &wish.token {
        Some(text) => Some(token(text)?),
        None if shared.settings.anonymous => None,
        None => {
            let sentence = "this network is for the invited; ask for an invitation";
            return Err(Refusal::new(Code::InvitationNeeded, sentence));
        }
    };
    let request =
        crypto::Request::from_pem(&wish.csr).map_err(|error| Refusal::new(Code::Request, error))?;
    if token.is_none() {
        welcome(&shared, Source::of(from.ip()))?;
    }
    let note: String = wish.note.chars().filter(|c| !c.is_control()).take(NOTE).collect();
    let (_, document) = shared.store.document().await?;
    let document = meshes::read(&document);
    is_there_room(&shared, document.as_ref()).await?;
    let meshes = document.and_then(|document| document.meshes);
    let meshes = meshes.as_ref().map(|it| it.map.meshes()).unwrap_or_default();
    let applicant = Applicant { token, key: &request.key().0, note: &note, meshes };
    let seed = linux::seed().map_err(|error| Refusal::trouble(&error))?;
    let mut dice = Dice::of(seed, "allocation");
    let issue = |seat: &Seat| issue(&shared, request.key(), seat);
    let times = (Clock::wall(), lifetime(&shared));
    let certificate = shared.store.enrol(&applicant, times, &mut dice, issue).await?;
    tracing::info!(node = %certificate.seat.node, "enrolled");
    enrolled(&shared, &certificate.der).await
}

/// Refuses a newcomer for whom a divided network's document has no room.
async fn is_there_room(
    shared: &Shared,
    document: Option<&gossip::Document>,
) -> Result<(), Refusal> {
    let Some(document) = document.filter(|document| document.meshes.is_some()) else {
        return Ok(());
    };
    let room = room(document).map_err(|error| Refusal::trouble(&error))?;
    let now = Clock::wall();
    let since = Wall(now.0.saturating_sub(meshes::LISTED.as_secs()));
    let told = shared.store.told(since, now).await?;
    has_room(usize::try_from(told).unwrap_or(usize::MAX), room).map_err(|sentence| {
        tracing::warn!(sentence, "a newcomer is refused");
        Refusal::new(Code::NoRoom, sentence)
    })
}

async fn renew(State(shared): Known, Member(member): Member) -> Result<Json<Enrolled>, Refusal> {
    let key = PublicKey(member.key);
    let issue = |seat: &Seat| issue(&shared, &key, seat);
    let times = (Clock::wall(), lifetime(&shared));
    let certificate = shared.store.renew(member.seat.serial, times, issue).await?;
    tracing::info!(node = %certificate.seat.node, "renewed");
    enrolled(&shared, &certificate.der).await
}

/// Answers at once if the document is newer, otherwise once it is, or when the time is up.
async fn document(
    State(shared): Known,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    asked: Asked<Newer>,
) -> Result<Response, Refusal> {
    let Query(Newer { newer_than, wait }) = asked.map_err(misasked)?;
    let mut version = shared.version.clone();
    // Bound first: the borrow must not be held while the alarm is told.
    let ours = *version.borrow();
    let rings = |alarm: &mut Alarm| alarm.rings(newer_than, ours, Instant::now());
    if rings(&mut shared.alarm.lock().unwrap_or_else(PoisonError::into_inner)) {
        restored::cry(newer_than, ours);
    }
    if *version.borrow() <= newer_than && wait > 0 {
        let Some(_place) = shared.held.take(Source::of(from.ip())) else {
            let sentence = "too many nodes wait for the next document; ask again later, \
                            or ask your neighbours";
            return Err(Refusal::new(Code::Busy, sentence));
        };
        let newer = version.wait_for(|version| *version > newer_than);
        // A time that is up and a server that stops are both: nothing newer.
        let _ = tokio::time::timeout(Duration::from_secs(wait.min(HOLD)), newer).await;
    }
    if *version.borrow() <= newer_than {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let (version, document) = shared.store.document().await?;
    Ok(Json(Document { version, document: to_text(&document) }).into_response())
}

async fn contact(State(shared): Known, Body(said): Body<Contact>) -> Result<StatusCode, Refusal> {
    let introduction = to_octets(&said.introduction).ok_or_else(|| {
        Refusal::new(Code::Form, "the introduction is not base64url; see /v1/openapi.json")
    })?;
    let now = Clock::wall();
    let network = shared.authority.network();
    let believed = gossip::believe(&shared.authority, network, &introduction, now)
        .map_err(|refused| Refusal::new(Code::Introduction, refused))?;
    let contact = store::Contact {
        node: believed.contact.node,
        serial: believed.serial,
        issued: believed.contact.issued,
        introduction: &introduction,
    };
    shared.store.publish(&contact, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn beacon(
    State(shared): Known,
    Signed(member, said): Signed<protocol::Share>,
) -> Result<StatusCode, Refusal> {
    let node = member.in_date()?.seat.node;
    let (_, document) = shared.store.document().await?;
    let share = duties::share(&document, node, &said)
        .map_err(|sentence| Refusal::new(Code::Share, sentence))?;
    shared.store.share(said.epoch, &share).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn attestations(
    State(shared): Known,
    Signed(member, said): Signed<Attestations>,
) -> Result<StatusCode, Refusal> {
    let attester = member.in_date()?.seat.node;
    let (_, document) = shared.store.document().await?;
    let seen = duties::attested(&document, attester, &said)
        .map_err(|sentence| Refusal::new(Code::Attestation, sentence))?;
    shared.store.attest(said.epoch, attester, &seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn bootstrap(
    State(shared): Known,
    asked: Asked<Count>,
    member: Member,
) -> Result<Json<Bootstrap>, Refusal> {
    let Query(Count { count }) = asked.map_err(misasked)?;
    let node = member.in_date()?.seat.node;
    let count = count.min(INTRODUCTIONS);
    let (_, document) = shared.store.document().await?;
    let mut introductions = Vec::new();
    for mesh in meshes::of_node(&document, node) {
        introductions.extend(shared.store.bootstrap(count, (mesh, node), Clock::wall()).await?);
    }
    if meshes::is_divided(&document) {
        // Who is cut off from its mesh has nobody else to call.
        let anywhere = (None, node);
        introductions.extend(shared.store.bootstrap(ANYWHERE, anywhere, Clock::wall()).await?);
    }
    let lan_key = shared.issuer.lan_key(shared.store.revocations().await?);
    Ok(Json(Bootstrap {
        introductions: introductions.iter().map(|it| to_text(it)).collect(),
        lan_key: Some(to_text(&lan_key)),
    }))
}

async fn nodes(
    State(shared): Known,
    asked: Asked<Page>,
    member: Member,
) -> Result<Json<Nodes>, Refusal> {
    let Query(Page { after }) = asked.map_err(misasked)?;
    member.in_date()?;
    let nodes = shared.store.nodes(after, PAGE).await?;
    let nodes = nodes.iter().map(|node| Node {
        prefix: node.seat.node.to_string(),
        address: node.seat.node.address().to_string(),
        index: node.seat.index,
        serial: node.seat.serial,
        expires: node.seat.until.0,
        revoked: node.revoked.map(|at| at.0),
        seen: node.seen.map(|at| at.0),
    });
    Ok(Json(Nodes { nodes: nodes.collect() }))
}

async fn nothing() -> Refusal {
    Refusal::new(Code::NotFound, "there is no such request; see /v1/openapi.json")
}

/// Gives a request its time, and no more.
async fn in_time(State(shared): Known, request: Request, next: Next) -> Response {
    let patience = Duration::from_secs(shared.settings.limits.patience_seconds);
    tokio::time::timeout(patience, next.run(request)).await.unwrap_or_else(|_| {
        let sentence = "the request took too long; send it again, faster";
        Refusal::new(Code::Slow, sentence).into_response()
    })
}

/// Refuses the requests of who asks too often.
async fn at_pace(
    State(shared): Known,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let source = Source::of(from.ip());
    let admits = |shared: &Shared| {
        let mut pace = shared.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.admits(source, Instant::now())
    };
    if admits(&shared) {
        next.run(request).await
    } else {
        Refusal::new(Code::Busy, "too many requests; wait a moment").into_response()
    }
}

/// Refuses a source that sends too many strangers.
fn welcome(shared: &Shared, source: Source) -> Result<(), Refusal> {
    let mut pace = shared.strangers.lock().unwrap_or_else(PoisonError::into_inner);
    if pace.admits(source, Instant::now()) {
        return Ok(());
    }
    let sentence = "too many nodes enrolled from here; come again in an hour, or ask for an \
                    invitation";
    Err(Refusal::new(Code::Busy, sentence))
}

/// Signs what the rows decided.
fn issue(shared: &Shared, key: &PublicKey, seat: &Seat) -> Result<Vec<u8>, Signing> {
    let validity = Validity { from: seat.from, until: seat.until };
    let grant = Grant { node: seat.node, index: seat.index, serial: seat.serial, validity };
    Ok(shared.issuer.issue(key, &grant)?.der)
}

async fn enrolled(shared: &Shared, der: &[u8]) -> Result<Json<Enrolled>, Refusal> {
    let certificate = NodeCertificate::from_der(shared.authority.network(), der)
        .map_err(|error| Refusal::trouble(&error))?;
    let (_, document) = shared.store.document().await?;
    Ok(Json(Enrolled { certificate: certificate.pem(), document: to_text(&document) }))
}

fn lifetime(shared: &Shared) -> Duration {
    Duration::from_hours(24 * u64::from(shared.settings.certificate_days))
}

fn token(text: &str) -> Result<[u8; 32], Refusal> {
    let octets = to_octets(text).and_then(|octets| octets.try_into().ok());
    let token = octets.map(Token).ok_or_else(|| {
        Refusal::new(Code::InvitationUnknown, "this is no token; copy the invitation again, whole")
    })?;
    Ok(token.hash())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn misasked(error: QueryRejection) -> Refusal {
    let sentence = format!("{}; see /v1/openapi.json", error.body_text());
    Refusal::new(Code::Form, sentence)
}
