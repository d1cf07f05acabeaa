//! What Microsoft Entra ID asks of a service: its gallery's requirements, and its validator's tests as far as they can be sent from here.

use http::Method;
use scim_core::urn;
use serde_json::{Value, json};

use crate::check::{Check, Outcome, expect, same};
use crate::checks;
use crate::subject::{Subject, ids, query};

pub(crate) const CHECKS: &[Check] = checks![
    "entra-no-match", "Entra ID: app gallery requirements", "a filter without a match answers 200 with totalResults 0", no_match;
    "entra-filters", "Entra ID: supported filters", "userName, externalId, emails[type eq \"work\"].value and displayName are found by eq", filters;
    "entra-disable", "Entra ID validator 3, 4, 6", "active false disables, is shown, found, and undone", disable;
    "entra-boolean-text", "Entra ID: known issues", "active as the text \"False\", and operations as \"Replace\", are taken", boolean_text;
    "entra-schemas", "Entra ID validator 15", "/Schemas has what is mapped, and neither password nor emails.display", schemas;
    "entra-empty", "Entra ID validator 16", "PATCH of an empty text to an optional attribute empties it", empty;
    "entra-values", "Entra ID validator 18, 20", "what is patched into a text attribute is what GET shows", values;
    "entra-user-pages", "Entra ID validator 23", "eleven users are paged by 5 from 1, 6 and 11", user_pages;
    "entra-group-pages", "Entra ID validator 24", "groups are paged likewise", group_pages;
    "entra-manager", "Entra ID validator 5, 25", "manager is added, replaced and taken away", manager;
    "entra-members", "Entra ID validator 11, 12", "several members in one PATCH; a $ref of null is taken", members;
    "entra-exclude-members", "Entra ID: supported queries", "groups are read without members by excludedAttributes", exclude_members;
    "entra-rename", "Entra ID validator 9, 10", "a group is renamed and found by its new name", rename;
    "entra-soft-delete", "Entra ID: soft deletion", "an inactive user is found by id and by filter, and deleted", soft_delete;
];

async fn no_match(subject: &Subject) -> Outcome {
    for (endpoint, filter) in
        [("/Users", "userName eq \"certify-nobody\""), ("/Groups", "displayName eq \"certify-nobody\"")]
    {
        let answer = subject.get(&query(endpoint, &[("filter", filter)])).await?.is(200)?;
        same("`totalResults`", &answer.body["totalResults"], &json!(0))?;
    }
    Ok(())
}

async fn filters(subject: &Subject) -> Outcome {
    let (_, user) = subject.new_user().await?;
    for filter in [
        format!("userName eq {}", user["userName"]),
        format!("externalId eq {}", user["externalId"]),
        format!("emails[type eq \"work\"].value eq {}", user["emails"][0]["value"]),
        format!("emails[type eq \"work\" and value eq {}]", user["emails"][0]["value"]),
        format!("displayName eq {} and active eq true", user["displayName"]),
    ] {
        let found = subject.found("/Users", &filter).await?;
        expect(ids(&found) == ids(std::slice::from_ref(&user)), || {
            format!("`{filter}` finds {} users, expected one", found.len())
        })?;
    }
    let (_, group) = subject.new_group(&[]).await?;
    let found = subject.found("/Groups", &format!("displayName eq {}", group["displayName"])).await?;
    expect(ids(&found) == ids(&[group]), || "the group is not found by its displayName".to_owned())
}

async fn disable(subject: &Subject) -> Outcome {
    let (path, made) = subject.new_user().await?;
    for active in [false, true] {
        let found = subject.patched(&path, &json!([{"op": "replace", "path": "active", "value": active}])).await?;
        same("`active`", &found["active"], &active.into())?;
        same("`id`", &found["id"], &made["id"])?;
        let filter = format!("userName eq {} and active eq {active}", made["userName"]);
        expect(subject.found("/Users", &filter).await?.len() == 1, || format!("`{filter}` does not find the user"))?;
    }
    Ok(())
}

async fn boolean_text(subject: &Subject) -> Outcome {
    let (path, _) = subject.new_user().await?;
    for (text, expected) in [("False", false), ("True", true)] {
        let found = subject.patched(&path, &json!([{"op": "Replace", "path": "active", "value": text}])).await?;
        same("`active`", &found["active"], &expected.into())?;
    }
    let found = subject.patched(&path, &json!([{"op": "Add", "path": "title", "value": "Lead"}])).await?;
    same("`title`", &found["title"], &"Lead".into())
}

