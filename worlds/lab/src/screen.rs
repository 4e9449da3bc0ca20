//! The live table in the terminal.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

/// A row of the table: one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Its number.
    pub(crate) node: u16,
    /// Its city and country.
    pub(crate) city: String,
    /// It is behind NAT.
    pub(crate) nat: bool,
    /// It is gone: killed, dead or put out.
    pub(crate) gone: bool,
    /// Its links.
    pub(crate) links: u64,
    /// Its arrows that are there now, born and died.
    pub(crate) arrows: (u64, u64, u64),
    /// Its routes.
    pub(crate) routes: u64,
    /// How many others it reaches.
    pub(crate) reached: usize,
    /// The longest gap of its pairs.
    pub(crate) longest_gap: Duration,
}

/// The terminal while the table is on it; given back as it was when dropped.
#[derive(Debug)]
pub(crate) struct Screen<W: Write> {
    to: W,
}

/// Another screen, without a cursor.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l";
/// The cursor, and the screen that was there.
const END: &str = "\x1b[?25h\x1b[?1049l";
/// Back to the first line.
const HOME: &str = "\x1b[H";
/// Nothing in the rest of the line.
const CLEAR_LINE: &str = "\x1b[K";
/// Nothing in the rest of the screen.
const CLEAR_BELOW: &str = "\x1b[J";
/// Faint, and no longer.
const FAINT: [&str; 2] = ["\x1b[2m", "\x1b[0m"];

impl<W: Write> Screen<W> {
    /// Takes the terminal.
    pub(crate) fn begin(mut to: W) -> io::Result<Self> {
        to.write_all(BEGIN.as_bytes())?;
        Ok(Self { to })
    }

    /// Draws the table, and below it a `summary`.
    pub(crate) fn draw(&mut self, rows: &[Row], summary: &str) -> io::Result<()> {
        let mut text = HOME.to_owned();
        let head = "node  city                 NAT  links  arrows  born  died  routes  reaches  longest gap";
        for line in std::iter::once(head.to_owned()).chain(rows.iter().map(line)) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{line}{CLEAR_LINE}\r\n");
        }
        let _ = write!(text, "{CLEAR_LINE}\r\n{summary}{CLEAR_LINE}{CLEAR_BELOW}");
        self.to.write_all(text.as_bytes())?;
        self.to.flush()
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = self.to.write_all(END.as_bytes());
        let _ = self.to.flush();
    }
}

fn line(row: &Row) -> String {
    let (live, born, died) = row.arrows;
    let text = format!(
        "{:>4}  {:<19}  {:<3}  {:>5}  {live:>6}  {born:>4}  {died:>4}  {:>6}  {:>7}  {:>8} ms",
        row.node,
        row.city,
        if row.nat { "NAT" } else { "" },
        row.links,
        row.routes,
        row.reached,
        row.longest_gap.as_millis(),
    );
    let [faint, plain] = FAINT;
    if row.gone { format!("{faint}{text} gone{plain}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_is_given_back() {
        let mut written = Vec::new();
        let row = Row { node: 3, city: "Paris FR".to_owned(), nat: true, ..Row::default() };
        {
            let mut screen = Screen::begin(&mut written).unwrap();
            screen.draw(&[row.clone(), Row { gone: true, ..row }], "132/132 pairs").unwrap();
        }
        let text = String::from_utf8(written).unwrap();
        assert!(text.starts_with(BEGIN) && text.ends_with(END));
        assert!(text.contains("Paris FR") && text.contains("132/132 pairs"));
        assert_eq!(text.matches("gone").count(), 1);
    }
}
