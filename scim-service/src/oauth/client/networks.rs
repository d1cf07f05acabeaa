//! Where a client may come from.

use std::net::{IpAddr, SocketAddr};

use http::Extensions;
use ipnet::IpNet;

/// The address that a request came from, as far as the host is sure of it: what the networks of a client are compared with.
///
/// The host puts it among the [extensions](http::Extensions) of the request, to the service and to the token endpoint. That is the
/// address of the connection, or the one that a trusted proxy reports; where the host knows neither it puts nothing there, and
/// clients with networks are refused. It is not [`ClientAddress`](crate::observe::ClientAddress), which is for the log and may be the
/// address of a proxy.
///
/// ```
/// use std::net::SocketAddr;
///
/// use bytes::Bytes;
/// use http::Request;
/// use scim_service::oauth::PeerAddress;
///
/// let peer: SocketAddr = "192.0.2.7:49152".parse()?;
/// let mut request = Request::post("https://example.com/oauth2/token").body(Bytes::new())?;
/// request.extensions_mut().insert(PeerAddress::from(peer));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddress(IpAddr);

impl PeerAddress {
    /// The address; an IPv4 address that came as an IPv6 one is an IPv4 address.
    pub fn ip(self) -> IpAddr {
        self.0
    }
}

impl From<IpAddr> for PeerAddress {
    /// An IPv4 address that came as an IPv6 one is an IPv4 address.
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        address.ip().into()
    }
}

/// The networks of a client; without any it may come from everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::oauth) struct Networks(Vec<IpNet>);

impl Networks {
    /// Adds a network, or a single address; says whether the text is one.
    pub(super) fn add(&mut self, text: &str) -> bool {
        let network = text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)));
        self.0.extend(network);
        network.is_some()
    }

    /// Whether a request with these extensions comes from one of them.
    pub(in crate::oauth) fn admit(&self, extensions: &Extensions) -> bool {
        let from = |PeerAddress(address): &PeerAddress| self.0.iter().any(|network| network.contains(address));
        self.0.is_empty() || extensions.get().is_some_and(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_networks_comes_from_one_of_them_or_is_refused() {
        let admits = |networks: &[&str], address: Option<&str>| {
            let mut known = Networks::default();
            assert!(networks.iter().all(|network| known.add(network)));
            let mut extensions = Extensions::new();
            if let Some(address) = address {
                extensions.insert(PeerAddress::from(address.parse::<IpAddr>().unwrap()));
            }
            known.admit(&extensions)
        };
        assert!(admits(&[], None) && admits(&[], Some("192.0.2.1")));
        let some = ["127.0.0.0/8", "2001:db8::/32", "192.0.2.7"];
        for inside in ["127.9.9.9", "2001:db8::9", "192.0.2.7", "::ffff:127.0.0.1"] {
            assert!(admits(&some, Some(inside)), "{inside}");
        }
        for outside in [None, Some("192.0.2.8"), Some("128.0.0.1"), Some("2001:db9::1"), Some("::1")] {
            assert!(!admits(&some, outside), "{outside:?}");
        }
        for bad in ["", "10.0.0.0/33", "localhost", "10.0.0"] {
            assert!(!Networks::default().add(bad), "{bad}");
        }
    }
}
