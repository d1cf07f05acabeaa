//! RFC 7643 and RFC 7644: discovery, authentication, errors.

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use scim_core::urn;
use serde_json::{Value, json};

use crate::check::{Check, Outcome, expect, same, short};
use crate::checks;
use crate::subject::{Subject, query};

pub(crate) const CHECKS: &[Check] = checks![
    "rfc-service-provider-config", "RFC 7643 section 5", "/ServiceProviderConfig says what is supported", config;
    "rfc-resource-types", "RFC 7643 section 6", "/ResourceTypes lists users and groups with endpoint and schema", resource_types;
    "rfc-schemas", "RFC 7643 section 7", "/Schemas describes each attribute of the schemas of all resource types", schemas;
    "rfc-one-schema", "RFC 7644 section 4", "a schema is read by its URI", one_schema;
    "rfc-discovery-filter", "RFC 7644 section 4", "discovery with a filter is refused by 403", discovery_filter;
    "rfc-no-credentials", "RFC 7644 section 2", "a request without credentials is refused by 401 with WWW-Authenticate", no_credentials;
    "rfc-wrong-token", "RFC 7644 section 2", "a request with a wrong token is refused by 401", wrong_token;
    "rfc-media-type", "RFC 7644 section 3.1", "answers are application/scim+json", media_type;
    "rfc-json", "RFC 7644 section 3.1", "application/json is taken and accepted", plain_json;
    "rfc-error-form", "RFC 7644 section 3.12", "an error has schemas, status as a text, and a detail", error_form;
    "rfc-broken-json", "RFC 7644 section 3.12", "a body that is no JSON is refused by 400 with invalidSyntax", broken_json;
    "rfc-unknown-endpoint", "RFC 7644 section 3.2", "an endpoint that is not there is answered by 404", unknown_endpoint;
    "rfc-me", "RFC 7644 section 3.11", "/Me is served, redirected, or answered by 501", me;
];

async fn config(subject: &Subject) -> Outcome {
    let config = &subject.config;
    for name in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        let supported = &config[name]["supported"];
        expect(supported.is_boolean(), || format!("`{name}.supported` is {supported}, expected true or false"))?;
    }
    let schemes = config["authenticationSchemes"].as_array();
    expect(schemes.is_some(), || format!("`authenticationSchemes` is {}", config["authenticationSchemes"]))?;
    for scheme in schemes.into_iter().flatten() {
        for name in ["type", "name", "description"] {
            expect(scheme[name].is_string(), || {
                format!("an authentication scheme has no `{name}`: {}", short(scheme))
            })?;
        }
    }
    for name in ["maxOperations", "maxPayloadSize"] {
        let limit = &config["bulk"][name];
        expect(limit.is_u64(), || format!("`bulk.{name}` is {limit}, expected a number"))?;
    }
    expect(config["filter"]["maxResults"].is_u64(), || "`filter.maxResults` is no number".to_owned())
}

async fn resource_types(subject: &Subject) -> Outcome {
    let types = subject.get("/ResourceTypes").await?.is(200)?.resources()?;
    for (name, endpoint, schema) in [("User", "/Users", urn::USER), ("Group", "/Groups", urn::GROUP)] {
        let found = types.iter().find(|found| found["name"] == name);
        let Some(found) = found else { return expect(false, || format!("no resource type is called `{name}`")) };
        same(&format!("the schema of `{name}`"), &found["schema"], &schema.into())?;
        let there = found["endpoint"]
            .as_str()
            .is_some_and(|found| found.trim_start_matches('/') == endpoint.trim_start_matches('/'));
        expect(there, || format!("the endpoint of `{name}` is {}, expected `{endpoint}`", found["endpoint"]))?;
    }
    Ok(())
}

async fn schemas(subject: &Subject) -> Outcome {
    let schemas = subject.get("/Schemas").await?.is(200)?.resources()?;
    let types = subject.get("/ResourceTypes").await?.is(200)?.resources()?;
    for of in &types {
        let extensions = of["schemaExtensions"].as_array().into_iter().flatten().map(|extension| &extension["schema"]);
        for uri in std::iter::once(&of["schema"]).chain(extensions) {
            let found = schemas.iter().find(|schema| schema["id"] == *uri);
            let Some(found) = found else { return expect(false, || format!("/Schemas does not have {uri}")) };
            for attribute in found["attributes"].as_array().into_iter().flatten() {
                check_attribute(attribute)?;
            }
        }
    }
    Ok(())
}

