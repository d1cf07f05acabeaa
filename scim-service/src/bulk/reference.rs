//! A reference to a resource as it stands in a message: by id, by URL, or by the name that a bulk job gives (RFC 7644
//! section 3.7.2).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Before the name of a resource that the job creates. Ids never hold the word (R039), so that the two cannot be confused.
const BULK_ID: &str = "bulkId:";

/// How a place names resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// By `id`: `members.value`.
    Id,
    /// By URL: `$ref`.
    Url,
}

/// What a text at a place of references names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference<'a> {
    /// A resource that the job creates, by its `bulkId`.
    Bulk(Cow<'a, str>),
    /// A resource by its id.
    Id(Cow<'a, str>),
}

impl<'a> Reference<'a> {
    /// Reads a text: `bulkId:x` or an id; where URLs stand, also `/Users/bulkId:x` and `https://h/scim/Users/2819c223`, of
    /// which the last segment counts.
    pub(crate) fn read(text: &'a str, form: Form) -> Self {
        if let Some(bulk_id) = text.strip_prefix(BULK_ID) {
            return Self::Bulk(bulk_id.into());
        }
        if form == Form::Id {
            return Self::Id(text.into());
        }
        let segment = text.rsplit('/').next().unwrap_or(text);
        Self::of_segment(percent_decode_str(segment).decode_utf8_lossy())
    }

    /// Reads the last segment of a path, already decoded.
    pub(crate) fn of_segment(segment: Cow<'a, str>) -> Self {
        match segment {
            Cow::Borrowed(text) => match text.strip_prefix(BULK_ID) {
                Some(bulk_id) => Self::Bulk(bulk_id.into()),
                None => Self::Id(text.into()),
            },
            Cow::Owned(text) => match text.strip_prefix(BULK_ID) {
                Some(bulk_id) => Self::Bulk(bulk_id.to_owned().into()),
                None => Self::Id(text.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk_id(text: &str, form: Form) -> Option<String> {
        match Reference::read(text, form) {
            Reference::Bulk(bulk_id) => Some(bulk_id.into_owned()),
            Reference::Id(_) => None,
        }
    }

    #[test]
    fn r211_a_reference_is_the_whole_text() {
        assert_eq!(bulk_id("bulkId:a/b", Form::Id).as_deref(), Some("a/b"));
        for other in ["2819c223", "xbulkId:a", "bulkid:a", " bulkId:a", "/Users/bulkId:a", "bulkId"] {
            assert_eq!(bulk_id(other, Form::Id), None, "{other}");
        }
    }

    #[test]
    fn r212_where_urls_stand_the_last_segment_counts() {
        for text in ["bulkId:a", "/Users/bulkId:a", "../Users/bulkId%3Aa", "https://h/scim/v2/Users/bulkId:a"] {
            assert_eq!(bulk_id(text, Form::Url).as_deref(), Some("a"), "{text}");
        }
        for other in ["/Users/1", "/bulkId:a/1", "https://h/?x=bulkId:a", ""] {
            assert_eq!(bulk_id(other, Form::Url), None, "{other}");
        }
        assert_eq!(Reference::read("/Users/a%2Fb", Form::Url), Reference::Id("a/b".into()));
    }
}
