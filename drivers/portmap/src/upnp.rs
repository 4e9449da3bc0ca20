//! `UPnP` Internet gateway devices: a search by UDP, a description and calls by HTTP.
//!
//! ```text
//!   M-SEARCH ─► LOCATION ─► description ─► controlURL ─► GetExternalIPAddress, AddPortMapping
//! ```
//!
//! The router is asked itself, not the whole network, and a device that names another host
//! than the router is not believed: what it says is fetched, so it could lead us anywhere.
//!
//! Source: `UPnP` device architecture 1.1 §1.3, §2.1, §3.1; `WANIPConnection:1` §2.4.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::time::Duration;

use crate::{Failed, Mapping, Protocol, Wish};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest description or answer that is read, octets.
const LONGEST: u64 = 128 * 1024;

/// The services that map ports, the common one first.
const SERVICES: [&str; 3] = ["WANIPConnection:1", "WANIPConnection:2", "WANPPPConnection:1"];

/// The error of a router whose mappings do not end.
const ONLY_PERMANENT: u16 = 725;

/// Where, and under which name, a router is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Host and port of HTTP.
    pub host: SocketAddrV4,
    /// Path of the calls, with its slash.
    pub path: String,
    /// One of the services that map ports.
    pub name: String,
}

pub(crate) fn map(wish: &Wish) -> Result<Mapping, Failed> {
    let (host, path) = search(wish)?;
    let description = fetch(host, &request("GET", &path, host, "", ""))?;
    let service = service_of(&description, host).ok_or(Failed::Silent)?;
    let answer = call(&service, "GetExternalIPAddress", "")?;
    let ip: Ipv4Addr = between(&answer, "<NewExternalIPAddress>", "<")
        .and_then(|text| text.trim().parse().ok())
        .ok_or(Failed::Silent)?;
    let lifetime = match add(&service, wish, wish.lifetime) {
        Err(Failed::Refused(ONLY_PERMANENT)) => add(&service, wish, Duration::ZERO),
        other => other,
    }?;
    let outside = SocketAddrV4::new(ip, wish.port);
    Ok(Mapping { outside, lifetime, by: Protocol::Upnp, service: Some(service) })
}

pub(crate) fn unmap(service: &Service, outside: u16) -> Result<(), Failed> {
    let arguments = format!(
        "<NewRemoteHost></NewRemoteHost><NewExternalPort>{outside}</NewExternalPort>\
         <NewProtocol>UDP</NewProtocol>"
    );
    call(service, "DeletePortMapping", &arguments).map(drop)
}

/// Asks for the mapping; returns how long until it is to be asked for again, twice.
fn add(service: &Service, wish: &Wish, lifetime: Duration) -> Result<Duration, Failed> {
    let Wish { own, port, .. } = wish;
    let arguments = format!(
        "<NewRemoteHost></NewRemoteHost><NewExternalPort>{port}</NewExternalPort>\
         <NewProtocol>UDP</NewProtocol><NewInternalPort>{port}</NewInternalPort>\
         <NewInternalClient>{own}</NewInternalClient><NewEnabled>1</NewEnabled>\
         <NewPortMappingDescription>re6st</NewPortMappingDescription>\
         <NewLeaseDuration>{}</NewLeaseDuration>",
        lifetime.as_secs()
    );
    call(service, "AddPortMapping", &arguments)?;
    Ok(wish.lifetime)
}

/// Searches the router's description: its host, which is the router, and its path.
fn search(wish: &Wish) -> Result<(SocketAddrV4, String), Failed> {
    let socket = UdpSocket::bind((wish.own, 0))?;
    socket.connect((wish.gateway, wish.doors.ssdp))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let target = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
    let search = format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n\
         MX: 1\r\nST: {target}\r\n\r\n"
    );
    let mut buffer = [0; 2048];
    socket.send(search.as_bytes())?;
    while let Ok(length) = socket.recv(&mut buffer) {
        let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        let found = header(&text, "location").and_then(|url| split(url, wish.gateway));
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(Failed::Silent)
}

