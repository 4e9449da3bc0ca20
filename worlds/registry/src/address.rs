//! Addresses of registries: `HOST:PORT`, `[IPV6]:PORT`.

use std::net::IpAddr;

/// Returns the host of `HOST:PORT`, without brackets; `None` for other text.
///
/// A host is an IP address or a name of letters, digits, hyphens and dots; the port is
/// not 0.
pub(crate) fn host(address: &str) -> Option<&str> {
    let (host, port) = address.rsplit_once(':')?;
    if !port.bytes().all(|digit| digit.is_ascii_digit()) || port.parse::<u16>().ok()? == 0 {
        return None;
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return matches!(inner.parse(), Ok(IpAddr::V6(_))).then_some(inner);
    }
    let label = |label: &str| {
        let plain = label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    (host.len() <= 253 && host.split('.').all(label)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_are_names_or_addresses_with_a_port() {
        assert_eq!(host("registry.example.com:8443"), Some("registry.example.com"));
        assert_eq!(host("203.0.113.5:1"), Some("203.0.113.5"));
        assert_eq!(host("[2001:db8::1]:8443"), Some("2001:db8::1"));
        let wrong = [
            "",
            "a",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            ":1",
            "2001:db8::1:8443",
            "[::1]",
            "[a]:1",
            "a b:1",
            "a/b:1",
            "-a:1",
            "a..b:1",
            "user@a:1",
        ];
        for text in wrong {
            assert_eq!(host(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text: String) {
            host(&text);
        }
    }
}
