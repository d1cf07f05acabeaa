//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The address of the client, for the log and for limits of traffic.
///
/// The service has no listener, so it knows no address: a host that does puts this among the
/// [extensions](http::Extensions) of the request. Behind a proxy that is the address which the proxy reports, if the host
/// trusts the proxy, or else all clients have the address of the proxy. The service uses the address for the log and for the
/// limits of traffic (feature `limits`); an [`Authenticator`](crate::Authenticator) may read it from the extensions, too.
///
/// ```
/// use std::net::SocketAddr;
///
/// use bytes::Bytes;
/// use http::Request;
/// use scim_service::observe::ClientAddress;
///
/// let peer: SocketAddr = "192.0.2.7:49152".parse()?;
/// let mut request = Request::get("https://example.com/scim/v2/Users").body(Bytes::new())?;
/// request.extensions_mut().insert(ClientAddress::from(peer));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The address; an IPv4 address that came as an IPv6 one is an IPv4 address.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// What counts as one address where clients are counted: the address, or in IPv6 the first one of its network of 64 bits,
    /// because whoever has one address of a network usually has all of them.
    ///
    /// ```
    /// use std::net::IpAddr;
    ///
    /// use scim_service::observe::ClientAddress;
    ///
    /// let network = |text: &str| text.parse().map(|address: IpAddr| ClientAddress::from(address).network());
    /// assert_eq!(network("2001:db8:1:2:3::1"), network("2001:db8:1:2:ffff::2"));
    /// assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    /// assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    /// ```
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl From<SocketAddr> for ClientAddress {
    fn from(address: SocketAddr) -> Self {
        address.ip().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x5_a_network_of_ipv6_counts_as_one_address() {
        let network = |text: &str| ClientAddress::from(text.parse::<IpAddr>().unwrap()).network();
        assert_eq!(network("2001:db8:1:2:3::1"), network("2001:db8:1:2:ffff::2"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
