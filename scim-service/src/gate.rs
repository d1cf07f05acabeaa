//! The limits of traffic where requests come in. Without the feature `limits` there are none.

use http::request::Parts;

use crate::context::Principal;
#[cfg(feature = "limits")]
use crate::observe::ClientAddress;
#[cfg(feature = "limits")]
use crate::traffic::{Place, TrafficLimits};
use crate::wire::Excess;

/// Asked about each request on its way in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    #[cfg(feature = "limits")]
    limits: Option<TrafficLimits>,
}

/// What a request holds until it is answered.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    #[cfg(feature = "limits")]
    _place: Option<Place>,
}

#[cfg(feature = "limits")]
impl Gate {
    pub(crate) fn new(limits: TrafficLimits) -> Self {
        Self { limits: Some(limits) }
    }

    /// A request has come.
    pub(crate) fn admit_address(&self, parts: &Parts) -> Result<(), Excess> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.admit_address(address(parts)))
    }

    /// Its credentials are about to be looked at.
    pub(crate) fn admit_credentials(&self, parts: &Parts) -> Result<(), Excess> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.admit_credentials(address(parts)))
    }

    /// Its credentials were refused.
    pub(crate) fn note_failure(&self, parts: &Parts) {
        if let Some(limits) = &self.limits {
            limits.note_failure(address(parts));
        }
    }

    /// It is of this client.
    pub(crate) fn admit_request(&self, client: &Principal) -> Result<Pass, Excess> {
        let Some(limits) = &self.limits else { return Ok(Pass::default()) };
        Ok(Pass { _place: limits.admit_request(client)? })
    }

    /// It is a request for a token, of this client.
    #[cfg(feature = "oauth")]
    pub(crate) fn admit_client(&self, client: &Principal) -> Result<(), Excess> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.admit_client(client))
    }
}

#[cfg(feature = "limits")]
fn address(parts: &Parts) -> Option<ClientAddress> {
    parts.extensions.get().copied()
}

#[cfg(not(feature = "limits"))]
impl Gate {
    pub(crate) fn admit_address(&self, _: &Parts) -> Result<(), Excess> {
        Ok(())
    }

    pub(crate) fn admit_credentials(&self, _: &Parts) -> Result<(), Excess> {
        Ok(())
    }

    pub(crate) fn note_failure(&self, _: &Parts) {}

    pub(crate) fn admit_request(&self, _: &Principal) -> Result<Pass, Excess> {
        Ok(Pass::default())
    }

    #[cfg(feature = "oauth")]
    pub(crate) fn admit_client(&self, _: &Principal) -> Result<(), Excess> {
        Ok(())
    }
}
