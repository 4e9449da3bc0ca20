//! Invitations that let nobody in, and joins that are cut short: nothing is lost.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use common::home::{Home, enrolled};
use common::machine::{Machine, disk, fill, on_a_thread, read_only, writable};
use common::town::Town;
use common::{Said, re6st};

#[cfg(test)]
fn join(invitation: &str, home: &Home) -> Said {
    re6st(&["join", invitation, "--state", home.path()])
}

#[test]
fn text_that_is_no_invitation_makes_nothing() {
    let line = Town::new().invitation();
    let swapped: String = line.chars().rev().collect();
    let changed = line.replacen(&line[40..42], "__", 1);
    let wrong = [
        ("", "not an invitation; copy the line that begins with `re6st1:`"),
        ("-Exyz", "not an invitation; copy the line that begins with `re6st1:`"),
        ("hello", "not an invitation; copy the line that begins with `re6st1:`"),
        (&swapped, "not an invitation; copy the line that begins with `re6st1:`"),
        (&line[..line.len() - 1], "garbled; copy the line again"),
        (&line[..60], "garbled; copy the line again"),
        ("re6st1:", "garbled; copy the line again"),
        (&changed, "garbled; copy the line again"),
        ("re6st1:\u{1f600}", "garbled; copy the line again"),
        (&line.replace("re6st1:", "re6st2:"), "of another version of re6st; update"),
        (&"x".repeat(10_000), "not an invitation"),
    ];
    let home = Home::empty();
    for (text, words) in wrong {
        join(text, &home).refused(&[words]);
        assert!(!home.state.exists(), "{text}");
    }
}

#[test]
fn an_invitation_that_has_expired_is_refused() {
    let town = Town::new();
    let line = town.does(&["invite", "--lifetime", "1s"]).well();
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    let words = ["the invitation has expired", "ask for another"];
    join(line.trim(), &Home::empty()).refused(&words);
}

#[test]
fn an_invitation_lets_in_as_many_as_it_says_and_no_node_is_joined_over() {
    let town = Town::new();
    let _served = town.serve(&Machine::ours());
    let line = town.invitation();
    let (home, other) = (Home::empty(), Home::empty());
    join(&line, &home).well();
    let before = home.read("certificate.pem");
    let again = join(&line, &home);
    again.refused(&["already holds a node", "use another --state"]);
    assert_eq!(home.read("certificate.pem"), before);

    join(&line, &other).refused(&["has been used up", "ask for another"]);
    assert_eq!(town.population(), 1);
    // With another invitation, the same directory will do.
    join(&town.invitation(), &other).well();
    assert_eq!(town.population(), 2);
}

#[test]
fn only_the_registry_that_invites_is_believed() {
    let (town, stranger) = (Town::new(), Town::new());
    let line = town.invitation();
    let settings = |town: &Town| town.directory().join("registry.toml");
    std::fs::copy(settings(&town), settings(&stranger)).unwrap();
    let home = Home::empty();
    let served = stranger.serve(&Machine::ours());
    let words = [town.address.as_str(), "is not the registry of this network", "ask for a new"];
    join(&line, &home).refused(&words);
    drop(served);
    join(&line, &home).refused(&[&town.address, "does not answer", "check the network"]);

    let _served = town.serve(&Machine::ours());
    join(&line, &home).well();
}

#[test]
fn who_answers_without_being_a_registry_is_named() {
    let town = Town::new();
    let line = town.invitation();
    let garbage = std::net::TcpListener::bind(&town.address).unwrap();
    std::thread::spawn(move || {
        use std::io::Write;
        for stream in garbage.incoming() {
            // Who hangs up has heard enough.
            let _ = stream.and_then(|mut stream| stream.write_all(b"220 mail ready\r\n"));
        }
    });
    join(&line, &Home::empty()).refused(&[&town.address, "does not answer", "check the network"]);
}

#[test]
fn what_is_in_the_directory_already_is_not_overwritten() {
    let town = Town::new();
    let _served = town.serve(&Machine::ours());
    let home = Home::new();
    std::fs::remove_file(home.file("certificate.pem")).unwrap();
    home.write("re6st.toml", "port = 7000\n");
    let key = home.read("key.pem");
    let line = town.invitation();
    let arguments = ["join", &line, "--state", home.path(), "--country", "FR"];
    re6st(&arguments).refused(&["re6st.toml", "is not overwritten", "say endpoints and country"]);

    home.write("key.pem", "garbage");
    join(&line, &home).refused(&["key.pem", "not a signing private key", "restore the file"]);
    assert_eq!((town.population(), home.read("key.pem")), (0, b"garbage".to_vec()));

    home.write("key.pem", &key);
    join(&line, &home).well();
    assert_eq!((home.read("re6st.toml"), home.read("key.pem")), (b"port = 7000\n".to_vec(), key));

    let file = Home::empty();
    std::fs::write(&file.state, "a file").unwrap();
    join(&town.invitation(), &file).refused(&[file.path(), "use another --state"]);
}

#[test]
fn a_join_on_a_full_disk_can_be_made_again_with_the_same_invitation() {
    on_a_thread(|| {
        let town = Town::new();
        let _served = town.serve(&Machine::ours());
        let line = town.invitation();
        let home = Home::empty();
        if !disk(home.folder()) {
            return;
        }
        let mut refused = 0;
        for spare in [0].into_iter().chain(std::iter::repeat_n(4, 20)) {
            // Room for one file more each time.
            fill(home.folder(), spare);
            let said = join(&line, &home);
            if home.file("certificate.pem").exists() {
                said.well();
                break;
            }
            said.refused(&[home.path(), "No space left", "free space"]);
            refused += 1;
        }
        // It was cut short at every file, before and after the registry had answered.
        assert!(refused > 5, "{refused}");
        assert_eq!(town.population(), 1);
        assert!(enrolled(&home).node.0.length() == 64);
    });
}

#[test]
fn a_join_on_a_read_only_disk_is_refused_before_the_invitation_is_used() {
    on_a_thread(|| {
        let town = Town::new();
        let _served = town.serve(&Machine::ours());
        let line = town.invitation();
        let home = Home::empty();
        if !disk(home.folder()) {
            return;
        }
        read_only(home.folder());
        join(&line, &home).refused(&[home.path(), "Read-only file system", "remount it"]);
        assert_eq!(town.population(), 0);
        writable(home.folder());
        join(&line, &home).well();
    });
}
