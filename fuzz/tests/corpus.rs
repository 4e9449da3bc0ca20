//! Replays every corpus. `RE6ST_BLESS=1` writes the seeds that are missing.
#![expect(clippy::unwrap_used, reason = "a test of its own: whoever runs it reads why")]

use std::fs;
use std::path::PathBuf;

use fuzz::TARGETS;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

#[test]
fn no_seed_of_any_corpus_breaks_its_target() {
    if std::env::var_os("RE6ST_BLESS").is_some() {
        bless();
    }
    for target in TARGETS {
        let files = fs::read_dir(folder(target.name));
        let files = files.unwrap_or_else(|error| panic!("corpus/{}: {error}", target.name));
        let mut replayed = 0;
        for file in files {
            let path = file.unwrap().path();
            println!("{}", path.display());
            (target.run)(&fs::read(&path).unwrap());
            replayed += 1;
        }
        assert!(replayed > 0, "corpus/{} is empty; run with RE6ST_BLESS=1", target.name);
    }
}

#[test]
fn every_corpus_has_its_target() {
    let corpora = fs::read_dir(folder("")).unwrap();
    for corpus in corpora {
        let name = corpus.unwrap().file_name().into_string().unwrap();
        assert!(TARGETS.iter().any(|target| target.name == name), "corpus/{name}: no such target");
    }
}

fn bless() {
    for target in TARGETS {
        let folder = folder(target.name);
        fs::create_dir_all(&folder).unwrap();
        for (number, seed) in (target.seeds)().into_iter().enumerate() {
            let path = folder.join(format!("seed-{number:02}"));
            if !path.exists() {
                fs::write(path, seed).unwrap();
            }
        }
    }
}
