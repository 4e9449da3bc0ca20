//! Making a registry and governing it, without a server.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use common::{HOUR, found, options};
use gossip::Parameters;
use registry::{Error, Options, init, invite, nodes, raise_version, revoke, serve, set_parameters};

#[test]
fn a_registry_is_made_whole_and_its_secrets_are_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("new");
    let founded = init(&directory, &Options { network: None, ..options() }).unwrap();
    assert_eq!((founded.network.length(), founded.network.bits() >> 120), (48, 0xfd));
    let mode =
        |name: &str| std::fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("ca.key"), mode("registry.db")), (0o700, 0o600, 0o600));
    let invitation = invite(&directory, HOUR, 1).unwrap();
    assert_eq!(invitation.fingerprint, founded.fingerprint);
    assert_eq!(invitation.addresses, options().public);
    assert!(nodes(&directory).unwrap().is_empty());
}

#[test]
fn a_registry_is_not_made_over_another() {
    let folder = tempfile::tempdir().unwrap();
    found(folder.path(), "");
    let key = std::fs::read(folder.path().join("ca.key")).unwrap();
    for file in ["ca.pem", "registry.db", "registry.toml"] {
        let again = init(folder.path(), &options());
        assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
        std::fs::remove_file(folder.path().join(file)).unwrap();
    }
    // The key alone is enough to be left alone.
    assert!(matches!(init(folder.path(), &options()), Err(Error::Exists { .. })));
    assert_eq!(std::fs::read(folder.path().join("ca.key")).unwrap(), key);
}

#[test]
fn what_makes_no_network_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("new");
    let refused = |options: Options| {
        let error = init(&directory, &options).unwrap_err().to_string();
        assert!(!directory.exists());
        error
    };
    let network = Some("fe80::/48".parse().unwrap());
    assert!(refused(Options { network, ..options() }).contains("a /16 to a /60"));
    let public = vec!["nowhere".to_owned()];
    assert!(refused(Options { public, ..options() }).contains("HOST:PORT"));
    let parameters = Parameters { arrows: 0, ..Parameters::default() };
    assert!(refused(Options { parameters, ..options() }).contains("arrows"));
}

#[test]
fn a_failure_at_the_very_end_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Where the settings are drafted there is a folder that cannot be removed.
    std::fs::create_dir_all(folder.path().join(".registry.toml.new/full")).unwrap();
    let error = init(folder.path(), &options()).unwrap_err().to_string();
    assert!(error.contains("registry.toml"), "{error}");
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), [".registry.toml.new"]);
}

#[test]
fn a_restored_backup_leaps_over_the_versions_it_lost() {
    let folder = tempfile::tempdir().unwrap();
    found(folder.path(), "");
    assert_eq!(set_parameters(folder.path(), |_| ()).unwrap(), 2);
    assert_eq!(raise_version(folder.path(), 40, |it| it.arrows = 7).unwrap(), 40);
    assert_eq!(raise_version(folder.path(), 40, |_| ()).unwrap(), 41);
    let slip = raise_version(folder.path(), u64::MAX, |_| ()).unwrap_err().to_string();
    assert!(slip.contains("at-least-version must be 0 to 1000000000"), "{slip}");
    assert_eq!(set_parameters(folder.path(), |_| ()).unwrap(), 42);
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_with_a_remedy() {
    let error = init(std::path::Path::new("/proc/nowhere"), &options()).unwrap_err().to_string();
    assert!(error.contains("/proc/nowhere") && error.contains("; "), "{error}");
}

#[test]
fn where_no_registry_is_nothing_is_governed() {
    let folder = tempfile::tempdir().unwrap();
    let error = invite(folder.path(), HOUR, 1).unwrap_err().to_string();
    assert!(error.contains("re6st registry init"), "{error}");
    let nobody = serve(folder.path(), |_| (), async {});
    assert!(matches!(nobody, Err(Error::Missing { .. })));
}

#[test]
fn parts_of_two_registries_do_not_go_together() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    found(one.path(), "");
    let network = Some("fd00:43::/48".parse().unwrap());
    init(other.path(), &Options { network, ..options() }).unwrap();
    let copy = |file: &str| std::fs::copy(other.path().join(file), one.path().join(file)).unwrap();
    copy("ca.pem");
    let error = nodes(one.path()).unwrap_err().to_string();
    assert!(error.contains("restore ca.pem and ca.key together"), "{error}");
    copy("ca.key");
    assert!(matches!(nodes(one.path()), Err(Error::Mixed { .. })));
}

#[test]
fn what_an_operator_asks_for_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    found(folder.path(), "");
    let directory = folder.path();
    assert!(matches!(invite(directory, HOUR, 0), Err(Error::Bounds(_))));
    assert!(matches!(invite(directory, Duration::ZERO, 1), Err(Error::Bounds(_))));
    assert!(matches!(revoke(directory, "somebody"), Err(Error::Nobody { .. })));
    assert!(matches!(revoke(directory, "7"), Err(Error::Store(_))));
    let wild = set_parameters(directory, |parameters| parameters.arrows = 1000);
    assert!(
        matches!(&wild, Err(Error::Bounds(named)) if named == &["arrows must be 1 to 100"]),
        "{wild:?}"
    );
    assert_eq!(set_parameters(directory, |parameters| parameters.arrows = 7).unwrap(), 2);
}

#[test]
fn a_misspelt_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    found(folder.path(), "anonymus = true\n");
    let error = nodes(folder.path()).unwrap_err().to_string();
    assert!(error.contains("registry.toml") && error.contains("anonymus"), "{error}");
}

#[test]
fn a_port_in_use_is_named_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    init(folder.path(), &Options { listen, ..options() }).unwrap();
    let error = serve(folder.path(), |_| (), async {}).unwrap_err().to_string();
    assert!(error.contains(&listen.to_string()) && error.contains("another program"), "{error}");
}
