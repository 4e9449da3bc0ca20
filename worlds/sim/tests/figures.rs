//! Every figure of the report is described where users look for it.

use serde_json::Value;
use sim::{Blow, Report, Trials};

/// Writes the names of all figures below `value`, as the page has them.
fn names(value: &Value, path: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, field) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                names(field, &path, all);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                names(item, &format!("{path}[]"), all);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => all.push(path.to_owned()),
    }
}

#[test]
fn every_figure_is_on_the_page() {
    let blow = Blow { trials: Some(Trials::default()), ..Blow::default() };
    let report = Report { faults: vec![blow], ..Report::default() };
    let mut all = Vec::new();
    names(&serde_json::to_value(report).unwrap(), "", &mut all);
    assert!(all.len() > 40, "{all:?}");
    let page = include_str!("../../../docs/sim.md");
    let missing = all.iter().filter(|name| {
        // The figures of imagined faults stand by their last names on one line.
        let name = name.strip_prefix("faults[].trials.").unwrap_or(name);
        !page.contains(&format!("`{name}`"))
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
}
