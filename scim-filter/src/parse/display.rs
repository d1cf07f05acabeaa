//! Filters and paths back to text.

use std::fmt::{self, Write};

use crate::ast::{Comparison, Filter, Literal};
use crate::parse::PatchPath;

/// How tightly the place around a filter binds; what binds looser needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// The whole text, or the inside of brackets or parentheses.
    Nothing,
    /// A term of an `or`.
    Or,
    /// A term of an `and`.
    And,
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_filter(f, self, Around::Nothing)
    }
}

fn write_filter(f: &mut fmt::Formatter<'_>, filter: &Filter, around: Around) -> fmt::Result {
    match filter {
        Filter::And(terms) => write_chain(f, terms, " and ", Around::And, around == Around::And),
        Filter::Or(terms) => write_chain(f, terms, " or ", Around::Or, around != Around::Nothing),
        Filter::Not(inner) => {
            f.write_str("not (")?;
            write_filter(f, inner, Around::Nothing)?;
            f.write_char(')')
        }
        Filter::Compare(comparison) => write!(f, "{comparison}"),
        Filter::Present(path) => write!(f, "{path} pr"),
        Filter::ValuePath { path, filter } => {
            write!(f, "{path}[")?;
            write_filter(f, filter, Around::Nothing)?;
            f.write_char(']')
        }
    }
}

fn write_chain(f: &mut fmt::Formatter<'_>, terms: &[Filter], word: &str, inside: Around, parens: bool) -> fmt::Result {
    if parens {
        f.write_char('(')?;
    }
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        write_filter(f, term, inside)?;
    }
    if parens {
        f.write_char(')')?;
    }
    Ok(())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.path, self.operator, self.value)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::String(value) => write_json_string(f, value),
        }
    }
}

/// Writes a JSON string; only `"`, `\` and control characters need an escape (RFC 8259 section 7).
fn write_json_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                f.write_char('\\')?;
                f.write_char(c)?;
            }
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attribute)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Filter;

    #[test]
    fn r062_only_needed_parentheses_are_printed() {
        for (text, printed) in [
            ("((a pr))", "a pr"),
            ("(a pr and b pr) or c pr", "a pr and b pr or c pr"),
            ("(a pr or b pr) and c pr", "(a pr or b pr) and c pr"),
            ("NOT((A PR))", "not (A pr)"),
            ("emails[(type eq \"work\")]", "emails[type eq \"work\"]"),
            ("a pr and (b pr and c pr)", "a pr and (b pr and c pr)"),
            ("a Eq 1.50e1", "a eq 15.0"),
        ] {
            let filter: Filter = text.parse().unwrap();
            assert_eq!(filter.to_string(), printed);
            assert_eq!(printed.parse::<Filter>().unwrap(), filter);
        }
    }

    #[test]
    fn strings_are_printed_as_json() {
        let filter: Filter = r#"a eq "\u0001\n\"\\é\u007f""#.parse().unwrap();
        assert_eq!(filter.to_string(), "a eq \"\\u0001\\n\\\"\\\\é\u{7f}\"");
        assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }
}
