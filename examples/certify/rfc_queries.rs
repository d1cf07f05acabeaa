//! RFC 7644 section 3.4.2 and RFC 9865: lists, filters, pages, orders.

use scim_core::urn;
use serde_json::{Value, json};

use crate::check::{Check, Outcome, Trouble, expect, same};
use crate::checks;
use crate::subject::{Subject, ids, query};

pub(crate) const CHECKS: &[Check] = checks![
    "rfc-list", "RFC 7644 section 3.4.2", "a list has schemas, totalResults and Resources; of no match totalResults is 0", list;
    "rfc-filter-operators", "RFC 7644 section 3.4.2.2", "eq, ne, co, sw, ew, pr, gt, ge, lt, le select what they say", operators;
    "rfc-filter-case", "RFC 7644 section 3.4.2.2", "names and operators have no case, nor have values that are not caseExact", filter_case;
    "rfc-filter-logic", "RFC 7644 section 3.4.2.2", "and, or, not and brackets bind as they should", logic;
    "rfc-filter-value-path", "RFC 7644 section 3.4.2.2", "a value path asks one element for everything in its brackets", value_path;
    "rfc-filter-broken", "RFC 7644 section 3.4.2.2", "a filter that is none is refused by 400 with invalidFilter", broken_filter;
    "rfc-pages", "RFC 7644 section 3.4.2.4", "startIndex and count page through all, each once", pages;
    "rfc-page-edges", "RFC 7644 section 3.4.2.4", "count 0 and below, and startIndex below 1 and beyond the end, mean what they should", page_edges;
    "rfc-sort", "RFC 7644 section 3.4.2.3", "sortBy and sortOrder order, where sort is supported", sort;
    "rfc-search", "RFC 7644 section 3.4.3", "POST to .search finds what GET finds", search;
    "rfc-cursor", "RFC 9865", "cursors walk through all, each once, where they are supported", cursor;
];

async fn list(subject: &Subject) -> Outcome {
    let (_, made) = subject.new_user().await?;
    let answer =
        subject.get(&query("/Users", &[("filter", &format!("userName eq {}", made["userName"]))])).await?.is(200)?;
    same("`totalResults`", &answer.body["totalResults"], &json!(1))?;
    same("`startIndex`", &answer.body["startIndex"], &json!(1))?;
    same("`itemsPerPage`", &answer.body["itemsPerPage"], &json!(1))?;
    expect(ids(&answer.resources()?) == ids(&[made]), || "another user is found".to_owned())?;
    let none = subject.get(&query("/Users", &[("filter", "userName eq \"certify-nobody\"")])).await?.is(200)?;
    same("`totalResults` of no match", &none.body["totalResults"], &json!(0))?;
    expect(none.resources()?.is_empty(), || "a filter that nobody fulfils finds somebody".to_owned())
}

/// Whether each filter, joined with one that selects two users, selects the right ones of them.
async fn select(subject: &Subject, both: &str, users: [&Value; 2], cases: &[(String, [bool; 2])]) -> Outcome {
    for (filter, expected) in cases {
        let found = subject.found("/Users", &format!("({both}) and {filter}")).await?;
        let found = ids(&found);
        for (user, expected) in users.iter().zip(expected) {
            let is_found = user["id"].as_str().is_some_and(|id| found.contains(&id));
            expect(is_found == *expected, || {
                let (finds, should) = if is_found { ("finds", "should not") } else { ("does not find", "should") };
                format!("`{filter}` {finds} {}, and {should}", user["userName"])
            })?;
        }
    }
    Ok(())
}

/// Two users, and a filter that selects them both.
async fn two(subject: &Subject) -> Outcome<([Value; 2], String)> {
    let (mut ada, mut bob) = (subject.user(), subject.user());
    ada["title"] = "Lead Engineer".into();
    ada["emails"] = json!([
        {"value": format!("{}.work@example.com", subject.name()), "type": "work"},
        {"value": format!("{}@home.example.org", subject.name()), "type": "home"}
    ]);
    bob["active"] = false.into();
    let (_, ada) = subject.new_resource("/Users", &ada).await?;
    let (_, bob) = subject.new_resource("/Users", &bob).await?;
    let both = format!("userName eq {} or userName eq {}", ada["userName"], bob["userName"]);
    Ok(([ada, bob], both))
}

