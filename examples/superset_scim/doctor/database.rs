//! Superset's metadata database, and how the rules fit it.

use chrono::{DateTime, Utc};
use scim_core::Provenance;
use superset_mapping::store::Inspector;
use superset_mapping::{RoleMapper, RuleSet};

use super::finding::Finding;

/// How far clocks may differ, in seconds.
pub(super) const CLOCKS: i64 = 30;

/// Opens the database.
pub(super) async fn open(url: &str, findings: &mut Vec<Finding>) -> Option<Inspector> {
    match Inspector::open(url).await {
        Ok(inspector) => Some(inspector),
        Err(error) => {
            findings.push(Finding::error("database", &error));
            None
        }
    }
}

/// Which engine answers.
pub(super) async fn engine(inspector: &Inspector) -> Finding {
    const CHECK: &str = "database";
    match inspector.engine().await {
        Ok(engine) => {
            let isolation = engine.isolation.map(|level| format!(", isolation by default {level}")).unwrap_or_default();
            let (name, version, address) = (engine.name, engine.version, inspector.address());
            Finding::ok(CHECK, format!("{name} {version} answers at {address}{isolation}"))
        }
        Err(error) => Finding::error(CHECK, &error),
    }
}

/// Whether Superset's tables are there.
pub(super) async fn security_tables(inspector: &Inspector) -> Finding {
    const CHECK: &str = "security tables of Superset";
    match inspector.check_security_tables().await {
        Ok(()) => Finding::ok(CHECK, "they are there"),
        Err(error) => Finding::error(CHECK, &error),
    }
}

/// Whether Superset's migrations are complete.
pub(super) async fn superset_revision(inspector: &Inspector) -> Finding {
    const CHECK: &str = "migrations of Superset";
    match inspector.superset_revisions().await {
        Ok(revisions) => match &revisions[..] {
            [revision] => Finding::ok(CHECK, format!("at revision {revision}")),
            [] => Finding::warn(
                CHECK,
                "no revision is recorded (`alembic_version`)",
                "a database that Superset has made",
                "run `superset db upgrade`, unless these are tables for demonstrations",
            ),
            several => Finding::warn(CHECK, several.join(", "), "one revision", "run `superset db upgrade`"),
        },
        Err(error) => Finding::error(CHECK, &error),
    }
}

/// Whether our own tables are of the version of this program.
pub(super) async fn auxiliary_version(inspector: &Inspector) -> Finding {
    const CHECK: &str = "auxiliary tables";
    let known = inspector.known_auxiliary_version();
    let expected = format!("version {known}, that of this program");
    match inspector.auxiliary_version().await {
        Ok(Some(found)) if found == known => Finding::ok(CHECK, format!("version {found}")),
        Ok(Some(found)) if found > known => Finding::fail(
            CHECK,
            format!("version {found}"),
            &expected,
            "use the programs that made them, or newer ones",
        ),
        Ok(Some(found)) => Finding::warn(
            CHECK,
            format!("version {found}"),
            &expected,
            "stop the older programs; the next start of a server upgrades the tables",
        ),
        Ok(None) => Finding::warn(CHECK, "there are none", &expected, "the first start of a server makes them"),
        Err(error) => Finding::error(CHECK, &error),
    }
}

/// How many users and groups there are, and whose.
pub(super) async fn counts(inspector: &Inspector) -> Finding {
    const CHECK: &str = "users and groups";
    match inspector.counts().await {
        Ok(counts) => Finding::ok(
            CHECK,
            format!(
                "{} users, {} of them active, {} not provisioned; {} groups, {} not provisioned",
                counts.users,
                counts.active_users,
                counts.unprovisioned_users,
                counts.groups,
                counts.unprovisioned_groups
            ),
        ),
        Err(error) => Finding::error(CHECK, &error),
    }
}

/// Compares the clock of the database with that of this machine.
pub(super) async fn clock(inspector: &Inspector) -> Finding {
    const CHECK: &str = "clock of the database";
    match inspector.clock().await {
        Ok(clock) => compared(CHECK, clock, Utc::now()),
        Err(error) => Finding::error(CHECK, &error),
    }
}