async fn schemas(subject: &Subject) -> Outcome {
    let schemas = subject.get("/Schemas").await?.is(200)?.resources()?;
    let attributes = |uri: &str| {
        let schema = schemas.iter().find(|schema| schema["id"] == uri);
        schema.and_then(|schema| schema["attributes"].as_array().cloned()).unwrap_or_default()
    };
    let user = attributes(urn::USER);
    for name in ["userName", "active", "displayName", "emails", "name", "title"] {
        expect(user.iter().any(|attribute| attribute["name"] == name), || {
            format!("/Schemas does not have `{name}` of users")
        })?;
    }
    let group = attributes(urn::GROUP);
    for name in ["displayName", "members"] {
        expect(group.iter().any(|attribute| attribute["name"] == name), || {
            format!("/Schemas does not have `{name}` of groups")
        })?;
    }
    expect(!user.iter().any(|attribute| attribute["name"] == "password"), || {
        "/Schemas has `password`, which the validator refuses".to_owned()
    })?;
    let emails =
        user.iter().find(|attribute| attribute["name"] == "emails").map(|emails| emails["subAttributes"].to_string());
    expect(!emails.unwrap_or_default().contains("\"name\":\"display\""), || {
        "/Schemas has `emails.display`, which the validator refuses".to_owned()
    })
}

async fn empty(subject: &Subject) -> Outcome {
    let mut user = subject.user();
    for name in ["title", "nickName", "preferredLanguage"] {
        user[name] = "en".into();
    }
    let (path, _) = subject.new_resource("/Users", &user).await?;
    for (name, value) in [("title", json!("")), ("nickName", Value::Null), ("preferredLanguage", json!(""))] {
        let found = subject.patched(&path, &json!([{"op": "replace", "path": name, "value": value}])).await?;
        let found = &found[name];
        expect(found.is_null() || *found == "", || format!("`{name}` is {found} after a PATCH of {value}"))?;
    }
    Ok(())
}

async fn values(subject: &Subject) -> Outcome {
    let schemas = subject.get("/Schemas").await?.is(200)?.resources()?;
    let (user, _) = subject.new_user().await?;
    let (group, _) = subject.new_group(&[]).await?;
    for (uri, path) in [(urn::USER, &user), (urn::GROUP, &group)] {
        let schema = schemas.iter().find(|schema| schema["id"] == uri).cloned().unwrap_or_default();
        for attribute in schema["attributes"].as_array().into_iter().flatten() {
            let (name, kind) =
                (attribute["name"].as_str().unwrap_or_default(), attribute["type"].as_str().unwrap_or_default());
            let is_plain = attribute["multiValued"] == false
                && attribute["mutability"] == "readWrite"
                && attribute["canonicalValues"].is_null();
            let is_told = attribute["returned"] != "never";
            let value = match kind {
                "string" if name == "locale" => json!("de-DE"),
                "string" if name == "timezone" => json!("Europe/Berlin"),
                "string" if name == "userName" => json!(format!("{}@example.com", subject.name())),
                "string" => json!(subject.name()),
                "integer" => json!(7),
                "boolean" => json!(true),
                "dateTime" => json!("2026-01-02T03:04:05Z"),
                _ => continue,
            };
            if !is_plain || !is_told || name == "id" {
                continue;
            }
            let found = subject.patched(path, &json!([{"op": "replace", "path": name, "value": value}])).await?;
            same(&format!("`{name}`"), &found[name], &value)?;
        }
    }
    Ok(())
}

async fn eleven(subject: &Subject, endpoint: &str) -> Outcome {
    for _ in 0..11 {
        if endpoint == "/Users" {
            subject.new_user().await?
        } else {
            subject.new_group(&[]).await?
        };
    }
    for start in ["1", "6", "11"] {
        let answer = subject.get(&query(endpoint, &[("startIndex", start), ("count", "5")])).await?.is(200)?;
        same("`startIndex`", &answer.body["startIndex"].to_string().into(), &start.into())?;
        let (found, total) =
            (answer.resources()?.len() as u64, answer.body["totalResults"].as_u64().unwrap_or_default());
        let expected = 5.min((total + 1).saturating_sub(start.parse().unwrap_or_default()));
        expect(found == expected, || format!("the page from {start} has {found} of {total}, expected {expected}"))?;
        same("`itemsPerPage`", &answer.body["itemsPerPage"], &found.into())?;
    }
    Ok(())
}

