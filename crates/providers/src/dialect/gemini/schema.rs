//! Gemini's own schema, a part of OpenAPI 3.0 with types in capitals, as JSON Schema.

use serde_json::{Map, Value};

/// Rewrites `schema`: types in lower case, `nullable` as a second type, no order of properties. Other keywords are JSON
/// Schema already.
pub(crate) fn to_json_schema(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let nullable = members.get("nullable").and_then(Value::as_bool) == Some(true);
    let mut out = Map::new();
    for (key, value) in members {
        let value = match (key.as_str(), value) {
            ("nullable" | "propertyOrdering" | "property_ordering", _) => continue,
            ("type", Value::String(name)) => {
                let name = Value::from(name.to_ascii_lowercase());
                if nullable { Value::Array(vec![name, "null".into()]) } else { name }
            }
            ("properties" | "$defs" | "defs", Value::Object(named)) => {
                Value::Object(named.iter().map(|(name, schema)| (name.clone(), to_json_schema(schema))).collect())
            }
            ("anyOf" | "any_of" | "oneOf" | "prefixItems", Value::Array(options)) => {
                Value::Array(options.iter().map(to_json_schema).collect())
            }
            ("items" | "additionalProperties", schema) => to_json_schema(schema),
            // 64-bit bounds are strings in protocol buffers.
            (
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties",
                Value::String(count),
            ) => count.parse::<u64>().map_or_else(|_| value.clone(), Value::from),
            (_, value) => value.clone(),
        };
        let key = if key == "any_of" { "anyOf" } else { key.as_str() };
        out.insert(key.to_owned(), value);
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn capitals_and_nullable_become_json_schema() {
        let schema = json!({"type": "OBJECT", "propertyOrdering": ["a"], "properties": {
            "a": {"type": "STRING", "nullable": true, "maxLength": "9"},
            "type": {"type": "ARRAY", "items": {"type": "INTEGER"}},
        }, "required": ["a"]});
        let want = json!({"type": "object", "properties": {
            "a": {"type": ["string", "null"], "maxLength": 9},
            "type": {"type": "array", "items": {"type": "integer"}},
        }, "required": ["a"]});
        assert_eq!(to_json_schema(&schema), want);
    }
}
