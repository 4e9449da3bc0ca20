//! `PRINCIPLES.md` is what the code renders, and names tests that exist.

use std::fs;
use std::path::Path;

use principles::document;
use principles::exceptions::ALL;

#[test]
fn the_document_lists_what_the_code_bends() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../PRINCIPLES.md");
    let rendered = document::render();
    if std::env::var_os("RE6ST_BLESS").is_some() {
        fs::write(&path, &rendered).expect("PRINCIPLES.md is writable");
    }
    let document = fs::read_to_string(&path).expect("PRINCIPLES.md is there");
    assert_eq!(document, rendered, "run again with RE6ST_BLESS=1, and read the diff");
}

#[test]
fn every_exception_has_its_file_and_its_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/exceptions");
    for exception in ALL {
        let path = folder.join(exception.name.replace('-', "_")).with_extension("rs");
        let file = fs::read_to_string(&path).expect("one file for each exception");
        let test = format!("fn {}()", exception.test);
        assert!(file.contains(&test), "{} has no test {}", path.display(), exception.test);
    }
}

#[test]
fn no_two_exceptions_share_a_name() {
    let mut names: Vec<_> = ALL.iter().map(|exception| exception.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}
