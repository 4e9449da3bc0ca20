//! Nodes to begin with, as their introductions are written in the configuration.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gossip::{Contact, Introduction};
use serde::de::{Deserialize, Deserializer};

use super::quantity::Text;

/// The most that can be named.
pub(super) const MOST: usize = 16;

/// The octets of an introduction, which can be read; nothing in it is believed yet.
struct Octets(Vec<u8>);

/// Returns an introduction as it is written in the configuration: base64url, not padded.
pub fn to_text(introduction: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(introduction)
}

impl FromStr for Octets {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let octets = URL_SAFE_NO_PAD.decode(text.trim()).ok().filter(|octets| {
            let shown = Introduction::decode(octets);
            shown.is_ok_and(|shown| Contact::decode(&shown.contact).is_ok())
        });
        octets.map(Self).ok_or_else(|| {
            let start: String = text.chars().take(16).collect();
            format!(
                "`{start}…` is no introduction; copy, whole, the line that \
                 `re6st introduction` prints on the other node"
            )
        })
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text::like("o2AB"))
    }
}

/// Reads introductions.
pub(super) fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
    let all = Vec::<Octets>::deserialize(from)?;
    Ok(all.into_iter().map(|Octets(octets)| octets).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use words::{Carriers, NodeId, Prefix, Wall};

    fn an_introduction() -> Vec<u8> {
        let contact = Contact {
            node: NodeId(Prefix::new(0xfd << 120, 64)),
            issued: Wall(1),
            key: [7; 32],
            endpoints: Vec::new(),
            carriers: Carriers::default(),
            country: None,
            capacity: None,
            escaped: false,
            merges: false,
        };
        let contact = contact.encode().unwrap();
        Introduction { certificate: vec![1], contact, signature: vec![2] }.encode().unwrap()
    }

    #[test]
    fn what_a_node_prints_another_reads() {
        let introduction = an_introduction();
        let quoted = format!("\"{}\"", to_text(&introduction));
        let config = Config::parse(&format!("bootstrap = [{quoted}]")).unwrap();
        assert_eq!(config.bootstrap, [introduction]);
        let many = vec![quoted; MOST + 1].join(",");
        let error = Config::parse(&format!("bootstrap = [{many}]")).unwrap_err();
        assert!(error.contains("the best 16"), "{error}");
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let text = to_text(&an_introduction());
        assert!(text.parse::<Octets>().is_ok());
        assert!(text[..text.len() - 8].parse::<Octets>().is_err());
    }
}
