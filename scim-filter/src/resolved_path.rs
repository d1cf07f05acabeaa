//! The place of a value in a resource, as a checked filter names it.

use std::fmt;

use scim_core::Target;

/// Where a value stands in a resource: registered names, to be looked up exactly.
///
/// Inside a value path the path starts at the element: `attribute` is then the sub-attribute's name. Where the elements are
/// simple values (`tags[value eq "x"]`) the path is [the element itself](Self::is_element), and has no attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResolvedPath {
    extension: Option<Box<str>>,
    attribute: Option<Box<str>>,
    sub: Option<Box<str>>,
    multi_valued: bool,
}

impl ResolvedPath {
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            extension: target.extension.as_ref().map(|schema| schema.id().into()),
            attribute: target.attribute.as_ref().map(|attribute| attribute.name().into()),
            sub: target.sub.as_ref().map(|sub| sub.name().into()),
            multi_valued: target.attribute.as_ref().is_some_and(|attribute| attribute.multi_valued()),
        }
    }

    /// The path of a multi-valued attribute as a whole.
    pub(crate) fn of_elements(extension: Option<&str>, attribute: &str) -> Self {
        Self { extension: extension.map(Box::from), attribute: Some(attribute.into()), sub: None, multi_valued: true }
    }

    /// The URI of the extension that holds the attribute, in the registered spelling.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// The attribute; `None` when the path means an extension as a whole.
    pub fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }

    /// The sub-attribute.
    pub fn sub(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// Whether the path is that of the element of a simple multi-valued attribute: it then has no names.
    ///
    /// ```
    /// use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    /// use scim_filter::{ElementPredicate, Filter, Lower, ResolvedPath, Test, check, lower, lower_element};
    ///
    /// /// Takes tests of elements alone.
    /// struct Elements;
    ///
    /// impl Lower for Elements {
    ///     type Output = String;
    ///     fn compare(&self, test: &Test) -> Option<String> {
    ///         test.path().is_element().then(|| format!("element {}", test.operator()))
    ///     }
    ///     fn present(&self, _: &ResolvedPath) -> Option<String> { None }
    ///     fn value_path(&self, path: &ResolvedPath, filter: &ElementPredicate) -> Option<String> {
    ///         Some(format!("any of {path}: {}", lower_element(filter, self)?))
    ///     }
    ///     fn and(&self, parts: Vec<String>) -> String { parts.join(" and ") }
    ///     fn or(&self, parts: Vec<String>) -> String { parts.join(" or ") }
    ///     fn not(&self, part: String) -> String { format!("not {part}") }
    /// }
    ///
    /// let schemas = SchemaSet::builtin();
    /// let users = schemas.of(&ResourceTypeName::user()).unwrap();
    /// let filter: Filter = r#"schemas[value sw "urn:"]"#.parse()?;
    /// let predicate = check(&filter, users, &Profile::rfc(), &mut Leniencies::default()).unwrap();
    /// assert_eq!(lower(&predicate, &Elements).pushed.as_deref(), Some("any of schemas: element sw"));
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn is_element(&self) -> bool {
        self.extension.is_none() && self.attribute.is_none()
    }

    /// Whether the attribute (not the sub-attribute) is multi-valued.
    pub fn multi_valued(&self) -> bool {
        self.multi_valued
    }

    /// The path of a part of the same attribute.
    #[must_use]
    pub fn with_sub(&self, sub: &str) -> Self {
        Self { sub: Some(sub.into()), ..self.clone() }
    }

    /// The path as a top-level attribute name, when it is no more than that: `userName`, `id`. What a store with a column
    /// or an index per attribute asks first.
    pub fn as_top_level(&self) -> Option<&str> {
        if self.extension.is_none() && self.sub.is_none() { self.attribute.as_deref() } else { None }
    }
}

/// The canonical path: `emails.value`, or with the URI for an extension's attribute; `value` for the element itself.
impl fmt::Display for ResolvedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_element() {
            return f.write_str("value");
        }
        let separator = if self.extension.is_some() && self.attribute.is_some() { ":" } else { "" };
        write!(f, "{}{separator}{}", self.extension().unwrap_or_default(), self.attribute().unwrap_or_default())?;
        match self.sub() {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
