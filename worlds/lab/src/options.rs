//! What can be asked of the lab.

use std::path::PathBuf;
use std::time::Duration;

use crate::faults::Fault;
use crate::internet::MOST_NODES;

/// What can be asked of the lab.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes, 2 to [`MOST_NODES`]; default 12.
    pub nodes: u16,
    /// Time between two rounds, told to the registry; default 5 minutes.
    pub round: Duration,
    /// Where all luck of the emulated Internet and of the faults comes from; drawn if not given.
    pub seed: Option<u64>,
    /// How long the nodes run; until somebody stops the lab if not given.
    pub seconds: Option<Duration>,
    /// One line a second on standard error instead of the live table.
    pub headless: bool,
    /// Print the report as one line of JSON, the last of standard output.
    pub report: bool,
    /// How often each pair is pinged; 100 ms if not given, less often with many pairs.
    pub ping: Option<Duration>,
    /// What is to go wrong, in any order.
    pub faults: Vec<Fault>,
    /// Share of packets that the emulated Internet loses, in millionths; default 0.
    pub loss: u32,
    /// Where to copy the logs of registry and nodes at the end.
    pub keep_logs: Option<PathBuf>,
    /// Where to write every packet of the emulated Internet, for `tcpdump -r`.
    pub capture: Option<PathBuf>,
    /// Where every node records what it is told and says, for `re6st replay`.
    pub record: Option<PathBuf>,
    /// The program to run as registry and nodes; this one if not given.
    pub executable: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 12,
            round: Duration::from_mins(5),
            seed: None,
            seconds: None,
            headless: false,
            report: false,
            ping: None,
            faults: Vec::new(),
            loss: 0,
            keep_logs: None,
            capture: None,
            record: None,
            executable: None,
        }
    }
}

impl Options {
    /// Refuses what cannot be done, before anything is started.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if !(2..=MOST_NODES).contains(&self.nodes) {
            anyhow::bail!("--nodes {}: 2 to {MOST_NODES}", self.nodes);
        }
        if let Some(misfit) = self.faults.iter().find_map(|fault| fault.misfit(self.nodes)) {
            anyhow::bail!("{misfit}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_done_is_refused_at_once() {
        assert!(Options::default().check().is_ok());
        assert!(Options { nodes: 1, ..Options::default() }.check().is_err());
        let faults = vec![Fault::kill("12@3").unwrap()];
        assert!(Options { faults, ..Options::default() }.check().is_err());
    }
}
