//! The shape that a dataset asks of its inputs.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Item;

/// A compiled JSON Schema. It describes `input` in the canonical form, `{"messages": […]}`; nothing is fetched.
#[derive(Debug)]
pub struct InputSchema(Validator);

impl InputSchema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        jsonschema::validator_for(schema).map(Self).map_err(|error| format!("not a JSON Schema: {error}"))
    }

    /// The first place where the item's input does not fit.
    ///
    /// # Errors
    /// Where, and what is wanted.
    pub fn check(&self, item: &Item) -> Result<(), String> {
        let input = json!({ "messages": item.input });
        self.0.validate(&input).map_err(|error| {
            let place = error.instance_path().to_string();
            format!("`input{place}` does not fit the dataset's input_schema: {error}")
        })
    }
}
