//! Where a client is that comes by a proxy: `Forwarded` (RFC 7239) and `X-Forwarded-For`.
//!
//! Each proxy adds at the end who connected to it, so what stands there was written by the proxy that we know, and everything before it
//! by whoever came before, the client perhaps. So both are read from the end, past the addresses of trusted proxies, and no farther than
//! the first that is none of them.
//!
//! Known crates split at commas wherever they are: a `Host` of `,for=192.0.2.1` that a proxy puts into `host="..."` would be a hop to
//! them. So `Forwarded` is read here, by its grammar.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::ValueEnum;
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The most trusted proxies that a request may come by.
const MOST_HOPS: usize = 32;

/// A longer line of a header is not read, in bytes.
const LONGEST_LINE: usize = 8 * 1024;

/// The header in which a trusted proxy says whom it got a request from. The other one is ignored.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `Forwarded`, as RFC 7239 has it
    Forwarded,
    /// `X-Forwarded-For`, as most proxies have it
    XForwardedFor,
}

impl ForwardedHeader {
    /// The client behind the proxies that `trusted` knows: the last address that is none of theirs. Nobody where the header is not
    /// there, says `unknown` or another name there, or can't be read that far.
    pub fn client(self, headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
        let mut hops = 0;
        for line in headers.get_all(self.name()).iter().rev() {
            for hop in self.hops(line)?.into_iter().rev() {
                let address = hop?.to_canonical();
                if !trusted(address) {
                    return Some(address);
                }
                hops += 1;
                if hops >= MOST_HOPS {
                    return None;
                }
            }
        }
        None
    }

    fn name(self) -> HeaderName {
        match self {
            Self::Forwarded => FORWARDED,
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
        }
    }

    /// The address of each hop of a line, as far as it says one; nothing where the line is malformed.
    fn hops(self, line: &HeaderValue) -> Option<Vec<Option<IpAddr>>> {
        let line = line.to_str().ok().filter(|line| line.len() <= LONGEST_LINE)?;
        match self {
            Self::Forwarded => elements(line),
            Self::XForwardedFor => {
                let named = line.split(',').map(str::trim).filter(|hop| !hop.is_empty());
                Some(named.map(|hop| hop.parse().ok().or_else(|| node(hop))).collect())
            }
        }
    }
}

