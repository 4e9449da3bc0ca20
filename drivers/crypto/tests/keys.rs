//! Keys and their files.

mod common;

use std::os::unix::fs::PermissionsExt;

use common::openssl;
use crypto::{KeyError, SigningKey, StaticKey};

#[test]
fn key_files_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let (signing, handshake) = (folder.path().join("node.key"), folder.path().join("static.key"));
    std::fs::write(&signing, "an older file, readable by all").unwrap();
    let (key, x25519) = (SigningKey::generate().unwrap(), StaticKey::generate().unwrap());
    key.save(&signing).unwrap();
    x25519.save(&handshake).unwrap();
    for path in [&signing, &handshake] {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(SigningKey::load(&signing).unwrap().public(), key.public());
    let read = StaticKey::load(&handshake).unwrap();
    assert_eq!((read.private(), read.public()), (x25519.private(), x25519.public()));
}

#[test]
fn openssl_reads_our_keys_and_we_read_its() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    if openssl(at, "genpkey -algorithm x25519 -out theirs").is_none() {
        return;
    }
    let theirs = StaticKey::load(&at.join("theirs")).unwrap();
    openssl(at, "pkey -in theirs -pubout -outform DER -out public");
    let public = std::fs::read(at.join("public")).unwrap();
    assert!(public.ends_with(&theirs.public()));
    StaticKey::generate().unwrap().save(&at.join("ours")).unwrap();
    openssl(at, "pkey -in ours -noout");
    SigningKey::generate().unwrap().save(&at.join("signing")).unwrap();
    openssl(at, "pkey -in signing -noout");
}

#[test]
fn the_public_half_is_that_of_the_rfc() {
    // RFC 7748 §6.1, Alice; the private half in PKCS#8.
    let text = "-----BEGIN PRIVATE KEY-----\n\
                MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n\
                -----END PRIVATE KEY-----\n";
    let key = StaticKey::from_pem(text).unwrap();
    assert_eq!(key.public()[..4], [0x85, 0x20, 0xf0, 0x09]);
}

#[test]
fn no_key_is_ever_printed() {
    let key = StaticKey::generate().unwrap();
    let said = format!("{key:?} {:?}", SigningKey::generate().unwrap());
    assert!(!said.contains(&format!("{:?}", key.private())), "{said}");
    assert!(said.contains("elided"), "{said}");
}

#[test]
fn an_error_names_the_file_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.key");
    let error = SigningKey::load(&path).unwrap_err().to_string();
    assert!(error.contains("none.key") && error.contains("check the path"), "{error}");
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    let error = SigningKey::load(&path).unwrap_err().to_string();
    assert!(error.contains("none.key") && error.contains("no PEM file"), "{error}");
    let wrong = SigningKey::from_pem(&StaticKey::generate().unwrap().pem());
    assert!(matches!(wrong, Err(KeyError::Form { .. } | KeyError::Weak)));
    let wrong = StaticKey::from_pem(&SigningKey::generate().unwrap().pem());
    assert!(matches!(wrong, Err(KeyError::Form { kind: "X25519" })));
}
