#![allow(clippy::panic, reason = "a test may panic")]

use std::net::SocketAddr;
use std::path::Path;

use chrono::{DateTime, TimeDelta};
use clap::Parser;
use scim_examples::CertificateFacts;
use sqlx::{AssertSqlSafe, Connection};
use superset_mapping::store::Inspector;
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    doctor: DoctorArguments,
}

/// A folder with a demonstration database.
struct Lab {
    folder: TempDir,
    url: String,
    inspector: Inspector,
}

impl Lab {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/superset.db", folder.path().display());
        create_demo_schema(&url).await.unwrap();
        let inspector = Inspector::open(&url).await.unwrap();
        Self { folder, url, inspector }
    }

    async fn run(&self, statement: &str) {
        let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        write(self.folder.path(), name, text, mode)
    }
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

const ADA: &str = "INSERT INTO ab_user (id, first_name, last_name, username, password, active, email) \
                   VALUES (1, 'A', 'L', 'ada', '!', 1, 'ada@example.com')";

fn rules(text: &str) -> RuleSet {
    text.parse().unwrap()
}

fn is(finding: &Finding, level: Level, told: &str) {
    assert!(finding.level == level && finding.to_string().contains(told), "{told}: {finding}");
}

#[tokio::test]
async fn tables_and_versions_are_looked_at() {
    let lab = Lab::new().await;
    is(&database::engine(&lab.inspector).await, Level::Ok, "SQLite 3.");
    is(&database::security_tables(&lab.inspector).await, Level::Ok, "they are there");
    is(&database::clock(&lab.inspector).await, Level::Ok, "the same as here");
    is(&database::auxiliary_version(&lab.inspector).await, Level::Warn, "there are none");
    SupersetStore::connect(&lab.url, RuleSet::default()).await.unwrap().close().await;
    is(&database::auxiliary_version(&lab.inspector).await, Level::Ok, "version");
    lab.run("INSERT INTO scim_schema_version VALUES (1000, '')").await;
    is(&database::auxiliary_version(&lab.inspector).await, Level::Fail, "version 1000; expected version");
    lab.run("DELETE FROM scim_schema_version WHERE version > 1").await;
    is(&database::auxiliary_version(&lab.inspector).await, Level::Warn, "stop the older programs");

    is(&database::superset_revision(&lab.inspector).await, Level::Warn, "no revision is recorded");
    lab.run("CREATE TABLE alembic_version (version_num VARCHAR(32)); INSERT INTO alembic_version VALUES ('a1b2')")
        .await;
    is(&database::superset_revision(&lab.inspector).await, Level::Ok, "at revision a1b2");
    lab.run("INSERT INTO alembic_version VALUES ('c3d4')").await;
    is(&database::superset_revision(&lab.inspector).await, Level::Warn, "a1b2, c3d4; expected one revision");

    lab.run("DROP TABLE ab_user_role").await;
    is(&database::security_tables(&lab.inspector).await, Level::Fail, "superset db upgrade");
    is(&database::counts(&lab.inspector).await, Level::Fail, "ab_user_role not found");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told() {
    let mut findings = Vec::new();
    assert!(database::open("sqlite:///nowhere/superset.db", &mut findings).await.is_none());
    is(&findings[0], Level::Fail, "no database");
    assert!(database::open("oracle://x", &mut findings).await.is_none());
    is(&findings[1], Level::Fail, "expected a database URL");
}

#[tokio::test]
async fn real_data_show_by_their_users_and_by_supersets_own_table() {
    let lab = Lab::new().await;
    assert_eq!(lab.inspector.real_data().await.unwrap(), None);
    lab.run(ADA).await;
    is(&database::counts(&lab.inspector).await, Level::Ok, "1 users, 1 of them active, 1 not provisioned; 0 groups");
    assert!(lab.inspector.real_data().await.unwrap().unwrap().contains("no client has provisioned: 1"));
    SupersetStore::connect(&lab.url, RuleSet::default()).await.unwrap().close().await;
    lab.run(
        "INSERT INTO scim_tombstone (id, tenant, resource_type, local_id, deleted_at) VALUES ('t', '', 'User', 1, '2026')",
    )
    .await;
    assert_eq!(lab.inspector.real_data().await.unwrap(), None, "provisioned, and deleted since");
    lab.run("CREATE TABLE alembic_version (version_num VARCHAR(32))").await;
    assert!(lab.inspector.real_data().await.unwrap().unwrap().contains("alembic_version"));
}

#[tokio::test]
async fn rules_are_compared_with_the_roles_that_there_are() {
    let lab = Lab::new().await;
    is(&database::roles_of_rules(&lab.inspector, &rules(r#"default_roles = ["Gamma"]"#)).await, Level::Ok, "has all 1");
    let wrong = rules(r#"default_roles = ["Gama"]"#);
    is(&database::roles_of_rules(&lab.inspector, &wrong).await, Level::Fail, "no Gama; expected roles that it has");
    let makes = rules("default_roles = [\"Team\"]\ncreate_roles_from = \"Gamma\"");
    is(&database::roles_of_rules(&lab.inspector, &makes).await, Level::Ok, "has not yet: Team");
    let template = rules("default_roles = [\"Team\"]\ncreate_roles_from = \"None\"");
    is(&database::roles_of_rules(&lab.inspector, &template).await, Level::Fail, "no role `None`");

    is(&database::protected_roles(&lab.inspector, &RuleSet::default()).await, Level::Warn, "Admin: nobody");
    lab.run(ADA).await;
    lab.run("INSERT INTO ab_user_role SELECT 1, 1, id FROM ab_role WHERE name = 'Admin'").await;
    is(&database::protected_roles(&lab.inspector, &RuleSet::default()).await, Level::Ok, "Admin: ada");
    lab.run("UPDATE ab_user SET active = 0").await;
    is(&database::protected_roles(&lab.inspector, &RuleSet::default()).await, Level::Warn, "Admin: nobody");
    let group = "DELETE FROM ab_user_role; UPDATE ab_user SET active = 1; INSERT INTO ab_group (id, name) VALUES (1, 'g'); \
                 INSERT INTO ab_user_group (id, user_id, group_id) VALUES (1, 1, 1); \
                 INSERT INTO ab_group_role (id, group_id, role_id) SELECT 1, 1, id FROM ab_role WHERE name = 'Admin'";
    lab.run(group).await;
    is(&database::protected_roles(&lab.inspector, &RuleSet::default()).await, Level::Ok, "Admin: ada");
}

#[tokio::test]
async fn sources_that_the_rules_do_not_know_are_told() {
    let lab = Lab::new().await;
    SupersetStore::connect(&lab.url, RuleSet::default()).await.unwrap().close().await;
    let of = |text: &str| registered_writers(&toml::from_str::<Clients>(text).unwrap(), false);
    let (one, other) = (client("okta", ""), client("entra", "").replace("9f86", "8f86"));
    is(&database::writers(&lab.inspector, &RuleSet::default(), &of(&one)).await, Level::Ok, "the 1 clients");
    let both = database::writers(&lab.inspector, &RuleSet::default(), &of(&(one + &other))).await;
    is(&both, Level::Fail, "client:entra");
}

fn client(id: &str, expires: &str) -> String {
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    format!("[[client]]\nid = \"{id}\"\nscopes = [\"scim\"]\ntokens = [{{ sha256 = \"{hash}\"{expires} }}]\n")
}

#[tokio::test]
async fn files_are_looked_at() {
    let (lab, now) = (Lab::new().await, Utc::now());
    let mut findings = Vec::new();
    let open = lab.write("open.toml", &client("okta", ""), 0o644);
    assert!(files::clients(&open, &mut findings).is_none());
    is(&findings[0], Level::Fail, "chmod 600");
    let soon = (now + TimeDelta::days(3)).format(", expires = %Y-%m-%dT%H:%M:%SZ").to_string();
    let path = lab.write("clients.toml", &client("okta", &soon), 0o600);
    assert!(files::clients(&path, &mut findings).is_some());
    is(&findings[1], Level::Ok, "has 1 clients");
    is(&files::expiries(&path, now), Level::Warn, "the token 9f86d081884c of client `okta` ends at");
    is(&files::expiries(&lab.write("fine.toml", &client("okta", ""), 0o600), now), Level::Ok, "none has expired");
    is(&files::certificate(&lab.write("cert.pem", "", 0o644), now), Level::Fail, "at least one certificate");
    let at = |begins: i64, ends: i64| {
        let mut facts = facts();
        (facts.begins, facts.ends) = (now + TimeDelta::days(begins), now + TimeDelta::days(ends));
        files::dates("certificate", &facts, now)
    };
    is(&at(-1, 90), Level::Ok, "for localhost");
    is(&at(-1, 7), Level::Warn, "expected 14 days or more");
    is(&at(-9, -1), Level::Fail, "it has expired");
    is(&at(1, 9), Level::Fail, "look at the clock");
}

/// What a certificate of an authority of this test says.
fn facts() -> CertificateFacts {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    CertificateFacts::of_der(params.self_signed(&key).unwrap().der()).unwrap()
}

#[test]
fn clocks_that_differ_are_told() {
    let now: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().unwrap();
    let at = |seconds| database::compared("clock", now + TimeDelta::seconds(seconds), now);
    is(&at(0), Level::Ok, "the same as here");
    is(&at(30), Level::Ok, "30 s ahead");
    is(&at(-31), Level::Warn, "31 s behind the clock here; expected at most 30 s");
    is(&at(7200), Level::Warn, "7200 s ahead");
}

/// A server that answers each path and token in its own way.
async fn answering(answers: fn(&str, bool) -> String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let _ = stream.write_all(answers(path, head.contains("Bearer a-token")).as_bytes()).await;
        }
    });
    address
}

async fn of_service(answers: fn(&str, bool) -> String) -> Vec<Finding> {
    let address = answering(answers).await;
    let service = Service::new(&format!("http://{address}/scim/v2/"), &Trust { ca: None, client: None }).unwrap();
    let mut findings = Vec::new();
    service::checks(&service, Some("a-token"), &mut findings).await;
    findings
}

fn http(status: &str, date: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ndate: {date}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

const CONFIG: &str = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]}"#;

#[tokio::test]
async fn a_service_is_met_as_its_clients_meet_it() {
    let right = of_service(|path, token| {
        let now = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        match (path, token) {
            ("/scim/v2/ServiceProviderConfig", _) => http("200 OK", &now, CONFIG),
            ("/scim/v2/health", _) | ("/scim/v2/Users?count=1", true) => http("200 OK", &now, "{}"),
            ("/scim/v2/Users?count=1", false) => http("401 Unauthorized", &now, "{}"),
            _ => http("404 Not Found", &now, ""),
        }
    })
    .await;
    assert!(right.len() == 6 && right.iter().all(|finding| finding.level == Level::Ok), "{right:#?}");
    let wrong = of_service(|path, token| match (path, token) {
        ("/scim/v2/health", _) => http("503 Service Unavailable", "Fri, 01 Jan 2021 00:00:00 GMT", "{}"),
        (_, true) => http("401 Unauthorized", "x", "{}"),
        (_, false) => http("200 OK", "x", "<html>"),
    })
    .await;
    for (check, told) in [
        ("service", "look at its log"),
        ("clock of the service", "behind the clock here"),
        ("authentication", "without a token 200; expected 401"),
        ("token", "with it 401"),
        ("configuration of the service", "with the status 401"),
    ] {
        let finding = wrong.iter().find(|finding| finding.check == check).unwrap();
        assert!(finding.level > Level::Ok && finding.text.contains(told), "{finding}");
    }
    let page = of_service(|_, _| http("200 OK", "x", "<html>")).await;
    assert!(page.iter().any(|finding| finding.text.contains("is something else")), "{page:#?}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let service = Service::new(&format!("https://{nobody}"), &Trust { ca: None, client: None }).unwrap();
    let mut findings = Vec::new();
    service::checks(&service, None, &mut findings).await;
    is(&findings[0], Level::Fail, "nobody listens there");
    for url in ["scim.example.com", "ftp://x", "http://", ""] {
        assert!(Service::new(url, &Trust { ca: None, client: None }).is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_token_is_not_sent_in_clear_text() {
    let address = answering(|path, token| match (path, token) {
        (_, true) => http("500 Internal Server Error", "x", ""),
        ("/health", _) => http("200 OK", "x", "{}"),
        _ => http("401 Unauthorized", "x", "{}"),
    })
    .await;
    // Not called local, and reached all the same.
    let url = format!("http://0.0.0.0:{}", address.port());
    let service = Service::new(&url, &Trust { ca: None, client: None }).unwrap();
    let mut findings = Vec::new();
    service::checks(&service, Some("a-token"), &mut findings).await;
    let of_token: Vec<_> = findings.iter().filter(|finding| finding.check == "token").collect();
    is(of_token[0], Level::Fail, "it was not sent");
    assert!(of_token.len() == 1 && findings.iter().all(|finding| !finding.text.contains("500")), "{findings:#?}");
}

#[tokio::test]
async fn a_whole_set_up_is_looked_at() {
    let lab = Lab::new().await;
    lab.run(ADA).await;
    lab.run("INSERT INTO ab_user_role SELECT 1, 1, id FROM ab_role WHERE name = 'Admin'").await;
    lab.run("CREATE TABLE alembic_version (version_num VARCHAR(32)); INSERT INTO alembic_version VALUES ('a1b2')")
        .await;
    SupersetStore::connect(&lab.url, RuleSet::default()).await.unwrap().close().await;
    let database = lab.write("url", &lab.url, 0o600);
    let clients = lab.write("clients.toml", &client("okta", ""), 0o600);
    let rules = lab.write("rules.toml", "default_roles = [\"Gamma\"]\n", 0o644);
    let flags = |rules: &Path| {
        let paths = [("--database-file", &*database), ("--clients", &*clients), ("--rules", rules)];
        let flags = paths.iter().flat_map(|(flag, path)| [(*flag).to_owned(), path.display().to_string()]);
        Program::try_parse_from(std::iter::once("program".to_owned()).chain(flags)).unwrap().doctor
    };
    let findings = examine(&flags(&rules)).await.unwrap();
    assert!(findings.len() == 12 && findings.iter().all(|finding| finding.level == Level::Ok), "{findings:#?}");
    let broken = lab.write("broken.toml", "default_role = [\"Gamma\"]\n", 0o644);
    let findings = examine(&flags(&broken)).await.unwrap();
    assert!(findings.iter().any(|finding| finding.check == "rules" && finding.level == Level::Fail), "{findings:#?}");
    assert!(findings.iter().all(|finding| !finding.to_string().contains('\n')));
}
