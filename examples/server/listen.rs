//! Where a server listens, and who may connect.

use std::io;
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use ipnet::IpNet;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::tls::TlsFlags;

/// Flags that say who reaches the server.
#[derive(Args, Clone, Debug)]
pub struct ListenFlags {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address or network of a proxy that ends TLS in front of the server: nobody else may connect. May be given several
    /// times. With neither a proxy nor TLS of its own, the server listens on a loopback address alone
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,
}

/// The server can't listen there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Anybody could read along.
    #[error(
        "`--listen {address}` would be reached without TLS: expected a loopback address, {flags}or `--trusted-proxy` with the \
         address of the proxy that ends TLS"
    )]
    WithoutTls {
        /// The address.
        address: SocketAddr,
        /// The flags of the program that would help.
        flags: &'static str,
    },
    /// The system refuses.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl ListenFlags {
    /// Listens.
    ///
    /// # Errors
    ///
    /// [`ListenError`] for an address that is not one of this machine alone, without a proxy; and where the system refuses.
    pub async fn bind(&self) -> Result<TcpListener, ListenError> {
        self.check("")?;
        self.open().await
    }

    /// The same for a server that may end TLS by itself, as these flags say: then it may have any address.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub async fn bind_with(&self, tls: &TlsFlags) -> Result<TcpListener, ListenError> {
        if !tls.is_on() {
            self.check("`--tls-cert` with `--tls-key`, ")?;
        }
        self.open().await
    }

    fn check(&self, flags: &'static str) -> Result<(), ListenError> {
        let address = self.listen;
        if !address.ip().to_canonical().is_loopback() && self.trusted_proxy.is_empty() {
            return Err(ListenError::WithoutTls { address, flags });
        }
        Ok(())
    }

    async fn open(&self) -> Result<TcpListener, ListenError> {
        let address = self.listen;
        TcpListener::bind(address).await.map_err(|source| ListenError::Bind { address, source })
    }

    /// What a peer is.
    pub fn peer(&self, address: IpAddr) -> Peer {
        let address = address.to_canonical();
        if self.trusted_proxy.is_empty() {
            Peer::Client
        } else if self.trusted_proxy.iter().any(|network| network.contains(&address)) {
            Peer::Proxy
        } else {
            Peer::Stranger
        }
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client.
    Client,
    /// A proxy, which stands for many clients.
    Proxy,
    /// Somebody who should have come by the proxy.
    Stranger,
}

/// A network as a flag has it: one, or a single address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| "expected an address or a network such as `10.0.0.0/8`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(listen: &str, proxies: &[&str]) -> ListenFlags {
        let trusted_proxy = proxies.iter().map(|text| network(text).unwrap()).collect();
        ListenFlags { listen: listen.parse().unwrap(), trusted_proxy }
    }

    #[tokio::test]
    async fn x14_without_tls_a_server_is_reached_from_its_machine_or_by_its_proxy_alone() {
        for public in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
            let error = flags(public, &[]).bind().await.unwrap_err();
            assert!(matches!(error, ListenError::WithoutTls { .. }), "{public}: {error}");
            let error = flags(public, &[]).bind_with(&TlsFlags::default()).await.unwrap_err().to_string();
            assert!(error.contains("`--tls-cert` with `--tls-key`, or `--trusted-proxy`"), "{error}");
        }
        assert!(flags("127.0.0.1:0", &[]).bind().await.is_ok());
        assert!(flags("0.0.0.0:0", &["192.0.2.1"]).bind().await.is_ok());
    }

    #[test]
    fn x14_nobody_passes_the_proxy() {
        let peer = |proxies: &[&str], address: &str| flags("127.0.0.1:0", proxies).peer(address.parse().unwrap());
        assert_eq!(peer(&[], "192.0.2.1"), Peer::Client);
        let proxies = ["10.0.0.0/8", "2001:db8::1"];
        for proxy in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"] {
            assert_eq!(peer(&proxies, proxy), Peer::Proxy, "{proxy}");
        }
        for stranger in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2", "127.0.0.1"] {
            assert_eq!(peer(&proxies, stranger), Peer::Stranger, "{stranger}");
        }
        assert!(network("proxy.example.com").is_err());
    }
}