fn check_attribute(attribute: &Value) -> Outcome {
    let name = &attribute["name"];
    expect(name.is_string(), || format!("an attribute has no name: {}", short(attribute)))?;
    const TYPES: [&str; 8] = ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"];
    let kind = attribute["type"].as_str().unwrap_or_default();
    expect(TYPES.contains(&kind), || format!("the type of {name} is {}", attribute["type"]))?;
    expect(attribute["multiValued"].is_boolean(), || format!("`multiValued` of {name} is no boolean"))?;
    if kind == "complex" {
        let subs = attribute["subAttributes"].as_array();
        expect(subs.is_some_and(|subs| !subs.is_empty()), || format!("{name} is complex and has no `subAttributes`"))?;
        for sub in subs.into_iter().flatten() {
            expect(sub["name"].is_string() && sub["type"] != "complex", || {
                format!("a sub-attribute of {name} is {}", short(sub))
            })?;
        }
    }
    Ok(())
}

async fn one_schema(subject: &Subject) -> Outcome {
    let schema = subject.read(&format!("/Schemas/{}", urn::USER)).await?;
    same("`id`", &schema["id"], &urn::USER.into())?;
    subject.get("/Schemas/urn:example:none").await?.is(404).map(drop)
}

async fn discovery_filter(subject: &Subject) -> Outcome {
    for endpoint in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        subject.get(&query(endpoint, &[("filter", "name eq \"User\"")])).await?.is_error(403, None)?;
    }
    Ok(())
}

async fn refused(subject: &Subject, authorization: &str) -> Outcome {
    let headers = [(AUTHORIZATION, authorization.to_owned())];
    let answer = subject.ask_with(Method::GET, "/Users?count=1", None, &headers).await?.is(401)?;
    let challenge = answer.header(&WWW_AUTHENTICATE).to_owned();
    expect(!challenge.is_empty(), || "the 401 has no `WWW-Authenticate` (RFC 9110 section 15.5.2)".to_owned())
}

async fn no_credentials(subject: &Subject) -> Outcome {
    refused(subject, "").await
}

async fn wrong_token(subject: &Subject) -> Outcome {
    refused(subject, "Bearer wrong-token-of-certify").await?;
    // What a client that is not known sends changes nothing.
    let headers = [(AUTHORIZATION, "Bearer wrong-token-of-certify".to_owned())];
    let user = subject.user();
    subject.ask_with(Method::POST, "/Users", Some(user.to_string()), &headers).await?.is(401)?;
    let found = subject.found("/Users", &format!("userName eq {}", user["userName"])).await?;
    expect(found.is_empty(), || "the user was created although the token was wrong".to_owned())
}

async fn media_type(subject: &Subject) -> Outcome {
    let (path, _) = subject.new_user().await?;
    for path in [path.as_str(), "/Users?count=1", "/Schemas", "/Users/certify-nobody"] {
        let answer = subject.get(path).await?;
        let found = answer.header(&CONTENT_TYPE).to_owned();
        expect(found.starts_with("application/scim+json"), || format!("`Content-Type` of GET {path} is `{found}`"))?;
    }
    Ok(())
}

async fn plain_json(subject: &Subject) -> Outcome {
    let json = "application/json".to_owned();
    let headers = [(CONTENT_TYPE, json.clone()), (ACCEPT, json)];
    let answer = subject.ask_with(Method::POST, "/Users", Some(subject.user().to_string()), &headers).await?.is(201)?;
    subject.goes_again("/Users", &answer.body).map(drop)
}

async fn error_form(subject: &Subject) -> Outcome {
    let answer = subject.get("/Users/certify-nobody").await?;
    let detail = answer.body["detail"].clone();
    answer.is_error(404, None)?;
    expect(detail.as_str().is_some_and(|detail| !detail.is_empty()), || format!("`detail` is {detail}"))
}

async fn broken_json(subject: &Subject) -> Outcome {
    for body in ["{\"schemas\": [", "", "[]", "not json"] {
        let answer = subject.ask_with(Method::POST, "/Users", Some(body.to_owned()), &[]).await?;
        answer.is_error(400, None)?;
    }
    let answer = subject.ask_with(Method::POST, "/Users", Some("{".to_owned()), &[]).await?;
    answer.is_error(400, Some("invalidSyntax"))
}

async fn unknown_endpoint(subject: &Subject) -> Outcome {
    subject.get("/CertifyNone").await?.is(404).map(drop)
}

async fn me(subject: &Subject) -> Outcome {
    let answer = subject.get("/Me").await?.is_any(&[200, 307, 308, 404, 501])?;
    if answer.status == 200 {
        return same("`meta.resourceType`", &answer.body["meta"]["resourceType"], &json!("User"));
    }
    Ok(())
}
