//! An export of the source of truth: a file of people.

use std::io::Read;

use async_trait::async_trait;

use crate::reconcile::directory::{Directory, DirectoryError, DirectoryPage, DirectoryPerson, MAX_DIRECTORY_PEOPLE};

/// The longest line of an export in JSON lines, in bytes.
pub const MAX_EXPORT_LINE: usize = 65_536;

/// People read from a file, all in memory.
///
/// ```
/// use superset_mapping::Export;
///
/// let csv = Export::csv("userName,externalId,active\nada,E1,true\nbob,E2,false\n".as_bytes())?;
/// let lines = Export::json_lines("{\"userName\": \"ada\", \"externalId\": \"E1\"}\n{\"userName\": \"bob\", \"active\": false}\n")?;
/// assert_eq!((csv.people().len(), lines.people().len()), (2, 2));
/// assert!(!csv.people()[1].active && !lines.people()[1].active);
///
/// let error = Export::csv("userName,active\nada,perhaps\n".as_bytes()).unwrap_err();
/// assert_eq!(error.to_string(), "line 2 of the export: `active` is `perhaps`: expected `true` or `false`");
/// # Ok::<(), superset_mapping::DirectoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    people: Vec<DirectoryPerson>,
}

impl Export {
    /// Reads comma-separated values in UTF-8. The first line names the columns: `userName` has to be there, `externalId` and
    /// `active` may be, in any order and whatever their case; others are not looked at. `active` is `true`, `false`, or empty for
    /// true.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Line`] for a line that is not so, and [`DirectoryError::TooMuch`] beyond
    /// [`MAX_DIRECTORY_PEOPLE`] people.
    pub fn csv(text: impl Read) -> Result<Self, DirectoryError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let headers = reader.headers().map_err(|error| at_line(&error))?.clone();
        let column = |name: &str| {
            // Spreadsheets begin a file with a byte order mark.
            headers.iter().position(|header| header.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
        };
        let reason = "expected a column `userName` in the first line".to_owned();
        let user_name = column("userName").ok_or(DirectoryError::Line { line: 1, reason })?;
        let (external_id, active) = (column("externalId"), column("active"));
        let mut people = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| at_line(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let field = |column: Option<usize>| column.and_then(|column| record.get(column)).unwrap_or_default();
            let active = match field(active) {
                "" => true,
                text if text.eq_ignore_ascii_case("true") => true,
                text if text.eq_ignore_ascii_case("false") => false,
                text => {
                    let reason = format!("`active` is `{text}`: expected `true` or `false`");
                    return Err(DirectoryError::Line { line, reason });
                }
            };
            let external_id = Some(field(external_id)).filter(|id| !id.is_empty()).map(str::to_owned);
            let person = DirectoryPerson { user_name: field(Some(user_name)).to_owned(), external_id, active };
            keep(&mut people, person, line)?;
        }
        Ok(Self { people })
    }

    /// Reads a JSON object on each line, with `userName`, `externalId` and `active` as a SCIM User has them; other members are not
    /// looked at. Empty lines are skipped.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Line`] for a line that is not so or longer than [`MAX_EXPORT_LINE`], and
    /// [`DirectoryError::TooMuch`] beyond [`MAX_DIRECTORY_PEOPLE`] people.
    pub fn json_lines(text: &str) -> Result<Self, DirectoryError> {
        let mut people = Vec::new();
        for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
            if text.len() > MAX_EXPORT_LINE {
                let reason = format!("expected at most {MAX_EXPORT_LINE} bytes");
                return Err(DirectoryError::Line { line, reason });
            }
            let person = serde_json::from_str(text)
                .map_err(|error| DirectoryError::Line { line, reason: format!("expected a person: {error}") })?;
            keep(&mut people, person, line)?;
        }
        Ok(Self { people })
    }

    /// The people in the order of the file.
    pub fn people(&self) -> &[DirectoryPerson] {
        &self.people
    }
}

fn keep(people: &mut Vec<DirectoryPerson>, person: DirectoryPerson, line: u64) -> Result<(), DirectoryError> {
    if person.user_name.is_empty() {
        return Err(DirectoryError::Line { line, reason: "expected a `userName`".to_owned() });
    }
    if people.len() >= MAX_DIRECTORY_PEOPLE {
        return Err(DirectoryError::TooMuch { limit: format!("{MAX_DIRECTORY_PEOPLE} people") });
    }
    people.push(person);
    Ok(())
}

fn at_line(error: &csv::Error) -> DirectoryError {
    let line = error.position().map_or(1, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields: expected {expected_len}, as in the first line")
        }
        csv::ErrorKind::Utf8 { .. } => "expected text in UTF-8".to_owned(),
        _ => "expected comma-separated values".to_owned(),
    };
    DirectoryError::Line { line, reason }
}

#[async_trait]
impl Directory for Export {
    async fn page(&self, _: Option<&str>) -> Result<DirectoryPage, DirectoryError> {
        let total = u64::try_from(self.people.len()).ok();
        Ok(DirectoryPage { people: self.people.clone(), next: None, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_in_any_order_and_quoted() {
        let text = "\u{feff}Active,mail,USERNAME\n,a@x,\"Byron, Ada\"\nFALSE,,bob\n";
        let export = Export::csv(text.as_bytes()).unwrap();
        let person =
            |user_name: &str, active| DirectoryPerson { user_name: user_name.to_owned(), external_id: None, active };
        assert_eq!(export.people(), [person("Byron, Ada", true), person("bob", false)]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let csv = |text: &str| Export::csv(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(csv("name\nada\n"), "line 1 of the export: expected a column `userName` in the first line");
        assert_eq!(csv(""), "line 1 of the export: expected a column `userName` in the first line");
        assert_eq!(
            csv("userName,active\nada,true\nbob\n"),
            "line 3 of the export: 1 fields: expected 2, as in the first line"
        );
        assert_eq!(csv("userName,active\n,true\n"), "line 2 of the export: expected a `userName`");
        let json = |text: &str| Export::json_lines(text).unwrap_err().to_string();
        assert!(
            json("{\"userName\": \"a\"}\n\n{\"userName\": ")
                .starts_with("line 3 of the export: expected a person: EOF")
        );
        assert!(json("{}").starts_with("line 1 of the export: expected a person: missing field `userName`"));
        assert!(
            json(&format!("{{\"userName\": \"{}\"}}", "a".repeat(MAX_EXPORT_LINE))).contains("at most 65536 bytes")
        );
    }
}
