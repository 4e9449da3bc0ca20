//! `PRINCIPLES.md`, rendered from the code.

use alloc::format;
use alloc::string::String;

use crate::exceptions::{ALL, Exception};

/// Returns the whole text of `PRINCIPLES.md`.
///
/// The opening page is beside this file; the table comes from [`ALL`], so that a
/// bend which is not declared is not documented, and one which is declared is.
pub fn render() -> String {
    format!("{}{}", include_str!("opening.md"), table())
}

fn table() -> String {
    let head = "| exception | bends | because | does | never | bound | test |\n\
                |---|---|---|---|---|---|---|\n";
    ALL.iter().fold(String::from(head), |table, exception| {
        let Exception { name, bends, because, does, never, bound, test } = exception;
        let line =
            format!("| `{name}` | {bends} | {because} | {does} | {never} | {bound} | `{test}` |\n");
        table + &line
    })
}
