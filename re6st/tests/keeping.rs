//! What a node keeps, damaged or another's; and whoever asks it rubbish.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use common::home::{Home, authority, enrolled, grant, years};
use common::machine::Machine;
use common::town::Town;
use common::{patiently, re6st};
use crypto::{Issuer, SigningKey};

#[test]
fn without_a_node_nothing_runs_and_nobody_answers() {
    let home = Home::empty();
    let up = re6st(&["up", "--state", home.path()]);
    up.refused(&["holds no node", "re6st join INVITATION --state"]);
    assert!(!home.state.exists());
    for question in ["status", "arrows", "routes", "nodes", "introduction"] {
        let said = re6st(&[question, "--json", "--state", home.path()]);
        said.refused(&["no node runs", "start one with `re6st up", "--state"]);
    }
    // A socket that a dead node left is nobody, too.
    std::fs::create_dir(&home.state).unwrap();
    drop(UnixListener::bind(home.file("control.sock")).unwrap());
    re6st(&["status", "--state", home.path()]).refused(&["no node runs", "re6st up"]);
    // Somebody who hangs up, or speaks otherwise, is no node either.
    for answer in [&b""[..], b"hello\n", b"{\"a\"\n"] {
        let socket = home.file("control.sock");
        std::fs::remove_file(&socket).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let impostor = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            BufReader::new(&stream).read_line(&mut String::new()).unwrap();
            stream.write_all(answer).unwrap();
        });
        let said = re6st(&["status", "--state", home.path()]);
        said.refused(&["answer is not understood", "another version"]);
        impostor.join().unwrap();
    }
}

#[test]
fn keys_and_certificates_that_are_damaged_are_named() {
    let wrong: [(&str, &[&str]); 5] = [
        ("key.pem", &["private key", "restore the file"]),
        ("noise.key", &["private key", "restore the file"]),
        ("certificate.pem", &["not an X.509 certificate", "fetch it again"]),
        ("ca.pem", &["not an X.509 certificate", "fetch it again"]),
        ("registry.txt", &["no address of a registry", "HOST:PORT"]),
    ];
    let Some(machine) = Machine::private() else { return };
    for (file, words) in wrong {
        let home = Home::new();
        let whole = home.read(file);
        let cut = &whole[..whole.len() / 2];
        for damaged in [&b""[..], b"\xff\x00\xff garbage\n", cut] {
            // Half an address is an address.
            if file == "registry.txt" && damaged == cut {
                continue;
            }
            home.write(file, damaged);
            let said = machine.up(&home);
            said.refused(words);
            said.refused(&[file]);
        }
        std::fs::remove_file(home.file(file)).unwrap();
        let said = machine.up(&home);
        let missing = if file == "certificate.pem" { "holds no node" } else { "No such file" };
        said.refused(&[missing]);
    }
}

#[test]
fn a_certificate_must_be_of_this_network_and_of_this_key() {
    let key = || SigningKey::generate().unwrap();
    let (ca, other) = (authority("fd00:42::/48", key()), authority("fd00:42::/48", key()));
    let good = grant("fd00:42:0:7::/64", years(1));
    let refused = |home: Home, words: &[&str]| {
        let said = re6st(&["up", "--state", home.path()]);
        said.refused(words);
        said.refused(&["certificate.pem"]);
    };
    let home = Home::of(&ca, |key| other.issue(&key.public(), &good).unwrap());
    refused(home, &["not issued by this network's authority", "or join anew"]);

    let home = Home::of(&ca, |_| ca.issue(&key().public(), &good).unwrap());
    refused(home, &["is not of the key beside it", "restore the right pair"]);

    // The same authority under another name: it could sign what its network does not hold.
    let again = SigningKey::from_pem(&ca.key().pem()).unwrap();
    let wide = authority("fd00::/16", again);
    let far = grant("fd00:42:0:7:0:8::/112", years(1));
    let home = Home::of(&ca, |key| wide.issue(&key.public(), &far).unwrap());
    refused(home, &["prefix is outside of the network", "re6st join"]);

    let home = Home::of(&ca, |_| ca.issue(&key().public(), &good).unwrap());
    home.write("certificate.pem", ca.certificate().pem());
    refused(home, &["not the certificate of a node", "re6st join"]);
    let home = Home::of(&ca, |key| ca.issue(&key.public(), &good).unwrap());
    home.write("ca.pem", home.read("certificate.pem"));
    let said = re6st(&["up", "--state", home.path()]);
    said.refused(&["ca.pem", "not the certificate of an authority", "fetch ca.pem"]);
}

