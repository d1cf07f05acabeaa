//! What Okta's SPEC and CRUD tests ask of a service.

use http::Method;
use http::header::AUTHORIZATION;
use scim_core::urn;
use serde_json::json;

use crate::check::{Check, Outcome, expect, same};
use crate::checks;
use crate::subject::{Subject, ids, query};

pub(crate) const CHECKS: &[Check] = checks![
    "okta-users", "Okta SPEC test", "GET /Users?count=1&startIndex=1 is a list with one user at most", users;
    "okta-user", "Okta SPEC test", "a user has id, userName, name, emails and active", user;
    "okta-unknown", "Okta SPEC test", "a user that is not there is 404 with a detail", unknown;
    "okta-random-filter", "Okta SPEC test", "a userName that nobody has is 200 with totalResults 0", random_filter;
    "okta-create", "Okta SPEC test", "POST creates the user whom Okta sends", create;
    "okta-conflict", "Okta test plan C9335", "creating the user again is 409", conflict;
    "okta-groups", "Okta SPEC test", "GET /Groups is a list", groups;
    "okta-basic", "Okta: authentication", "Basic credentials are refused", basic;
    "okta-deactivate", "Okta test plan C9293", "active false by PATCH and by PUT; reactivation finds the same id and attributes", deactivate;
    "okta-profile", "Okta test plan C9292", "PUT of the whole profile changes what differs", profile;
    "okta-empty", "Okta test plan C9337", "empty values are no error", empty;
    "okta-import", "Okta test plan C9303 to C9305, C9338", "users and groups are imported page by page", import;
    "okta-group-push", "Okta test plan C9315 to C9322", "an empty group is pushed, renamed, given members, emptied and removed", group_push;
    "okta-members", "Okta: PATCH of groups", "256 members in one PATCH", many_members;
];

async fn users(subject: &Subject) -> Outcome {
    let (_, _) = subject.new_user().await?;
    let found = subject.get("/Users?count=1&startIndex=1").await?.is(200)?;
    same("`startIndex`", &found.body["startIndex"], &json!(1))?;
    same("`itemsPerPage`", &found.body["itemsPerPage"], &json!(1))?;
    let resources = found.resources()?;
    expect(resources.len() == 1 && resources[0]["id"].is_string(), || format!("{} users", resources.len()))
}

async fn user(subject: &Subject) -> Outcome {
    let (path, _) = subject.new_user().await?;
    let found = subject.read(&path).await?;
    for (name, there) in [
        ("id", found["id"].is_string()),
        ("userName", found["userName"].is_string()),
        ("name.familyName", found["name"]["familyName"].is_string()),
        ("name.givenName", found["name"]["givenName"].is_string()),
        ("emails[0].value", found["emails"][0]["value"].is_string()),
        ("active", found["active"].is_boolean()),
        ("schemas", found["schemas"].as_array().is_some_and(|schemas| schemas.contains(&urn::USER.into()))),
    ] {
        expect(there, || format!("the user has no `{name}`"))?;
    }
    Ok(())
}

async fn unknown(subject: &Subject) -> Outcome {
    let answer = subject.get("/Users/certify-010101001010101011001010101011").await?;
    let detail = answer.body["detail"].is_string();
    answer.is_error(404, None)?;
    expect(detail, || "the error has no `detail`".to_owned())
}

async fn random_filter(subject: &Subject) -> Outcome {
    let parameters =
        [("filter", &*format!("userName eq \"{}\"", subject.name())), ("startIndex", "1"), ("count", "100")];
    let found = subject.get(&query("/Users", &parameters)).await?.is(200)?;
    same("`totalResults`", &found.body["totalResults"], &json!(0))?;
    found.resources().map(drop)
}

/// As Okta sends it.
fn sent(subject: &Subject) -> serde_json::Value {
    let name = subject.name();
    json!({
        "schemas": [urn::USER], "userName": format!("{name}@example.com"), "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": format!("{name}@example.com"), "type": "work"}], "displayName": "Test User",
        "locale": "en-US", "externalId": format!("00u{name}"), "groups": [], "password": "1mz050nq", "active": true
    })
}

async fn create(subject: &Subject) -> Outcome {
    let user = sent(subject);
    let (_, made) = subject.new_resource("/Users", &user).await?;
    for name in ["userName", "externalId", "active"] {
        same(&format!("`{name}`"), &made[name], &user[name])?;
    }
    same("`name`", &made["name"]["familyName"], &"User".into())
}

async fn conflict(subject: &Subject) -> Outcome {
    let user = sent(subject);
    subject.new_resource("/Users", &user).await?;
    subject.post("/Users", &user).await?.is_error(409, None)?;
    let found = subject.found("/Users", &format!("userName eq {}", user["userName"])).await?;
    expect(found.len() == 1, || format!("{} users of that name", found.len()))
}

