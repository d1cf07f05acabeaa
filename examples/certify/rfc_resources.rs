//! RFC 7644 sections 3.3, 3.4.1, 3.5.1, 3.6, 3.9 and 3.14: resources one by one.

use http::Method;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use scim_core::urn;
use serde_json::{Value, json};

use crate::check::{Check, Outcome, expect, same, short};
use crate::checks;
use crate::subject::{Subject, ids};

pub(crate) const CHECKS: &[Check] = checks![
    "rfc-create", "RFC 7644 section 3.3", "POST answers 201 with the resource, its id, meta and location", create;
    "rfc-read", "RFC 7644 section 3.4.1", "GET answers what was created; an unknown id is 404", read;
    "rfc-unique", "RFC 7644 section 3.3", "a userName that is taken, in whatever case, is 409 with uniqueness", unique;
    "rfc-required", "RFC 7643 section 4.1", "a user without userName is refused by 400", required;
    "rfc-types", "RFC 7643 section 2.3", "a value of another type than the schema's is refused by 400", types;
    "rfc-read-only", "RFC 7644 section 3.3", "what is read-only is ignored where a client sends it", read_only;
    "rfc-put", "RFC 7644 section 3.5.1", "PUT replaces: what it does not have is cleared", put;
    "rfc-put-unknown", "RFC 7644 section 3.5.1", "PUT creates nothing", put_unknown;
    "rfc-delete", "RFC 7644 section 3.6", "DELETE answers 204; the resource is gone from everywhere", delete;
    "rfc-password", "RFC 7643 section 4.1.1", "a password is never returned", password;
    "rfc-meta", "RFC 7643 section 3.1", "created stays, lastModified moves with a change", meta;
    "rfc-attributes", "RFC 7644 section 3.9", "attributes and excludedAttributes choose what is shown; id always is", attributes;
    "rfc-versions", "RFC 7644 section 3.14", "ETag, If-Match and If-None-Match work where etag is supported", versions;
    "rfc-extension", "RFC 7643 section 3.3", "attributes of the enterprise extension are kept under its URI", extension;
    "rfc-order", "RFC 7643 section 2.5", "null and an empty array are as good as nothing", nothing;
];

async fn create(subject: &Subject) -> Outcome {
    let user = subject.user();
    let answer = subject.post("/Users", &user).await?.is(201)?;
    let path = subject.goes_again("/Users", &answer.body)?;
    let (made, location) = (&answer.body, answer.header(&LOCATION).to_owned());
    expect(!location.is_empty(), || "the answer has no `Location`".to_owned())?;
    same("`meta.location`", &made["meta"]["location"], &location.as_str().into())?;
    expect(location.ends_with(&path), || format!("`Location` is {location}, expected one that ends in {path}"))?;
    same("`meta.resourceType`", &made["meta"]["resourceType"], &"User".into())?;
    for name in ["userName", "externalId", "active", "displayName"] {
        same(&format!("`{name}`"), &made[name], &user[name])?;
    }
    let schemas = made["schemas"].as_array();
    expect(schemas.is_some_and(|schemas| schemas.contains(&urn::USER.into())), || {
        format!("`schemas` is {}", made["schemas"])
    })
}

async fn read(subject: &Subject) -> Outcome {
    let (path, made) = subject.new_user().await?;
    let found = subject.read(&path).await?;
    for name in ["id", "userName", "name", "emails", "active", "meta"] {
        same(&format!("`{name}`"), &found[name], &made[name])?;
    }
    subject.get("/Users/certify-nobody").await?.is_error(404, None)
}

async fn unique(subject: &Subject) -> Outcome {
    let (_, made) = subject.new_user().await?;
    let name = made["userName"].as_str().unwrap_or_default();
    for name in [name.to_owned(), name.to_uppercase()] {
        let mut user = subject.user();
        user["userName"] = name.into();
        let answer = subject.post("/Users", &user).await?;
        if answer.status == 201 {
            subject.goes_again("/Users", &answer.body)?;
        }
        answer.is_error(409, Some("uniqueness"))?;
    }
    Ok(())
}

