//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

/// The address of the client, for the log.
///
/// The service has no listener, so it knows no address: a host that does puts this among the
/// [extensions](http::Extensions) of the request. Behind a proxy that is the address which the proxy reports, if the host
/// trusts the proxy, or else all clients have the address of the proxy. The service uses the address for the log alone; an
/// [`Authenticator`](crate::Authenticator) may read it from the extensions, too.
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
