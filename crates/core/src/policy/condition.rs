//! What a policy's conditions may read. Each is written as CEL in the configuration and stored as its source with the
//! revision, so that an old revision still says what it did.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::expr::{Expr, ExprError, Schema, Type};

/// `request`, `metadata`, `headers`, `key`, `tags` and `budget`.
static REQUEST: LazyLock<Schema> = LazyLock::new(|| Schema::new(request()));
/// The same, and `candidate`.
static CANDIDATE: LazyLock<Schema> = LazyLock::new(|| {
    let candidate = Type::record([
        ("id", Type::Text),
        ("provider", Type::Text),
        ("model", Type::Text),
        ("region", Type::Text),
        ("context_tokens", Type::Int),
        ("stable", Type::Bool),
        ("in_flight", Type::Int),
        ("quality", Type::Number),
        ("cost_usd", Type::Number),
    ]);
    Schema::new(request().into_iter().chain([("candidate", candidate)]))
});
/// `answer` alone.
static ANSWER: LazyLock<Schema> = LazyLock::new(|| {
    let answer = Type::record([
        ("text", Type::Text),
        ("finish_reason", Type::Text),
        ("output_tokens", Type::Int),
        ("json", Type::Bool),
        ("logprob", Type::Number),
    ]);
    Schema::new([("answer", answer)])
});

fn request() -> [(&'static str, Type); 6] {
    let request = Type::record([
        ("model", Type::Text),
        ("input_tokens", Type::Int),
        ("max_output_tokens", Type::Int),
        ("stream", Type::Bool),
        ("tools", Type::Bool),
        ("vision", Type::Bool),
        ("json_schema", Type::Bool),
        ("session", Type::Bool),
        ("complexity", Type::Number),
    ]);
    [
        ("request", request),
        ("metadata", Type::Map),
        ("headers", Type::Map),
        ("key", Type::record([("name", Type::Text)])),
        ("tags", Type::Map),
        ("budget", Type::record([("left_usd", Type::Number)])),
    ]
}

macro_rules! condition {
    ($(#[$doc:meta])* $name:ident, $schema:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name(Expr);

        impl $name {
            /// Compiles `source`.
            ///
            /// # Errors
            /// The first place that is wrong.
            pub fn new(source: &str) -> Result<Self, ExprError> {
                Expr::compile(source, &$schema, &Type::Bool).map(Self)
            }
            /// The compiled expression.
            #[must_use]
            pub const fn expr(&self) -> &Expr {
                &self.0
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                self.0.source().serialize(to)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(from)?).map_err(D::Error::custom)
            }
        }
    };
}

condition! {
    /// Holds for some requests: over `request`, `metadata`, `headers`, `key`, `tags` and `budget`.
    Condition, REQUEST
}
condition! {
    /// Holds for some candidates of a request: over the same, and `candidate`.
    Requirement, CANDIDATE
}
condition! {
    /// Holds for answers that are good enough: over `answer`.
    Verifier, ANSWER
}
