//! The columns by which people are compared, and how two values in them compare, in words.

use serde_json::Value;
use throughline_linkage::Kind;
use throughline_linkage::compare::Level;

/// A column: what people call it, what it holds, and under which names its values are told, without marks and in
/// lower case.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    told_as: &'static [&'static str],
}

pub(super) const GIVEN: usize = 0;
pub(super) const SURNAME: usize = 1;
pub(super) const BIRTHDAY: usize = 2;
pub(super) const STREET: usize = 3;
pub(super) const POST_CODE: usize = 4;
pub(super) const EMAIL: usize = 6;
pub(super) const PHONE: usize = 7;
/// Not compared: it is parted into the first two where these were not told.
pub(super) const WHOLE_NAME: usize = 8;

pub(super) const COLUMNS: [Known; 8] = [
    Known {
        name: "given name",
        kind: Kind::Name,
        told_as: &["firstname", "givenname", "forename", "vorname", "prenom", "nombre"],
    },
    Known {
        name: "surname",
        kind: Kind::Name,
        told_as: &["lastname", "surname", "familyname", "nachname", "nom", "apellido", "apellidos"],
    },
    Known {
        name: "birthday",
        kind: Kind::Date,
        told_as: &["birthday", "birthdate", "dateofbirth", "dob", "born", "geburtstag", "geburtsdatum"],
    },
    Known {
        name: "street",
        kind: Kind::Text,
        told_as: &["street", "address", "address1", "addressline1", "streetaddress", "strasse", "straße", "rue"],
    },
    Known {
        name: "post code",
        kind: Kind::Digits,
        told_as: &["postcode", "postalcode", "zip", "zipcode", "plz", "codepostal"],
    },
    Known { name: "town", kind: Kind::Text, told_as: &["city", "town", "suburb", "ort", "stadt", "ville", "ciudad"] },
    Known { name: "e-mail name", kind: Kind::Text, told_as: &["email", "emailaddress", "mail"] },
    Known {
        name: "telephone",
        kind: Kind::Digits,
        told_as: &["phone", "phonenumber", "telephone", "mobile", "mobilephone", "telefon", "handy"],
    },
];

/// Mailboxes of a place and no person.
const OF_NOBODY: &[&str] = &[
    "info", "office", "contact", "kontakt", "mail", "email", "hello", "hallo", "service", "sales", "shop", "admin",
    "support", "noreply", "no-reply", "team", "post",
];

/// The column of a trait; [`WHOLE_NAME`] for a name that is not parted.
pub(super) fn of_trait(name: &str) -> Option<usize> {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if matches!(plain.as_str(), "name" | "fullname") {
        return Some(WHOLE_NAME);
    }
    COLUMNS.iter().position(|c| c.told_as.contains(&plain.as_str()))
}

/// The columns that a trait may say something in, as bits: a name has two parts, and an address has several.
pub(super) fn at_most(column: usize) -> u16 {
    match column {
        WHOLE_NAME => 1 << GIVEN | 1 << SURNAME,
        STREET => 1 << STREET | 1 << POST_CODE,
        other => 1 << other,
    }
}

/// What a told value says in which columns: an address may come as one object of several.
pub(super) fn read(column: usize, value: String, mut say: impl FnMut(usize, String)) {
    if value.starts_with('{')
        && let Ok(Value::Object(parts)) = serde_json::from_str(&value)
    {
        for (name, part) in parts {
            let text = match part {
                Value::String(text) => text,
                Value::Number(n) => n.to_string(),
                _ => continue,
            };
            if let Some(column) = of_trait(&name) {
                say(column, text);
            }
        }
        return;
    }
    match column {
        EMAIL => say(EMAIL, mailbox(&value).unwrap_or_default()),
        _ => say(column, value),
    }
}

/// The name of a mailbox, where it is a person's.
fn mailbox(address: &str) -> Option<String> {
    let (local, _) = address.trim().rsplit_once('@')?;
    let local = local.split('+').next().unwrap_or(local).to_lowercase();
    (!OF_NOBODY.contains(&local.as_str())).then_some(local)
}

/// Given name and surname of a whole name.
pub(super) fn part(name: &str) -> (String, String) {
    if let Some((surname, given)) = name.split_once(',') {
        return (given.trim().to_owned(), surname.trim().to_owned());
    }
    match name.trim().rsplit_once(char::is_whitespace) {
        Some((given, surname)) => (given.trim().to_owned(), surname.to_owned()),
        None => (name.trim().to_owned(), String::new()),
    }
}

/// A level in a word, as it is kept and told to programs.
pub(super) fn word(level: Level) -> &'static str {
    match level {
        Level::Missing => "unknown",
        Level::Different => "different",
        Level::Alike => "alike",
        Level::Close => "close",
        Level::Moved => "moved",
        Level::Same => "same",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_mailboxes_are_parted() {
        assert_eq!(part("Ana María Ruiz"), ("Ana María".into(), "Ruiz".into()));
        assert_eq!(part("Ruiz, Ana"), ("Ana".into(), "Ruiz".into()));
        assert_eq!(part(" Ana "), ("Ana".into(), String::new()));
        assert_eq!(of_trait("Date of Birth"), Some(BIRTHDAY));
        assert_eq!(of_trait("postal_code"), of_trait("ZIP"));
        assert_eq!(of_trait("shoe_size"), None);
        let mut said = Vec::new();
        read(3, r#"{"street":"Weg 1","postalCode":10115,"planet":"Mars"}"#.into(), |c, v| said.push((c, v)));
        said.sort();
        assert_eq!(said, [(3, "Weg 1".to_owned()), (4, "10115".to_owned())]);
        assert_eq!(mailbox("Ana.Ruiz+shop@x.test").as_deref(), Some("ana.ruiz"));
        assert_eq!(mailbox("info@x.test"), None);
    }
}
