//! The server: HTTPS, JSON, and a watch on the rows.
//!
//! ```text
//! TCP ─► gate (how many, for how long) ─► TLS 1.3 ─► pace (how often) ─► api ─► store
//!                                                                         ▲
//!                                             watch (every 250 ms) ───────┘
//! ```

mod api;
mod body;
mod elect;
mod gate;
mod member;
mod pace;
mod restored;
mod tls;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use crypto::{Issuer, NetworkAuthority};
use linux::Clock;
use store::Store;
use tokio::sync::watch;

use crate::directory::{Directory, Registry};
use crate::error::Error;
use crate::settings::Settings;
use gate::{Gate, Places};
use pace::Pace;
use restored::Alarm;
use tls::Dress;

/// How often the rows are looked at, for changes made by the command line.
pub const WATCH: Duration = Duration::from_millis(250);
/// How often the server's certificate is looked at.
const WARDROBE: Duration = Duration::from_mins(10);
/// How long requests may still run when the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(1);

/// What all requests share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    issuer: Issuer,
    authority: NetworkAuthority,
    store: Store,
    /// Version of the network document, as last seen.
    version: watch::Receiver<u64>,
    pace: Mutex<Pace>,
    /// Pace of those who enrol without an invitation.
    strangers: Mutex<Pace>,
    alarm: Mutex<Alarm>,
    /// Places for questions that are held.
    held: Places,
}

impl Shared {
    /// Returns what the requests to a registry share, whose document's version is told by `version`.
    fn of(registry: Registry, version: watch::Receiver<u64>) -> Self {
        let Registry { settings, issuer, store } = registry;
        let limits = settings.limits;
        Self {
            authority: NetworkAuthority::new(issuer.certificate().clone()),
            pace: Mutex::new(Pace::of_requests(limits)),
            strangers: Mutex::new(Pace::of_strangers(limits)),
            alarm: Mutex::new(Alarm::default()),
            held: Places::new(limits.held, limits.held_per_source),
            settings,
            issuer,
            store,
            version,
        }
    }
}

/// Serves the registry in `directory` until `stop` is ready.
///
/// Shape: `ready` is told the address once connections are accepted.
///
/// # Errors
///
/// [`Error::Listen`] if the port cannot be had; otherwise as the registry's files say.
pub fn serve(
    directory: &Path,
    ready: impl FnOnce(SocketAddr) + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Error::Server)?.block_on(async {
        let registry = Directory::at(directory).open().await?;
        let store = registry.store.clone();
        let served = run(registry, ready, stop).await;
        store.close().await;
        served
    })
}

/// Waits until the process is told to stop: by Ctrl-C, or `SIGTERM`.
pub async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => drop(terminated.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        interrupted = tokio::signal::ctrl_c() => drop(interrupted),
    }
}

async fn run(
    registry: Registry,
    ready: impl FnOnce(SocketAddr) + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let address = registry.settings.listen;
    let refused = |why| Error::Listen { address, why };
    let listener = TcpListener::bind(address).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;

    let dress = Dress::make(&registry.issuer, &registry.settings.hosts(), Clock::wall())?;
    let config = RustlsConfig::from_config(dress.config.clone());
    let (tell, version) = watch::channel(registry.store.version().await?);
    let limits = registry.settings.limits;
    let shared = Arc::new(Shared::of(registry, version));

    let patience = Duration::from_secs(limits.patience_seconds);
    let acceptor =
        RustlsAcceptor::new(config.clone()).handshake_timeout(patience).acceptor(Gate::new(limits));
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)
        .map_err(Error::Server)?
        .acceptor(acceptor)
        .handle(handle.clone())
        .first_request_timeout(patience)
        .http1_only();
    server.http_builder().http1().header_read_timeout(patience);
    let service = api::routes(shared.clone()).into_make_service_with_connect_info::<SocketAddr>();
    ready(address);
    tokio::select! {
        ended = server.serve(service) => ended.map_err(Error::Server),
        () = watch_rows(&shared.store, &tell) => Ok(()),
        () = stay_dressed(&shared, dress, &config) => Ok(()),
        () = elect::hold_elections(&shared) => Ok(()),
        () = say_goodbye(stop, &handle) => Ok(()),
    }
}

/// Tells whenever the document's version rises, whoever raised it; never ends.
async fn watch_rows(store: &Store, tell: &watch::Sender<u64>) {
    loop {
        tokio::time::sleep(WATCH).await;
        match store.version().await {
            Ok(version) => {
                tell.send_if_modified(|seen| std::mem::replace(seen, version) != version);
            }
            Err(error) => tracing::error!(%error, "the rows cannot be read"),
        }
    }
}

/// Renews the server's certificate in time; never ends.
async fn stay_dressed(shared: &Shared, mut dress: Dress, config: &RustlsConfig) {
    loop {
        tokio::time::sleep(WARDROBE).await;
        let now = Clock::wall();
        if dress.is_fresh(now) {
            continue;
        }
        match Dress::make(&shared.issuer, &shared.settings.hosts(), now) {
            Ok(new) => {
                config.reload_from_config(new.config.clone());
                dress = new;
            }
            Err(error) => tracing::error!(%error, "the server's certificate is not renewed"),
        }
    }
}

/// Ends once the server was told to stop and running requests had their time.
async fn say_goodbye(stop: impl Future<Output = ()>, handle: &Handle<SocketAddr>) {
    stop.await;
    handle.graceful_shutdown(Some(FAREWELL));
    tokio::time::sleep(2 * FAREWELL).await;
}
