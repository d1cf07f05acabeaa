//! RFC 7644 sections 3.5.2 and 3.7: PATCH, groups and bulk.

use scim_core::urn;
use serde_json::{Value, json};

use crate::check::{Check, Outcome, expect, same};
use crate::checks;
use crate::subject::{Subject, ids};

pub(crate) const CHECKS: &[Check] = checks![
    "rfc-patch-replace", "RFC 7644 section 3.5.2.3", "replace sets an attribute, by its path or without one", replace;
    "rfc-patch-add", "RFC 7644 section 3.5.2.1", "add sets what is not there and adds values to what is", add;
    "rfc-patch-remove", "RFC 7644 section 3.5.2.2", "remove unassigns an attribute, and the values that a filter selects", remove;
    "rfc-patch-filter", "RFC 7644 section 3.5.2.3", "a value path changes the selected values alone", patch_value_path;
    "rfc-patch-no-target", "RFC 7644 section 3.5.2.3", "replace of a value that no filter selects is refused by 400 with noTarget", no_target;
    "rfc-patch-atomic", "RFC 7644 section 3.5.2", "a PATCH of which one operation fails changes nothing", atomic;
    "rfc-patch-errors", "RFC 7644 section 3.5.2", "wrong paths and operations are refused with the right scimType", patch_errors;
    "rfc-patch-primary", "RFC 7644 section 3.5.2", "a new primary value takes the place of the old one", primary;
    "rfc-patch-no-change", "RFC 7644 section 3.5.2.1", "add of a value that is there leaves lastModified alone", no_change;
    "rfc-group", "RFC 7643 section 4.2", "a group keeps its members, and users show their groups", group;
    "rfc-group-members", "RFC 7644 section 3.5.2", "members are added, removed by filter, and never twice", members;
    "rfc-bulk", "RFC 7644 section 3.7", "bulk requests create, resolve bulkId and answer each operation", bulk;
    "rfc-bulk-limits", "RFC 7644 section 3.7.4", "more operations than maxOperations are refused by 413", bulk_limits;
];

async fn replace(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, _) = subject.new_user().await?;
    let found = subject.patched(&path, &json!([{"op": "replace", "path": "displayName", "value": "By Path"}])).await?;
    same("`displayName`", &found["displayName"], &"By Path".into())?;
    let found = subject.patched(&path, &json!([{"op": "replace", "value": {"title": "Dr", "active": false}}])).await?;
    same("`title`", &found["title"], &"Dr".into())?;
    same("`active`", &found["active"], &false.into())?;
    same("`displayName`, which was not named,", &found["displayName"], &"By Path".into())?;
    let found =
        subject.patched(&path, &json!([{"op": "replace", "path": "name.givenName", "value": "Augusta"}])).await?;
    same("`name`", &found["name"]["givenName"], &"Augusta".into())?;
    same("`name.familyName`, which was not named,", &found["name"]["familyName"], &"Doe".into())
}

async fn add(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, made) = subject.new_user().await?;
    let home = json!({"value": format!("{}@home.example.org", subject.name()), "type": "home"});
    let operations =
        json!([{"op": "add", "path": "title", "value": "Lead"}, {"op": "add", "path": "emails", "value": [home]}]);
    let found = subject.patched(&path, &operations).await?;
    same("`title`", &found["title"], &"Lead".into())?;
    let emails = found["emails"].as_array().map_or(0, Vec::len);
    expect(emails == 2, || format!("{emails} e-mail addresses after one was added to one"))?;
    let old = found["emails"].to_string().contains(&made["emails"][0]["value"].to_string());
    expect(old, || "the address that was there is gone".to_owned())
}

async fn remove(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, user) = with_two_addresses(subject).await?;
    let found = subject.patched(&path, &json!([{"op": "remove", "path": "emails[type eq \"home\"]"}])).await?;
    let emails = found["emails"].as_array().cloned().unwrap_or_default();
    expect(emails.len() == 1, || format!("{} addresses are left, expected the other one", emails.len()))?;
    same("the address that is left", &emails[0]["value"], &user["emails"][0]["value"])?;
    let found = subject.patched(&path, &json!([{"op": "remove", "path": "displayName"}])).await?;
    same("`displayName`", &found["displayName"], &Value::Null)
}

async fn with_two_addresses(subject: &Subject) -> Outcome<(String, Value)> {
    let mut user = subject.user();
    user["emails"] = json!([
        {"value": format!("{}@example.com", subject.name()), "type": "work", "primary": true},
        {"value": format!("{}@example.com", subject.name()), "type": "home"}
    ]);
    let (path, _) = subject.new_resource("/Users", &user).await?;
    Ok((path, user))
}

async fn patch_value_path(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, user) = with_two_addresses(subject).await?;
    let new = format!("{}@example.com", subject.name());
    let operations = json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": new}]);
    let found = subject.patched(&path, &operations).await?;
    for email in found["emails"].as_array().into_iter().flatten() {
        let expected = if email["type"] == "work" { json!(new) } else { user["emails"][1]["value"].clone() };
        same(&format!("the address of type {}", email["type"]), &email["value"], &expected)?;
    }
    Ok(())
}

async fn no_target(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, _) = with_two_addresses(subject).await?;
    let nowhere = json!([{"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x@example.com"}]);
    subject.patch(&path, &nowhere).await?.is_error(400, Some("noTarget"))
}