async fn user_pages(subject: &Subject) -> Outcome {
    eleven(subject, "/Users").await
}

async fn group_pages(subject: &Subject) -> Outcome {
    eleven(subject, "/Groups").await
}

async fn manager(subject: &Subject) -> Outcome {
    let ((path, _), (_, first), (_, second)) =
        (subject.new_user().await?, subject.new_user().await?, subject.new_user().await?);
    let manager = format!("{}:manager", urn::ENTERPRISE_USER);
    for (op, value, expected) in [("Add", &first["id"], &first["id"]), ("Replace", &second["id"], &second["id"])] {
        let found = subject.patched(&path, &json!([{"op": op, "path": manager, "value": value}])).await?;
        same("the manager", &found[urn::ENTERPRISE_USER]["manager"]["value"], expected)?;
    }
    let found = subject.patched(&path, &json!([{"op": "Replace", "path": manager, "value": ""}])).await?;
    let left = &found[urn::ENTERPRISE_USER]["manager"]["value"];
    expect(left.is_null() || *left == "", || format!("the manager is {left} after a PATCH of \"\""))
}

async fn members(subject: &Subject) -> Outcome {
    let ((_, ada), (_, bob)) = (subject.new_user().await?, subject.new_user().await?);
    let (path, _) = subject.new_group(&[]).await?;
    let both = json!([{"$ref": null, "value": ada["id"]}, {"$ref": null, "value": bob["id"]}]);
    let found = subject.patched(&path, &json!([{"op": "Add", "path": "members", "value": both}])).await?;
    expect(found["members"].as_array().map_or(0, Vec::len) == 2, || format!("the members are {}", found["members"]))?;
    // Entra ID removes by a list of values unless the feature flag of the tenant says otherwise.
    let id = ada["id"].as_str().unwrap_or_default();
    let found =
        subject.patched(&path, &json!([{"op": "Remove", "path": format!("members[value eq \"{id}\"]")}])).await?;
    expect(found["members"].as_array().map_or(0, Vec::len) == 1, || format!("the members are {}", found["members"]))?;
    let found = subject
        .patched(&path, &json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": bob["id"]}]}]))
        .await?;
    expect(found["members"].as_array().map_or(0, Vec::len) == 0, || format!("the members are {}", found["members"]))
}

async fn exclude_members(subject: &Subject) -> Outcome {
    let (_, ada) = subject.new_user().await?;
    let (path, group) = subject.new_group(&[&ada]).await?;
    let found = subject.read(&format!("{path}?excludedAttributes=members")).await?;
    same("`members`", &found["members"], &Value::Null)?;
    let parameters =
        [("excludedAttributes", "members"), ("filter", &*format!("displayName eq {}", group["displayName"]))];
    let found = subject.get(&query("/Groups", &parameters)).await?.is(200)?.resources()?;
    expect(found.len() == 1 && found[0]["members"].is_null(), || {
        "the group is not found, or shows its members".to_owned()
    })
}

async fn rename(subject: &Subject) -> Outcome {
    let (path, group) = subject.new_group(&[]).await?;
    let name = subject.name();
    let found = subject.patched(&path, &json!([{"op": "Replace", "path": "displayName", "value": name}])).await?;
    same("`displayName`", &found["displayName"], &name.as_str().into())?;
    let (new, old) = (format!("displayName eq \"{name}\""), format!("displayName eq {}", group["displayName"]));
    expect(subject.found("/Groups", &new).await?.len() == 1, || "the group is not found by its new name".to_owned())?;
    expect(subject.found("/Groups", &old).await?.is_empty(), || "the group is found by its old name".to_owned())
}

async fn soft_delete(subject: &Subject) -> Outcome {
    let (path, made) = subject.new_user().await?;
    subject.patched(&path, &json!([{"op": "Replace", "path": "active", "value": false}])).await?;
    same("`active`", &subject.read(&path).await?["active"], &false.into())?;
    let found = subject.found("/Users", &format!("userName eq {}", made["userName"])).await?;
    expect(ids(&found) == ids(&[made]), || "the inactive user is not found by userName".to_owned())?;
    subject.ask(Method::DELETE, &path, None).await?.is(204).map(drop)
}