/// Reads `http://ADDRESS[:PORT]/path`, if the address is `gateway`.
fn split(url: &str, gateway: Ipv4Addr) -> Option<(SocketAddrV4, String)> {
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = match host.parse() {
        Ok(host) => host,
        Err(_) => SocketAddrV4::new(host.parse().ok()?, 80),
    };
    let clean = path.chars().all(|letter| letter.is_ascii_graphic());
    (*host.ip() == gateway && clean).then(|| (host, format!("/{path}")))
}

/// Returns the service of a device's `description` that maps ports, called at `host`.
pub fn service_of(description: &str, host: SocketAddrV4) -> Option<Service> {
    SERVICES.into_iter().find_map(|name| {
        let kind = format!("<serviceType>urn:schemas-upnp-org:service:{name}</serviceType>");
        let (_, after) = description.split_once(&kind)?;
        let (within, _) = after.split_once("</service>")?;
        let url = between(within, "<controlURL>", "</controlURL>")?.trim();
        let path = match url.strip_prefix("http://") {
            Some(_) => split(url, *host.ip()).filter(|(at, _)| *at == host)?.1,
            None => format!("/{}", url.trim_start_matches('/')),
        };
        let clean = path.chars().all(|letter| letter.is_ascii_graphic());
        clean.then(|| Service { host, path, name: name.to_owned() })
    })
}

/// Calls an action of a service, and returns what it answers.
fn call(service: &Service, action: &str, arguments: &str) -> Result<String, Failed> {
    let Service { host, path, name } = service;
    let urn = format!("urn:schemas-upnp-org:service:{name}");
    let body = format!(
        "<?xml version=\"1.0\"?>\r\n\
         <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:{action} xmlns:u=\"{urn}\">{arguments}</u:{action}></s:Body></s:Envelope>"
    );
    let headers = format!("SOAPAction: \"{urn}#{action}\"\r\n");
    fetch(*host, &request("POST", path, *host, &headers, &body))
}

fn request(method: &str, path: &str, host: SocketAddrV4, headers: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n{headers}\
         Content-Type: text/xml; charset=\"utf-8\"\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request, and returns the body of what comes back, if it is a success.
fn fetch(host: SocketAddrV4, request: &str) -> Result<String, Failed> {
    let mut stream = TcpStream::connect_timeout(&host.into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut octets = Vec::new();
    // A server that does not close is read as far as it came.
    let _ = stream.take(LONGEST).read_to_end(&mut octets);
    let text = String::from_utf8_lossy(&octets);
    let (head, body) = text.split_once("\r\n\r\n").ok_or(Failed::Silent)?;
    if head.split(' ').nth(1) == Some("200") {
        return Ok(body.to_owned());
    }
    let reason = between(body, "<errorCode>", "<").and_then(|code| code.trim().parse().ok());
    Err(reason.map_or(Failed::Silent, Failed::Refused))
}

/// Returns a header of an answer, whatever case its name is in.
fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

    #[test]
    fn only_the_router_itself_is_fetched_from() {
        let at = |url| split(url, ROUTER);
        let port = SocketAddrV4::new(ROUTER, 5000);
        assert_eq!(at("http://192.168.1.1:5000/root.xml"), Some((port, "/root.xml".into())));
        let plain = SocketAddrV4::new(ROUTER, 80);
        assert_eq!(at("http://192.168.1.1"), Some((plain, "/".into())));
        for other in ["http://192.168.1.9/x", "https://192.168.1.1/", "http://router/", "x", ""] {
            assert_eq!(at(other), None, "{other}");
        }
        assert_eq!(at("http://192.168.1.1/a b"), None);
    }

    #[test]
    fn the_service_that_maps_ports_is_found_among_others() {
        let host = SocketAddrV4::new(ROUTER, 5000);
        let of = |url: &str| {
            let description = format!(
                "<service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1\
                 </serviceType><controlURL>/no</controlURL></service><service><serviceType>\
                 urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>\
                 <controlURL>{url}</controlURL></service>"
            );
            service_of(&description, host).map(|service| service.path)
        };
        assert_eq!(of("/ctl/IPConn"), Some("/ctl/IPConn".into()));
        assert_eq!(of("ctl"), Some("/ctl".into()));
        assert_eq!(of("http://192.168.1.1:5000/ctl"), Some("/ctl".into()));
        assert_eq!(of("http://203.0.113.9/ctl"), None);
        assert_eq!(service_of("<root/>", host), None);
    }
}
