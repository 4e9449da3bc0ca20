//! A page that is true, and every way in which it can be false.

use super::*;

const CODE: &str = "
//! fn in_a_comment() {}
pub(crate) struct Packet<'a> { octets: &'a [u8] }
impl<'a> Packet<'a> {
    pub const fn decode() {} // fn after_code() {}
}
const MAGIC: u8 = 42;
impl fmt::Display for Elsewhere {}
#[cfg(test)]
mod tests {
    #[test]
    #[ignore = \"slow\"]
    fn p1_is_shown() {}
    fn not_a_test() {}
}
";

const FACTS_FILE: &str = "w/tests/interop/facts/a.rs";

const FACTS_CODE: &str = "
fn facts() { vec![
    Fact::new(\"one_thing_holds\", &[Ours], |s| one(s)),
    Fact::each(
        \"another_holds_with\", &peers, another),
    ring(\"no_fact\")]
}
#[test]
fn of_the_file_itself() {}
";

/// A page with this list and these rows, said against a project of a file, `a.rs`, and one of facts.
fn said(list: &str, rows: &[&str]) -> Vec<String> {
    let page = Page::of(&format!("# Page\n\n{list}\n\n{}\n", rows.join("\n")));
    let mut found = page.codes();
    let files = BTreeMap::from([("a.rs", CODE), (FACTS_FILE, FACTS_CODE)]);
    found.extend(page.references(&|path| files.get(path).map(|text| (*text).to_owned())));
    found.iter().map(ToString::to_string).collect()
}

/// The one thing that is wrong with a row of P1.
fn wrong(row: &str) -> String {
    let found = said("Codes: P1", &[row]);
    assert_eq!(found.len(), 1, "{found:?}");
    found.concat()
}

#[test]
fn a_true_page_is_silent() {
    let rows = [
        "| code | what | code | test |",
        "|---|---|---|---|",
        "| P1 | 42 first (RFC 8966 §4.2) | `a.rs::Packet::decode`, `a.rs::MAGIC` | `a.rs::p1_is_shown` |",
        "| P2 | this | `a.rs::Elsewhere` and `a.rs::tests::not_a_test` | `a.rs::tests::p1_is_shown` |",
        "| U1 | that | not done: nobody needs it yet | not applicable: no code |",
    ];
    assert_eq!(said("Codes: P1–P2, U1", &rows), Vec::<String>::new());
}

#[test]
fn each_code_has_exactly_one_row() {
    let row = "| P1 | x | `a.rs::MAGIC` | `a.rs::p1_is_shown` |";
    let found = said("Codes: P1-P2", &[row]);
    assert_eq!(found.len(), 1);
    assert!(found.concat().contains("P2 is in the list and has no row"));
    let found = said("Codes: P1", &[row, row]);
    assert!(found.concat().contains(":6: P1 has a row already, on line 5"), "{found:?}");
    let other = row.replace("P1", "Q7");
    assert!(said("Codes: P1", &[row, &other]).concat().contains("Q7 is not in the list"));
}

#[test]
fn the_list_must_be_there_and_be_readable() {
    assert!(said("", &[]).concat().contains("no line `Codes:"));
    for unclear in ["P9–P1", "P1–U2", "P", "p1", "P+1", "P1 P2", ""] {
        let found = said(&format!("Codes: {unclear}"), &[]).concat();
        assert!(found.contains("is neither a code nor a range"), "{unclear}");
    }
}

#[test]
fn a_cell_names_something_or_says_why_not() {
    let row = |code: &str, test: &str| format!("| P1 | x | {code} | {test} |");
    let (code, test) = ("`a.rs::MAGIC`", "`a.rs::p1_is_shown`");
    assert!(wrong(&row("", test)).contains("P1: no code that obeys"));
    assert!(wrong(&row(code, "later")).contains("P1: no test that shows it"));
    assert!(wrong(&row(code, "not done:")).contains("P1: no test that shows it"));
    assert!(wrong(&format!("| P1 | | {code} | {test} |")).contains("requires nothing"));
    assert!(wrong(&format!("| P1 | a | b | {code} | {test} |")).contains("5 cells"));
}

#[test]
fn a_reference_leads_to_a_definition() {
    let code = |one: &str| wrong(&format!("| P1 | x | `{one}` | `a.rs::p1_is_shown` |"));
    assert!(code("b.rs::Packet").contains("`b.rs` is not there"));
    assert!(code("../a.rs::Packet").contains("`../a.rs` is not there"));
    assert!(code("a.rs").contains("names nothing"));
    assert!(code("a.rs::encode").contains("does not define `encode`"));
    assert!(code("a.rs::Pack").contains("does not define `Pack`"));
    assert!(code("a.rs::in_a_comment").contains("does not define"));
    assert!(code("a.rs::after_code").contains("does not define"));
    assert!(code("a.rs::Other::decode").contains("does not define `Other`"));
    assert!(code("a.rs::p1_is_shown").contains("is a test"));
}

#[test]
fn a_test_is_one() {
    let test = |one: &str| wrong(&format!("| P1 | x | `a.rs::Packet` | `{one}` |"));
    assert!(test("a.rs::not_a_test").contains("no `#[test]` called `not_a_test`"));
    assert!(test("a.rs::decode").contains("no `#[test]` called `decode`"));
    assert!(test("b.rs::p1_is_shown").contains("`b.rs` is not there"));
}

#[test]
fn a_fact_is_a_test_by_the_name_in_its_file() {
    let row = |name: &str| format!("| P1 | x | `a.rs::Packet` | `{FACTS_FILE}::{name}` |");
    for name in ["one_thing_holds", "another_holds_with", "of_the_file_itself"] {
        assert_eq!(said("Codes: P1", &[&row(name)]), Vec::<String>::new(), "{name}");
    }
    for name in ["no_fact", "another_holds_with_bird", "facts"] {
        assert!(wrong(&row(name)).contains(&format!("has no fact called `{name}`")), "{name}");
    }
}

#[test]
fn comments_name_rules_and_code_does_not() {
    let text = "/// Read as rule U6 says.\n//! Rules U1 to U5, and\n// (rule\n// T2): in P1 nothing is one.\n\
                let rule = P9;\nlet x = 1; // rule P10\n/// RFC 8966's rule of three\n";
    let found = rules(text);
    let found: Vec<_> = found.iter().map(|(line, code)| (*line, code.as_str())).collect();
    assert_eq!(found, [(1, "U6"), (2, "U1"), (2, "U5"), (4, "T2"), (6, "P10")]);
}
