//! The report of a laboratory: one line of JSON, every field of which must be there.

use serde_json::Value;

/// What checks ask of a report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Report {
    value: Value,
}

/// Every number that a report must have, as a path into it.
const NUMBERS: [&str; 21] = [
    "/nodes",
    "/pairs",
    "/reachable_pairs",
    "/pings/sent",
    "/pings/lost",
    "/pings/longest_gap_ms",
    "/pings/lost_at_first",
    "/arrows/born",
    "/arrows/died",
    "/arrows/oldest_s",
    "/stretch/mean",
    "/stretch/p95",
    "/stretch/faster_than_direct_share",
    "/rss_mb/mean",
    "/rss_mb/max",
    "/cpu_share/max",
    "/faults",
    "/gaps_ms/count",
    "/gaps_ms/p50",
    "/gaps_ms/p99",
    "/tcp/resets",
];

impl Report {
    /// Reads the last line of what a laboratory printed.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or a field is missing or is no number.
    pub(super) fn read(said: &str) -> Result<Self, String> {
        let line = said.lines().last().ok_or("it printed no report")?;
        let value: Value =
            serde_json::from_str(line).map_err(|error| format!("no report: {error}: {line}"))?;
        let missing =
            NUMBERS.iter().find(|path| value.pointer(path).and_then(Value::as_f64).is_none());
        match missing {
            Some(path) => Err(format!("no number at {path} in the report: {line}")),
            None if !value.pointer("/arrows/by_cause").is_some_and(Value::is_object) => {
                Err(format!("no object at /arrows/by_cause in the report: {line}"))
            }
            None => Ok(Self { value }),
        }
    }

    /// Returns the number at `path`; one that is not there is not a number.
    pub(super) fn number(&self, path: &str) -> f64 {
        self.value.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// Returns the names in the object at `path`.
    pub(super) fn object(&self, path: &str) -> Option<Vec<String>> {
        Some(self.value.pointer(path)?.as_object()?.keys().cloned().collect())
    }

    /// Returns what is at `path`, as JSON; `null` if nothing is.
    pub(super) fn json(&self, path: &str) -> String {
        self.value.pointer(path).unwrap_or(&Value::Null).to_string()
    }

    /// Tells whether there is `value` at `path`.
    pub(super) fn says(&self, path: &str, value: bool) -> bool {
        self.value.pointer(path).and_then(Value::as_bool) == Some(value)
    }

    /// Checks that all pairs of the nodes that live are reachable, but for those that a LAN which
    /// was cut off keeps apart.
    ///
    /// # Errors
    ///
    /// How many are.
    pub(super) fn all_reachable(&self) -> Result<(), String> {
        let (pairs, reachable) = (self.number("/pairs"), self.number("/reachable_pairs"));
        // A report of a laboratory without a LAN need not say so.
        let apart = self.number("/lan/apart").max(0.0);
        let all = pairs > 0.0 && reachable + apart >= pairs;
        if all { Ok(()) } else { Err(format!("{reachable} of {pairs} pairs are reachable")) }
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    const WHOLE: &str = r#"{"nodes":2,"pairs":2,"reachable_pairs":2,"first_full_mesh_s":3.5,
        "pings":{"sent":9,"lost":0,"longest_gap_ms":100,"lost_at_first":0},
        "arrows":{"born":4,"died":1,"oldest_s":9,"by_cause":{"chance":4}},
        "stretch":{"mean":1.1,"p95":1.3,"faster_than_direct_share":0.2},
        "rss_mb":{"mean":9.0,"max":9.5},"cpu_share":{"mean":0.01,"max":0.02},
        "faults":0,"gaps_ms":{"count":0,"p50":0.0,"p99":0.0},"tcp":{"resets":0}}"#;

    #[test]
    fn a_whole_report_is_read_from_the_last_line() {
        let said = format!("joining\n{}", WHOLE.replace('\n', ""));
        let report = Report::read(&said).unwrap();
        assert!((report.number("/first_full_mesh_s") - 3.5).abs() < 0.01);
        assert_eq!(report.all_reachable(), Ok(()));
    }

    #[test]
    fn a_field_that_is_missing_is_named() {
        let cut = WHOLE.replace('\n', "").replace("\"lost\":0,", "");
        assert!(Report::read(&cut).unwrap_err().contains("/pings/lost"));
        assert!(Report::read("").is_err());
        assert!(Report::read("killed").is_err());
    }
}
