//! A field by its path: names of objects with points between them, such as `shipping.city`.

use serde_json::{Map, Value};

pub(crate) fn get<'a>(of: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    // A name that has a point in it is found before a path is.
    if let Some(value) = of.get(path) {
        return Some(value);
    }
    let (head, rest) = path.split_once('.')?;
    get(of.get(head)?.as_object()?, rest)
}

pub(crate) fn take(of: &mut Map<String, Value>, path: &str) -> Option<Value> {
    if let Some(value) = of.remove(path) {
        return Some(value);
    }
    let (head, rest) = path.split_once('.')?;
    take(of.get_mut(head)?.as_object_mut()?, rest)
}

/// Sets a field, making the objects around it; nothing where one of them is something else.
pub(crate) fn set(of: &mut Map<String, Value>, path: &str, value: Value) {
    if of.contains_key(path) || !path.contains('.') {
        of.insert(path.to_owned(), value);
        return;
    }
    if let Some((head, rest)) = path.split_once('.')
        && let Value::Object(inner) = of.entry(head).or_insert_with(|| Value::Object(Map::new()))
    {
        set(inner, rest, value);
    }
}
