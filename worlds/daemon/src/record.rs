//! A node's run, on disk: everything it was told and said, one JSON line each.
//!
//! ```text
//!  {"re6st":1,"seed":"…","me":"fd…/64","router_id":"…","ca":"…","config":"…"}
//!  {"at":1234567,"told":{"frame":[7,"0201…"]}}
//!  {"said":"Send(out3, [1, 42, 2, …])"}
//! ```
//!
//! Times are microseconds of the node's own clock; octets are hexadecimal. No private
//! key is in it: engines never hold the keys of certificates. The line of what was
//! said is what the engine's output prints as, so that a difference can be read.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use node::{Input, Output};
use words::{NodeId, Time};

mod hex;
mod told;

pub mod replay;

pub(crate) use told::Told;

/// Everything a node is born with; the same birth and inputs give the same outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Birth {
    /// The seed of all its dice.
    pub seed: [u8; 32],
    /// Who it is.
    pub me: NodeId,
    /// Its name in the routing protocol.
    pub router_id: [u8; 8],
    /// The certificate of the network's CA, in DER.
    pub ca: Vec<u8>,
    /// The text of its configuration.
    pub config: String,
}

/// Makes a file for its owner alone: the seed in it tells the draws to come.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)
}

/// Writes a run down.
///
/// A recording that cannot go on is given up with a warning: the node matters more.
#[derive(Debug)]
pub struct Recorder {
    file: Option<BufWriter<File>>,
}

impl Recorder {
    /// Starts a recording of a node born so in `file`, or records nothing without one.
    ///
    /// # Errors
    ///
    /// The system's, if the file cannot be made.
    pub fn start(file: Option<&Path>, birth: &Birth) -> io::Result<Self> {
        let Some(path) = file else { return Ok(Self { file: None }) };
        let mut file = BufWriter::new(private(path)?);
        writeln!(file, "{}", birth.to_json())?;
        Ok(Self { file: Some(file) })
    }

    /// Notes what the node was told.
    pub fn told(&mut self, input: &Input<'_>, now: Time) {
        if self.file.is_some() {
            let told = Told::of(input).to_json();
            self.line(&serde_json::json!({"at": now.as_micros(), "told": told}));
        }
    }

    /// Notes what the node said.
    pub fn said(&mut self, output: &Output) {
        if self.file.is_some() {
            self.line(&serde_json::json!({"said": format!("{output:?}")}));
        }
    }

    /// Brings what was noted to the file.
    pub fn flush(&mut self) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.flush()
        {
            self.give_up(&error);
        }
    }

    fn line(&mut self, value: &serde_json::Value) {
        if let Some(file) = &mut self.file
            && let Err(error) = writeln!(file, "{value}")
        {
            self.give_up(&error);
        }
    }

    fn give_up(&mut self, error: &io::Error) {
        tracing::warn!(%error, "the recording stops here: make room on the disk and restart it");
        self.file = None;
    }
}

impl Birth {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "re6st": 1,
            "seed": hex::encode(&self.seed),
            "me": self.me.to_string(),
            "router_id": hex::encode(&self.router_id),
            "ca": hex::encode(&self.ca),
            "config": self.config,
        })
    }

    fn from_json(line: &serde_json::Value) -> Option<Self> {
        let text = |name: &str| line.get(name)?.as_str();
        (line.get("re6st")?.as_u64()? == 1).then_some(())?;
        Some(Self {
            seed: hex::decode(text("seed")?)?.try_into().ok()?,
            me: NodeId(text("me")?.parse().ok()?),
            router_id: hex::decode(text("router_id")?)?.try_into().ok()?,
            ca: hex::decode(text("ca")?)?,
            config: text("config")?.to_owned(),
        })
    }
}
