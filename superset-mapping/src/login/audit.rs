//! The record of every login.

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::net::IpAddr;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_service::observe::ocsf::{OcsfEvent, OcsfWriter};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What happened at a login, or what did not.
///
/// Holds no attribute of the person but the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginRecord {
    /// When.
    #[serde(serialize_with = "date_time")]
    pub at: DateTime<Utc>,
    /// The name of the identity provider.
    pub identity_provider: String,
    /// The id of the HTTP request, where the host said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Where the browser was, where the host said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The identifier of the assertion; `None` where it was not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion: Option<String>,
    /// Whom the assertion is about; `None` where it was not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The `id` of the user, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: LoginOutcome,
}

/// How a login ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
#[non_exhaustive]
pub enum LoginOutcome {
    /// The person is logged in.
    #[serde(rename_all = "camelCase")]
    LoggedIn {
        /// Whether the user was created by this login.
        created: bool,
        /// Whether the user was changed by it.
        changed: bool,
        /// The display names of the groups that were joined.
        joined: Vec<String>,
        /// The display names of the groups that were left.
        left: Vec<String>,
        /// The groups of the assertion that were not joined, because somebody else made a group of that name.
        not_joined: Vec<String>,
        /// The roles that the person has now.
        roles: Vec<String>,
    },
    /// The person is refused.
    Refused {
        /// The reason in one word: [`Refusal::code`](crate::login::Refusal::code).
        reason: &'static str,
        /// The reason as a sentence.
        detail: String,
    },
    /// The login failed, through no fault of the person.
    Failed {
        /// What failed.
        detail: String,
    },
}

fn date_time<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&scim_core::json::format_date_time(*at))
}

/// The record could not be written.
#[derive(Debug)]
pub struct AuditError(Box<dyn Error + Send + Sync>);

impl AuditError {
    /// It could not be written because of `source`.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record of a login could not be written")
    }
}

impl Error for AuditError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Keeps the records of logins. Called once for each login, refused ones included, before its outcome is told; where it fails, nobody
/// is logged in.
#[async_trait]
pub trait LoginAudit: Send + Sync + 'static {
    /// Keeps a record.
    async fn record(&self, record: &LoginRecord) -> Result<(), AuditError>;
}

/// Records as events of OCSF, beside those of the SCIM service if it writes to the same place: class 3002, Authentication.
#[async_trait]
impl<W: Write + Send + 'static> LoginAudit for OcsfWriter<W> {
    async fn record(&self, record: &LoginRecord) -> Result<(), AuditError> {
        let event = event_of_login(record);
        let written = match &record.outcome {
            // Nobody is logged in where it cannot be written, and nothing else has happened: it must not be written later.
            LoginOutcome::LoggedIn { created: false, changed: false, .. } => self.write_or_forget(&event),
            _ => self.write(&event),
        };
        written.map_err(AuditError::new)
    }
}

fn event_of_login(record: &LoginRecord) -> OcsfEvent {
    let outcome = match &record.outcome {
        LoginOutcome::LoggedIn { .. } => Ok(()),
        LoginOutcome::Refused { detail, .. } | LoginOutcome::Failed { detail } => Err(detail.as_str()),
    };
    let request_id = record.request_id.as_deref().or(record.assertion.as_deref()).unwrap_or_default();
    let event = OcsfEvent::logon(record.at, record.subject.as_deref(), record.address, request_id, outcome);
    // All that the record has: the roles that the person has now, the groups that were joined and left, or the reason in one word.
    let login = serde_json::to_value(record).unwrap_or(Value::Null);
    event.through(&record.identity_provider).with_unmapped("login", login)
}

/// Records as lines of JSON, one for each login.
///
/// Writing blocks: the writer should be a file or a buffer, not a connection.
pub struct JsonLines<W> {
    writer: Mutex<W>,
}

impl<W: Write + Send + 'static> JsonLines<W> {
    /// Records into this writer.
    pub fn new(writer: W) -> Self {
        Self { writer: Mutex::new(writer) }
    }
}

impl<W> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines").finish_non_exhaustive()
    }
}

#[async_trait]
impl<W: Write + Send + 'static> LoginAudit for JsonLines<W> {
    async fn record(&self, record: &LoginRecord) -> Result<(), AuditError> {
        let mut line = serde_json::to_vec(record).map_err(AuditError::new)?;
        line.push(b'\n');
        let mut writer = self.writer.lock().map_err(|_| AuditError::new("an earlier record was cut short"))?;
        writer.write_all(&line).and_then(|()| writer.flush()).map_err(AuditError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_an_authentication_that_failed() {
        let record = LoginRecord {
            at: Utc::now(),
            identity_provider: "partners".to_owned(),
            request_id: Some("r-1".to_owned()),
            address: Some([192, 0, 2, 7].into()),
            assertion: Some("a-1".to_owned()),
            subject: Some("ada@example.com".to_owned()),
            user: None,
            outcome: LoginOutcome::Refused { reason: "inactive", detail: "the user is inactive".to_owned() },
        };
        let event: Value = serde_json::from_str(&event_of_login(&record).to_string()).unwrap();
        assert_eq!((&event["type_uid"], &event["status_id"]), (&Value::from(300_201), &Value::from(2)));
        assert_eq!(event["src_endpoint"]["ip"], "192.0.2.7");
        assert_eq!(event["status_detail"], "the user is inactive");
        assert_eq!(
            (&event["user"]["name"], &event["actor"]["idp"]["name"]),
            (&"ada@example.com".into(), &"partners".into())
        );
        assert_eq!(event["unmapped"]["scim"]["login"]["reason"], "inactive");
    }
}
