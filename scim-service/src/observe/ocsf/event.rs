//! One event.

use std::fmt;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The version of the schema.
const VERSION: &str = "1.8.0";

/// What somebody is called of whom nothing is known.
const UNKNOWN: &str = "unknown";

/// An event of OCSF 1.8. `Display` writes it as one line of JSON, without the end of the line.
///
/// ```
/// use chrono::Utc;
/// use scim_service::observe::ocsf::OcsfEvent;
///
/// let refused = OcsfEvent::logon(Utc::now(), Some("ada@example.com"), None, "r-1", Err("the assertion is expired"));
/// assert!(refused.to_string().contains(r#""class_uid":3002"#));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OcsfEvent(Map<String, Value>);

/// The classes that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Account,
    Authentication,
    Entity,
    Group,
    Api,
}

impl Class {
    fn uid(self) -> u32 {
        match self {
            Self::Account => 3001,
            Self::Authentication => 3002,
            Self::Entity => 3004,
            Self::Group => 3006,
            Self::Api => 6003,
        }
    }
}

/// How bad an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Informational = 1,
    Low = 2,
    Medium = 3,
    High = 4,
}

/// The activity that has no number of its own.
pub(super) const OTHER: u32 = 99;

impl OcsfEvent {
    pub(super) fn new(class: Class, activity: u32, time: DateTime<Utc>, request_id: &str) -> Self {
        let class_uid = class.uid();
        let event = json!({
            "class_uid": class_uid,
            "category_uid": class_uid / 1000,
            "activity_id": activity,
            "type_uid": class_uid * 100 + activity,
            "time": time.timestamp_millis(),
            "severity_id": Severity::Informational as u32,
            "status_id": 1,
            "metadata": {
                "version": VERSION,
                "uid": Uuid::new_v4().to_string(),
                "correlation_uid": request_id,
                "product": {"name": "scim-service", "vendor_name": "scim-service", "version": env!("CARGO_PKG_VERSION")},
            },
        });
        let Value::Object(event) = event else { return Self(Map::new()) };
        if activity == OTHER { Self(event).with("activity_name", "Update") } else { Self(event) }
    }

    /// Somebody logged in, or was refused. Called by whoever authenticates people; the service tells of its clients by itself.
    pub fn logon(
        time: DateTime<Utc>,
        subject: Option<&str>,
        address: Option<IpAddr>,
        request_id: &str,
        outcome: Result<(), &str>,
    ) -> Self {
        let event = Self::new(Class::Authentication, 1, time, request_id)
            .with("user", json!({"name": subject.unwrap_or(UNKNOWN)}))
            .with("service", json!({"name": "SCIM"}))
            .from(address);
        match outcome {
            Ok(()) => event,
            Err(reason) => event.failed(Severity::Medium, reason),
        }
    }

    /// The same event, on the word of this identity provider.
    #[must_use]
    pub fn through(self, identity_provider: &str) -> Self {
        self.with("actor", json!({"app_name": identity_provider, "idp": {"name": identity_provider}}))
    }

    /// The same event, with more that OCSF has no attribute for.
    #[must_use]
    pub fn with_unmapped(mut self, name: &str, value: Value) -> Self {
        let unmapped = self.0.entry("unmapped").or_insert_with(|| json!({"scim": {}}));
        if let Some(Value::Object(scim)) = unmapped.get_mut("scim") {
            scim.insert(name.to_owned(), value);
        }
        self
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Whence it came, where that is known.
    pub(super) fn from(self, address: Option<IpAddr>) -> Self {
        match address {
            Some(address) => self.with("src_endpoint", json!({"ip": address.to_string()})),
            None => self,
        }
    }

    /// Who did it: a client, by its name, with its source.
    pub(super) fn by(self, name: &str, source: &str, request_id: &str) -> Self {
        self.with("actor", json!({"app_name": name, "app_uid": source, "session": {"uid": request_id}}))
    }

    pub(super) fn in_tenant(mut self, tenant: Option<&str>) -> Self {
        if let (Some(tenant), Some(Value::Object(metadata))) = (tenant, self.0.get_mut("metadata")) {
            metadata.insert("tenant_uid".to_owned(), tenant.into());
        }
        self
    }

    pub(super) fn failed(self, severity: Severity, reason: &str) -> Self {
        self.with("status_id", 2).with("severity_id", severity as u32).with("status_detail", reason)
    }
}

impl fmt::Display for OcsfEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

/// Something by its id and its name, of which one has to be there.
pub(super) fn named(id: Option<&str>, name: Option<&str>) -> Value {
    let mut named = Map::new();
    if let Some(id) = id {
        named.insert("uid".to_owned(), id.into());
    }
    if let Some(name) = name.or_else(|| id.is_none().then_some(UNKNOWN)) {
        named.insert("name".to_owned(), name.into());
    }
    Value::Object(named)
}
