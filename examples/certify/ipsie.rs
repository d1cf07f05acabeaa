//! What the IPSIE account lifecycle profile (draft 00) asks of a service, as far as it can be told from outside.

use http::Method;
use http::header::AUTHORIZATION;
use scim_core::urn;
use serde_json::{Value, json};

use crate::check::{Check, Outcome, expect, same};
use crate::checks;
use crate::subject::{Subject, ids, query};

pub(crate) const CHECKS: &[Check] = checks![
    "ipsie-capabilities", "IPSIE 4.2, 4.3", "PATCH, filter and bulk are supported and advertised", capabilities;
    "ipsie-header-only", "IPSIE 4.1", "a token in the query or in Basic is refused", header_only;
    "ipsie-several-attributes", "IPSIE 4.3", "several attributes change in one PATCH", several;
    "ipsie-reactivate", "IPSIE 5.1", "a deactivated user is shown, found and reactivated with the same id", reactivate;
    "ipsie-name-again", "IPSIE 5.2", "after DELETE the same userName is taken again, by a new resource", name_again;
    "ipsie-user-filters", "IPSIE 5.4", "the filters of users that the profile names", user_filters;
    "ipsie-no-password", "IPSIE 6.1.2", "/Schemas has no password", no_password;
    "ipsie-page", "IPSIE 6.1.5", "a page has 1,000 users at most", page;
    "ipsie-group-names", "IPSIE 6.2", "the displayName of a group is unique", group_names;
    "ipsie-group-filters", "IPSIE 6.2", "the filters of groups that the profile names", group_filters;
    "ipsie-empty-group", "IPSIE 6.2", "a group may be empty", empty_group;
    "ipsie-members", "IPSIE 6.2.6", "50 members come in one PATCH, and go in one by value paths where the service takes these", fifty;
];

async fn capabilities(subject: &Subject) -> Outcome {
    for name in ["patch", "filter", "bulk"] {
        same(&format!("`{name}.supported`"), &subject.config[name]["supported"], &true.into())?;
    }
    Ok(())
}

async fn header_only(subject: &Subject) -> Outcome {
    let none = [(AUTHORIZATION, String::new())];
    subject.ask_with(Method::GET, "/Users?access_token=certify", None, &none).await?.is(401)?;
    let basic = [(AUTHORIZATION, "Basic Y2VydGlmeTpjZXJ0aWZ5".to_owned())];
    subject.ask_with(Method::GET, "/Users?count=1", None, &basic).await?.is(401).map(drop)
}

async fn several(subject: &Subject) -> Outcome {
    let (path, _) = subject.new_user().await?;
    let operations = json!([
        {"op": "replace", "path": "displayName", "value": "Ada King"},
        {"op": "replace", "path": "name.familyName", "value": "King"},
        {"op": "add", "path": "title", "value": "Countess"}
    ]);
    let found = subject.patched(&path, &operations).await?;
    same("`displayName`", &found["displayName"], &"Ada King".into())?;
    same("`name.familyName`", &found["name"]["familyName"], &"King".into())?;
    same("`title`", &found["title"], &"Countess".into())
}

async fn reactivate(subject: &Subject) -> Outcome {
    let (path, made) = subject.new_user().await?;
    for active in [false, true] {
        let found = subject.patched(&path, &json!([{"op": "replace", "path": "active", "value": active}])).await?;
        same("`active`", &found["active"], &active.into())?;
        let found = subject.found("/Users", &format!("userName eq {}", made["userName"])).await?;
        expect(ids(&found) == ids(std::slice::from_ref(&made)), || "the user is not found by userName".to_owned())?;
    }
    Ok(())
}

async fn name_again(subject: &Subject) -> Outcome {
    let user = subject.user();
    let (path, made) = subject.new_resource("/Users", &user).await?;
    subject.delete(&path).await?.is(204)?;
    let (_, again) = subject.new_resource("/Users", &user).await?;
    expect(made["id"] != again["id"], || "the new user has the id of the deleted one (RFC 7643 section 3.1)".to_owned())
}

