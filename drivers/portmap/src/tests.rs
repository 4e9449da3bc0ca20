//! Routers of our own, on loopback, that speak one protocol each.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);

/// What a router was asked, each time.
type Asked = Arc<Mutex<Vec<Vec<u8>>>>;

fn wish(pcp: u16, ssdp: u16) -> Wish {
    Wish {
        gateway: Ipv4Addr::LOCALHOST,
        own: Ipv4Addr::LOCALHOST,
        port: 6326,
        lifetime: Duration::from_hours(1),
        nonce: [7; 12],
        doors: Doors { pcp, ssdp },
    }
}

/// A port where nobody answers.
fn nobody() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

/// Answers datagrams until the test ends.
fn router(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> (u16, Asked) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let asked = Asked::default();
    let note = Arc::clone(&asked);
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            note.lock().unwrap().push(buffer[..length].to_vec());
            if let Some(answer) = answer(&buffer[..length]) {
                socket.send_to(&answer, from).unwrap();
            }
        }
    });
    (port, asked)
}

fn pcp(request: &[u8], outside: Ipv4Addr) -> Option<Vec<u8>> {
    (request.first() == Some(&2)).then(|| {
        let mut answer = request.to_vec();
        answer[1] = 0x81;
        answer[4..8].copy_from_slice(&120_u32.to_be_bytes());
        answer[8..24].fill(0);
        answer[42..44].copy_from_slice(&4711_u16.to_be_bytes());
        answer[44..60].copy_from_slice(&outside.to_ipv6_mapped().octets());
        answer
    })
}

fn pmp(request: &[u8]) -> Vec<u8> {
    match request {
        [0, 0] => [&[0, 0x80, 0, 0, 0, 0, 0, 1][..], &OUTSIDE.octets()].concat(),
        [0, 1, _, _, a, b, ..] => {
            vec![0, 0x81, 0, 0, 0, 0, 0, 1, *a, *b, 0x12, 0x67, 0, 0, 0, 60]
        }
        // "Unsupported version", as RFC 6886 §3.5 asks.
        _ => vec![0, 0x81, 0, 1, 0, 0, 0, 1],
    }
}

#[test]
fn a_router_that_speaks_pcp_maps_and_takes_away_by_it() {
    let (port, asked) = router(|request| pcp(request, OUTSIDE));
    let wish = wish(port, nobody());
    let mapping = map(&wish).unwrap();
    assert_eq!(mapping.outside, SocketAddrV4::new(OUTSIDE, 4711));
    assert_eq!((mapping.by, mapping.lifetime), (Protocol::Pcp, Duration::from_mins(2)));
    unmap(&wish, &mapping);
    let asked = asked.lock().unwrap();
    assert_eq!((asked.len(), &asked[1][4..8]), (2, &[0; 4][..]), "a lifetime of 0");
    assert_eq!(asked[1][24..36], [7; 12], "the same nonce");
}

#[test]
fn a_router_that_speaks_nat_pmp_alone_is_asked_by_it() {
    let (port, asked) = router(|request| Some(pmp(request)));
    let wish = wish(port, nobody());
    let mapping = map(&wish).unwrap();
    assert_eq!(mapping.outside, SocketAddrV4::new(OUTSIDE, 0x1267));
    assert_eq!((mapping.by, mapping.lifetime), (Protocol::NatPmp, Duration::from_mins(1)));
    unmap(&wish, &mapping);
    assert_eq!(asked.lock().unwrap().last().unwrap()[8..12], [0; 4]);
}

#[test]
fn a_router_behind_another_nat_is_no_help() {
    let (port, _) = router(|request| pcp(request, Ipv4Addr::new(10, 0, 0, 7)));
    assert!(matches!(map(&wish(port, nobody())), Err(Failed::NotOutside(_))));
}

#[test]
fn where_nobody_answers_it_is_over_soon_and_said_so() {
    assert!(matches!(map(&wish(nobody(), nobody())), Err(Failed::Silent)));
}

#[test]
fn noise_is_no_mapping() {
    let (port, _) = router(|request| Some(request.iter().map(|octet| octet ^ 0x55).collect()));
    assert!(map(&wish(port, nobody())).is_err());
}

/// A router of `UPnP`; it refuses mappings that end.
fn upnp(calls: &Asked) -> u16 {
    let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let SocketAddr::V4(at) = http.local_addr().unwrap() else { panic!() };
    let note = Arc::clone(calls);
    thread::spawn(move || {
        for stream in http.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !whole(&request) {
                let length = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..length]);
            }
            let (status, body) = page(&String::from_utf8_lossy(&request));
            note.lock().unwrap().push(request);
            write!(stream, "HTTP/1.1 {status} x\r\nServer: y\r\n\r\n{body}").unwrap();
        }
    });
    let (ssdp, _) = router(move |_| {
        Some(format!("HTTP/1.1 200 OK\r\nLocation: http://{at}/root.xml\r\n\r\n").into_bytes())
    });
    ssdp
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn page(request: &str) -> (u16, String) {
    if request.starts_with("GET /root.xml") {
        let kind = "urn:schemas-upnp-org:service:WANIPConnection:1";
        return (
            200,
            format!(
                "<root><service><serviceType>{kind}</serviceType>\
             <controlURL>/ctl</controlURL></service></root>"
            ),
        );
    }
    assert!(request.starts_with("POST /ctl"), "{request}");
    if request.contains("u:GetExternalIPAddress") {
        (200, format!("<NewExternalIPAddress>{OUTSIDE}</NewExternalIPAddress>"))
    } else if request.contains("<NewLeaseDuration>3600<") {
        (500, "<errorCode>725</errorCode>".to_owned())
    } else {
        (200, String::new())
    }
}

#[test]
fn a_router_that_speaks_upnp_maps_even_if_only_for_ever() {
    let calls = Asked::default();
    let wish = wish(nobody(), upnp(&calls));
    let mapping = map(&wish).unwrap();
    assert_eq!((mapping.outside, mapping.by), (SocketAddrV4::new(OUTSIDE, 6326), Protocol::Upnp));
    unmap(&wish, &mapping);
    let calls = calls.lock().unwrap();
    let last = String::from_utf8_lossy(calls.last().unwrap()).into_owned();
    assert!(last.contains("#DeletePortMapping\"") && last.contains("<NewExternalPort>6326<"));
    assert_eq!(calls.len(), 5, "description, address, two tries, farewell");
}

#[test]
fn a_port_of_an_inner_router_is_none() {
    let at = |ip: [u8; 4], port| {
        believable(Mapping {
            outside: SocketAddrV4::new(ip.into(), port),
            lifetime: Duration::from_mins(1),
            by: Protocol::Pcp,
            service: None,
        })
    };
    assert!(at([203, 0, 113, 5], 6326).is_ok());
    for inner in [[192, 168, 1, 1], [100, 64, 0, 1], [0, 0, 0, 0], [127, 0, 0, 1], [10, 0, 0, 1]] {
        assert!(matches!(at(inner, 6326), Err(Failed::NotOutside(_))), "{inner:?}");
    }
    assert!(at([203, 0, 113, 5], 0).is_err());
}