async fn required(subject: &Subject) -> Outcome {
    for user in [json!({"schemas": [urn::USER]}), json!({"schemas": [urn::USER], "userName": null})] {
        subject.post("/Users", &user).await?.is_error(400, None)?;
    }
    Ok(())
}

async fn types(subject: &Subject) -> Outcome {
    for (name, value) in [("userName", json!(5)), ("active", json!({})), ("name", json!("Ada"))] {
        let mut user = subject.user();
        user[name] = value;
        let answer = subject.post("/Users", &user).await?;
        if answer.status == 201 {
            subject.goes_again("/Users", &answer.body)?;
        }
        answer.is_error(400, None)?;
    }
    Ok(())
}

async fn read_only(subject: &Subject) -> Outcome {
    let mut user = subject.user();
    user["id"] = "certify-chosen".into();
    user["meta"] = json!({"resourceType": "Other", "created": "2000-01-01T00:00:00Z", "version": "W/\"certify\""});
    let (path, made) = subject.new_resource("/Users", &user).await?;
    expect(made["id"] != "certify-chosen", || "the client chose the `id`".to_owned())?;
    same("`meta.resourceType`", &made["meta"]["resourceType"], &"User".into())?;
    user["id"] = "certify-other".into();
    let replaced = subject.put(&path, &user).await?.is(200)?.body;
    same("`id`", &replaced["id"], &made["id"])
}

async fn put(subject: &Subject) -> Outcome {
    let (path, mut user) = {
        let mut user = subject.user();
        user["title"] = "Engineer".into();
        (subject.new_resource("/Users", &user).await?.0, user)
    };
    for gone in ["title", "displayName"] {
        user.as_object_mut().map(|user| user.remove(gone));
    }
    user["nickName"] = "Addy".into();
    let replaced = subject.put(&path, &user).await?.is(200)?.body;
    for found in [replaced, subject.read(&path).await?] {
        same("`nickName`", &found["nickName"], &"Addy".into())?;
        same("`title`, which the PUT does not have,", &found["title"], &Value::Null)?;
    }
    Ok(())
}

async fn put_unknown(subject: &Subject) -> Outcome {
    subject.put("/Users/certify-nobody", &subject.user()).await?.is_error(404, None)
}

async fn delete(subject: &Subject) -> Outcome {
    let (path, made) = subject.new_user().await?;
    let (group, _) = subject.new_group(&[&made]).await?;
    subject.delete(&path).await?.is(204)?;
    subject.get(&path).await?.is_error(404, None)?;
    subject.delete(&path).await?.is_error(404, None)?;
    subject.put(&path, &subject.user()).await?.is_error(404, None)?;
    subject.patch(&path, &json!([{"op": "replace", "path": "active", "value": true}])).await?.is_error(404, None)?;
    let found = subject.found("/Users", &format!("userName eq {}", made["userName"])).await?;
    expect(found.is_empty(), || "a filter finds the deleted user".to_owned())?;
    let members = subject.read(&group).await?["members"].to_string();
    expect(!members.contains(&made["id"].to_string()), || "the group still has the deleted user".to_owned())
}

async fn password(subject: &Subject) -> Outcome {
    let mut user = subject.user();
    user["password"] = "Certify-7f3a9c-Pa55".into();
    let answer = subject.post("/Users", &user).await?;
    // Some services do not have the attribute at all.
    let answer = answer.is_any(&[201, 400])?;
    if answer.status == 400 {
        return Ok(());
    }
    let path = subject.goes_again("/Users", &answer.body)?;
    for found in [answer.body, subject.read(&path).await?, subject.read(&format!("{path}?attributes=password")).await?]
    {
        expect(!found.to_string().contains("Certify-7f3a9c-Pa55"), || "the password is returned".to_owned())?;
    }
    Ok(())
}

async fn meta(subject: &Subject) -> Outcome {
    let (path, made) = subject.new_user().await?;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let changed =
        subject.patched(&path, &json!([{"op": "replace", "path": "displayName", "value": "Someone Else"}])).await?;
    same("`meta.created` after a change", &changed["meta"]["created"], &made["meta"]["created"])?;
    let (before, after) = (&made["meta"]["lastModified"], &changed["meta"]["lastModified"]);
    expect(before != after && after.is_string(), || format!("`meta.lastModified` is {after} after a change, as before"))
}

