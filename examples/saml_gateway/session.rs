//! What a browser keeps: a login that is under way, and a session. Both are sealed: read and made by the gateway alone.

use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar, SameSite};
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use scim_core::ResourceId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use superset_mapping::login::LoginRequest;
use superset_mapping::store::AccountSession;
use uuid::Uuid;

/// How long somebody may take to log in at the identity provider.
const LOGIN_TIME: TimeDelta = TimeDelta::minutes(15);

/// A login under way.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) request: LoginRequest,
    /// Where the person wanted to go.
    pub(crate) to: String,
    until: DateTime<Utc>,
}

/// Somebody who is logged in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Tells it from every other session.
    id: String,
    /// The `id` of the SCIM user.
    user: String,
    /// Which generation of the user logged in: a takeover, a deactivation and a return each make another one.
    generation: i64,
    until: DateTime<Utc>,
}

impl Session {
    /// The SCIM user.
    pub(crate) fn user(&self) -> Option<ResourceId> {
        self.user.parse().ok()
    }

    /// Whether it is one of the user as they are now.
    pub(crate) fn is_of(&self, now: &AccountSession) -> bool {
        self.generation == now.generation
    }

    /// By what its end is remembered.
    pub(crate) fn key(&self) -> String {
        format!("session:{}", self.id)
    }

    /// When it ends by itself.
    pub(crate) fn until(&self) -> DateTime<Utc> {
        self.until
    }
}

/// How cookies are made.
pub(crate) struct Cookies {
    key: Key,
    session_time: TimeDelta,
    /// Whether browsers come by HTTPS. If not, the identity provider's answer brings the cookie of the login along only where it
    /// is of the same site, as on one's own machine.
    https: bool,
}

impl Cookies {
    pub(crate) fn new(key: Key, session_hours: u16, https: bool) -> Self {
        Self { key, session_time: TimeDelta::hours(session_hours.into()), https }
    }

    /// The cookies of a request.
    pub(crate) fn jar(&self, headers: &HeaderMap) -> PrivateCookieJar {
        PrivateCookieJar::from_headers(headers, self.key.clone())
    }

    /// Begins a login. The answer to it is posted by another site.
    pub(crate) fn with_pending(
        &self,
        jar: PrivateCookieJar,
        request: LoginRequest,
        to: String,
        now: DateTime<Utc>,
    ) -> PrivateCookieJar {
        let same_site = if self.https { SameSite::None } else { SameSite::Lax };
        self.with(jar, self.pending_name(), &Pending { request, to, until: now + LOGIN_TIME }, same_site)
    }

    /// Ends the login and begins a session.
    pub(crate) fn with_session(
        &self,
        jar: PrivateCookieJar,
        user: &str,
        generation: i64,
        now: DateTime<Utc>,
    ) -> PrivateCookieJar {
        let jar = jar.remove(self.bare(self.pending_name()));
        let id = Uuid::new_v4().to_string();
        let session = Session { id, user: user.to_owned(), generation, until: now + self.session_time };
        self.with(jar, self.session_name(), &session, SameSite::Lax)
    }

    /// Ends the session.
    pub(crate) fn without_session(&self, jar: PrivateCookieJar) -> PrivateCookieJar {
        jar.remove(self.bare(self.session_name()))
    }

    /// The login under way, if there is one.
    pub(crate) fn pending(&self, jar: &PrivateCookieJar, now: DateTime<Utc>) -> Option<Pending> {
        read(jar, self.pending_name()).filter(|pending: &Pending| now < pending.until)
    }

    /// The session, if there is one.
    pub(crate) fn session(&self, jar: &PrivateCookieJar, now: DateTime<Utc>) -> Option<Session> {
        read(jar, self.session_name()).filter(|session: &Session| now < session.until)
    }

    /// Whether a cookie is one of the gateway's, and none of Superset's business.
    pub(crate) fn owns(&self, name: &str) -> bool {
        name == self.pending_name() || name == self.session_name()
    }

    // With the prefix, browsers take the cookie from this host alone, and by HTTPS.
    fn pending_name(&self) -> &'static str {
        if self.https { "__Host-saml_login" } else { "saml_login" }
    }

    fn session_name(&self) -> &'static str {
        if self.https { "__Host-saml_session" } else { "saml_session" }
    }

    fn with(
        &self,
        jar: PrivateCookieJar,
        name: &'static str,
        content: &impl Serialize,
        same_site: SameSite,
    ) -> PrivateCookieJar {
        let mut cookie = self.bare(name);
        cookie.set_value(serde_json::to_string(content).unwrap_or_default());
        cookie.set_http_only(true);
        cookie.set_same_site(same_site);
        jar.add(cookie)
    }

    fn bare(&self, name: &'static str) -> Cookie<'static> {
        let mut cookie = Cookie::new(name, "");
        cookie.set_path("/");
        cookie.set_secure(self.https);
        cookie
    }
}

fn read<T: DeserializeOwned>(jar: &PrivateCookieJar, name: &str) -> Option<T> {
    serde_json::from_str(jar.get(name)?.value()).ok()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::header::{COOKIE, SET_COOKIE};

    use super::*;

    /// What the browser sends after it was answered so.
    fn sent_back(jar: PrivateCookieJar) -> HeaderMap {
        let answer = (jar, ()).into_response();
        let pairs = answer.headers().get_all(SET_COOKIE).iter();
        let pairs: Vec<&str> = pairs.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap()).collect();
        [(COOKIE, pairs.join("; ").parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_session_lasts_its_time_and_is_sealed() {
        let cookies = Cookies::new(Key::generate(), 8, true);
        let now = Utc::now();
        let headers = sent_back(cookies.with_session(cookies.jar(&HeaderMap::new()), "0e5c", 3, now));
        assert!(!headers[COOKIE].to_str().unwrap().contains("0e5c"));
        let jar = cookies.jar(&headers);
        assert_eq!(cookies.session(&jar, now).unwrap().user(), Some("0e5c".parse().unwrap()));
        assert!(cookies.session(&jar, now + TimeDelta::hours(8)).is_none());
        assert!(cookies.pending(&jar, now).is_none());
        let other = Cookies::new(Key::generate(), 8, true);
        assert!(other.session(&other.jar(&headers), now).is_none(), "another key");
    }

    #[test]
    fn a_login_can_not_stand_for_a_session() {
        let cookies = Cookies::new(Key::generate(), 8, false);
        let now = Utc::now();
        let request = LoginRequest { id: "_1".to_owned(), relay_state: None };
        let jar = cookies.with_pending(cookies.jar(&HeaderMap::new()), request, "/x".to_owned(), now);
        let text = sent_back(jar)[COOKIE].to_str().unwrap().replace("saml_login", "saml_session");
        let jar = cookies.jar(&[(COOKIE, text.parse().unwrap())].into_iter().collect());
        assert!(cookies.session(&jar, now).is_none());
    }
}
