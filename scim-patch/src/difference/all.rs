//! What differs between two states of a resource.

use std::fmt;

use scim_core::{AttributeRef, Quirks, Resource, TypeSchema};

use crate::difference::comparison::{Comparison, differences};
use crate::difference::one::Difference;

/// What differs between two states of a resource: for audit, for events, and for the question whether there is anything to write.
///
/// [`apply`](crate::apply()) tells what a patch has done, [`between`](Self::between) compares two resources.
///
/// ```
/// use scim_core::{Profile, Resource, SchemaSet, Tolerance};
/// use scim_core::message::PatchOp;
/// use scim_patch::{Patch, Secret, apply};
/// use serde_json::json;
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let message = json!({
///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
///     "Operations": [
///         {"op": "replace", "path": "name.givenName", "value": "Augusta"},
///         {"op": "replace", "path": "active", "value": true},
///         {"op": "replace", "path": "password", "value": "correct horse"}
///     ]
/// });
/// let message = PatchOp::from_json(message, &mut Tolerance::rfc(), 100)?;
/// let patch = Patch::check(&message, user, &Profile::rfc())?;
///
/// let mut ada: Resource =
///     serde_json::from_value(json!({"userName": "ada", "name": {"givenName": "Ada"}, "active": true}))?;
/// let differences = apply(&patch, &mut ada)?;
/// let [name, password] = differences.all() else { panic!("{differences:?}") };
/// assert_eq!((name.target().to_string().as_str(), name.before()), ("name.givenName", Some(&json!("Ada"))));
/// assert_eq!((password.target().name(), password.secret(), password.after()), ("password", Some(Secret::Set), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Differences {
    found: Found,
    quirks: Quirks,
}

#[derive(Clone)]
enum Found {
    All(Vec<Difference>),
    /// Made when somebody asks: of most writes nobody does.
    Later(Comparison),
}

impl Default for Found {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Differences {
    /// These, in their order.
    pub(crate) fn new(mut all: Vec<Difference>, quirks: Quirks) -> Self {
        all.sort_by(|a, b| a.target().cmp(b.target()));
        Self { found: Found::All(all), quirks }
    }

    /// Compares two states of a resource of this type.
    ///
    /// `id`, `meta` and `schemas` are not looked at: the store issues the first two, and the third follows from the rest. The order of
    /// references to other resources means nothing; of other values it counts. A secret differs where its value does; a
    /// store that knows that one was set to the value that it had says so by [`with_secrets`](Self::with_secrets).
    ///
    /// ```
    /// use scim_core::{Resource, SchemaSet};
    /// use scim_patch::Differences;
    /// use serde_json::{from_value, json};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().ok_or("no users")?;
    /// let before: Resource = from_value(json!({"userName": "ada", "title": "Dr"}))?;
    /// let after: Resource = from_value(json!({"userName": "ada", "title": "Prof"}))?;
    /// let differences = Differences::between(user, &before, &after);
    /// assert!(differences.targets().map(ToString::to_string).eq(["title"]));
    /// assert!(Differences::between(user, &after, &after).is_unchanged());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between(of: &TypeSchema, before: &Resource, after: &Resource) -> Self {
        let found = match Comparison::kept(of, before, after) {
            Some(comparison) => Found::Later(comparison),
            None => Found::All(differences(of, before, after)),
        };
        Self { found, quirks: Quirks::default() }
    }

    /// Whether the resource says just what it said before: version and `lastModified` then stay (R133, R192).
    pub fn is_unchanged(&self) -> bool {
        match &self.found {
            Found::All(all) => all.is_empty(),
            Found::Later(comparison) => !comparison.differs(),
        }
    }

    /// What differs, in order, each attribute once.
    ///
    /// What differs is an attribute or a sub-attribute of a singular complex attribute. `schemas` is
    /// not among them: it follows from the rest. To set a secret is a change whatever it was before, or the answer would
    /// tell whether it was guessed.
    pub fn all(&self) -> &[Difference] {
        self.found.all()
    }

    /// What the [differences](Self::all) are of.
    pub fn targets(&self) -> impl Iterator<Item = &AttributeRef> {
        self.all().iter().map(Difference::target)
    }

    /// The quirks that the message needed, at the check and when it was applied; none of what was compared.
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// The same, with these in place of what was found of secrets: for a store that keeps secrets elsewhere, or not at all.
    #[must_use]
    pub fn with_secrets(self, secrets: impl IntoIterator<Item = Difference>) -> Self {
        let mut secrets = secrets.into_iter().peekable();
        // What is compared later has no secrets.
        if matches!(self.found, Found::Later(_)) && secrets.peek().is_none() {
            return self;
        }
        let all = self.found.into_all().into_iter().filter(|difference| difference.secret().is_none());
        Self::new(all.chain(secrets).collect(), self.quirks)
    }

    /// The same, with one more.
    #[must_use]
    pub fn with(self, difference: Difference) -> Self {
        Self::new(self.found.into_all().into_iter().chain([difference]).collect(), self.quirks)
    }
}

impl Found {
    fn all(&self) -> &[Difference] {
        match self {
            Self::All(all) => all,
            Self::Later(comparison) => comparison.all(),
        }
    }

    fn into_all(self) -> Vec<Difference> {
        match self {
            Self::All(all) => all,
            Self::Later(comparison) => comparison.all().to_vec(),
        }
    }
}

/// The same differences, with the same quirks.
impl PartialEq for Differences {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all() && self.quirks == other.quirks
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}
