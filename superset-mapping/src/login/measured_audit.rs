//! Logins as metrics.

use async_trait::async_trait;
use metrics::{Label, counter};
use scim_service::observe::metrics::{DeprovisionedAttempt, attempted, audit_failed};

use crate::login::audit::{AuditError, LoginAudit, LoginOutcome, LoginRecord};
use crate::metrics::LOGINS;

/// The reason of a login of somebody who is deactivated.
const INACTIVE: &str = "inactive";

/// Counts logins by their outcome (`scim.logins`), those of somebody who is inactive as attempts of a deprovisioned user, and records
/// that could not be kept; and has another keep the records.
///
/// ```
/// use superset_mapping::login::{JsonLines, MeasuredAudit};
///
/// let audit = MeasuredAudit::new(JsonLines::new(std::io::sink()));
/// ```
#[derive(Debug)]
pub struct MeasuredAudit<A> {
    audit: A,
}

impl<A: LoginAudit> MeasuredAudit<A> {
    /// Counts what `audit` keeps.
    pub fn new(audit: A) -> Self {
        Self { audit }
    }
}

#[async_trait]
impl<A: LoginAudit> LoginAudit for MeasuredAudit<A> {
    async fn record(&self, record: &LoginRecord) -> Result<(), AuditError> {
        let (outcome, reason) = match &record.outcome {
            LoginOutcome::LoggedIn { created: true, .. } => ("created", None),
            LoginOutcome::LoggedIn { .. } => ("logged_in", None),
            LoginOutcome::Refused { reason, .. } => ("refused", Some(*reason)),
            LoginOutcome::Failed { .. } => ("failed", None),
        };
        if reason == Some(INACTIVE) {
            attempted(DeprovisionedAttempt::Login);
        }
        let kept = self.audit.record(record).await;
        let mut labels = vec![Label::new("provider", record.identity_provider.clone())];
        if kept.is_err() {
            // Without its record nobody is logged in.
            audit_failed("login");
            labels.push(Label::from_static_parts("outcome", "failed"));
        } else {
            labels.push(Label::from_static_parts("outcome", outcome));
            labels.extend(reason.map(|reason| Label::from_static_parts("reason", reason)));
        }
        counter!(LOGINS, labels).increment(1);
        kept
    }
}