async fn user_filters(subject: &Subject) -> Outcome {
    let (_, user) = subject.new_user().await?;
    let address = &user["emails"][0]["value"];
    for filter in [
        format!("userName eq {}", user["userName"]),
        format!("externalId eq {}", user["externalId"]),
        format!("emails[value eq {address}]"),
        format!("emails[type eq \"work\" and value eq {address}]"),
    ] {
        let found = subject.found("/Users", &filter).await?;
        expect(ids(&found) == ids(std::slice::from_ref(&user)), || {
            format!("`{filter}` finds {} users, expected one", found.len())
        })?;
    }
    Ok(())
}

async fn no_password(subject: &Subject) -> Outcome {
    let schemas = subject.get("/Schemas").await?.is(200)?.resources()?;
    let user = schemas.iter().find(|schema| schema["id"] == urn::USER).cloned().unwrap_or_default();
    let attributes = user["attributes"].as_array();
    let there = attributes.is_some_and(|attributes| attributes.iter().any(|attribute| attribute["name"] == "password"));
    expect(!there, || "/Schemas has `password`".to_owned())
}

async fn page(subject: &Subject) -> Outcome {
    let answer = subject.get("/Users?count=5000").await?.is(200)?;
    let found = answer.resources()?.len();
    expect(found <= 1_000, || format!("a page of {found} users"))
}

async fn group_names(subject: &Subject) -> Outcome {
    let (_, group) = subject.new_group(&[]).await?;
    let again = json!({"schemas": [urn::GROUP], "displayName": group["displayName"]});
    let answer = subject.post("/Groups", &again).await?;
    if answer.status == 201 {
        subject.goes_again("/Groups", &answer.body)?;
    }
    answer.is_error(409, Some("uniqueness"))
}

async fn group_filters(subject: &Subject) -> Outcome {
    let (_, user) = subject.new_user().await?;
    let body = json!({"schemas": [urn::GROUP], "displayName": subject.name(), "externalId": subject.name(), "members": [{"value": user["id"]}]});
    let (_, group) = subject.new_resource("/Groups", &body).await?;
    for filter in [
        format!("displayName eq {}", body["displayName"]),
        format!("externalId eq {}", body["externalId"]),
        format!("members[value eq {}]", user["id"]),
    ] {
        let found = subject.found("/Groups", &filter).await?;
        expect(ids(&found) == ids(std::slice::from_ref(&group)), || {
            format!("`{filter}` finds {} groups, expected one", found.len())
        })?;
    }
    Ok(())
}

async fn empty_group(subject: &Subject) -> Outcome {
    let (path, _) = subject.new_group(&[]).await?;
    let members = subject.read(&path).await?["members"].clone();
    expect(members.as_array().is_none_or(Vec::is_empty), || format!("`members` is {members}"))
}

async fn fifty(subject: &Subject) -> Outcome {
    let mut members = Vec::new();
    for _ in 0..50 {
        members.push(json!({"value": subject.new_user().await?.1["id"]}));
    }
    let (path, _) = subject.new_group(&[]).await?;
    let add = |value: &Value| json!({"op": "add", "path": "members", "value": [value]});
    let added = subject.patched(&path, &members.iter().map(add).collect()).await?;
    expect(added["members"].as_array().map_or(0, Vec::len) == 50, || "not all of 50 members came".to_owned())?;
    let remove = |value: &Value| json!({"op": "remove", "path": format!("members[value eq {}]", value["value"])});
    let removed = subject.patch(&path, &members.iter().map(remove).collect()).await?;
    // The interoperability profile takes no value path without a sub-attribute.
    if removed.status == 400 {
        return Ok(());
    }
    let left = subject.read(&path).await?["members"].clone();
    expect(left.as_array().is_none_or(Vec::is_empty), || "not all of 50 members went".to_owned())?;
    let found =
        subject.get(&query("/Groups", &[("filter", &format!("members[value eq {}]", members[0]["value"]))])).await?;
    expect(found.is(200)?.resources()?.is_empty(), || "a filter finds the group by a member that went".to_owned())
}