/// The `for` of each element of a `Forwarded` header: `1#forwarded-element`, where
/// `forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )` (RFC 7239 section 4).
fn elements(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut elements = Vec::new();
    let mut rest = line;
    loop {
        let mut forwarded_for = None;
        let mut is_empty = true;
        loop {
            rest = rest.trim_start();
            if !rest.starts_with([',', ';']) && !rest.is_empty() {
                let (name, after) = token(rest)?;
                let (value, after) = value(after.strip_prefix('=')?)?;
                is_empty = false;
                // Each parameter stands once in an element.
                if name.eq_ignore_ascii_case("for") && forwarded_for.replace(value).is_some() {
                    return None;
                }
                rest = after.trim_start();
            }
            match rest.strip_prefix(';') {
                Some(after) => rest = after,
                None => break,
            }
        }
        if !is_empty {
            elements.push(forwarded_for.and_then(|value| node(&value)));
        }
        if rest.is_empty() {
            return Some(elements);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// A token at the start, and what comes after it (RFC 9110 section 5.6.2).
fn token(text: &str) -> Option<(&str, &str)> {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let end = text.find(|c| !is_of_token(c)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(token, _)| !token.is_empty())
}

/// A token or a quoted string at the start, and what comes after it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return token(text).map(|(token, after)| (token.to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// The address of a node: `192.0.2.43`, `192.0.2.43:47011`, `[2001:db8::17]`, `[2001:db8::17]:47011` or `...:_port`. `unknown` and
/// obfuscated names such as `_hidden` have none (RFC 7239 section 6).
fn node(text: &str) -> Option<IpAddr> {
    let (address, port) = if let Some(text) = text.strip_prefix('[') {
        let (address, port) = text.split_once(']')?;
        (address.parse::<Ipv6Addr>().ok()?.into(), port)
    } else {
        let (address, port) = text.split_at_checked(text.find(':').unwrap_or(text.len()))?;
        (address.parse::<Ipv4Addr>().ok()?.into(), port)
    };
    let is_port = |port: &str| match port.strip_prefix('_') {
        Some(name) => {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
        None => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
    };
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client of a request by proxies at `10.0.0.0/8` and `2001:db8:a::/48`, as these lines of the header say.
    fn client(header: ForwardedHeader, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.name(), HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let proxies = ["10.0.0.0/8".parse::<ipnet::IpNet>().unwrap(), "2001:db8:a::/48".parse().unwrap()];
        let client = header.client(&headers, |address| proxies.iter().any(|proxy| proxy.contains(&address)));
        client.map(|address| address.to_string())
    }

    #[track_caller]
    fn check(header: ForwardedHeader, lines: &[&str], expected: Option<&str>) {
        assert_eq!(client(header, lines).as_deref(), expected, "{lines:?}");
    }

    #[test]
    fn the_client_is_the_last_that_is_no_trusted_proxy() {
        for (lines, expected) in [
            (&["for=192.0.2.43"][..], Some("192.0.2.43")),
            (&["For=\"[2001:db8:cafe::17]:4711\""], Some("2001:db8:cafe::17")),
            (&["for=192.0.2.60;proto=http;by=203.0.113.43"], Some("192.0.2.60")),
            (&["proto=https ; FOR = 1"], None),
            (&["proto=https; for=192.0.2.43:80"], None),
            (&["proto=https; for=\"192.0.2.43:80\""], Some("192.0.2.43")),
            (&["for=\"192.0.2.43:_port\", for=10.0.0.1"], Some("192.0.2.43")),
            (&["for=198.51.100.1, for=192.0.2.43, for=10.0.0.1,for=\"[2001:db8:a::1]\""], Some("192.0.2.43")),
            (&["for=198.51.100.1", "for=192.0.2.43", "for=10.0.0.1"], Some("192.0.2.43")),
            (&["for=\"[::ffff:192.0.2.43]\""], Some("192.0.2.43")),
            (&["for=\"[::ffff:10.0.0.1]\""], None),
            (&["for=\"\\1\\92.0.2.43\""], Some("192.0.2.43")),
            (&[", ,for=192.0.2.43;;, ,"], Some("192.0.2.43")),
            (&["for=192.0.2.43;x=\"a,for=198.51.100.1\""], Some("192.0.2.43")),
            (&[], None),
            (&[""], None),
            (&["for=10.0.0.1"], None),
        ] {
            check(ForwardedHeader::Forwarded, lines, expected);
        }
        for (lines, expected) in [
            (&["192.0.2.43"][..], Some("192.0.2.43")),
            (&["198.51.100.1, 192.0.2.43, 10.0.0.1"], Some("192.0.2.43")),
            (&["198.51.100.1", "192.0.2.43 ,10.0.0.1", " 10.0.0.2"], Some("192.0.2.43")),
            (&["192.0.2.43:47011"], Some("192.0.2.43")),
            (&["2001:db8:cafe::17"], Some("2001:db8:cafe::17")),
            (&["[2001:db8:cafe::17]:47011"], Some("2001:db8:cafe::17")),
            (&["nonsense, 192.0.2.43"], Some("192.0.2.43")),
            (&["10.0.0.1, 10.0.0.2"], None),
            (&[], None),
        ] {
            check(ForwardedHeader::XForwardedFor, lines, expected);
        }
    }

    #[test]
    fn who_hides_or_lies_is_nobody() {
        let forwarded = [
            "for=unknown",
            "for=_hidden",
            "for=192.0.2.43, for=unknown",
            "for=192.0.2.43, for=_hidden, for=10.0.0.1",
            "for=192.0.2.43, proto=https",
            "for=192.0.2.43;for=192.0.2.44",
            "for=192.0.2",
            "for=192.0.2.043",
            "for=\"192.0.2.43:65536\"",
            "for=\"192.0.2.43:\"",
            "for=\"192.0.2.43:_\"",
            "for=\"192.0.2.43 \"",
            "for=\"2001:db8::1\"",
            "for=\"[2001:db8::1\"",
            "for=\"[2001:db8::1]x\"",
            "for=\"[192.0.2.43]\"",
            "for=[2001:db8::1]",
            "for=",
            "for",
            "=192.0.2.43",
            "for=\"192.0.2.43",
            "for=\"192.0.2.43\\",
            "for=192.0.2.43 proto=https",
            "for=\"192.0.2.43\"x",
            "for =192.0.2.43",
            "192.0.2.43",
            "for=192.0.2.43,\u{e9}=1",
        ];
        for line in forwarded {
            check(ForwardedHeader::Forwarded, &[line], None);
            // What the client itself has written before makes no other client of it.
            check(ForwardedHeader::Forwarded, &[line, "for=198.51.100.7"], Some("198.51.100.7"));
        }
        for line in ["unknown", "_hidden", "192.0.2.43, unknown", "192.0.2.43, for=192.0.2.44", "192.0.2.43 192.0.2.44"]
        {
            check(ForwardedHeader::XForwardedFor, &[line], None);
        }
    }

    #[test]
    fn no_quote_of_a_client_makes_its_own_hop_the_last() {
        let by_proxy = "for=198.51.100.7;host=\"h\";proto=https";
        for before in
            ["for=192.0.2.1;x=\"", "for=\"", "\"", "for=192.0.2.1;x=\"\\", "x=\\\"", "for=192.0.2.1;host=\"a\\\"", "\\"]
        {
            let found = client(ForwardedHeader::Forwarded, &[&format!("{before}, {by_proxy}")]);
            assert!(found.is_none() || found.as_deref() == Some("198.51.100.7"), "{before}: {found:?}");
        }
        for host in [",for=192.0.2.1", ", for=192.0.2.1;x=\\\"", "\\\\,for=192.0.2.1"] {
            let line = format!("for=198.51.100.7;host=\"{host}\"");
            check(ForwardedHeader::Forwarded, &[&line], Some("198.51.100.7"));
        }
    }

    #[test]
    fn long_lines_and_many_hops_are_no_clients() {
        let mut hops = vec!["for=10.0.0.1"; MOST_HOPS - 1];
        hops.insert(0, "for=192.0.2.43");
        check(ForwardedHeader::Forwarded, &[&hops.join(",")], Some("192.0.2.43"));
        hops.push("for=10.0.0.1");
        check(ForwardedHeader::Forwarded, &[&hops.join(",")], None);
        for line in ["for=192.0.2.43,".repeat(1_000), format!("for={}", "1".repeat(9_000)), "\"".repeat(9_000)] {
            check(ForwardedHeader::Forwarded, &[&line], None);
            check(ForwardedHeader::XForwardedFor, &[&line], None);
        }
        check(ForwardedHeader::Forwarded, &[&"for=192.0.2.1,".repeat(1_000), "for=192.0.2.43"], Some("192.0.2.43"));
    }
}