async fn operators(subject: &Subject) -> Outcome {
    subject.offers("filter")?;
    let ([ada, bob], both) = two(subject).await?;
    let created = |user: &Value| user["meta"]["created"].clone();
    let name = ada["userName"].as_str().unwrap_or_default();
    let (start, end) = (name.get(..name.len().saturating_sub(6)).unwrap_or_default(), "example.com");
    let cases = [
        (format!("userName eq {}", ada["userName"]), [true, false]),
        (format!("userName ne {}", ada["userName"]), [false, true]),
        (
            format!("userName sw \"{start}\""),
            [true, bob["userName"].as_str().is_some_and(|name| name.starts_with(start))],
        ),
        (format!("userName ew \"{end}\""), [true, true]),
        ("title co \"engin\"".to_owned(), [true, false]),
        ("title pr".to_owned(), [true, false]),
        ("not (title pr)".to_owned(), [false, true]),
        ("active eq true".to_owned(), [true, false]),
        ("active eq false".to_owned(), [false, true]),
        (format!("externalId eq {}", bob["externalId"]), [false, true]),
        (format!("id eq {}", ada["id"]), [true, false]),
        (format!("meta.created ge {}", created(&ada)), [true, true]),
        (format!("meta.created lt {}", created(&ada)), [false, false]),
        ("meta.created gt \"2000-01-01T00:00:00Z\"".to_owned(), [true, true]),
        ("meta.created le \"2000-01-01T00:00:00Z\"".to_owned(), [false, false]),
    ];
    select(subject, &both, [&ada, &bob], &cases).await
}

async fn filter_case(subject: &Subject) -> Outcome {
    subject.offers("filter")?;
    let ([ada, bob], both) = two(subject).await?;
    let upper = ada["userName"].as_str().unwrap_or_default().to_uppercase();
    let cases = [
        (format!("USERNAME EQ \"{upper}\""), [true, false]),
        (format!("{}:userName Eq {}", urn::USER, ada["userName"]), [true, false]),
        ("TITLE Pr".to_owned(), [true, false]),
    ];
    select(subject, &both, [&ada, &bob], &cases).await
}

async fn logic(subject: &Subject) -> Outcome {
    subject.offers("filter")?;
    let ([ada, bob], both) = two(subject).await?;
    let cases = [
        ("(title pr and active eq false)".to_owned(), [false, false]),
        ("(title pr or active eq false)".to_owned(), [true, true]),
        // `and` binds closer than `or`.
        ("(active eq false or title pr and active eq true)".to_owned(), [true, true]),
        ("((active eq false or title pr) and active eq true)".to_owned(), [true, false]),
        ("not (active eq false)".to_owned(), [true, false]),
    ];
    select(subject, &both, [&ada, &bob], &cases).await
}

async fn value_path(subject: &Subject) -> Outcome {
    subject.offers("filter")?;
    let ([ada, bob], both) = two(subject).await?;
    let home = ada["emails"][1]["value"].clone();
    let cases = [
        (format!("emails[type eq \"home\" and value eq {home}]"), [true, false]),
        (format!("emails[type eq \"work\" and value eq {home}]"), [false, false]),
        (format!("emails.value eq {home}"), [true, false]),
        ("emails[type eq \"home\"]".to_owned(), [true, false]),
    ];
    select(subject, &both, [&ada, &bob], &cases).await
}

async fn broken_filter(subject: &Subject) -> Outcome {
    subject.offers("filter")?;
    for filter in
        ["userName", "userName eq", "userName is \"x\"", "(userName eq \"x\"", "userName eq \"x\" and", "eq \"x\""]
    {
        let answer = subject.get(&query("/Users", &[("filter", filter)])).await?;
        answer.is_error(400, Some("invalidFilter"))?;
    }
    Ok(())
}

/// Seven users whom a filter selects.
async fn seven(subject: &Subject) -> Outcome<(String, Vec<String>)> {
    let title = subject.name();
    let mut made = Vec::new();
    for _ in 0..7 {
        let mut user = subject.user();
        user["title"] = title.as_str().into();
        let (_, user) = subject.new_resource("/Users", &user).await?;
        made.push(user["id"].as_str().unwrap_or_default().to_owned());
    }
    made.sort();
    Ok((format!("title eq \"{title}\""), made))
}

