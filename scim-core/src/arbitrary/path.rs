//! Attribute paths of a type, and paths that look like them.

use ::arbitrary::{Error, Result, Unstructured};

use crate::arbitrary::odds::happens;
use crate::name::AttrName;
use crate::name::AttrPath;
use crate::schema::{AttributeRef, TypeSchema};
use crate::tolerance::Tolerance;

/// An attribute of the type or, half of the time where it has some, one of its sub-attributes.
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::SchemaSet;
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let attribute = scim_core::arbitrary::attribute(users, &mut Unstructured::new(&[5, 5, 5]))?;
/// assert!(users.attributes().any(|of_user| of_user == attribute.whole()));
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// None: every type has attributes.
pub fn attribute(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<AttributeRef> {
    let attributes: Vec<AttributeRef> = of.attributes().collect();
    let attribute = u.choose(&attributes)?.clone();
    let subs = attribute.attribute().sub_attributes();
    if subs.is_empty() || !happens(u, 1, 2)? {
        return Ok(attribute);
    }
    let sub = u.choose(subs)?;
    Ok(attribute.clone().with_sub(sub))
}

/// A path that leads to an [`attribute`] of the type under every profile, in one of its [`spelling`]s.
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{SchemaSet, Tolerance};
///
/// let schemas = SchemaSet::builtin();
/// let groups = schemas.group().unwrap();
/// let path = scim_core::arbitrary::path(groups, &mut Unstructured::new(&[6, 255, 3]))?;
/// assert!(groups.resolve(&path, &mut Tolerance::rfc()).is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// As [`spelling`].
pub fn path(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<AttrPath> {
    let attribute = attribute(of, u)?;
    spelling(of, &attribute, u)
}

/// A path to an attribute of the type: in the case of the schema, in capitals or in small letters; a base attribute with or
/// without the URI of its schema.
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{AttributeRef, SchemaSet, Tolerance};
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let title = AttributeRef::new(None, users.top_level("title").unwrap());
/// let path = scim_core::arbitrary::spelling(users, &title, &mut Unstructured::new(&[255, 7, 2]))?;
/// let resolved = users.resolve(&path, &mut Tolerance::rfc()).unwrap();
/// assert_eq!(resolved.attribute(), Some(title));
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::IncorrectFormat`] for a path of more than [`MAX_ATTR_PATH_LEN`](crate::MAX_ATTR_PATH_LEN) bytes.
pub fn spelling(of: &TypeSchema, attribute: &AttributeRef, u: &mut Unstructured<'_>) -> Result<AttrPath> {
    let mut text = attribute.to_string();
    if attribute.extension().is_none() && happens(u, 1, 4)? {
        text = format!("{}:{text}", of.base().id());
    }
    match u.int_in_range(0..=7)? {
        6 => text.make_ascii_uppercase(),
        7 => text.make_ascii_lowercase(),
        _ => {}
    }
    text.parse().map_err(|_| Error::IncorrectFormat)
}

/// A path that leads nowhere in the type under any profile, though it looks as if it did: a name with one edit, a sub-attribute
/// of another attribute, an attribute under the URI of another schema.
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{SchemaSet, Tolerance};
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let path = scim_core::arbitrary::near_miss(users, &mut Unstructured::new(&[1, 2, 3]))?;
/// assert!(users.resolve(&path, &mut Tolerance::compatible()).is_err());
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::IncorrectFormat`] for a type that has an attribute of every name that is tried.
pub fn near_miss(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<AttrPath> {
    /// How often something near is tried, before something far off is.
    const ATTEMPTS: usize = 4;
    let leads_nowhere = |path: &AttrPath| of.resolve(path, &mut Tolerance::compatible()).is_err();
    for _ in 0..ATTEMPTS {
        if let Some(path) = missed(of, u)?.filter(leads_nowhere) {
            return Ok(path);
        }
    }
    let far: AttrPath = "noSuchAttribute".parse().map_err(|_| Error::IncorrectFormat)?;
    Some(far).filter(leads_nowhere).ok_or(Error::IncorrectFormat)
}

fn missed(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Option<AttrPath>> {
    const URIS: [&str; 3] =
        ["urn:example:unknown:2.0:User", "urn:ietf:params:scim:schemas:core:1.0:User", "http://a/b"];
    let attribute = attribute(of, u)?;
    let (name, sub) = (attribute.name(), attribute.sub());
    let text = match u.int_in_range(0..=4)? {
        0 => format!("{}.{}", attribute.whole(), self::attribute(of, u)?.leaf().name()),
        1 => format!("{}:{name}", u.choose(&URIS)?),
        2 => format!("{}:{name}", of.base().id()),
        _ => {
            let edited = edited(sub.unwrap_or(name), u)?;
            if sub.is_some() { format!("{}.{edited}", attribute.whole()) } else { edited }
        }
    };
    Ok(text.parse().ok())
}

/// A name with one character dropped, doubled, replaced or swapped with the next one, where that leaves a name.
fn edited(name: &str, u: &mut Unstructured<'_>) -> Result<String> {
    let mut edited: Vec<char> = name.chars().collect();
    let at = u.choose_index(edited.len())?;
    match u.int_in_range(0..=3)? {
        0 => {
            edited.remove(at);
        }
        1 => edited.extend_from_within(at..=at),
        2 => edited.iter_mut().skip(at).take(1).for_each(|character| *character = '_'),
        _ if at + 1 < edited.len() => edited.swap(at, at + 1),
        _ => edited.push('s'),
    }
    let edited: String = edited.into_iter().collect();
    Ok(if AttrName::is_valid(&edited) { edited } else { format!("{name}s") })
}