async fn atomic(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, made) = subject.new_user().await?;
    let operations = json!([
        {"op": "replace", "path": "displayName", "value": "Halfway"},
        {"op": "replace", "path": "certifyNone", "value": "x"}
    ]);
    subject.patch(&path, &operations).await?.is(400)?;
    same("`displayName`", &subject.read(&path).await?["displayName"], &made["displayName"])
}

async fn patch_errors(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, _) = subject.new_user().await?;
    for (operation, scim_type) in [
        (json!({"op": "replace", "path": "emails[type eq", "value": "x"}), Some("invalidPath")),
        (json!({"op": "remove"}), Some("noTarget")),
        (json!({"op": "replace", "path": "id", "value": "other"}), Some("mutability")),
        (json!({"op": "explode", "path": "title", "value": "x"}), None),
        (json!({"op": "replace", "path": "active", "value": {}}), None),
    ] {
        let answer = subject.patch(&path, &json!([operation])).await?;
        answer.is_error(400, scim_type)?;
    }
    subject.patch("/Users/certify-nobody", &json!([{"op": "remove", "path": "title"}])).await?.is_error(404, None)
}

async fn primary(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, _) = with_two_addresses(subject).await?;
    let operations = json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}]);
    let found = subject.patched(&path, &operations).await?;
    let emails = found["emails"].as_array().cloned().unwrap_or_default();
    let primary: Vec<&Value> = emails.iter().filter(|email| email["primary"] == true).collect();
    expect(primary.len() == 1, || format!("{} addresses are primary", primary.len()))?;
    same("the type of the primary address", &primary[0]["type"], &"home".into())
}

async fn no_change(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let (path, made) = subject.new_user().await?;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let found = subject.patched(&path, &json!([{"op": "add", "path": "active", "value": made["active"]}])).await?;
    same("`meta.lastModified`", &found["meta"]["lastModified"], &made["meta"]["lastModified"])
}

async fn group(subject: &Subject) -> Outcome {
    let (user, made) = subject.new_user().await?;
    let (path, group) = subject.new_group(&[&made]).await?;
    for found in [group.clone(), subject.read(&path).await?] {
        same("the member", &found["members"][0]["value"], &made["id"])?;
    }
    let groups = subject.read(&user).await?["groups"].clone();
    same("`groups` of the user", &groups[0]["value"], &group["id"])?;
    let found = subject.found("/Groups", &format!("displayName eq {}", group["displayName"])).await?;
    expect(ids(&found) == ids(&[group]), || "the group is not found by its displayName".to_owned())?;
    subject.delete(&path).await?.is(204)?;
    let groups = subject.read(&user).await?["groups"].to_string();
    expect(!groups.contains("value"), || "the user is still in the deleted group".to_owned())
}

async fn members(subject: &Subject) -> Outcome {
    subject.offers("patch")?;
    let ((_, ada), (_, bob)) = (subject.new_user().await?, subject.new_user().await?);
    let (path, _) = subject.new_group(&[]).await?;
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada["id"]}, {"value": bob["id"]}]}]);
    for _ in 0..2 {
        let found = subject.patched(&path, &add).await?;
        let count = found["members"].as_array().map_or(0, Vec::len);
        expect(count == 2, || format!("{count} members, expected 2"))?;
    }
    let id = ada["id"].as_str().unwrap_or_default();
    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]);
    let found = subject.patched(&path, &remove).await?;
    let left = found["members"].as_array().cloned().unwrap_or_default();
    expect(left.len() == 1 && left[0]["value"] == bob["id"], || {
        format!("{} members are left, expected the other", left.len())
    })
}

async fn bulk(subject: &Subject) -> Outcome {
    subject.offers("bulk")?;
    let (user, name) = (subject.user(), subject.name());
    let request = json!({"schemas": [urn::BULK_REQUEST], "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": user},
        {"method": "POST", "path": "/Groups", "bulkId": "team", "data":
            {"schemas": [urn::GROUP], "displayName": name, "members": [{"value": "bulkId:ada"}]}},
        {"method": "DELETE", "path": "/Users/certify-nobody"}
    ]});
    let answer = subject.post("/Bulk", &request).await?.is(200)?;
    let operations = answer.body["Operations"].as_array().cloned().unwrap_or_default();
    let status = |place: usize| {
        operations.get(place).map(|done| done["status"].as_str().map_or(done["status"].to_string(), str::to_owned))
    };
    let statuses: Vec<_> = (0..3).filter_map(status).collect();
    let users = subject.found("/Users", &format!("userName eq {}", user["userName"])).await?;
    let groups = subject.found("/Groups", &format!("displayName eq \"{name}\"")).await?;
    for (endpoint, found) in [("/Users", &users), ("/Groups", &groups)] {
        for resource in found {
            subject.goes_again(endpoint, resource)?;
        }
    }
    expect(statuses == ["201", "201", "404"], || format!("the statuses are {statuses:?}, expected 201, 201 and 404"))?;
    let member = groups.first().map(|group| group["members"][0]["value"].clone()).unwrap_or_default();
    same(
        "the member, which was given by its bulkId,",
        &member,
        &users.first().map(|user| user["id"].clone()).unwrap_or_default(),
    )
}

async fn bulk_limits(subject: &Subject) -> Outcome {
    subject.offers("bulk")?;
    let most = subject.config["bulk"]["maxOperations"].as_u64().unwrap_or_default();
    if most > 5_000 {
        return Ok(());
    }
    let operations = vec![
        json!({"method": "DELETE", "path": "/Users/certify-nobody"});
        usize::try_from(most).unwrap_or_default() + 1
    ];
    let request = json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
    subject.post("/Bulk", &request).await?.is(413).map(drop)
}
