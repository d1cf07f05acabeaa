//! Inputs that are no text: choices for the generators, which make what fits a type or just misses it.
//!
//! The seeds are texts, and so is most of what a fuzzer makes of them; most of that is refused by the first check. What it makes
//! that is not UTF-8 goes here, and reaches the code behind the checks.
//!
//! With `SCIM_FUZZ_SHOW` set a target prints what it has made, in the format of the seeds: so an input that breaks something
//! becomes a seed that can be read.

use arbitrary::{Result, Unstructured};
use scim_core::{AttrPath, Profile};
use scim_filter::{Filter, FilterLimits, PatchPath, parse, parse_path};

use crate::filter::{check_and_match, filter_parse, path_parse, sort};
use crate::fixture::FIXTURE;
use crate::patch::{self, leads, runs};

/// Runs a demand on the text that the input is, or `generated` on the choices that it is.
pub fn either(input: &[u8], text: fn(&str), generated: fn(&mut Unstructured<'_>) -> Result<()>) {
    match std::str::from_utf8(input) {
        Ok(input) => text(input),
        // What cannot be made of these choices is no failure.
        Err(_) => generated(&mut Unstructured::new(input)).unwrap_or_default(),
    }
}

fn show(seed: impl FnOnce() -> String) {
    if std::env::var_os("SCIM_FUZZ_SHOW").is_some() {
        eprintln!("{}", seed());
    }
}

/// A well-formed filter parses, to itself, and is all that is demanded of any text.
///
/// # Errors
///
/// What the choices cannot make.
pub fn filter(u: &mut Unstructured<'_>) -> Result<()> {
    let filter: Filter = u.arbitrary()?;
    let text = filter.to_string();
    assert_eq!(parse(&text, &FilterLimits::default()), Ok(filter), "{text}");
    filter_parse(&text);
    Ok(())
}

/// The same for the paths of PATCH operations.
///
/// # Errors
///
/// What the choices cannot make.
pub fn path(u: &mut Unstructured<'_>) -> Result<()> {
    let path: PatchPath = u.arbitrary()?;
    let text = path.to_string();
    assert_eq!(parse_path(&text, &FilterLimits::default()), Ok(path), "{text}");
    path_parse(&text);
    let path: AttrPath = u.arbitrary()?;
    path_parse(path.as_str());
    Ok(())
}

/// A filter that fits a type, or just misses it, over resources of the type; and a sort by one of its attributes.
///
/// # Errors
///
/// What the choices cannot make.
pub fn checked_filter(u: &mut Unstructured<'_>) -> Result<()> {
    let (schema, fixtures) = u.choose(&FIXTURE.types)?;
    let mut resources = fixtures.clone();
    for _ in 0..3 {
        resources.push(scim_core::arbitrary::stored(schema, u)?);
    }
    let profile = u.choose(&[Profile::rfc(), Profile::compatible()])?.clone();
    let fits = u.int_in_range(0..=7)? < 7;
    let filter =
        if fits { scim_filter::arbitrary::filter(schema, u)? } else { scim_filter::arbitrary::near_miss(schema, u)? };
    assert_eq!(filter.check(schema).is_ok(), fits, "{filter}");
    let sort_by = scim_core::arbitrary::path(schema, u)?;
    for resource in &resources {
        show(|| format!("{filter}\n{sort_by}\n{}", resource.as_value()));
    }
    check_and_match(&filter, schema, &profile, &resources);
    sort(&sort_by, schema, &profile, &resources);
    Ok(())
}

/// A message about a type on a resource of the type, and the patch from that resource to another.
///
/// # Errors
///
/// What the choices cannot make.
pub fn message(u: &mut Unstructured<'_>) -> Result<()> {
    let (schema, _) = u.choose(&patch::FIXTURE.types)?;
    let before = scim_core::arbitrary::stored(schema, u)?;
    let message = if u.arbitrary()? {
        scim_patch::arbitrary::message(schema, u)?
    } else {
        scim_patch::arbitrary::attempt(schema, u)?
    };
    let profile = u.choose(&[Profile::rfc(), Profile::compatible(), Profile::interop()])?.clone();
    let operations = &message.to_value()["Operations"];
    show(|| format!("{operations}\n{}", before.as_value()));
    runs(operations, &before, schema, &profile);
    leads(&before, &scim_core::arbitrary::stored(schema, u)?, schema);
    Ok(())
}
