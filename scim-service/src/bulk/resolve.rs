//! Putting the ids of created resources where their `bulkId` stands (RFC 7644 section 3.7.2).

use std::collections::{HashMap, HashSet};

use scim_core::{Profile, TypeSchema};
use serde_json::Value;

use super::defer::defer;
use super::operation::{Target, Work};
use super::position::{Position, in_patch};
use super::reference::{Form, Reference};
use crate::wire::BulkError;

/// A resource that the job has created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Created {
    pub(crate) id: String,
    pub(crate) location: String,
}

/// What the names of a job stand for so far.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    /// `None`: an operation means to create it, and has not, or not yet.
    names: HashMap<String, Option<Created>>,
}

impl Resolver {
    /// The names that there will be, none of which stands for anything yet.
    pub(crate) fn new(bulk_ids: impl IntoIterator<Item = String>) -> Self {
        Self { names: bulk_ids.into_iter().map(|bulk_id| (bulk_id, None)).collect() }
    }

    /// The name stands for this resource from now on; for none, where creating it was undone.
    pub(crate) fn set(&mut self, bulk_id: &str, created: Option<Created>) {
        self.names.insert(bulk_id.to_owned(), created);
    }

    /// The id of the resource that an operation is about; `None` for one that it creates.
    ///
    /// # Errors
    ///
    /// [`BulkError`] for a name that stands for nothing.
    pub(crate) fn id(&self, target: &Target) -> Result<Option<String>, BulkError> {
        match target {
            Target::New => Ok(None),
            Target::Id(id) => Ok(Some(id.clone())),
            Target::Bulk(bulk_id) => self.created(bulk_id).map(|created| Some(created.id.clone())),
        }
    }

    /// Resolves the references in the data of an operation. With names to defer, what refers to those is taken out and given
    /// back as the PATCH that adds it.
    ///
    /// # Errors
    ///
    /// [`BulkError`] for the first name that stands for nothing.
    pub(crate) fn resolve(
        &self,
        work: &mut Work,
        deferred: &HashSet<&str>,
        profile: &Profile,
    ) -> Result<Option<Value>, BulkError> {
        let patch = (!deferred.is_empty()).then(|| defer(&work.of, &mut work.data, deferred));
        let mut outcome = Ok(());
        work.each_reference(profile, &mut |position| self.replace(position, &mut outcome));
        outcome.map(|()| patch)
    }

    /// Resolves the references in a PATCH that [`resolve`](Self::resolve) gave.
    ///
    /// # Errors
    ///
    /// [`BulkError`] for the first name that stands for nothing.
    pub(crate) fn resolve_patch(&self, of: &TypeSchema, patch: &mut Value, profile: &Profile) -> Result<(), BulkError> {
        let mut outcome = Ok(());
        in_patch(of, profile, patch, &mut |position| self.replace(position, &mut outcome));
        outcome
    }

    fn replace(&self, Position { text, form, .. }: Position<'_>, outcome: &mut Result<(), BulkError>) {
        let Reference::Bulk(bulk_id) = Reference::read(text, form) else { return };
        let replaced = self.created(&bulk_id).map(|created| match form {
            Form::Id => created.id.clone(),
            Form::Url => created.location.clone(),
        });
        match replaced {
            Ok(replaced) => *text = replaced,
            Err(error) if outcome.is_ok() => *outcome = Err(error),
            Err(_) => {}
        }
    }

    fn created(&self, bulk_id: &str) -> Result<&Created, BulkError> {
        match self.names.get(bulk_id) {
            Some(Some(created)) => Ok(created),
            Some(None) => Err(BulkError::FailedReference { bulk_id: bulk_id.to_owned() }),
            None => Err(BulkError::UnknownReference { bulk_id: bulk_id.to_owned() }),
        }
    }
}
