//! One user.

use serde_json::{Value, json};

use crate::identity::ResourceId;
use crate::population::random::Random;
use crate::population::words::{DEPARTMENTS, FAMILY_NAMES, GIVEN_NAMES, LOCALES, RANKS, ROLES, USER_TYPES};
use crate::resource::Resource;
use crate::urn;

/// The user of a number, as a client sends it.
pub(super) fn user(random: &mut Random, number: usize, manager: Option<&ResourceId>) -> Resource {
    let (given, family) = (random.one_of(&GIVEN_NAMES), random.one_of(&FAMILY_NAMES));
    // The number tells people of the same name apart.
    let local = format!("{}.{}{number}", letters(given), letters(family));
    let user_name = format!("{local}@example.com");
    let mut emails = vec![json!({"value": user_name, "type": "work", "primary": true})];
    if random.once_in(4) {
        emails.push(json!({"value": format!("{local}@home.example"), "type": "home"}));
    }
    let mut phone = |kind: &str| {
        let digits = 1_000_000 + random.below(9_000_000);
        json!({"value": format!("tel:+1-555-{digits}"), "type": kind})
    };
    let mut phones = vec![phone("work")];
    let mobile = phone("mobile");
    if random.once_in(4) {
        phones.push(mobile);
    }
    let mut enterprise = json!({"department": random.one_of(&DEPARTMENTS)});
    if let (Some(manager), Value::Object(enterprise)) = (manager, &mut enterprise) {
        enterprise.insert("manager".to_owned(), json!({"value": manager.as_str()}));
    }
    let attributes = json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER],
        "externalId": format!("E{:07}", 1_000_000 + number),
        "userName": user_name,
        "name": {"givenName": given, "familyName": family},
        "displayName": format!("{given} {family}"),
        "title": format!("{} {}", random.one_of(&RANKS), random.one_of(&ROLES)),
        "userType": random.one_of(&USER_TYPES),
        "locale": random.one_of(&LOCALES),
        "active": !random.once_in(20),
        "emails": emails,
        "phoneNumbers": phones,
        urn::ENTERPRISE_USER: enterprise,
    });
    match attributes {
        Value::Object(attributes) => Resource::from_attributes(attributes),
        _ => Resource::default(),
    }
}

/// A name in small letters of ASCII, as it stands in an address.
fn letters(name: &str) -> String {
    let plain = |character: char| match character {
        'á' | 'ã' => 'a',
        'é' | 'ë' => 'e',
        'í' | 'ı' => 'i',
        'ö' => 'o',
        'ü' => 'u',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(plain).filter(char::is_ascii_alphabetic).collect()
}

/// A UUID of version 4.
pub(super) fn uuid(random: &mut Random) -> ResourceId {
    let (high, low) = (random.next(), random.next());
    let text = format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48 & 0x3fff),
        low & 0xffff_ffff_ffff
    );
    #[expect(clippy::expect_used, reason = "hexadecimal digits and hyphens are an id")]
    text.parse().expect("an id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_letters_for_an_address() {
        for name in GIVEN_NAMES.iter().chain(&FAMILY_NAMES) {
            let letters = letters(name);
            let kept = name.chars().filter(|character| character.is_alphabetic()).count();
            assert!(letters.is_ascii() && letters.len() == kept, "{name} {letters}");
        }
    }
}