async fn attributes(subject: &Subject) -> Outcome {
    let (path, made) = subject.new_user().await?;
    let shown = subject.read(&format!("{path}?attributes=userName,name.familyName")).await?;
    same("`id`", &shown["id"], &made["id"])?;
    same("`userName`", &shown["userName"], &made["userName"])?;
    same("`name`", &shown["name"], &json!({"familyName": "Doe"}))?;
    same("`emails`, which were not asked for,", &shown["emails"], &Value::Null)?;
    let hidden = subject.read(&format!("{path}?excludedAttributes=emails,id")).await?;
    same("`emails`, which were excluded,", &hidden["emails"], &Value::Null)?;
    same("`id`", &hidden["id"], &made["id"])?;
    same("`userName`", &hidden["userName"], &made["userName"])
}

async fn versions(subject: &Subject) -> Outcome {
    subject.offers("etag")?;
    let (path, _) = subject.new_user().await?;
    let answer = subject.get(&path).await?.is(200)?;
    let version = answer.header(&ETAG).to_owned();
    same("`meta.version`", &answer.body["meta"]["version"], &version.as_str().into())?;
    let not_modified = subject.ask_with(Method::GET, &path, None, &[(IF_NONE_MATCH, version.clone())]).await?;
    not_modified.is(304)?;
    let change =
        json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "replace", "path": "displayName", "value": "Ada"}]});
    let stale = [(IF_MATCH, "W/\"certify-none\"".to_owned())];
    subject.ask_with(Method::PATCH, &path, Some(change.to_string()), &stale).await?.is_error(412, None)?;
    let current = [(IF_MATCH, version.clone())];
    subject.ask_with(Method::PATCH, &path, Some(change.to_string()), &current).await?.is_any(&[200, 204])?;
    subject.ask_with(Method::PUT, &path, Some(subject.user().to_string()), &current).await?.is_error(412, None)?;
    subject.ask_with(Method::DELETE, &path, None, &current).await?.is_error(412, None)
}

async fn extension(subject: &Subject) -> Outcome {
    let types = subject.get("/ResourceTypes").await?.is(200)?.body.to_string();
    if !types.contains(urn::ENTERPRISE_USER) {
        return Err(crate::check::Trouble::NotOffered("the enterprise extension"));
    }
    let mut user = subject.user();
    user["schemas"] = json!([urn::USER, urn::ENTERPRISE_USER]);
    user[urn::ENTERPRISE_USER] = json!({"department": "Research", "employeeNumber": "701984"});
    let (path, made) = subject.new_resource("/Users", &user).await?;
    for found in [made, subject.read(&path).await?] {
        same("`department`", &found[urn::ENTERPRISE_USER]["department"], &"Research".into())?;
        let schemas = found["schemas"].to_string();
        expect(schemas.contains(urn::ENTERPRISE_USER), || format!("`schemas` is {schemas}, without the extension"))?;
    }
    let path = format!("{path}?attributes={}:department", urn::ENTERPRISE_USER);
    let shown = subject.read(&path).await?;
    same("the extension", &shown[urn::ENTERPRISE_USER], &json!({"department": "Research"}))
}

async fn nothing(subject: &Subject) -> Outcome {
    let mut user = subject.user();
    user["title"] = Value::Null;
    user["phoneNumbers"] = json!([]);
    let (path, _) = subject.new_resource("/Users", &user).await?;
    let found = subject.read(&path).await?;
    let is_nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    expect(is_nothing(&found["title"]), || format!("`title` is {}", short(&found["title"])))?;
    expect(is_nothing(&found["phoneNumbers"]), || format!("`phoneNumbers` is {}", short(&found["phoneNumbers"])))?;
    let by_filter = subject.found("/Users", &format!("userName eq {} and title pr", user["userName"])).await?;
    expect(ids(&by_filter).is_empty(), || "`title pr` holds for a title that is null".to_owned())
}
