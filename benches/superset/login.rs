//! Logs people in by the library's own API, as a gateway does once it has verified an assertion, and says how long that took, as JSON.
//!
//! `superset_login DATABASE RULES PEOPLE LOGINS`: the people take turns. Each is in ten groups, of which two are others at the next
//! login. The first login of a person, which creates the user, is not timed.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use scim_core::SchemaSet;
use serde_json::json;
use superset_mapping::login::{Assertion, Domains, JsonLines};
use superset_mapping::{AttributeMapping, IdentityProvider, JitLogin, People, RuleSet, SupersetStore};

/// The groups of an assertion.
const GROUPS: usize = 10;

/// How many of them are others at the next login.
const CHANGED: usize = 2;

/// What the identity provider says of a person, at an even login or at an odd one.
fn assertion(person: usize, login: usize) -> Assertion {
    let changed = (GROUPS - CHANGED..GROUPS).map(|group| group + login % 2 * CHANGED);
    let groups = (0..GROUPS - CHANGED).chain(changed).map(|group| format!("login-{group}")).collect();
    let subject = format!("login{person:06}@example.com");
    let attributes = BTreeMap::from([
        ("email".to_owned(), vec![subject.clone()]),
        ("firstName".to_owned(), vec!["Log".to_owned()]),
        ("lastName".to_owned(), vec!["In".to_owned()]),
        ("groups".to_owned(), groups),
    ]);
    Assertion { id: format!("_{person}-{login}"), subject, attributes }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, rules, people, logins] = arguments.as_slice() else {
        return Err("usage: superset_login DATABASE RULES PEOPLE LOGINS".into());
    };
    let (people, logins): (usize, usize) = (people.parse()?, logins.parse()?);
    let rules: RuleSet = std::fs::read_to_string(rules)?.parse()?;
    let store = Arc::new(SupersetStore::connect(database, rules.clone()).await?);
    let provider =
        IdentityProvider::new("partners", AttributeMapping::okta(), People::Created(Domains::new(["example.com"])?))?;
    let program = JitLogin::new(store, SchemaSet::builtin(), Arc::new(rules), JsonLines::new(std::io::sink()));
    let mut milliseconds = Vec::new();
    for turn in 0..people + logins {
        let (person, login) = (turn % people, turn / people);
        let assertion = assertion(person, login);
        let begin = Instant::now();
        let done = program.login(&provider, &assertion, Utc::now()).await?;
        if login == 0 {
            // They may be there from an earlier run, which may have ended at either set of groups.
            continue;
        }
        milliseconds.push(begin.elapsed().as_secs_f64() * 1e3);
        let (joined, left) = (done.groups.joined.len(), done.groups.left.len());
        if (joined, left, done.created) != (CHANGED, CHANGED, false) {
            return Err(
                format!("login {turn}: {joined} groups joined and {left} left, expected {CHANGED} of each").into()
            );
        }
    }
    println!("{}", json!({"milliseconds": milliseconds}));
    Ok(())
}