async fn pages(subject: &Subject) -> Outcome {
    let (filter, made) = seven(subject).await?;
    let mut seen = Vec::new();
    for start in [1, 4, 7] {
        let parameters = [("filter", filter.as_str()), ("startIndex", &start.to_string()), ("count", "3")];
        let answer = subject.get(&query("/Users", &parameters)).await?.is(200)?;
        same("`totalResults`", &answer.body["totalResults"], &json!(7))?;
        same("`startIndex`", &answer.body["startIndex"], &json!(start))?;
        let found = answer.resources()?;
        same("`itemsPerPage`", &answer.body["itemsPerPage"], &json!(found.len()))?;
        seen.extend(ids(&found).into_iter().map(str::to_owned));
    }
    seen.sort();
    expect(seen == made, || format!("three pages of 3 have {} users, expected each of 7 once", seen.len()))
}

async fn page_edges(subject: &Subject) -> Outcome {
    let (filter, _) = seven(subject).await?;
    for (name, value, expected, start) in [
        ("count", "0", Some(0), 1),
        ("count", "-5", Some(0), 1),
        ("startIndex", "0", None, 1),
        ("startIndex", "-7", None, 1),
        ("startIndex", "1000", Some(0), 1000),
    ] {
        let parameters = [("filter", filter.as_str()), (name, value)];
        let answer = subject.get(&query("/Users", &parameters)).await?.is(200)?;
        same(&format!("`totalResults` with {name}={value}"), &answer.body["totalResults"], &json!(7))?;
        let found = answer.resources()?.len();
        expect(expected.is_none_or(|expected| found == expected), || format!("{name}={value} finds {found} users"))?;
        if start == 1 && name == "startIndex" {
            same(&format!("`startIndex` with {name}={value}"), &answer.body["startIndex"], &json!(start))?;
        }
    }
    Ok(())
}

async fn sort(subject: &Subject) -> Outcome {
    subject.offers("sort")?;
    let (filter, made) = seven(subject).await?;
    let mut orders = Vec::new();
    for order in ["ascending", "descending"] {
        let parameters = [("filter", filter.as_str()), ("sortBy", "userName"), ("sortOrder", order)];
        let found = subject.get(&query("/Users", &parameters)).await?.is(200)?.resources()?;
        let names: Vec<String> = found.iter().map(|user| user["userName"].to_string().to_lowercase()).collect();
        expect(names.len() == made.len(), || format!("{} users in {order} order", names.len()))?;
        orders.push(names);
    }
    let [ascending, descending] = orders.as_mut_slice() else { return Ok(()) };
    expect(ascending.is_sorted(), || "the order of `userName` is not ascending".to_owned())?;
    descending.reverse();
    expect(ascending == descending, || "the descending order is not the other way round".to_owned())
}

async fn search(subject: &Subject) -> Outcome {
    subject.offers("filter")?;
    let (filter, made) = seven(subject).await?;
    let message = json!({"schemas": [urn::SEARCH_REQUEST], "filter": filter, "attributes": ["userName"], "count": 100});
    let found = subject.post("/Users/.search", &message).await?.is(200)?.resources()?;
    let mut seen = ids(&found);
    seen.sort_unstable();
    expect(seen == made, || format!("POST /Users/.search finds {} users, expected 7", seen.len()))?;
    expect(found.iter().all(|user| user["emails"].is_null()), || "`attributes` of the search are not obeyed".to_owned())
}

async fn cursor(subject: &Subject) -> Outcome {
    if subject.config["pagination"]["cursor"] != true {
        return Err(Trouble::NotOffered("pagination by cursor"));
    }
    let (filter, made) = seven(subject).await?;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..=made.len() {
        let parameters = [("filter", filter.as_str()), ("count", "3"), ("cursor", &cursor)];
        let answer = subject.get(&query("/Users", &parameters)).await?.is(200)?;
        seen.extend(ids(&answer.resources()?).into_iter().map(str::to_owned));
        match answer.body["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    seen.sort();
    expect(seen == made, || format!("the walk by cursor meets {} users, expected each of 7 once", seen.len()))?;
    let bad = subject.get(&query("/Users", &[("cursor", "certify-none"), ("count", "3")])).await?;
    bad.is_error(400, Some("invalidCursor"))
}
