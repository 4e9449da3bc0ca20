//! `registry.toml`: what an operator can say of a registry.

use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize;

use crate::address;
use crate::error::Error;

/// The settings of a registry.
///
/// Unknown keys are refused, so that a misspelt one is not silently without effect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where nodes reach it, `HOST:PORT`, best first; 1 to 16. The server's certificate
    /// names these hosts.
    pub public: Vec<String>,
    /// Whether anybody may enrol, without an invitation; default: no.
    #[serde(default)]
    pub anonymous: bool,
    /// Days for which a node's certificate is valid, 1 to 3650; default: 365.
    #[serde(default = "year")]
    pub certificate_days: u16,
    /// How many nodes a mesh should have, 8 to 10000: one that has outgrown it by half is split,
    /// also where the network is one mesh so far; two halves of one range that together have less than
    /// half as many merge; and with more than twice as many meshes they are grouped. Default: 0, all
    /// of this is done by hand only.
    #[serde(default)]
    pub mesh_size: u32,
    /// What the server bears.
    #[serde(default)]
    pub limits: Limits,
}

/// What the server bears; a source is an IPv4 address or an IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once; keep it below the limit of open files; default: 800.
    pub connections: usize,
    /// Connections at once from one source; default: 200.
    pub connections_per_source: usize,
    /// Questions for a newer document that are held at once; default: 500.
    pub held: usize,
    /// Such questions at once from one source; its other nodes hear from their neighbours;
    /// default: 4.
    pub held_per_source: usize,
    /// Requests at once from one source, after a pause; default: 400.
    pub burst: u32,
    /// Requests per second from one source, in the long run; default: 40.
    pub requests_per_second: u32,
    /// Enrolments per hour from one source where anybody may enrol; default: 5.
    pub strangers_per_hour: u32,
    /// Seconds that a client may take for a handshake, a request's head, or the whole
    /// request, each; default: 10.
    pub patience_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 800,
            connections_per_source: 200,
            held: 500,
            held_per_source: 4,
            burst: 400,
            requests_per_second: 40,
            strangers_per_hour: 5,
            patience_seconds: 10,
        }
    }
}

const fn year() -> u16 {
    365
}

impl Settings {
    /// Reads the settings in `file`.
    ///
    /// # Errors
    ///
    /// [`Error::File`] or [`Error::Settings`], which names the file, the place in it, and
    /// the remedy.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let text = crypto::file::read(file)?;
        Self::parse(&text).map_err(|what| Error::Settings { file: file.to_owned(), what })
    }

    /// Reads the settings in `text`.
    ///
    /// # Errors
    ///
    /// A sentence that names the place and the remedy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.check()?;
        Ok(settings)
    }

    /// Returns the hosts of the public addresses.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.public.iter().filter_map(|public| address::host(public)).map(str::to_owned).collect()
    }

    fn check(&self) -> Result<(), String> {
        check_public(&self.public)?;
        if !(1..=3650).contains(&self.certificate_days) {
            return Err("certificate_days: out of bounds; 1 to 3650".to_owned());
        }
        if self.mesh_size != 0 && !(8..=10_000).contains(&self.mesh_size) {
            return Err("mesh_size: out of bounds; 8 to 10000, or 0".to_owned());
        }
        let Limits { connections, connections_per_source, .. } = self.limits;
        let Limits { held, held_per_source, burst, .. } = self.limits;
        let Limits { requests_per_second, strangers_per_hour, .. } = self.limits;
        let zero = [connections, connections_per_source, held, held_per_source].contains(&0)
            || [burst, requests_per_second, strangers_per_hour].contains(&0)
            || self.limits.patience_seconds == 0;
        if zero {
            return Err("limits: 0 would keep everybody out; use 1 or more".to_owned());
        }
        Ok(())
    }

    /// Returns the file for a new registry.
    pub(crate) fn write(listen: SocketAddr, public: &[String]) -> String {
        let public: Vec<_> = public.iter().map(|address| format!("{address:?}")).collect();
        format!(
            "# The registry of a re6st network. Restart it after a change.\n\n\
             # Where the server listens.\n\
             listen = \"{listen}\"\n\
             # Where nodes reach it: HOST:PORT, best first. Its certificate names these hosts.\n\
             public = [{}]\n\n\
             # anonymous = false        # true: anybody may enrol, without an invitation\n\
             # certificate_days = 365   # for how long a node's certificate is valid\n\n\
             # [limits]\n\
             # connections = 800              # keep it below the limit of open files\n\
             # connections_per_source = 200   # a source: an IPv4 address or an IPv6 /64\n\
             # held = 500                     # questions for a newer document\n\
             # held_per_source = 4            # those of one source\n\
             # burst = 400                    # requests of a source, after a pause\n\
             # requests_per_second = 40       # requests of a source, in the long run\n\
             # strangers_per_hour = 5         # enrolments of a source, if anonymous\n\
             # patience_seconds = 10          # for a client that is slow\n",
            public.join(", ")
        )
    }
}

/// Checks public addresses.
///
/// # Errors
///
/// A sentence with the remedy.
pub(crate) fn check_public(public: &[String]) -> Result<(), String> {
    if !(1..=16).contains(&public.len()) {
        return Err("public: name 1 to 16 addresses, as \"203.0.113.5:8443\"".to_owned());
    }
    match public.iter().find(|public| address::host(public).is_none()) {
        Some(wrong) => {
            Err(format!("public: {wrong:?} is no HOST:PORT; write it as \"203.0.113.5:8443\""))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_writes_it_reads_and_the_examples_are_the_defaults() {
        let public = vec!["203.0.113.5:8443".to_owned(), "[2001:db8::5]:8443".to_owned()];
        let text = Settings::write("[::]:8443".parse().unwrap(), &public);
        let settings = Settings::parse(&text).unwrap();
        assert_eq!((&settings.public, settings.anonymous), (&public, false));
        assert_eq!(settings.hosts(), ["203.0.113.5", "2001:db8::5"]);
        let (head, tail) = text.split_once("# anonymous").unwrap();
        let tail = format!("# anonymous{tail}").replace("\n# ", "\n");
        let shown = format!("{head}{}", tail.trim_start_matches("# "));
        assert_eq!(Settings::parse(&shown), Ok(settings));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_remedy() {
        let good = "listen = \"[::]:1\"\npublic = [\"a:1\"]\n";
        let wrong = [
            ("listen = \"here\"\npublic = [\"a:1\"]", "listen"),
            ("listen = \"[::]:1\"\npublic = []", "1 to 16"),
            ("listen = \"[::]:1\"\npublic = [\"a\"]", "HOST:PORT"),
            (&format!("{good}pubic = 1"), "unknown field"),
            (&format!("{good}certificate_days = 0"), "1 to 3650"),
            (&format!("{good}[limits]\nheld = 0"), "1 or more"),
        ];
        for (text, remedy) in wrong {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }
}
