//! The record of every login.

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

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