#[test]
fn an_expired_certificate_is_told_counted_and_renewed_when_the_registry_answers() {
    let Some(machine) = Machine::private() else { return };
    let town = Town::new();
    let home = Home::empty();
    let served = town.serve(&machine);
    machine.re6st(&["join", &town.invitation(), "--state", home.path()]).well();
    let given = enrolled(&home);
    let file = |name| std::fs::read_to_string(town.directory().join(name)).unwrap();
    let ca = crypto::AuthorityCertificate::from_pem(&file("ca.pem")).unwrap();
    let issuer = Issuer::new(ca, SigningKey::from_pem(&file("ca.key")).unwrap()).unwrap();
    let index = given.index.unwrap();
    let grant = crypto::Grant { node: given.node, index, serial: given.serial, validity: years(0) };
    home.write("certificate.pem", issuer.issue(&given.key, &grant).unwrap().pem());

    drop(served);
    let node = machine.lives(&home);
    assert!(node.log().contains("expired"), "{}", node.log());
    assert!(patiently(|| home.status()["events"]["myself-refused"].as_u64() > Some(0)));
    drop(node);

    let _served = town.serve(&machine);
    let _node = machine.lives(&home);
    let now = linux::Clock::wall();
    assert!(patiently(|| home.status()["expires"].as_u64() > Some(now.0)));
    assert!(enrolled(&home).until > now);
}

#[test]
fn what_comes_back_by_itself_may_be_damaged() {
    let Some(machine) = Machine::private() else { return };
    let town = Town::new();
    let _served = town.serve(&machine);
    let home = Home::empty();
    machine.re6st(&["join", &town.invitation(), "--state", home.path()]).well();
    let document = home.read("document.cbor");
    let mut forged = document.clone();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    for damaged in [&b"\xff\x00garbage"[..], &document[..document.len() / 2], &forged] {
        home.write("document.cbor", damaged);
        let _node = machine.lives(&home);
        assert!(patiently(|| home.status()["document"] == 1), "{}", home.status());
        let status = home.status();
        assert_eq!(status["events"]["document-refused"], 1, "{status}");
        assert!(patiently(|| home.read("document.cbor") == document));
    }
    // Two introductions of 40 octets, which are none, and a third one cut short.
    let two = [&[0, 40][..], &[7; 40], &[0, 40], &[0xff; 40], &[0xff; 9]].concat();
    home.write("contacts.cbor", two);
    let _node = machine.lives(&home);
    assert!(patiently(|| home.status()["document"] == 1));
    let status = home.status();
    assert_eq!(status["told"]["gossip"]["refused"]["malformed"], 3, "{status}");
    assert_eq!(status["refused"]["gossip:malformed"], 3, "{status}");
    let people = machine.re6st(&["status", "--state", home.path()]).well();
    let line = people.lines().find(|line| line.starts_with("refused "));
    assert!(line.is_some_and(|line| line.contains("gossip:malformed=3")), "{people}");
}

#[test]
fn two_nodes_do_not_share_a_state_or_an_interface() {
    let Some(machine) = Machine::private() else { return };
    let home = Home::new();
    let node = machine.lives(&home);
    machine.up(&home).refused(&["a node already runs with", "stop it first", "another --state"]);
    let ca = authority("fd00:43::/48", SigningKey::generate().unwrap());
    let seat = grant("fd00:43:0:7::/64", years(1));
    let other = Home::of(&ca, |key| ca.issue(&key.public(), &seat).unwrap());
    machine.up(&other).refused(&["UDP [::]:6326", "in use", "choose another port"]);
    other.write("re6st.toml", "port = 7000");
    machine.up(&other).refused(&["re6st0", "the name is taken", "choose another name"]);
    assert!(home.status()["address"].is_string());
    drop(node);
    // Its socket is still there, and in nobody's way.
    assert!(home.file("control.sock").exists());
    let _node = machine.lives(&home);
    assert!(patiently(|| home.status()["address"].is_string()));
}

#[test]
fn rubbish_on_the_control_socket_harms_nobody() {
    let Some(machine) = Machine::private() else { return };
    let home = Home::new();
    let mut node = machine.lives(&home);
    node.logs("the node is up");
    assert!(patiently(|| home.status()["address"].is_string()));
    let connect = || UnixStream::connect(home.file("control.sock")).unwrap();
    let deep = b"[".repeat(4_000);
    let garbage: [&[u8]; 6] = [
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfe\n",
        b"{\"ask\":\"money\"}\n",
        &deep,
        &[0; 9_000],
    ];
    for octets in garbage {
        let mut stream = connect();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // It may hang up before it has heard everything.
        let _ = stream.write_all(octets);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.contains("remedy") || octets.len() > 8_000, "{octets:?}: {answer}");
    }
    // Who keeps silent, hangs up or does not read is not waited for.
    let _silent = [connect(), connect(), connect()];
    for _ in 0..50 {
        let _ = connect().write_all(b"{\"ask\":\"nodes\"}\n");
    }
    assert!(home.status()["address"].is_string());
}

#[test]
fn a_state_directory_whose_path_is_too_long_for_a_socket_is_refused() {
    let Some(machine) = Machine::private() else { return };
    let home = Home::new();
    let long = home.folder().join("x".repeat(110));
    let home = home.at(&long);
    machine.up(&home).refused(&["control.sock", "SUN_LEN", "a shorter path"]);
}
