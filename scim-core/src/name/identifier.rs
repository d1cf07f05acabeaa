//! Texts that tell things apart, and what must not be in them because nobody would see it.

/// Whether a text can be told from every other one by looking at it: no space around it, none inside but the plain one, no
/// control characters, nothing invisible, nothing that turns the direction of the text around it.
///
/// The scripts of the world stay as they are written. That takes two invisible characters in some places: the joiners of
/// Indic scripts behind a virama, and the non-joiner between Arabic letters that would else be joined (RFC 5892 appendices
/// A.1 and A.2).
pub(crate) fn is_plain(text: &str) -> bool {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied();
        let fits = match character {
            ' ' => before.is_some() && after.is_some(),
            NON_JOINER => {
                before.is_some_and(is_virama) || (before.is_some_and(joins_on) && after.is_some_and(is_arabic))
            }
            JOINER => before.is_some_and(is_virama),
            _ => !character.is_whitespace() && !character.is_control() && !is_invisible(character),
        };
        if !fits {
            return false;
        }
        before = Some(character);
    }
    true
}

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

/// Characters that are drawn as nothing, by Unicode's property `Default_Ignorable_Code_Point`, and others that look so: the
/// blank of Braille, the marks of annotations and of musical notes.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Signs that suppress the vowel of a consonant (`Canonical_Combining_Class=Virama`), of the scripts that are in daily use.
fn is_virama(character: char) -> bool {
    matches!(
        character,
        '\u{94d}'
            | '\u{9cd}'
            | '\u{a4d}'
            | '\u{acd}'
            | '\u{b4d}'
            | '\u{bcd}'
            | '\u{c4d}'
            | '\u{ccd}'
            | '\u{d4d}'
            | '\u{dca}'
            | '\u{e3a}'
            | '\u{eba}'
            | '\u{f84}'
            | '\u{1039}'
            ..='\u{103a}'
                | '\u{1714}'
                | '\u{1734}'
                | '\u{17d2}'
                | '\u{1a60}'
                | '\u{1b44}'
                | '\u{a8c4}'
                | '\u{a953}'
                | '\u{abed}'
    )
}

fn is_arabic(character: char) -> bool {
    matches!(character, '\u{620}'..='\u{64a}' | '\u{66e}'..='\u{66f}' | '\u{671}'..='\u{6d3}' | '\u{750}'..='\u{77f}')
}

/// Whether the next letter is written joined to this one: an Arabic letter, but for those that join to the one before alone.
fn joins_on(character: char) -> bool {
    let stands_apart = matches!(character,
        '\u{621}'..='\u{625}' | '\u{627}' | '\u{629}' | '\u{62f}'..='\u{632}' | '\u{648}' | '\u{671}'..='\u{677}'
        | '\u{688}'..='\u{699}' | '\u{6c0}' | '\u{6c3}'..='\u{6cb}' | '\u{6cd}' | '\u{6cf}' | '\u{6d2}'..='\u{6d3}'
        | '\u{759}'..='\u{75b}' | '\u{76b}'..='\u{76c}' | '\u{771}' | '\u{773}'..='\u{774}' | '\u{778}'..='\u{779}');
    is_arabic(character) && !stands_apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x14_what_nobody_sees_is_in_no_identifier() {
        for bad in [
            "admin ",
            " admin",
            "\tadmin",
            "admin\n",
            "ad\u{0}min",
            "ad\u{a0}min",
            "ad\u{3000}min",
            "ad\u{2009}min",
            "ad\u{200b}min",
            "ad\u{200c}min",
            "ad\u{200d}min",
            "admin\u{200e}",
            "\u{202e}nimda",
            "ad\u{2066}min",
            "\u{feff}admin",
            "ad\u{ad}min",
            "ad\u{34f}min",
            "ad\u{61c}min",
            "ad\u{180e}min",
            "admin\u{fe0f}",
            "ad\u{2060}min",
            "ad\u{e0061}min",
            "\u{3164}",
            "\u{2800}",
            " ",
            "ad\u{85}min",
            "ad\u{2028}min",
            // Joiners where they change nothing that one sees.
            "\u{915}\u{200d}\u{937}",
            "\u{627}\u{200c}\u{628}",
            "\u{645}\u{200c}",
            "\u{200c}\u{645}",
        ] {
            assert!(!is_plain(bad), "{}", bad.escape_unicode());
        }
    }

    #[test]
    fn x14_names_of_the_world_are_identifiers() {
        for good in [
            "",
            "admin",
            "Ada Lovelace",
            "ada+scim@example.com",
            "O'Neil",
            "zoë",
            "Łukasz",
            "Ἀριστοτέλης",
            "Дмитрий",
            "李小龙",
            "山田 太郎",
            "김철수",
            "محمد",
            "می\u{200c}خواهم",
            "שרה",
            "अनुपमा",
            "श्री",
            "क्\u{200d}ष",
            "ක්\u{200d}ෂ",
            "สมชาย",
            "မောင်",
            "🔑",
            "DOMAIN\\user",
            "user#1",
        ] {
            assert!(is_plain(good), "{good}");
        }
    }
}
