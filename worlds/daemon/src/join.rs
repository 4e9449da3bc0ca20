//! Joining a network: keys, certificate, configuration.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use crypto::{KeyError, Request, SigningKey, StaticKey};
use registry::Invitation;
use registry::client;
use words::NodeId;

use crate::config::Config;
use crate::identity::unfit;
use crate::state::State;

/// A wish to join.
#[derive(Clone, Debug)]
pub struct Join {
    /// The line that the registry printed.
    pub invitation: String,
    /// The state directory to make.
    pub state: PathBuf,
    /// Where others reach this node; empty: the addresses of this machine.
    pub endpoints: Vec<SocketAddr>,
    /// The country to tell, two capital letters.
    pub country: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Who this machine now is.
    pub node: NodeId,
    /// Where its state is.
    pub state: PathBuf,
}

impl fmt::Display for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, state) = (self.node.address(), self.state.display());
        writeln!(f, "this machine is now {address} of the network")?;
        write!(f, "start it with: re6st up --state {state}")
    }
}

/// Joins the network that invites us.
///
/// The certificate is written last: a directory without it holds no node. A join that was
/// cut short can be made again with the same directory and invitation: it keeps the keys,
/// and the registry gives the same certificate to the same key.
///
/// # Errors
///
/// A sentence with its remedy: the invitation is garbled, used or expired, the registry
/// cannot be reached or is not the one that invites, the directory cannot be written or
/// holds a node, a key or a configuration that would be lost.
pub fn join(wish: &Join) -> anyhow::Result<Joined> {
    let invitation: Invitation = wish.invitation.trim().parse()?;
    let configuration = configuration(wish);
    Config::parse(&configuration).map_err(anyhow::Error::msg)?;
    let state = State::at(&wish.state);
    state.create()?;
    let ca = client::fetch_ca(&invitation)?;
    // All that can be written is, before the invitation is used.
    let (key, _) = (signing_key(&state)?, static_key(&state)?);
    State::replace(&state.ca(), ca.pem().as_bytes())?;
    State::replace(&state.registry(), (invitation.addresses.join("\n") + "\n").as_bytes())?;
    configure(&state, &configuration, wish)?;
    let enrolled = client::enrol(&invitation, &ca, &Request::write(&key)?)?;

    State::replace(&state.document(), &enrolled.document)?;
    let certificate = crypto::NodeCertificate::from_pem(ca.network(), &enrolled.certificate)
        .context("the registry gave a certificate that cannot be used")?;
    State::replace(&state.certificate(), enrolled.certificate.as_bytes())?;
    Ok(Joined { node: certificate.node, state: wish.state.clone() })
}

/// Returns the signing key that a join cut short has left, or makes one.
fn signing_key(state: &State) -> anyhow::Result<SigningKey> {
    let file = state.key();
    match SigningKey::load(&file) {
        Err(KeyError::File(_)) if is_missing(&file) => {
            let key = SigningKey::generate()?;
            key.save(&file)?;
            Ok(key)
        }
        found => Ok(found.map_err(|error| unfit(file, error))?),
    }
}

/// The same for the carrier's key.
fn static_key(state: &State) -> anyhow::Result<StaticKey> {
    let file = state.noise_key();
    match StaticKey::load(&file) {
        Err(KeyError::File(_)) if is_missing(&file) => {
            let key = StaticKey::generate()?;
            key.save(&file)?;
            Ok(key)
        }
        found => Ok(found.map_err(|error| unfit(file, error))?),
    }
}

fn is_missing(file: &Path) -> bool {
    matches!(file.try_exists(), Ok(false))
}

/// Writes the configuration; one that somebody wrote before is kept.
fn configure(state: &State, text: &str, wish: &Join) -> anyhow::Result<()> {
    let file = state.config();
    let before = State::read_or_empty(&file)?;
    if before.is_empty() {
        State::replace(&file, text.as_bytes())?;
    } else if before != text.as_bytes() {
        let silent = wish.endpoints.is_empty() && wish.country.is_none();
        let file = file.display();
        anyhow::ensure!(
            silent,
            "{file} is there already and is not overwritten; say endpoints and country in it, \
             and join without --endpoint and --country"
        );
        tracing::info!(%file, "the configuration that is there is kept");
    }
    Ok(())
}

/// Returns a configuration that says what was asked for, and shows what could be said.
fn configuration(wish: &Join) -> String {
    let endpoints = if wish.endpoints.is_empty() {
        "# endpoints = [\"203.0.113.5:6326\"]  # default: the addresses of this machine".to_owned()
    } else {
        let quoted: Vec<_> = wish.endpoints.iter().map(|at| format!("\"{at}\"")).collect();
        format!("endpoints = [{}]", quoted.join(", "))
    };
    let country = wish.country.as_ref().map_or_else(
        || "# country = \"FR\"".to_owned(),
        |country| format!("country = \"{country}\""),
    );
    format!(
        "# A node of re6st. What is left out has the network's value.\n\
         # Check with: re6st check FILE\n\n\
         # interface = \"re6st0\"\n# port = 6326\n{endpoints}\n{country}\n\n\
         # [arrows]\n# count = 10\n# round = \"5m\"\n# share = \"30%\"\n# limit = \"60m\"\n\
         # most_used = \"20%\"\n# well_known = \"30%\"\n# neighbourhood = \"0%\"\n# accept = 2\n\n\
         # [[ensure]]  # small mesh: what must be among our arrows\n\
         # at_least = 1\n# country = \"CN\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn the_configuration_it_writes_is_one_it_reads() {
        let mut wish = Join {
            invitation: String::new(),
            state: PathBuf::new(),
            endpoints: Vec::new(),
            country: None,
        };
        assert_eq!(Config::parse(&configuration(&wish)), Ok(Config::default()));
        wish.endpoints = vec!["203.0.113.5:6326".parse().unwrap()];
        wish.country = Some("FR".to_owned());
        let config = Config::parse(&configuration(&wish)).unwrap();
        assert_eq!((config.endpoints, config.country), (wish.endpoints, wish.country));
    }

    #[test]
    fn the_examples_in_it_are_the_defaults_and_can_be_used() {
        let text = configuration(&Join {
            invitation: String::new(),
            state: PathBuf::new(),
            endpoints: Vec::new(),
            country: None,
        });
        let uncommented = text.replace("# ", "").replace("[[ensure]]  small", "[[ensure]] # small");
        let body = uncommented.split_once("\n\n").unwrap().1.replace("  default:", "  # default:");
        let config = Config::parse(&body).unwrap();
        assert_eq!(config.arrows.count, Some(10));
        assert_eq!(config.ensure.len(), 1);
    }
}
