//! What a node can be told, as JSON and back.

use std::net::{Ipv6Addr, SocketAddr};

use node::Input;
use serde_json::{Value, json};
use words::routing::Range;
use words::{LinkId, Time, Traffic, Wall};

use super::hex;

/// An input that owns its octets, so that it can come from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Calendar(Wall),
    Request(LinkId, [u8; 32], Vec<u8>),
    Up(LinkId),
    Down(LinkId),
    Refused(LinkId, u8),
    Unanswered(LinkId, u32),
    Observed(LinkId, SocketAddr),
    Roamed,
    OnLan(SocketAddr, Vec<u8>),
    Read(Time),
    Frame(LinkId, Vec<u8>),
    Overlay(Ipv6Addr, Vec<u8>),
    Carried(LinkId),
    Traffic(Vec<Traffic>),
    Relayed(u64, u64),
    Document(Vec<u8>),
    Contacts(Vec<Vec<u8>>),
    Bootstrap(Vec<Vec<u8>>),
    Myself(Vec<u8>),
    Index(u32),
    Announce(Range),
    Withdraw(Range),
    Leave,
    Wake,
}

impl Told {
    /// Returns the same input, owning its octets.
    pub(crate) fn of(input: &Input<'_>) -> Self {
        match input {
            Input::Calendar(wall) => Self::Calendar(*wall),
            Input::Request { link, key, introduction } => {
                Self::Request(*link, *key, introduction.to_vec())
            }
            Input::Up(link) => Self::Up(*link),
            Input::Down(link) => Self::Down(*link),
            Input::Refused(link, reason) => Self::Refused(*link, *reason),
            Input::Unanswered(link, token) => Self::Unanswered(*link, *token),
            Input::Observed(link, at) => Self::Observed(*link, *at),
            Input::Roamed => Self::Roamed,
            Input::OnLan { at, introduction } => Self::OnLan(*at, introduction.to_vec()),
            Input::Read(at) => Self::Read(*at),
            Input::Frame(link, frame) => Self::Frame(*link, frame.to_vec()),
            Input::Overlay(from, words) => Self::Overlay(*from, words.to_vec()),
            Input::Carried(link) => Self::Carried(*link),
            Input::Traffic(all) => Self::Traffic(all.to_vec()),
            Input::Relayed { carried, usual } => Self::Relayed(*carried, *usual),
            Input::Document(octets) => Self::Document(octets.to_vec()),
            Input::Contacts(kept) => Self::Contacts(kept.to_vec()),
            Input::Bootstrap(named) => Self::Bootstrap(named.to_vec()),
            Input::Myself(introduction) => Self::Myself(introduction.to_vec()),
            Input::Index(index) => Self::Index(*index),
            Input::Announce(range) => Self::Announce(*range),
            Input::Withdraw(range) => Self::Withdraw(*range),
            Input::Leave => Self::Leave,
            Input::Wake => Self::Wake,
        }
    }

