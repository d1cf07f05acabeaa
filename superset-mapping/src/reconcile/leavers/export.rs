//! An export of the source of truth: a file of people.

use std::io::Read;

use async_trait::async_trait;

use crate::reconcile::leavers::directory::{
    Directory, DirectoryError, DirectoryPage, DirectoryPerson, MAX_DIRECTORY_PEOPLE,
};

/// The longest line of an export in JSON lines, in bytes.
pub const MAX_EXPORT_LINE: usize = 65_536;

/// People read from a file, all in memory.
///
/// ```
/// use superset_mapping::reconcile::Export;
///
/// let csv = Export::csv("userName,externalId,active\nada,E1,true\nbob,E2,false\n".as_bytes())?;
/// let lines = Export::json_lines("{\"userName\": \"ada\", \"externalId\": \"E1\"}\n{\"userName\": \"bob\", \"active\": false}\n")?;
/// assert_eq!((csv.people().len(), lines.people().len()), (2, 2));
/// assert!(!csv.people()[1].active && !lines.people()[1].active);
///
/// let error = Export::csv("userName,active\nada,perhaps\n".as_bytes()).unwrap_err();
/// assert!(error.to_string().starts_with("line 2 of the export: `perhaps` says whether somebody is active"));
/// # Ok::<(), superset_mapping::reconcile::DirectoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    people: Vec<DirectoryPerson>,
}

