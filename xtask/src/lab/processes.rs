//! The processes of a running laboratory, as `/proc` shows them.

use std::fs;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Its id.
    pub(super) id: u32,
    /// The id of who started it.
    pub(super) parent: u32,
    /// Its words: program and arguments.
    pub(super) words: Vec<String>,
}

impl Process {
    /// Tells whether it still runs, and is not another process with its id.
    pub(super) fn is_alive(&self) -> bool {
        read(self.id).is_some_and(|now| now.words == self.words)
    }

    /// Tells whether it was started with these words after its program.
    pub(super) fn does(&self, words: &[&str]) -> bool {
        self.words.get(1..=words.len()).is_some_and(|own| own == words)
    }
}

/// Returns the processes that `ancestor` started, directly or not, youngest last.
pub(super) fn started_by(ancestor: u32) -> Vec<Process> {
    descendants(&all(), ancestor)
}

fn descendants(all: &[Process], ancestor: u32) -> Vec<Process> {
    let mut family: Vec<Process> = Vec::new();
    let mut ids = vec![ancestor];
    while let Some(parent) = ids.pop() {
        let children = all.iter().filter(|process| process.parent == parent);
        for child in children {
            ids.push(child.id);
            family.push(child.clone());
        }
    }
    family.sort_by_key(|process| process.id);
    family
}

fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Reads one process; `None` if it has just ended.
fn read(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // `id (name) state parent …`, and a name may hold blanks and parentheses.
    let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
    let words = fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let words = words.split(|octet| *octet == 0).map(String::from_utf8_lossy);
    let words = words.map(std::borrow::Cow::into_owned).filter(|word| !word.is_empty());
    Some(Process { id, parent, words: words.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(id: u32, parent: u32, words: &str) -> Process {
        Process { id, parent, words: words.split(' ').map(str::to_owned).collect() }
    }

    #[test]
    fn grandchildren_are_family_and_strangers_are_not() {
        let all =
            [process(5, 1, "lab"), process(6, 5, "up"), process(7, 6, "x"), process(8, 1, "y")];
        let ids: Vec<u32> = descendants(&all, 5).iter().map(|process| process.id).collect();
        assert_eq!(ids, [6, 7]);
    }

    #[test]
    fn this_very_process_is_read() {
        let own = read(std::process::id()).unwrap();
        assert!(!own.words.is_empty() && own.parent > 0);
    }

    #[test]
    fn words_tell_what_a_process_does() {
        let node = process(6, 5, "re6st up --state /lab/n1");
        assert!(node.does(&["up"]) && !node.does(&["registry", "serve"]));
    }
}
