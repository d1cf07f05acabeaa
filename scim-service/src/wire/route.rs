//! Which endpoint a path names (RFC 7644 section 3.2).

use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use percent_encoding::percent_decode_str;
use scim_core::{Quirk, SchemaSet, Tolerance, TypeSchema};

use crate::config::Capabilities;
use crate::wire::fail::Failure;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/`: all resource types.
    Root,
    /// `/.search`.
    RootSearch,
    /// `/Users`.
    Collection(Arc<TypeSchema>),
    /// `/Users/.search`.
    Search(Arc<TypeSchema>),
    /// `/Users/{id}`; the id as decoded, unchecked.
    Resource(Arc<TypeSchema>, String),
    /// `/ServiceProviderConfig`.
    ServiceProviderConfig,
    /// `/Schemas` or `/Schemas/{uri}`.
    Schemas(Option<String>),
    /// `/ResourceTypes` or `/ResourceTypes/{name}`.
    ResourceTypes(Option<String>),
    /// `/.well-known/scim-configuration`.
    WellKnown,
    /// `/health`.
    Health,
    /// `/health/live`.
    Live,
    /// `/health/ready`.
    Ready,
    /// `/Me`.
    Me,
    /// `/Bulk`.
    Bulk,
}

/// The first segments of the endpoints that every service has.
const FIXED: [&str; 8] =
    [".search", "ServiceProviderConfig", "Schemas", "ResourceTypes", ".well-known", "health", "Bulk", "Me"];

/// A path with more segments leads nowhere.
const MOST_SEGMENTS: usize = 8;

impl Route {
    /// The endpoint that `path` names below the base URL, with or without the protocol version `/v2` before it (R239). What
    /// the service itself names may come in any case where the profile allows it, what a client names (ids) not.
    pub(crate) fn of(path: &str, schemas: &SchemaSet, tolerance: &mut Tolerance) -> Result<Self, Failure> {
        let mut decoded: [Cow<'_, str>; MOST_SEGMENTS] = Default::default();
        let mut count = 0;
        for segment in path.split('/').skip(1) {
            let segment = decode(segment)?;
            if let Some(place) = decoded.get_mut(count) {
                *place = segment;
                count += 1;
            }
        }
        let mut segments: [&str; MOST_SEGMENTS] = decoded.each_ref().map(AsRef::as_ref);
        let ends_in_slash = count > 0 && segments.get(count - 1).is_some_and(|last| last.is_empty());
        let mut segments = segments.get_mut(..count - usize::from(ends_in_slash)).unwrap_or_default();
        let mut registered = |segment: &mut &str, words: &[&'static str]| {
            let same = |word: &&&str| word.eq_ignore_ascii_case(segment);
            if !words.contains(segment)
                && let Some(word) = words.iter().find(same)
                && tolerance.take(Quirk::EndpointCase)
            {
                *segment = word;
            }
        };
        if let Some(first) = segments.first_mut() {
            registered(first, &["v2"]);
        }
        if let Some(version) = segments.first().and_then(|segment| protocol_version(segment)) {
            if version != "2" {
                return Err(Failure::ProtocolVersion { version: version.to_owned() });
            }
            segments = segments.get_mut(1..).unwrap_or_default();
        }
        if let Some(first) = segments.first_mut() {
            registered(first, &FIXED);
        }
        match segments {
            ["health", second] => registered(second, &["live", "ready"]),
            [_, second] => registered(second, &[".search"]),
            _ => {}
        }
        match &*segments {
            [] => Ok(Self::Root),
            [".search"] => Ok(Self::RootSearch),
            ["ServiceProviderConfig"] => Ok(Self::ServiceProviderConfig),
            ["Schemas"] => Ok(Self::Schemas(None)),
            ["Schemas", uri] => Ok(Self::Schemas(Some((*uri).to_owned()))),
            ["ResourceTypes"] => Ok(Self::ResourceTypes(None)),
            ["ResourceTypes", name] => Ok(Self::ResourceTypes(Some((*name).to_owned()))),
            [".well-known", "scim-configuration"] => Ok(Self::WellKnown),
            ["health"] => Ok(Self::Health),
            ["health", "live"] => Ok(Self::Live),
            ["health", "ready"] => Ok(Self::Ready),
            ["Bulk"] => Ok(Self::Bulk),
            ["Me"] => Ok(Self::Me),
            [endpoint, rest @ ..] => {
                let of = by_endpoint(endpoint, schemas, tolerance).ok_or(Failure::UnknownEndpoint)?;
                match rest {
                    [] => Ok(Self::Collection(of.clone())),
                    [".search"] => Ok(Self::Search(of.clone())),
                    [id] => Ok(Self::Resource(of.clone(), (*id).to_owned())),
                    _ => Err(Failure::UnknownEndpoint),
                }
            }
        }
    }

    /// The endpoint in a form that is the same for all resources, as metrics want it.
    pub(crate) fn template(&self) -> Cow<'static, str> {
        match self {
            Self::Root => "/".into(),
            Self::RootSearch => "/.search".into(),
            Self::Collection(of) => of.resource_type().endpoint().to_owned().into(),
            Self::Search(of) => format!("{}/.search", of.resource_type().endpoint()).into(),
            Self::Resource(of, _) => format!("{}/{{id}}", of.resource_type().endpoint()).into(),
            Self::ServiceProviderConfig => "/ServiceProviderConfig".into(),
            Self::Schemas(None) => "/Schemas".into(),
            Self::Schemas(Some(_)) => "/Schemas/{uri}".into(),
            Self::ResourceTypes(None) => "/ResourceTypes".into(),
            Self::ResourceTypes(Some(_)) => "/ResourceTypes/{name}".into(),
            Self::WellKnown => "/.well-known/scim-configuration".into(),
            Self::Health => "/health".into(),
            Self::Live => "/health/live".into(),
            Self::Ready => "/health/ready".into(),
            Self::Me => "/Me".into(),
            Self::Bulk => "/Bulk".into(),
        }
    }

    /// The methods that the endpoint takes.
    pub(crate) fn methods(&self, capabilities: Capabilities) -> &'static [Method] {
        const READ: &[Method] = &[Method::GET, Method::HEAD, Method::OPTIONS];
        match self {
            Self::Root
            | Self::ServiceProviderConfig
            | Self::Schemas(_)
            | Self::ResourceTypes(_)
            | Self::WellKnown
            | Self::Health
            | Self::Live
            | Self::Ready => READ,
            Self::RootSearch | Self::Search(_) | Self::Bulk => &[Method::POST, Method::OPTIONS],
            Self::Collection(_) => &[Method::GET, Method::HEAD, Method::POST, Method::OPTIONS],
            Self::Resource(..) | Self::Me if !capabilities.patch => {
                &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS]
            }
            Self::Resource(..) | Self::Me => {
                &[Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
            }
        }
    }

    /// The methods that the endpoint takes, if it is there and `method` is among them (R236, R245).
    pub(crate) fn admit(&self, method: &Method, capabilities: Capabilities) -> Result<&'static [Method], Failure> {
        if *self == Self::Bulk && capabilities.bulk.is_none() {
            return Err(Failure::NotImplemented { endpoint: "/Bulk" });
        }
        let allowed = self.methods(capabilities);
        if allowed.contains(method) {
            Ok(allowed)
        } else if *method == Method::PATCH && self.methods(Capabilities::default()).contains(method) {
            Err(Failure::NotImplemented { endpoint: "PATCH" })
        } else {
            Err(Failure::MethodNotAllowed { allowed })
        }
    }

    /// Whether the endpoint describes the service rather than its resources.
    pub(crate) fn is_discovery(&self) -> bool {
        matches!(self, Self::ServiceProviderConfig | Self::Schemas(_) | Self::ResourceTypes(_))
    }

    /// Whether the endpoint never asks who is there.
    pub(crate) fn is_public(&self) -> bool {
        self.is_health() || *self == Self::WellKnown
    }

    /// Whether the endpoint says how the service is.
    pub(crate) fn is_health(&self) -> bool {
        matches!(self, Self::Health | Self::Live | Self::Ready)
    }
}

/// The type that is served at `/{segment}`. No two have endpoints that differ in case alone.
fn by_endpoint<'s>(segment: &str, schemas: &'s SchemaSet, tolerance: &mut Tolerance) -> Option<&'s Arc<TypeSchema>> {
    fn of_type(of: &Arc<TypeSchema>) -> Option<&str> {
        of.resource_type().endpoint().strip_prefix('/')
    }
    let same = |of: &&Arc<TypeSchema>| of_type(of).is_some_and(|known| known.eq_ignore_ascii_case(segment));
    schemas
        .types()
        .find(|of| of_type(of) == Some(segment))
        .or_else(|| schemas.types().find(same).filter(|_| tolerance.take(Quirk::EndpointCase)))
}

/// `v2` and its like: a version of the protocol as a path segment.
fn protocol_version(segment: &str) -> Option<&str> {
    let version = segment.strip_prefix('v')?;
    (!version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())).then_some(version)
}

/// Decodes a path segment once (R247).
fn decode(segment: &str) -> Result<Cow<'_, str>, Failure> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    percent_decode_str(segment).decode_utf8().map_err(|_| Failure::UnknownEndpoint)
}

#[cfg(test)]
mod tests {
    use scim_core::Profile;

    use super::*;

    fn route(path: &str) -> Result<Route, Failure> {
        Route::of(path, &SchemaSet::builtin(), &mut Tolerance::rfc())
    }

    fn id(path: &str) -> String {
        id_of(route(path).ok())
    }

    fn id_of(route: Option<Route>) -> String {
        match route {
            Some(Route::Resource(_, id)) => id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn r239_paths_come_with_or_without_the_version() {
        for path in ["/Users", "/Users/", "/v2/Users"] {
            assert!(matches!(route(path), Ok(Route::Collection(_))), "{path}");
        }
        for path in ["", "/", "/v2", "/v2/"] {
            assert!(matches!(route(path), Ok(Route::Root)), "{path}");
        }
    }

    #[test]
    fn r239_another_protocol_version_is_refused() {
        assert!(matches!(route("/v1/Users"), Err(Failure::ProtocolVersion { .. })));
        assert!(matches!(route("/vx/Users"), Err(Failure::UnknownEndpoint)));
    }

    #[test]
    fn r247_ids_are_decoded_once() {
        assert_eq!(id("/Users/a%2Fb%20c"), "a/b c");
        assert_eq!(id("/Users/%2541"), "%41");
        assert_eq!(id("/Users/%C3%A9"), "é");
        assert!(matches!(route("/Users/%FF"), Err(Failure::UnknownEndpoint)));
    }

    #[test]
    fn schema_uris_may_be_escaped() {
        let uri = "urn:ietf:params:scim:schemas:core:2.0:User";
        assert_eq!(route(&format!("/Schemas/{uri}")).unwrap(), Route::Schemas(Some(uri.into())));
        assert_eq!(route(&format!("/Schemas/{}", uri.replace(':', "%3A"))).unwrap(), Route::Schemas(Some(uri.into())));
    }

    #[test]
    fn p15_endpoints_may_come_in_any_case() {
        let lenient = |path: &str, profile: &Profile| {
            let mut tolerance = Tolerance::new(profile);
            let route = Route::of(path, &SchemaSet::builtin(), &mut tolerance).ok();
            (route, tolerance.used().contains(Quirk::EndpointCase))
        };
        let profile = Profile::compatible();
        for (given, registered) in [
            ("/users", "/Users"),
            ("/USERS/aBc", "/Users/aBc"),
            ("/V2/gROUPS/", "/Groups"),
            ("/users/.Search", "/Users/.search"),
            ("/.SEARCH", "/.search"),
            ("/serviceproviderconfig", "/ServiceProviderConfig"),
            ("/schemas/urn:x", "/Schemas/urn:x"),
            ("/resourcetypes/User", "/ResourceTypes/User"),
            ("/bulk", "/Bulk"),
            ("/me", "/Me"),
            ("/HEALTH", "/health"),
            ("/Health/Ready", "/health/ready"),
            ("/health/LIVE", "/health/live"),
        ] {
            let expected = route(registered).unwrap();
            assert_eq!(lenient(given, &profile), (Some(expected.clone()), true), "{given}");
            assert_eq!(lenient(registered, &profile), (Some(expected), false), "{registered}");
            let strict = profile.clone().without(Quirk::EndpointCase);
            assert!(
                !lenient(given, &strict).1 && lenient(given, &strict).0 != lenient(registered, &strict).0,
                "{given}"
            );
        }
        assert_eq!(id_of(lenient("/users/.SEARCHES", &profile).0), ".SEARCHES", "an id stays as it is");
        assert_eq!(lenient("/people", &profile), (None, false));
    }

    #[test]
    fn endpoints_regard_case_and_depth() {
        for path in ["/users", "/Users/1/2", "/Schemas/a/b", "/nope", "//Users", "/health/nope", "/health/live/a"] {
            assert!(matches!(route(path), Err(Failure::UnknownEndpoint)), "{path}");
        }
    }
}
