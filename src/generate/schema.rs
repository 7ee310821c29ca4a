//! The configuration as JSON Schema 2020-12, for editors that complete and check TOML.
//!
//! Made of the schemas that check the file. It knows types, ranges, words and names; rules between keys and the texts
//! whose check no expression can hold are left to `fwmetrics check`.

use serde_json::{Map, Value, json};

use crate::config;
use crate::model::schema::{Key, KeyKind, Table};

/// The schema.
#[must_use]
pub fn text() -> String {
    let schema = schema();
    format!("{schema:#}\n")
}

/// The schema as a tree.
#[must_use]
pub fn schema() -> Value {
    let mut top = object("Configuration of fwmetrics.");
    top.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    top.insert("title".to_owned(), json!("fwmetrics"));
    for table in config::keys() {
        let place = place(&mut top, &table);
        for key in &table.keys {
            let path = match table.path.as_str() {
                "" => key.name.to_owned(),
                table => format!("{table}.{}", key.name),
            };
            place.insert(key.name.to_owned(), value(&path, key));
        }
    }
    Value::Object(top)
}

/// A table that holds only what it states.
fn object(about: &str) -> Map<String, Value> {
    let table = json!({
        "type": "object",
        "description": about,
        "properties": {},
        "additionalProperties": false,
    });
    match table {
        Value::Object(table) => table,
        _ => Map::new(),
    }
}

/// The properties of a table, which is made where it is not yet there.
fn place<'a>(top: &'a mut Map<String, Value>, table: &Table) -> &'a mut Map<String, Value> {
    let mut place = properties(top);
    let mut names = table.path.split('.').filter(|name| !name.is_empty());
    while let Some(name) = names.next() {
        let is_last = names.clone().next().is_none();
        let inner = place
            .entry(name)
            .or_insert_with(|| Value::Object(object(table.about)));
        let mut inner = as_object(inner);
        if is_last && table.is_list {
            inner = item(inner, table);
        }
        place = properties(inner);
    }
    place
}

/// Makes this a list, and hands out what describes one of its tables.
fn item<'a>(list: &'a mut Map<String, Value>, table: &Table) -> &'a mut Map<String, Value> {
    if !list.contains_key("items") {
        list.clear();
        list.insert("type".to_owned(), json!("array"));
        list.insert("description".to_owned(), json!(table.about));
    }
    let items = list.entry("items");
    as_object(items.or_insert_with(|| Value::Object(object(table.about))))
}

fn properties(table: &mut Map<String, Value>) -> &mut Map<String, Value> {
    as_object(table.entry("properties").or_insert(Value::Null))
}

/// The object that is here; one is put where there is none.
fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("put here above"),
    }
}

fn value(path: &str, key: &Key) -> Value {
    let mut value = kind(path, key);
    let map = as_object(&mut value);
    map.insert("description".to_owned(), json!(key.doc));
    if let Some(default) = key.default.toml().and_then(|text| json_of(&text)) {
        map.insert("default".to_owned(), default);
    }
    if let Some(example) = json_of(key.example) {
        map.insert("examples".to_owned(), json!([example]));
    }
    value
}

fn kind(path: &str, key: &Key) -> Value {
    match key.kind {
        KeyKind::Bool => json!({"type": "boolean"}),
        KeyKind::Text(_) => text_of(key),
        KeyKind::OneOf(words) => json!({"type": "string", "enum": words}),
        KeyKind::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        KeyKind::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        KeyKind::OneOfInts(numbers) => json!({"type": "integer", "enum": numbers}),
        KeyKind::Patterns => json!({"type": "array", "items": {"type": "string"}}),
        KeyKind::TextList(_) => {
            let names = config::known_names(path);
            let items = match names.is_empty() {
                true => text_of(key),
                false => json!({"type": "string", "enum": names}),
            };
            json!({"type": "array", "items": items})
        }
        KeyKind::OneOrMore(_) => json!({
            "oneOf": [text_of(key), {"type": "array", "items": text_of(key)}],
        }),
        KeyKind::DimensionSets(sets) => json!({
            "type": "array",
            "items": {"enum": sets},
            "minItems": 1,
            "uniqueItems": true,
        }),
    }
}

fn text_of(key: &Key) -> Value {
    match key.pattern {
        "" => json!({"type": "string"}),
        pattern => json!({"type": "string", "pattern": pattern}),
    }
}

/// A value that is written as TOML; none where nothing is written.
fn json_of(text: &str) -> Option<Value> {
    let table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    serde_json::to_value(table.get("value")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_and_nothing_else_may_stand_there() {
        let schema = schema();
        for table in config::keys() {
            let mut place = &schema;
            for name in table.path.split('.').filter(|name| !name.is_empty()) {
                place = &place["properties"][name];
            }
            if table.is_list {
                assert_eq!(place["type"], "array", "{}", table.path);
                place = &place["items"];
            }
            assert_eq!(place["type"], "object", "{}", table.path);
            assert_eq!(place["additionalProperties"], false, "{}", table.path);
            for key in &table.keys {
                let property = &place["properties"][key.name];
                let typed = property["type"].is_string() || property["oneOf"].is_array();
                assert!(typed, "{} {}", table.path, key.name);
                assert_eq!(property["description"], key.doc);
                let has = |word: &str| !property[word].is_null();
                assert!(has("default") != has("examples"), "{}", key.name);
            }
        }
    }

    #[test]
    fn kinds_keep_their_limits() {
        let schema = schema();
        let table = |name: &str| &schema["properties"][name]["properties"];
        let cloudwatch = table("cloudwatch");
        assert_eq!(cloudwatch["period_secs"]["enum"], json!([1, 5, 10, 30, 60]));
        assert_eq!(cloudwatch["phase_secs"]["maximum"], 30);
        assert_eq!(cloudwatch["phase_secs"]["default"], 5);
        assert_eq!(cloudwatch["region"]["pattern"], "^[a-z0-9-]{1,63}$");
        assert_eq!(table("log")["format"]["enum"], json!(["text", "json"]));
        let opt_ins = &table("metrics")["enable"]["items"]["enum"];
        let named = |name: &str| {
            opt_ins
                .as_array()
                .is_some_and(|all| all.contains(&json!(name)))
        };
        assert!(named("CpuSteal") && named("DataplaneCpuUtilization:Core"));
        assert_eq!(table("collectors")["cpu"]["additionalProperties"], false);
    }
}
