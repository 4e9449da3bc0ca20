//! docs/babel-conformance.md: each requirement names the code that obeys it and the test that
//! shows it, and both are there.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::workspace::Workspace;

#[cfg(test)]
mod tests;

/// The document.
const PAGE: &str = "docs/babel-conformance.md";

/// Where a comment that names a rule means one of the document.
const ENGINE: &str = "engines/babel";

/// How the lines begin that list all codes.
const LIST: &str = "Codes:";

/// What a cell without a reference begins with; a reason follows.
const EXCUSES: [&str; 2] = ["not done:", "not applicable:"];

/// The words before a name that is defined there.
const DEFINES: [&str; 8] = ["fn", "struct", "enum", "const", "static", "trait", "type", "mod"];

/// Where facts about several daemons are, each with a name that is a text.
const FACTS: &str = "/tests/interop/facts/";

/// What stands before the name of a fact, or of one for each of several daemons.
const MAKES_A_FACT: [&str; 2] = ["Fact::new(", "Fact::each("];

/// Looks at the document, and at the comments that name its codes.
///
/// # Errors
///
/// When the document or a source file of the engine cannot be read.
pub(super) fn look(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let page = Page::of(&workspace.read(PAGE)?);
    let mut found = page.codes();
    found.extend(page.references(&|path| workspace.read(path).ok()));
    for path in workspace.files(".rs").iter().filter(|path| path.starts_with(ENGINE)) {
        let named = rules(&workspace.read(path)?);
        let unknown = named.into_iter().filter(|(_, code)| !page.listed.contains(code));
        found.extend(unknown.map(|(line, code)| {
            let what = format!("rule {code} is not in {PAGE}");
            Finding::new(path, line, what, "correct the code, or add a row for it")
        }));
    }
    Ok(found)
}

/// What the document says.
#[derive(Default)]
struct Page {
    listed: BTreeSet<String>,
    /// Parts of the list that are no codes, with their lines.
    unclear: Vec<(usize, String)>,
    rows: Vec<Row>,
}

/// One requirement.
struct Row {
    line: usize,
    code: String,
    /// The cells after the code: what is required, the code, the test.
    cells: Vec<String>,
}

impl Page {
    fn of(text: &str) -> Self {
        let mut page = Self::default();
        for (index, line) in text.lines().enumerate() {
            if let Some(list) = line.strip_prefix(LIST) {
                page.list(index + 1, list);
            }
            page.rows.extend(Row::of(index + 1, line));
        }
        page
    }

    /// Takes in a line of the list: `P1–P9, U1` means ten codes.
    fn list(&mut self, line: usize, list: &str) {
        for part in list.split(',').map(str::trim) {
            match range(part) {
                Some(codes) => self.listed.extend(codes),
                None => self.unclear.push((line, part.to_owned())),
            }
        }
    }

    /// Finds codes that have no row, have two, or are not listed.
    fn codes(&self) -> Vec<Finding> {
        let here = |line, what, remedy| Finding::new(PAGE, line, what, remedy);
        let unclear = self.unclear.iter().map(|(line, part)| {
            let what = format!("`{part}` is neither a code nor a range of codes");
            here(*line, what, "write `P1–P9` or `P1`, with a comma between")
        });
        let mut found: Vec<_> = unclear.collect();
        if self.listed.is_empty() {
            found.push(here(1, format!("no line `{LIST} …`"), "list all codes on one line"));
        }
        let mut lines = BTreeMap::new();
        for Row { line, code, .. } in &self.rows {
            if !self.listed.contains(code) {
                let what = format!("{code} is not in the list of codes");
                found.push(here(*line, what, "add it there, or correct the row"));
            }
            if let Some(first) = lines.insert(code, *line) {
                let what = format!("{code} has a row already, on line {first}");
                found.push(here(*line, what, "keep one of the two"));
            }
        }
        let without = self.listed.iter().filter(|code| !lines.contains_key(code));
        found.extend(without.map(|code| {
            let what = format!("{code} is in the list and has no row");
            here(1, what, "write its row: `| code | what is required | code | test |`")
        }));
        found
    }

    /// Finds cells that lack a reference, and references that lead nowhere.
    fn references(&self, read: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
        let mut sources = Sources { read, known: BTreeMap::new() };
        let mut found = Vec::new();
        for Row { line, code, cells } in &self.rows {
            let mut wrong = |what: String, remedy| {
                found.push(Finding::new(PAGE, *line, format!("{code}: {what}"), remedy));
            };
            let [required, obeys, shows] = cells.as_slice() else {
                let what = format!("{} cells instead of 4", cells.len() + 1);
                wrong(what, "write `| code | what is required | code | test |`");
                continue;
            };
            if required.is_empty() {
                wrong("requires nothing".into(), "say what is required");
            }
            for (kind, cell) in [(Kind::Code, obeys), (Kind::Test, shows)] {
                for (what, remedy) in kind.faults(cell, &mut sources) {
                    wrong(what, remedy);
                }
            }
        }
        found
    }
}

impl Row {
    /// Reads a line of a table whose first cell is a code.
    fn of(line: usize, text: &str) -> Option<Self> {
        let inside = text.trim().strip_prefix('|')?.strip_suffix('|')?;
        let mut cells = inside.split('|').map(|cell| cell.trim().to_owned());
        let code = cells.next().filter(|code| is_code(code))?;
        Some(Self { line, code, cells: cells.collect() })
    }
}

/// What a cell refers to.
#[derive(Clone, Copy)]
enum Kind {
    Code,
    Test,
}

