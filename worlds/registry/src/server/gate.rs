//! The gate: how many connections and held questions there are, from whom, and for how long.
//!
//! A slow or greedy client may fill its own places, never those of all.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::settings::Limits;

/// Longest life of a connection: the longest held question, several times.
const LIFE: Duration = Duration::from_mins(5);

/// Where requests come from: an IPv4 address, or an IPv6 /64, which one customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source(u128);

impl Source {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u128::from(v4.to_bits())),
            IpAddr::V6(v6) => Self(v6.to_bits() >> 64 << 64),
        }
    }
}

/// Places, so many for all and so many for each source.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    inside: Arc<Mutex<Inside>>,
    all: usize,
    each: usize,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_source: BTreeMap<Source, usize>,
}

impl Places {
    /// Returns `all` places, of which a source may have `each`.
    pub(crate) fn new(all: usize, each: usize) -> Self {
        Self { inside: Arc::default(), all, each }
    }

    /// Gives a place, if there is one; it is free again when dropped.
    pub(crate) fn take(&self, source: Source) -> Option<Place> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = inside.by_source.get(&source).copied().unwrap_or(0);
        if inside.all >= self.all || theirs >= self.each {
            return None;
        }
        inside.all += 1;
        inside.by_source.insert(source, theirs + 1);
        drop(inside);
        Some(Place { places: self.clone(), source })
    }
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    source: Source,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.places.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        match inside.by_source.get_mut(&self.source) {
            Some(theirs) if *theirs > 1 => *theirs -= 1,
            Some(_) | None => drop(inside.by_source.remove(&self.source)),
        }
    }
}

/// Lets connections in, as many as the limits say.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Places);

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Places::new(limits.connections, limits.connections_per_source))
    }

    fn enter(&self, stream: TcpStream) -> io::Result<Visit> {
        stream.set_nodelay(true)?;
        let source = Source::of(stream.peer_addr()?.ip());
        let full = || io::Error::other("too many connections");
        let place = self.0.take(source).ok_or_else(full)?;
        let end = Box::pin(tokio::time::sleep(LIFE));
        Ok(Visit { stream, end, place })
    }
}

impl<S> Accept<TcpStream, S> for Gate {
    type Stream = Visit;
    type Service = S;
    type Future = Ready<io::Result<(Visit, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.enter(stream).map(|visit| (visit, service)))
    }
}

/// A connection that holds its place, and ends in time.
#[derive(Debug)]
pub(crate) struct Visit {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    #[expect(dead_code, reason = "holding it is its use")]
    place: Place,
}

impl Visit {
    /// Fails once the visit is over.
    fn is_welcome(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Visit {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_welcome(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.is_welcome(context)?;
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_free_again_when_the_connection_ends() {
        let limits = Limits { connections: 9, connections_per_source: 1, ..Limits::default() };
        let gate = Gate::new(limits);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_one, _two) = (TcpStream::connect(address).await, TcpStream::connect(address).await);
        let first = gate.enter(listener.accept().await.unwrap().0).unwrap();
        let second = listener.accept().await.unwrap().0;
        assert!(gate.enter(second).is_err());
        drop(first);
        let _three = TcpStream::connect(address).await;
        assert!(gate.enter(listener.accept().await.unwrap().0).is_ok());
    }

    #[test]
    fn a_source_has_its_places_and_all_have_theirs() {
        let source = |last| Source::of([192, 0, 2, last].into());
        let places = Places::new(5, 2);
        let one = [places.take(source(1)), places.take(source(1))];
        assert!(one.iter().all(Option::is_some) && places.take(source(1)).is_none());
        let others: Vec<_> = (2..=4).map(|last| places.take(source(last))).collect();
        assert!(others.iter().all(Option::is_some) && places.take(source(5)).is_none());
        drop(one);
        assert!(places.take(source(5)).is_some() && places.take(source(1)).is_some());
    }

    #[test]
    fn a_customer_is_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.2"), source("192.0.2.1"));
    }
}