impl Export {
    /// Reads values in UTF-8 that are separated by commas, semicolons or tabs, whichever the first line has most of. That line names
    /// the columns, in any order and whatever their case; others than these are not looked at:
    ///
    /// - the user name, which has to be there: `userName`, `login`, `userPrincipalName`;
    /// - the identifier: `externalId`, else `id`, `objectId`;
    /// - whether the person is active, and for an empty field is: `active`, `accountEnabled`, `status`, or the opposite, `block
    ///   credential`. Yes and no, 1 and 0, true and false, enabled and disabled are taken, and what Okta calls the states of people,
    ///   of whom those who are suspended or deprovisioned are not active.
    ///
    /// So exports of Okta, Entra ID and Microsoft 365 are read as they come.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Line`] for a line that is not so, and [`DirectoryError::TooMuch`] beyond
    /// [`MAX_DIRECTORY_PEOPLE`] people.
    pub fn csv(mut text: impl Read) -> Result<Self, DirectoryError> {
        let mut bytes = Vec::new();
        let unreadable = |error: std::io::Error| DirectoryError::Line { line: 1, reason: error.to_string() };
        text.read_to_end(&mut bytes).map_err(unreadable)?;
        let separator = separator(&bytes);
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).delimiter(separator).from_reader(bytes.as_slice());
        let headers = reader.headers().map_err(|error| at_line(&error))?.clone();
        let columns = Columns::of(&headers)?;
        let mut people = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| at_line(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let person = columns.person(&record).map_err(|reason| DirectoryError::Line { line, reason })?;
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

/// What separates the fields: of the candidates outside of quotes in the first line the most frequent one.
fn separator(text: &[u8]) -> u8 {
    let (mut counts, mut quoted) = ([(b',', 0_usize), (b';', 0), (b'\t', 0)], false);
    for byte in text.iter().take_while(|byte| **byte != b'\n') {
        quoted ^= *byte == b'"';
        for (candidate, count) in counts.iter_mut().filter(|_| !quoted) {
            *count += usize::from(candidate == byte);
        }
    }
    // The first of equals.
    let [comma, others @ ..] = counts;
    others.into_iter().fold(comma, |best, other| if other.1 > best.1 { other } else { best }).0
}

/// Where in a line the fields of a person are.
struct Columns {
    user_name: usize,
    external_id: Option<usize>,
    active: Option<usize>,
    /// Whether the column says the opposite.
    blocked: bool,
}

/// What columns are called, without blanks and underscores: the first that is there counts.
const USER_NAME: [&str; 3] = ["username", "login", "userprincipalname"];
const EXTERNAL_ID: [&str; 4] = ["externalid", "id", "objectid", "userid"];
const ACTIVE: [&str; 4] = ["active", "accountenabled", "status", "userstatus"];
const BLOCKED: [&str; 2] = ["blockcredential", "blocksignin"];

impl Columns {
    fn of(headers: &csv::StringRecord) -> Result<Self, DirectoryError> {
        let plain = |header: &str| -> String {
            // Spreadsheets begin a file with a byte order mark; Okta puts the kind of object before a dot.
            let header = header.trim_start_matches('\u{feff}').to_ascii_lowercase();
            let header = header.strip_prefix("user.").or_else(|| header.strip_prefix("profile.")).unwrap_or(&header);
            header.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect()
        };
        let headers: Vec<String> = headers.iter().map(plain).collect();
        let column = |names: &[&str]| names.iter().find_map(|name| headers.iter().position(|header| header == name));
        let Some(user_name) = column(&USER_NAME) else {
            let reason = "expected a column `userName`, `login` or `userPrincipalName` in the first line".to_owned();
            return Err(DirectoryError::Line { line: 1, reason });
        };
        let (active, blocked) = (column(&ACTIVE), column(&BLOCKED));
        Ok(Self {
            user_name,
            external_id: column(&EXTERNAL_ID),
            active: active.or(blocked),
            blocked: active.is_none() && blocked.is_some(),
        })
    }

    fn person(&self, record: &csv::StringRecord) -> Result<DirectoryPerson, String> {
        let field = |column: Option<usize>| column.and_then(|column| record.get(column)).unwrap_or_default();
        let said = field(self.active);
        let active = match said.to_ascii_lowercase().replace(['_', ' '], "").as_str() {
            "" => !self.blocked,
            "true" | "yes" | "y" | "1" | "enabled" | "active" | "staged" | "provisioned" | "pendinguseraction"
            | "recovery" | "passwordexpired" | "passwordreset" | "lockedout" => true,
            "false" | "no" | "n" | "0" | "disabled" | "inactive" | "suspended" | "deprovisioned" | "deactivated"
            | "deleted" => false,
            _ => {
                return Err(format!(
                    "`{said}` says whether somebody is active: expected `true` or `false`, yes or no, 1 or 0"
                ));
            }
        };
        let external_id = Some(field(self.external_id)).filter(|id| !id.is_empty()).map(str::to_owned);
        let user_name = field(Some(self.user_name)).to_owned();
        Ok(DirectoryPerson { user_name, external_id, active: active != self.blocked })
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
    fn s23_exports_are_read_as_products_write_them() {
        let person = |user_name: &str, external_id: &str, active| DirectoryPerson {
            user_name: user_name.to_owned(),
            external_id: Some(external_id.to_owned()).filter(|id| !id.is_empty()),
            active,
        };
        for (text, expected) in [
            (
                "userName;externalId;active\nada;E1;yes\nbob;E2;No\n",
                vec![person("ada", "E1", true), person("bob", "E2", false)],
            ),
            (
                "active\tUSERNAME\n1\tada\n0\tbob\n\tcy\n",
                vec![person("ada", "", true), person("bob", "", false), person("cy", "", true)],
            ),
            // The report of people of Okta, and its API as columns.
            (
                "Username,First name,Status\na@x,Ada,ACTIVE\nb@x,B,DEPROVISIONED\nc@x,C,\"Password expired\"\n",
                vec![person("a@x", "", true), person("b@x", "", false), person("c@x", "", true)],
            ),
            (
                "user.login,user.id,user.status\na@x,00u1,LOCKED_OUT\nb@x,00u2,SUSPENDED\n",
                vec![person("a@x", "00u1", true), person("b@x", "00u2", false)],
            ),
            // Users of Entra ID, and of Microsoft 365.
            (
                "userPrincipalName,displayName,id,accountEnabled\na@x,\"K; A\",o-1,True\nb@x,B,o-2,False\n",
                vec![person("a@x", "o-1", true), person("b@x", "o-2", false)],
            ),
            (
                "User principal name,Object Id,Block credential\na@x,o-1,False\nb@x,o-2,True\nc@x,o-3,\n",
                vec![person("a@x", "o-1", true), person("b@x", "o-2", false), person("c@x", "o-3", true)],
            ),
            ("\"a;b;c\",userName\nx,ada\n", vec![person("ada", "", true)]),
        ] {
            assert_eq!(Export::csv(text.as_bytes()).unwrap().people(), expected, "{text}");
        }
        let error = Export::csv("login;active\nada;ja\n".as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("line 2 of the export: `ja` says"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let csv = |text: &str| Export::csv(text.as_bytes()).unwrap_err().to_string();
        let expected =
            "line 1 of the export: expected a column `userName`, `login` or `userPrincipalName` in the first line";
        assert_eq!(csv("name\nada\n"), expected);
        assert_eq!(csv(""), expected);
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