/// Judges how far two clocks differ.
pub(super) fn compared(check: &'static str, theirs: DateTime<Utc>, ours: DateTime<Utc>) -> Finding {
    let seconds = (theirs - ours).num_seconds();
    let found = match seconds {
        0 | -1 => "the same as here".to_owned(),
        seconds if seconds > 0 => format!("{seconds} s ahead of the clock here"),
        seconds => format!("{} s behind the clock here", -seconds),
    };
    if seconds.abs() <= CLOCKS {
        Finding::ok(check, found)
    } else {
        Finding::warn(check, found, &format!("at most {CLOCKS} s"), "let both machines follow a time server")
    }
}

/// Whether Superset has the roles that the rules give.
pub(super) async fn roles_of_rules(inspector: &Inspector, rules: &RuleSet) -> Finding {
    const CHECK: &str = "roles of the rules";
    let roles = match inspector.roles().await {
        Ok(roles) => roles,
        Err(error) => return Finding::error(CHECK, &error),
    };
    if let Some(template) = rules.create_roles_from().filter(|template| !roles.contains(*template)) {
        let found = format!("Superset has no role `{template}`, after which the rules make roles");
        return Finding::fail(CHECK, found, "one that it has", "correct `create_roles_from`, or run `superset init`");
    }
    let possible = rules.possible_roles();
    let missing: Vec<&str> = possible.iter().map(String::as_str).filter(|role| !roles.contains(*role)).collect();
    if missing.is_empty() {
        Finding::ok(CHECK, format!("Superset has all {}", possible.len()))
    } else if rules.create_roles_from().is_some() {
        Finding::ok(CHECK, format!("servers make those that Superset has not yet: {}", missing.join(", ")))
    } else {
        let found = format!("Superset has no {}", missing.join(", "));
        Finding::fail(
            CHECK,
            found,
            "roles that it has",
            "make them in Superset, or correct the rules; nobody gets them until then",
        )
    }
}

/// Who holds the roles that the rules protect.
pub(super) async fn protected_roles(inspector: &Inspector, rules: &RuleSet) -> Finding {
    const CHECK: &str = "protected roles";
    /// So many are named.
    const NAMED: usize = 10;
    let mut told = Vec::new();
    for role in rules.protected_roles() {
        let holders = match inspector.holders(role).await {
            Ok(holders) => holders,
            Err(error) => return Finding::error(CHECK, &error),
        };
        let names: Vec<&str> = holders.iter().take(NAMED).map(String::as_str).collect();
        let more = holders.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
        told.push((role, holders.is_empty(), format!("{role}: {names}{more}")));
    }
    let found = told.iter().map(|(_, _, text)| text.as_str()).collect::<Vec<_>>().join("; ");
    if told.iter().any(|(role, empty, _)| *empty && role.as_str() == "Admin") {
        return Finding::warn(
            CHECK,
            found,
            "somebody who is Admin and active",
            "`superset fab create-admin`, or a rule that gives the role",
        );
    }
    Finding::ok(CHECK, if found.is_empty() { "the rules protect none".to_owned() } else { found })
}

/// Whether the rules know everybody who writes, or can.
pub(super) async fn writers(inspector: &Inspector, rules: &RuleSet, clients: &[Provenance]) -> Finding {
    const CHECK: &str = "sources of the rules";
    let recorded = match inspector.writers().await {
        Ok(recorded) => recorded,
        Err(error) => return Finding::error(CHECK, &error),
    };
    match rules.check_writers(clients, &recorded) {
        Ok(()) => {
            let names: Vec<String> = recorded.iter().map(ToString::to_string).collect();
            let wrote = if names.is_empty() { "nobody yet".to_owned() } else { names.join(", ") };
            Finding::ok(
                CHECK,
                format!("the rules fit the {} clients that were told; written has {wrote}", clients.len()),
            )
        }
        Err(error) => Finding::error(CHECK, &error),
    }
}
