//! The service in this process, over a store in memory: requests without a network.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use scim_core::SchemaSet;
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
use tokio::runtime::{Builder, Runtime};

use crate::population::{UserSize, add_members, new_group, new_user};

/// Most members that are added by one request.
const MEMBERS_AT_ONCE: usize = 1000;

const BASE_URL: &str = "https://example.com/scim/v2";

/// A service, and what runs it on the calling thread.
pub struct Host {
    service: ScimService<MemoryStore>,
    runtime: Runtime,
}

impl Host {
    /// A service over an empty store.
    ///
    /// # Errors
    ///
    /// None that depends on the caller.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let tokens = BearerTokens::new().with_token("token", Principal::new("bench"))?;
        let config = ServiceConfig::new(BASE_URL)?;
        let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
        Ok(Self { service, runtime: Builder::new_current_thread().build()? })
    }

    /// Answers a request.
    ///
    /// # Errors
    ///
    /// The answer, where it is no success.
    pub fn send(&self, method: &str, path: &str, body: String) -> Result<Response<Bytes>, Box<dyn Error>> {
        self.answer(request(method, path, body)?)
    }

    /// Answers a request that is there already.
    ///
    /// # Errors
    ///
    /// The answer, where it is no success.
    pub fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Box<dyn Error>> {
        let response = self.runtime.block_on(self.service.handle(request));
        if response.status().is_success() { Ok(response) } else { Err(format!("{response:?}").into()) }
    }

    /// Creates users with the numbers from `from` on, and returns their ids.
    ///
    /// # Errors
    ///
    /// An answer that is no success.
    pub fn fill(&self, size: UserSize, from: usize, count: usize) -> Result<Vec<String>, Box<dyn Error>> {
        (from..from + count).map(|number| self.create("/Users", new_user(size, number)?)).collect()
    }

    /// Creates a group with these members, and returns its id.
    ///
    /// # Errors
    ///
    /// An answer that is no success.
    pub fn create_group(&self, name: &str, members: &[String]) -> Result<String, Box<dyn Error>> {
        let group = self.create("/Groups", new_group(name))?;
        for some in members.chunks(MEMBERS_AT_ONCE) {
            self.send("PATCH", &format!("/Groups/{group}"), add_members(some.iter().map(String::as_str)))?;
        }
        Ok(group)
    }

    fn create(&self, endpoint: &str, body: String) -> Result<String, Box<dyn Error>> {
        let created = self.send("POST", endpoint, body)?;
        let location = created.headers().get("location").ok_or("no location")?.to_str()?;
        Ok(location.rsplit('/').next().unwrap_or_default().to_owned())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

/// A request to the service, with a token.
///
/// # Errors
///
/// A method or path that is invalid.
pub fn request(method: &str, path: &str, body: String) -> Result<Request<Bytes>, http::Error> {
    Request::builder()
        .method(method)
        .uri(format!("{BASE_URL}{path}"))
        .header("authorization", "Bearer token")
        .body(Bytes::from(body))
}