    /// Returns the input as the node is told it.
    pub(crate) fn as_input(&self) -> Input<'_> {
        match self {
            Self::Calendar(wall) => Input::Calendar(*wall),
            Self::Request(link, key, introduction) => {
                Input::Request { link: *link, key: *key, introduction }
            }
            Self::Up(link) => Input::Up(*link),
            Self::Down(link) => Input::Down(*link),
            Self::Refused(link, reason) => Input::Refused(*link, *reason),
            Self::Unanswered(link, token) => Input::Unanswered(*link, *token),
            Self::Observed(link, at) => Input::Observed(*link, *at),
            Self::Roamed => Input::Roamed,
            Self::OnLan(at, introduction) => Input::OnLan { at: *at, introduction },
            Self::Read(at) => Input::Read(*at),
            Self::Frame(link, frame) => Input::Frame(*link, frame),
            Self::Overlay(from, words) => Input::Overlay(*from, words),
            Self::Carried(link) => Input::Carried(*link),
            Self::Traffic(all) => Input::Traffic(all),
            Self::Relayed(carried, usual) => Input::Relayed { carried: *carried, usual: *usual },
            Self::Document(octets) => Input::Document(octets),
            Self::Contacts(kept) => Input::Contacts(kept),
            Self::Bootstrap(named) => Input::Bootstrap(named),
            Self::Myself(introduction) => Input::Myself(introduction),
            Self::Index(index) => Input::Index(*index),
            Self::Announce(range) => Input::Announce(*range),
            Self::Withdraw(range) => Input::Withdraw(*range),
            Self::Leave => Input::Leave,
            Self::Wake => Input::Wake,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let many = |all: &[Vec<u8>]| all.iter().map(|one| hex::encode(one)).collect::<Vec<_>>();
        match self {
            Self::Calendar(wall) => json!({"calendar": wall.0}),
            Self::Request(link, key, introduction) => {
                json!({"request": [link.0, hex::encode(key), hex::encode(introduction)]})
            }
            Self::Up(link) => json!({"up": link.0}),
            Self::Down(link) => json!({"down": link.0}),
            Self::Refused(link, reason) => json!({"refused": [link.0, reason]}),
            Self::Unanswered(link, token) => json!({"unanswered": [link.0, token]}),
            Self::Observed(link, at) => json!({"observed": [link.0, at.to_string()]}),
            Self::Roamed => json!({"roamed": null}),
            Self::OnLan(at, introduction) => {
                json!({"on-lan": [at.to_string(), hex::encode(introduction)]})
            }
            Self::Read(at) => json!({"read": at.as_micros()}),
            Self::Frame(link, frame) => json!({"frame": [link.0, hex::encode(frame)]}),
            Self::Overlay(from, words) => {
                json!({"overlay": [from.to_string(), hex::encode(words)]})
            }
            Self::Carried(link) => json!({"carried": link.0}),
            Self::Traffic(all) => json!({"traffic": all.iter().map(crossed).collect::<Vec<_>>()}),
            Self::Relayed(carried, usual) => json!({"relayed": [carried, usual]}),
            Self::Document(octets) => json!({"document": hex::encode(octets)}),
            Self::Contacts(kept) => json!({"contacts": many(kept)}),
            Self::Bootstrap(named) => json!({"bootstrap": many(named)}),
            Self::Myself(introduction) => json!({"myself": hex::encode(introduction)}),
            Self::Index(index) => json!({"index": index}),
            Self::Announce(range) => json!({"announce": ends(*range)}),
            Self::Withdraw(range) => json!({"withdraw": ends(*range)}),
            Self::Leave => json!({"leave": null}),
            Self::Wake => json!({"wake": null}),
        }
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None` for anything else.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let (name, value) = value.as_object()?.iter().next()?;
        let told = match name.as_str() {
            "calendar" => Self::Calendar(Wall(value.as_u64()?)),
            "request" => {
                let key = octets(value.get(1)?)?.try_into().ok()?;
                Self::Request(link(value.get(0)?)?, key, octets(value.get(2)?)?)
            }
            "up" => Self::Up(link(value)?),
            "down" => Self::Down(link(value)?),
            "refused" => {
                let reason = u8::try_from(value.get(1)?.as_u64()?).ok()?;
                Self::Refused(link(value.get(0)?)?, reason)
            }
            "unanswered" => {
                let token = u32::try_from(value.get(1)?.as_u64()?).ok()?;
                Self::Unanswered(link(value.get(0)?)?, token)
            }
            "observed" => {
                Self::Observed(link(value.get(0)?)?, value.get(1)?.as_str()?.parse().ok()?)
            }
            "roamed" => Self::Roamed,
            "on-lan" => Self::OnLan(value.get(0)?.as_str()?.parse().ok()?, octets(value.get(1)?)?),
            "read" => Self::Read(Time::from_micros(value.as_u64()?)),
            "frame" => Self::Frame(link(value.get(0)?)?, octets(value.get(1)?)?),
            "overlay" => {
                Self::Overlay(value.get(0)?.as_str()?.parse().ok()?, octets(value.get(1)?)?)
            }
            "carried" => Self::Carried(link(value)?),
            "traffic" => {
                Self::Traffic(value.as_array()?.iter().map(traffic).collect::<Option<_>>()?)
            }
            "relayed" => Self::Relayed(value.get(0)?.as_u64()?, value.get(1)?.as_u64()?),
            "document" => Self::Document(octets(value)?),
            "contacts" => Self::Contacts(many(value)?),
            "bootstrap" => Self::Bootstrap(many(value)?),
            "myself" => Self::Myself(octets(value)?),
            "index" => Self::Index(u32::try_from(value.as_u64()?).ok()?),
            "announce" => Self::Announce(range(value)?),
            "withdraw" => Self::Withdraw(range(value)?),
            "leave" => Self::Leave,
            "wake" => Self::Wake,
            _ => return None,
        };
        Some(told)
    }
}

/// Writes what crossed a link: its number, two times in microseconds, two counts.
fn crossed(it: &Traffic) -> Value {
    let carried = it.carried.map(Time::as_micros);
    json!([it.link.0, it.heard.as_micros(), carried, it.sent, it.came])
}

fn traffic(value: &Value) -> Option<Traffic> {
    let number = |at| u32::try_from(value.get(at)?.as_u64()?).ok();
    let carried = value.get(2)?;
    let carried = if carried.is_null() { None } else { Some(Time::from_micros(carried.as_u64()?)) };
    Some(Traffic {
        link: link(value.get(0)?)?,
        heard: Time::from_micros(value.get(1)?.as_u64()?),
        carried,
        sent: number(3)?,
        came: number(4)?,
    })
}

fn ends(range: Range) -> [String; 2] {
    [range.to.to_string(), range.from.to_string()]
}

fn range(value: &Value) -> Option<Range> {
    let prefix = |n: usize| value.get(n)?.as_str()?.parse().ok();
    Some(Range { to: prefix(0)?, from: prefix(1)? })
}

fn link(value: &Value) -> Option<LinkId> {
    u32::try_from(value.as_u64()?).ok().map(LinkId)
}

fn octets(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.as_str()?)
}

fn many(value: &Value) -> Option<Vec<Vec<u8>>> {
    value.as_array()?.iter().map(octets).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use words::Prefix;

    #[test]
    fn every_word_goes_both_ways() {
        let link = LinkId::theirs(4);
        let all = [
            Told::Calendar(Wall(1_800_000_000)),
            Told::Request(link, [7; 32], vec![1, 2]),
            Told::Up(link),
            Told::Down(link),
            Told::Refused(link, 3),
            Told::Unanswered(link, u32::MAX),
            Told::Observed(link, "[2001:db8::1]:7".parse().unwrap()),
            Told::Roamed,
            Told::OnLan("[fe80::7%3]:6326".parse().unwrap(), vec![1, 2]),
            Told::Read(Time::from_micros(9)),
            Told::Frame(link, vec![2, 9]),
            Told::Overlay("fd00::1".parse().unwrap(), vec![5]),
            Told::Carried(link),
            Told::Traffic(vec![
                Traffic { link, heard: Time::from_micros(7), carried: None, sent: 9, came: 8 },
                Traffic {
                    link,
                    heard: Time::ZERO,
                    carried: Some(Time::from_micros(6)),
                    sent: 0,
                    came: 0,
                },
            ]),
            Told::Relayed(7_000, 100),
            Told::Document(vec![8]),
            Told::Contacts(vec![vec![1], vec![]]),
            Told::Bootstrap(vec![]),
            Told::Myself(vec![6]),
            Told::Index(7),
            Told::Announce(Range { to: Prefix::ALL, from: "fd00::/48".parse().unwrap() }),
            Told::Withdraw("10.42.7.0/24".parse::<Prefix>().unwrap().into()),
            Told::Leave,
            Told::Wake,
        ];
        for told in all {
            let text = told.to_json().to_string();
            let read = Told::from_json(&serde_json::from_str(&text).unwrap());
            assert_eq!(read.as_ref(), Some(&told), "{text}");
            assert_eq!(Told::of(&told.as_input()), told);
        }
        assert_eq!(Told::from_json(&json!({"frame": [1, "xyz"]})), None);
        assert_eq!(Told::from_json(&json!({"dance": 1})), None);
    }
}
