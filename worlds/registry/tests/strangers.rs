//! The server against whoever is not a well-behaved node: garbage, greed, slowness.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Town;
use crypto::{Request, SigningKey};
use registry::Code;
use registry::client;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

/// Opens a connection that speaks TLS of the `versions`.
#[cfg(test)]
fn tls(
    town: &Town,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let ca = client::fetch_ca(&town.invite(1)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(town.address)?;
    socket.set_read_timeout(Some(Duration::from_secs(15)))?;
    connection.complete_io(&mut socket)?;
    Ok(StreamOwned::new(connection, socket))
}

#[cfg(test)]
fn refused(answer: (u16, Value)) -> (u16, String) {
    let (status, said) = answer;
    for field in ["error", "remedy"] {
        assert!(!said[field].as_str().unwrap().is_empty(), "{said}");
    }
    (status, said["code"].as_str().unwrap().to_owned())
}

#[test]
fn garbage_is_answered_with_an_error_and_its_remedy() {
    let town = Town::new();
    let asked = |method, target, body: &[u8]| refused(town.send(method, target, body).unwrap());
    let form = (400, "form".to_owned());
    assert_eq!(asked("POST", "/v1/enrol", b""), form);
    assert_eq!(asked("POST", "/v1/enrol", b"{\"token\": 7}"), form);
    assert_eq!(asked("POST", "/v1/enrol", &[0xff; 1000]), form);
    assert_eq!(asked("POST", "/v1/contact", b"{\"introduction\": \"!\"}"), form);
    assert_eq!(asked("GET", "/v1/document?newer_than=-1", b""), form);
    assert_eq!(asked("GET", "/", b""), (404, "not-found".to_owned()));
    assert_eq!(asked("DELETE", "/v1/ca", b""), (404, "not-found".to_owned()));
    assert_eq!(asked("GET", "/v1/nodes", b""), (401, "proof".to_owned()));
    assert_eq!(asked("POST", "/v1/renew", b""), (401, "proof".to_owned()));
    let body = json!({"token": "AAAA", "csr": "x"}).to_string();
    assert_eq!(asked("POST", "/v1/enrol", body.as_bytes()).1, "invitation-unknown");
    let body = json!({"token": "AAAAAAAAAAAAAAAAAAAAAA", "csr": "x"}).to_string();
    assert_eq!(asked("POST", "/v1/enrol", body.as_bytes()), (400, "request".to_owned()));
    town.node();
}

#[test]
fn garbage_below_http_does_no_harm() {
    let town = Town::new();
    let mut plain = TcpStream::connect(town.address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut stream = tls(&town, &[&rustls::version::TLS13]).unwrap();
    stream.write_all(&[0; 4096]).unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(said.starts_with(b"HTTP/1.1 400"), "{said:?}");
    town.node();
}

#[test]
fn tls_older_than_1_3_is_refused() {
    let town = Town::new();
    assert!(tls(&town, &[&rustls::version::TLS13]).is_ok());
    assert!(tls(&town, &[&rustls::version::TLS12]).is_err());
}

#[test]
fn huge_bodies_are_refused() {
    let town = Town::new();
    let answer = town.send("POST", "/v1/enrol", &vec![b'x'; 70_000]).unwrap();
    assert_eq!(refused(answer), (413, "too-large".to_owned()));
    // It may hang up before it has read all of that.
    if let Ok(answer) = town.send("POST", "/v1/contact", &vec![b'x'; 50_000_000]) {
        assert_eq!(refused(answer).0, 413);
    }
    town.node();
}

#[test]
fn a_clock_that_is_wrong_is_named() {
    let town = Town::new();
    let node = town.node();
    let serial = node.certificate.serial.to_string();
    let proof = [("re6st-serial", serial.as_str()), ("re6st-time", "1000"), ("re6st-proof", "AA")];
    let answer = town.send_with("GET", "/v1/bootstrap?count=1", b"", &proof).unwrap();
    assert_eq!(refused(answer), (401, "clock".to_owned()));
}

#[test]
fn strangers_enrol_only_where_the_operator_wants_it() {
    let csr = Request::write(&SigningKey::generate().unwrap()).unwrap();
    let body = json!({ "csr": csr, "note": "a\nstranger" }).to_string();
    let answer = Town::new().send("POST", "/v1/enrol", body.as_bytes()).unwrap();
    assert_eq!(refused(answer), (401, "invitation-needed".to_owned()));

    let open = Town::with("anonymous = true\n");
    let (status, said) = open.send("POST", "/v1/enrol", body.as_bytes()).unwrap();
    assert_eq!(status, 200, "{said}");
    assert_eq!(registry::nodes(open.directory()).unwrap()[0].note, "astranger");
}

#[test]
fn an_open_network_takes_few_strangers_at_once_and_all_the_invited() {
    let town = Town::with("anonymous = true\n[limits]\nstrangers_per_hour = 2\n");
    let knock = || {
        let csr = Request::write(&SigningKey::generate().unwrap()).unwrap();
        town.send("POST", "/v1/enrol", json!({ "csr": csr }).to_string().as_bytes()).unwrap()
    };
    // What is no request is none of the two.
    assert_eq!(town.send("POST", "/v1/enrol", b"{\"csr\": \"x\"}").unwrap().0, 400);
    assert_eq!([knock().0, knock().0], [200, 200]);
    assert_eq!(refused(knock()), (429, "busy".to_owned()));
    town.node();
    assert_eq!(registry::nodes(town.directory()).unwrap().len(), 3);
}

#[test]
fn slow_clients_are_put_out_and_delay_nobody() {
    let town = Town::with("[limits]\npatience_seconds = 2\n");
    // Some never finish the handshake, some the head, some the body.
    let silent: Vec<_> = (0..30).map(|_| TcpStream::connect(town.address).unwrap()).collect();
    let start = |text: &[u8]| {
        let mut stream = tls(&town, &[&rustls::version::TLS13]).unwrap();
        stream.write_all(text).unwrap();
        stream
    };
    let head: Vec<_> = (0..10).map(|_| start(b"GET /v1/ca HTTP/1.1\r\nHost: a\r\nX-A: ")).collect();
    let body = b"POST /v1/enrol HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{";
    let body: Vec<_> = (0..10).map(|_| start(body)).collect();
    let began = Instant::now();
    town.node();
    assert!(began.elapsed() < Duration::from_secs(2));

    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(stream.read(&mut [0; 100]).unwrap_or(0), 0);
    }
    for mut stream in head.into_iter().chain(body) {
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"), "{said:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_greedy_source_gets_its_places_and_no_more() {
    let town = Town::with("[limits]\nconnections_per_source = 5\n");
    let held: Vec<_> = (0..5).map(|_| TcpStream::connect(town.address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(200));
    assert!(town.send("GET", "/v1/health", b"").is_err());
    drop(held);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(town.send("GET", "/v1/health", b"").unwrap().0, 200);
}

#[test]
fn who_asks_too_often_is_told_to_wait() {
    let town = Town::with("[limits]\nburst = 3\nrequests_per_second = 1\n");
    let answers: Vec<_> = (0..5).map(|_| town.send("GET", "/v1/health", b"").unwrap().0).collect();
    assert_eq!(answers[..3], [200, 200, 200]);
    assert!(answers[3..].contains(&429), "{answers:?}");
}

#[test]
fn only_so_many_wait_for_a_document() {
    let town = Town::with("[limits]\nheld = 1\n");
    std::thread::scope(|scope| {
        scope.spawn(|| town.send("GET", "/v1/document?newer_than=9&wait=2", b"").unwrap());
        std::thread::sleep(Duration::from_millis(500));
        let answer = town.send("GET", "/v1/document?newer_than=9&wait=2", b"").unwrap();
        assert_eq!(refused(answer), (429, "busy".to_owned()));
        let answer = town.send("GET", "/v1/document?newer_than=0&wait=2", b"").unwrap();
        assert_eq!(answer.0, 200);
    });
}

#[test]
fn a_source_has_few_of_the_places_where_questions_wait() {
    let town = Town::new();
    let ask = || town.send("GET", "/v1/document?newer_than=9&wait=3", b"").unwrap();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(refused(ask()), (429, "busy".to_owned()));
        for one in waiting {
            assert_eq!(one.join().unwrap().0, 204);
        }
    });
    // They are free again.
    let ask = || town.send("GET", "/v1/document?newer_than=9&wait=1", b"").unwrap();
    assert_eq!(ask().0, 204);
}

#[test]
fn the_description_describes_what_there_is() {
    let town = Town::new();
    let (status, described) = town.send("GET", "/v1/openapi.json", b"").unwrap();
    assert_eq!(status, 200);
    for (target, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let (status, _) = town.send(&method.to_uppercase(), target, b"").unwrap();
            assert_ne!(status, 404, "{method} {target}");
        }
    }
    let refusal = &described["components"]["responses"]["Refused"]["content"]["application/json"];
    let named = refusal["schema"]["properties"]["code"]["enum"].as_array().unwrap();
    let named: Vec<_> = named.iter().map(|name| name.as_str().unwrap()).collect();
    let all = Code::ALL.into_iter().filter(|code| *code != Code::Other).map(Code::name);
    assert_eq!(named, all.collect::<Vec<_>>());
}

#[test]
fn members_see_all_nodes_and_health_is_for_all() {
    let town = Town::new();
    let node = town.node();
    assert_eq!(node.client.nodes().unwrap().len(), 1);
    let (status, said) = town.send("GET", "/v1/health", b"").unwrap();
    assert_eq!(
        (status, said["status"].as_str(), said["document"].as_u64()),
        (200, Some("ok"), Some(1))
    );
}