async fn groups(subject: &Subject) -> Outcome {
    subject.get("/Groups").await?.is(200)?.resources().map(drop)
}

async fn basic(subject: &Subject) -> Outcome {
    let headers = [(AUTHORIZATION, "Basic Y2VydGlmeTpjZXJ0aWZ5".to_owned())];
    subject.ask_with(Method::GET, "/Users?count=1", None, &headers).await?.is(401).map(drop)
}

async fn deactivate(subject: &Subject) -> Outcome {
    let mut user = sent(subject);
    let (path, made) = subject.new_resource("/Users", &user).await?;
    let found = subject.patched(&path, &json!([{"op": "replace", "value": {"active": false}}])).await?;
    same("`active`", &found["active"], &false.into())?;
    for active in [true, false, true] {
        user["active"] = active.into();
        user["id"] = made["id"].clone();
        let found = subject.put(&path, &user).await?.is(200)?.body;
        for (name, expected) in [("active", &json!(active)), ("id", &made["id"]), ("userName", &made["userName"])] {
            same(&format!("`{name}`"), &found[name], expected)?;
        }
    }
    let found = subject.found("/Users", &format!("userName eq {}", made["userName"])).await?;
    expect(ids(&found) == ids(&[made]), || "the user who came back is not the one who left".to_owned())
}

async fn profile(subject: &Subject) -> Outcome {
    let mut user = sent(subject);
    let (path, _) = subject.new_resource("/Users", &user).await?;
    user["name"]["familyName"] = "Changed".into();
    user["title"] = "Lead".into();
    subject.put(&path, &user).await?.is(200)?;
    let found = subject.read(&path).await?;
    same("`name.familyName`", &found["name"]["familyName"], &"Changed".into())?;
    same("`title`", &found["title"], &"Lead".into())
}

async fn empty(subject: &Subject) -> Outcome {
    let mut user = sent(subject);
    user["title"] = "".into();
    user["phoneNumbers"] = json!([]);
    user["nickName"] = serde_json::Value::Null;
    let (path, _) = subject.new_resource("/Users", &user).await?;
    user["displayName"] = "".into();
    subject.put(&path, &user).await?.is(200).map(drop)
}

async fn import(subject: &Subject) -> Outcome {
    for _ in 0..5 {
        subject.new_user().await?;
    }
    for endpoint in ["/Users", "/Groups"] {
        let total = subject.get(&format!("{endpoint}?count=0")).await?.is(200)?.body["totalResults"]
            .as_u64()
            .unwrap_or_default();
        let (mut seen, mut start) = (std::collections::BTreeSet::new(), 1);
        // A directory of thousands is not walked through.
        while start <= total.min(500) {
            let found = subject.get(&format!("{endpoint}?startIndex={start}&count=100")).await?.is(200)?.resources()?;
            expect(!found.is_empty(), || format!("the page of {endpoint} from {start} is empty, of {total} in all"))?;
            start += found.len() as u64;
            for id in ids(&found) {
                expect(seen.insert(id.to_owned()), || format!("{id} is on two pages of {endpoint}"))?;
            }
        }
    }
    Ok(())
}

async fn group_push(subject: &Subject) -> Outcome {
    let ((_, ada), (_, bob)) = (subject.new_user().await?, subject.new_user().await?);
    let (path, group) = subject.new_group(&[]).await?;
    let name = subject.name();
    let found =
        subject.patched(&path, &json!([{"op": "replace", "value": {"id": group["id"], "displayName": name}}])).await?;
    same("`displayName`", &found["displayName"], &name.as_str().into())?;
    let all =
        json!([{"value": ada["id"], "display": ada["userName"]}, {"value": bob["id"], "display": bob["userName"]}]);
    let found = subject.patched(&path, &json!([{"op": "replace", "path": "members", "value": all}])).await?;
    expect(found["members"].as_array().map_or(0, Vec::len) == 2, || format!("the members are {}", found["members"]))?;
    let found = subject.patched(&path, &json!([{"op": "replace", "path": "members", "value": []}])).await?;
    expect(found["members"].as_array().is_none_or(Vec::is_empty), || format!("the members are {}", found["members"]))?;
    subject.delete(&path).await?.is(204).map(drop)
}

async fn many_members(subject: &Subject) -> Outcome {
    let (_, ada) = subject.new_user().await?;
    let (path, _) = subject.new_group(&[]).await?;
    // One is there; of the others a service may refuse to know them.
    let mut all = vec![json!({"value": ada["id"]})];
    all.extend((1..256).map(|number| json!({"value": format!("certify-nobody-{number}")})));
    let answer = subject.patch(&path, &json!([{"op": "add", "path": "members", "value": all}])).await?;
    answer.is_any(&[200, 204, 400, 404]).map(drop)
}
