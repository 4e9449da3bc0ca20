//! What a running node says of itself, for people or as JSON.

use anyhow::Context;
use daemon::control::{Question, ask};
use serde_json::Value;
use words::Wall;

use crate::options::Which;
use crate::say::say;

/// Prints how the node is.
pub(crate) fn status(which: &Which) -> anyhow::Result<()> {
    show(which, Question::Status, |answer| {
        let mut fields = answer.as_object().into_iter().flatten();
        fields.try_for_each(|(name, value)| say(format_args!("{name:<18}{}", told(name, value))))
    })
}

/// Prints every arrow and link.
pub(crate) fn arrows(which: &Which) -> anyhow::Result<()> {
    let columns = [
        "link",
        "node",
        "state",
        "carrier",
        "age_s",
        "rtt_ms",
        "loss_percent",
        "charge_ms",
        "suspect",
        "routes",
        "cause",
    ];
    show(which, Question::Arrows, |answer| table(answer, &columns))
}

/// Prints every route.
pub(crate) fn routes(which: &Which) -> anyhow::Result<()> {
    let columns = ["prefix", "from", "link", "node", "metric", "alternates"];
    show(which, Question::Routes, |answer| table(answer, &columns))
}

/// Prints every node that is known.
pub(crate) fn nodes(which: &Which) -> anyhow::Result<()> {
    let columns = ["node", "address", "ipv4", "reachable", "metric", "country", "endpoints"];
    show(which, Question::Nodes, |answer| table(answer, &columns))
}

/// Prints what the node shows of itself, for the configuration of another.
pub(crate) fn introduction(which: &Which) -> anyhow::Result<()> {
    show(which, Question::Introduction, |answer| {
        say(plain(answer.get("introduction").unwrap_or(&Value::Null)))
    })
}

fn show(
    which: &Which,
    question: Question,
    people: impl Fn(&Value) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let answer = ask(&which.state, question)?;
    if which.json {
        say(serde_json::to_string(&answer).context("the answer cannot be printed")?)
    } else {
        people(&answer)
    }
}

/// Prints a list of objects as aligned columns; a missing value is a dash.
pub(crate) fn table(rows: &Value, columns: &[&str]) -> anyhow::Result<()> {
    let cell = |row: &Value, column: &str| told(column, row.get(column).unwrap_or(&Value::Null));
    let rows: Vec<Vec<String>> = (rows.as_array().into_iter().flatten())
        .map(|row| columns.iter().map(|column| cell(row, column)).collect())
        .collect();
    let head: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let all = || std::iter::once(&head).chain(&rows);
    let widths: Vec<usize> = (0..columns.len())
        .map(|n| all().filter_map(|row| row.get(n)).map(String::len).max().unwrap_or(0))
        .collect();
    for row in all() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        say(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// What is a moment, in seconds since 1970.
const MOMENTS: [&str; 3] = ["expires", "revoked", "seen"];

/// Returns what `name` is, as people read it: moments as dates.
fn told(name: &str, value: &Value) -> String {
    match value.as_u64() {
        Some(second) if MOMENTS.contains(&name) => Wall(second).to_string(),
        Some(_) | None => plain(value),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(fields) if fields.is_empty() => "none".to_owned(),
        Value::Object(fields) => {
            let each = fields.iter().map(|(name, value)| format!("{name}={}", plain(value)));
            each.collect::<Vec<_>>().join(" ")
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_and_numbers_are_numbers() {
        let value = Value::from(1_900_000_000_u64);
        assert_eq!(told("expires", &value), "2030-03-17T17:46:40Z");
        assert_eq!(told("serial", &value), "1900000000");
        assert_eq!(told("revoked", &Value::Null), "-");
    }
}
