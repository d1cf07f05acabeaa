//! Faults of every kind, each planted by statements of the kind that people and programs run.

use crate::reconcile::population::{Population, name};

const ADMIN: &str = "1";
const ALPHA: &str = "3";
const GAMMA: &str = "4";
const SQL_LAB: &str = "5";

/// Plants the faults, and says what is to be found: kind, whom it is about, and what.
pub(crate) async fn plant(population: &Population) -> Vec<String> {
    let mut expected = people(population).await;
    expected.extend(access(population).await);
    expected.extend(groups(population).await);
    expected.extend(records(population).await);
    // Last, because SQLite gives ids out again.
    for number in [22, 10] {
        population.superset.run(&format!("DELETE FROM ab_user WHERE username = '{}'", name(number))).await;
        expected.push(format!("user_row_gone {} -", name(number)));
    }
    expected.sort();
    expected
}

async fn people(population: &Population) -> Vec<String> {
    let superset = &population.superset;
    superset.local_account("mallory", "mallory@local").await;
    superset.local_account("intern", "intern@local").await;
    superset.local_account("former", "former@local").await;
    superset.run("UPDATE ab_user SET active = NULL WHERE username = 'former'").await;
    population.grant("ab_user_role", &superset.row_of("former").await, ALPHA).await;
    for change in [
        "active = TRUE WHERE username = 'p39'",
        "active = TRUE WHERE username = 'p43'",
        "active = FALSE WHERE username = 'p20'",
        "active = NULL WHERE username = 'p21'",
        "username = 'p23-new' WHERE username = 'p23'",
        "email = 'p24@elsewhere' WHERE username = 'p24'",
        "first_name = 'Max', last_name = 'Muster' WHERE username = 'p25'",
    ] {
        superset.run(&format!("UPDATE ab_user SET {change}")).await;
    }
    population.grant("ab_user_role", &population.row(40).await, ALPHA).await;
    population.grant("ab_user_role", &population.row(36).await, ALPHA).await;
    population.grant("ab_user_group", &population.row(37).await, &population.group_row("north").await).await;
    let key = format!("'k2', 'k2', 'hash', 'sst_', {}, TRUE", population.row(38).await);
    superset.by_hand("ab_api_key", "uuid, name, key_hash, key_prefix, user_id, active", &key).await;
    [
        "user_unmanaged mallory -",
        "user_unmanaged intern -",
        "inactive_with_access former role Alpha",
        "leaver_returned p39 -",
        "active_in_superset p43 -",
        "inactive_in_superset p20 -",
        "inactive_in_superset p21 -",
        "profile_differs p23 username",
        "profile_differs p24 email",
        "profile_differs p25 first_name, last_name",
        "leaver_returned p40 role Alpha",
        "inactive_with_access p36 role Alpha",
        "inactive_with_access p37 group north",
        "inactive_with_access p38 1 API key",
    ]
    .map(str::to_owned)
    .into()
}

async fn access(population: &Population) -> Vec<String> {
    population.take("ab_user_role", &population.row(26).await, GAMMA).await;
    population.take("ab_user_role", &population.row(34).await, SQL_LAB).await;
    for (number, role) in [(27, ALPHA), (28, SQL_LAB)] {
        let row = population.row(number).await;
        population.grant("ab_user_role", &row, role).await;
        population.claim("ab_user_role", &row, role).await;
    }
    population.grant("ab_user_role", &population.row(29).await, ADMIN).await;
    population.grant("ab_user_role", &population.row(12).await, ALPHA).await;
    population.take("ab_user_group", &population.row(6).await, &population.group_row("analysts").await).await;
    population.take("ab_user_group", &population.row(15).await, &population.group_row("outer").await).await;
    let (row, north) = (population.row(13).await, population.group_row("north").await);
    population.grant("ab_user_group", &row, &north).await;
    population.claim("ab_user_group", &row, &north).await;
    population.grant("ab_user_group", &population.row(14).await, &population.group_row("analysts").await).await;
    [
        "role_missing p26 Gamma",
        "role_missing p34 sql_lab",
        "role_extra p27 Alpha",
        "role_extra p28 sql_lab",
        "role_by_hand p29 Admin",
        "role_by_hand p12 Alpha",
        "membership_missing p06 analysts",
        "membership_missing p15 outer",
        "membership_extra p13 north",
        "membership_by_hand p14 analysts",
    ]
    .map(str::to_owned)
    .into()
}

async fn groups(population: &Population) -> Vec<String> {
    let superset = &population.superset;
    // As from a backup: with its id.
    let id = superset.value("SELECT local_id FROM scim_tombstone WHERE resource_type = 'Group'").await;
    superset.run(&format!("INSERT INTO ab_group (id, name, label) VALUES ({id}, 'past', 'past')")).await;
    superset.by_hand("ab_group", "name, label", "'leftover', 'leftover'").await;
    let (row, leftover) = (population.row(4).await, population.group_row("leftover").await);
    population.grant("ab_user_group", &row, &leftover).await;
    population.claim("ab_user_group", &row, &leftover).await;
    population.take("ab_group_role", &population.group_row("analysts").await, ALPHA).await;
    let sql = population.group_row("sql").await;
    population.grant("ab_group_role", &sql, GAMMA).await;
    population.claim("ab_group_role", &sql, GAMMA).await;
    population.grant("ab_group_role", &population.group_row("juniors").await, SQL_LAB).await;
    superset.run("UPDATE ab_group SET name = 'mine' WHERE name = 'renamed'").await;
    superset.run("DELETE FROM ab_group WHERE name = 'doomed'").await;
    [
        "group_orphaned past -",
        "group_orphaned leftover -",
        "group_role_missing analysts Alpha",
        "group_role_extra sql Gamma",
        "group_role_by_hand juniors sql_lab",
        "group_renamed renamed mine",
        "group_gone doomed -",
    ]
    .map(str::to_owned)
    .into()
}

async fn records(population: &Population) -> Vec<String> {
    population.claim("ab_user_role", &population.row(5).await, ADMIN).await;
    population.claim("ab_user_role", "99999", ALPHA).await;
    population.claim("ab_group_role", &population.group_row("north").await, ALPHA).await;
    // As if somebody had called the account so until now.
    let row = population.superset.row_of("admin").await;
    population.superset.run(&format!("UPDATE scim_account SET name_key = 'before' WHERE local_id = {row}")).await;
    population.superset.run("UPDATE scim_count SET total = total + 2 WHERE resource_type = 'Group'").await;
    population.superset.run("DELETE FROM scim_count WHERE resource_type = 'User' AND active = 1").await;
    [
        "grant_stale p05 Admin",
        "grant_stale - Alpha",
        "grant_stale north Alpha",
        "name_outdated admin -",
        "count_differs - Group",
        "count_differs - User",
    ]
    .map(str::to_owned)
    .into()
}
