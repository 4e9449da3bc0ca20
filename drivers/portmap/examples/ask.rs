//! Asks a router for a port, shows what it says, and gives the port back.
//!
//! ```text
//! cargo run --example ask -- ROUTER OWN-ADDRESS PORT [pcp | ssdp]
//! ```
//!
//! The last word leaves one of the router's two doors alone.

use std::time::Duration;

use portmap::{Doors, Failed, Wish, map, unmap};

const USAGE: &str = "ask ROUTER OWN-ADDRESS PORT [pcp | ssdp]";

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [gateway, own, port, rest @ ..] = &words[..] else {
        println!("{USAGE}");
        return Ok(());
    };
    let (Ok(gateway), Ok(own), Ok(port)) = (gateway.parse(), own.parse(), port.parse()) else {
        println!("{USAGE}");
        return Ok(());
    };
    let mut doors = Doors::default();
    match rest {
        [only] if only == "pcp" => doors.ssdp = 9,
        [only] if only == "ssdp" => doors.pcp = 9,
        _ => {}
    }
    let (lifetime, nonce) = (Duration::from_mins(10), [7; 12]);
    let wish = Wish { gateway, own, port, lifetime, nonce, doors };
    let mapping = map(&wish)?;
    let (outside, by) = (mapping.outside, mapping.by.name());
    println!("{outside} for {} s, by {by}", mapping.lifetime.as_secs());
    unmap(&wish, &mapping);
    Ok(())
}