impl Kind {
    /// Returns what is wrong with a cell, each with its remedy.
    fn faults(self, cell: &str, sources: &mut Sources<'_>) -> Vec<(String, &'static str)> {
        let references: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        if references.is_empty() {
            return self.excuse(cell).into_iter().collect();
        }
        references.into_iter().filter_map(|one| self.fault(one, sources)).collect()
    }

    /// Returns what is wrong with a cell without references.
    fn excuse(self, cell: &str) -> Option<(String, &'static str)> {
        let reason = EXCUSES.iter().find_map(|excuse| cell.strip_prefix(excuse));
        let what = match self {
            Self::Code => "no code that obeys",
            Self::Test => "no test that shows it",
        };
        let remedy = "name one as `path::name`, or write `not done: why` or `not applicable: why`";
        reason.is_none_or(|reason| reason.trim().is_empty()).then(|| (what.into(), remedy))
    }

    /// Returns what is wrong with a reference.
    fn fault(self, one: &str, sources: &mut Sources<'_>) -> Option<(String, &'static str)> {
        let mut names = one.split("::");
        let path = names.next().unwrap_or_default();
        let names: Vec<_> = names.collect();
        let Some((last, outer)) = names.split_last() else {
            return Some((format!("`{one}` names nothing in a file"), "write `path::name`"));
        };
        let Some(source) = sources.get(path) else {
            return Some((format!("`{path}` is not there"), "correct the path"));
        };
        if let Some(name) = outer.iter().find(|name| !source.defined.contains(**name)) {
            return Some((format!("`{path}` does not define `{name}`"), "correct the reference"));
        }
        match self {
            Self::Code if source.tests.contains(*last) => {
                let what = format!("`{last}` is a test, not the code that obeys");
                Some((what, "move it to the last cell"))
            }
            Self::Code if !source.defined.contains(*last) => {
                let what = format!("`{path}` does not define `{last}`");
                Some((what, "name the function or type that obeys now"))
            }
            Self::Test if path.contains(FACTS) && !source.tests.contains(*last) => {
                let what = format!("`{path}` has no fact called `{last}`");
                Some((what, "name the fact that shows it as its file does, without its peer"))
            }
            Self::Test if !source.tests.contains(*last) => {
                let what = format!("`{path}` has no `#[test]` called `{last}`");
                Some((what, "name the test that shows it now, or write it"))
            }
            Self::Code | Self::Test => None,
        }
    }
}

/// Source files, each read once.
struct Sources<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
    known: BTreeMap<String, Option<Source>>,
}

impl Sources<'_> {
    fn get(&mut self, path: &str) -> Option<&Source> {
        let is_inside = !path.starts_with('/') && !path.contains("..");
        let read = || {
            (self.read)(path).filter(|_| is_inside).map(|text| {
                if path.contains(FACTS) { Source::of_facts(&text) } else { Source::of(&text) }
            })
        };
        self.known.entry(path.to_owned()).or_insert_with(read).as_ref()
    }
}

/// What a source file has.
#[derive(Default)]
struct Source {
    /// Functions, types, constants, traits, modules, and types that it has an `impl` of.
    defined: BTreeSet<String>,
    tests: BTreeSet<String>,
}

impl Source {
    fn of(text: &str) -> Self {
        let mut source = Self::default();
        let mut is_test = false;
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or_default().trim();
            is_test |= code.contains("#[test]");
            let words: Vec<_> = code.split(|c: char| !is_letter(c)).collect();
            for (before, name) in words.iter().zip(words.iter().skip(1)) {
                if DEFINES.contains(before) && !name.is_empty() {
                    source.defined.insert((*name).to_owned());
                }
                if *before == "fn" && std::mem::take(&mut is_test) {
                    source.tests.insert((*name).to_owned());
                }
            }
            if words.first() == Some(&"impl") {
                source.defined.extend(words.iter().skip(1).map(|word| (*word).to_owned()));
            }
        }
        source
    }

    /// Reads a file of facts, which are tests by the names that it gives them.
    fn of_facts(text: &str) -> Self {
        let mut source = Self::of(text);
        let begins = MAKES_A_FACT.iter().flat_map(|make| text.split(make).skip(1));
        let names = begins.filter_map(|after| after.trim_start().strip_prefix('"'));
        source.tests.extend(names.filter_map(|name| Some(name.split_once('"')?.0.to_owned())));
        source
    }
}

/// Returns the codes that comments call rules, with their lines: `rule P1`, `rules U1 to U5`.
fn rules(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut is_rule = false;
    for (index, line) in text.lines().enumerate() {
        let Some((_, comment)) = line.split_once("//") else {
            is_rule = false;
            continue;
        };
        for word in comment.split(|c: char| !is_letter(c)).filter(|word| !word.is_empty()) {
            if is_rule && is_code(word) {
                found.push((index + 1, word.to_owned()));
            } else {
                let goes_on = is_rule && ["to", "and", "or"].contains(&word);
                is_rule = goes_on || ["rule", "rules", "Rule", "Rules"].contains(&word);
            }
        }
    }
    found
}

/// Returns the codes of `P1–P9`, or of `P1`.
fn range(text: &str) -> Option<Vec<String>> {
    let (first, last) = text.split_once(['–', '-']).unwrap_or((text, text));
    let (family, from) = split(first)?;
    let (same, to) = split(last)?;
    (family == same && from <= to).then(|| (from..=to).map(|n| format!("{family}{n}")).collect())
}

/// Returns the family and the number of a code.
fn split(code: &str) -> Option<(char, u32)> {
    let mut letters = code.chars();
    let family = letters.next().filter(char::is_ascii_uppercase)?;
    let is_number = letters.as_str().chars().all(|c| c.is_ascii_digit());
    Some((family, letters.as_str().parse().ok().filter(|_| is_number)?))
}

fn is_code(text: &str) -> bool {
    split(text).is_some()
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
