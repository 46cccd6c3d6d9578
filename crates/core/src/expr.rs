//! Conditions people write: the Common Expression Language (<https://cel.dev>), which always ends, has no side effects
//! and matches patterns in linear time, so an expression from a configuration may run on every request.
//!
//! An expression is compiled and type-checked once, at load, against the [`Schema`] of what it may read; a name that
//! does not exist or a comparison that cannot hold is an error with its line and column, not a condition that is
//! silently false for ever.

mod check;

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use cel::{Context, Env, Program, Value};
use serde::Serialize;

pub use check::{Schema, Type};

/// Longest expression, in bytes.
const MOST_BYTES: usize = 4 * 1024;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression. Cheap to clone; equal to another one with the same source.
#[derive(Clone)]
pub struct Expr {
    source: Arc<str>,
    program: Arc<Program>,
    nesting: u32,
}

/// What is wrong with an expression, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// 1 and up.
    pub line: usize,
    /// In characters, 1 and up.
    pub column: usize,
    /// What was found and what is wanted.
    pub message: String,
    /// The nearest valid names, where there are some.
    pub hint: Option<String>,
}

impl Expr {
    /// Compiles `source`, which may read what `schema` declares and must give a `wanted`.
    ///
    /// # Errors
    /// The first place that is no CEL, names what the schema does not have, or has the wrong type.
    pub fn compile(source: &str, schema: &Schema, wanted: &Type) -> Result<Self, ExprError> {
        let at_start = |message: String| ExprError { line: 1, column: 1, message, hint: None };
        if source.len() > MOST_BYTES {
            let found = source.len();
            return Err(at_start(format!("the expression has {found} bytes, at most {MOST_BYTES} are taken")));
        }
        let parsed = ENV.parser().parse_with_source_info(source);
        let (tree, places) = parsed.map_err(|errors| match errors.errors.into_iter().next() {
            Some(error) => ExprError {
                line: usize::try_from(error.pos.0).unwrap_or(1).max(1),
                column: usize::try_from(error.pos.1).unwrap_or(1).max(1),
                message: format!("not an expression: {}", brief(&error.msg)),
                hint: None,
            },
            None => at_start("not an expression".to_owned()),
        })?;
        let nesting = check::check(&tree, &places, schema, wanted)?;
        let program = ENV.compile(source).map_err(|errors| at_start(format!("not an expression: {errors}")))?;
        Ok(Self { source: source.into(), program: Arc::new(program), nesting })
    }

    /// As it was written.
    #[must_use]
    pub const fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// How many walks over lists (`all`, `exists`, `map` and their like) stand within each other at most: it takes about as
    /// many steps as its longest list has elements, to this power.
    #[must_use]
    pub const fn nesting(&self) -> u32 {
        self.nesting
    }

    /// Whether it reads this variable.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.program.references().has_variable(name)
    }

    /// Whether the condition holds. One that cannot be evaluated, because a tag it reads is not there, does not hold.
    #[must_use]
    pub fn holds(&self, scope: &Scope) -> bool {
        matches!(self.program.execute(&scope.0), Ok(Value::Bool(true)))
    }

    /// The same with one more variable.
    #[must_use]
    pub fn holds_for(&self, scope: &Scope, name: &str, value: impl Serialize) -> bool {
        let mut inner = scope.0.new_inner_scope();
        let Ok(value) = cel::to_value(value) else { return false };
        inner.add_variable_from_value(name, value);
        matches!(self.program.execute(&inner), Ok(Value::Bool(true)))
    }

    /// The number it gives; `None` when it cannot be evaluated or is not finite.
    #[must_use]
    pub fn number(&self, scope: &Scope) -> Option<f64> {
        let number = match self.program.execute(&scope.0).ok()? {
            Value::Float(number) => number,
            Value::Int(number) => number as f64,
            Value::UInt(number) => number as f64,
            Value::Bool(holds) => f64::from(u8::from(holds)),
            _ => return None,
        };
        number.is_finite().then_some(number)
    }
}

/// The parser's words without the list of all that it would have taken.
fn brief(message: &str) -> &str {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    message.split(" expecting").next().unwrap_or(message)
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.source).finish()
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The values an expression reads. Built once for each request whose policy has conditions.
pub struct Scope(Context<'static, 'static>);

impl Default for Scope {
    fn default() -> Self {
        Self(Context::with_env(Arc::clone(&ENV)))
    }
}

impl Scope {
    /// Gives `name` a value. One that has no CEL form is left out, so that what reads it does not hold.
    pub fn set(&mut self, name: &str, value: impl Serialize) {
        if let Ok(value) = cel::to_value(value) {
            self.0.add_variable_from_value(name, value);
        }
    }
}

impl fmt::Debug for Scope {
    /// Shows nothing: headers and tags are the caller's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::new([
            ("request", Type::record([("tokens", Type::Int), ("stream", Type::Bool), ("model", Type::Text)])),
            ("tags", Type::Map),
            ("score", Type::Number),
        ])
    }

    fn wrong(source: &str) -> (usize, usize, String) {
        let error = Expr::compile(source, &schema(), &Type::Bool).unwrap_err();
        (error.line, error.column, error.message)
    }

    #[test]
    fn a_condition_reads_what_is_declared() {
        let mut scope = Scope::default();
        scope.set("request", serde_json::json!({"tokens": 900, "stream": true, "model": "auto"}));
        scope.set("tags", serde_json::json!({"path": "critical", "regions": ["eu", "us"]}));
        scope.set("score", 0.5);
        for (source, holds) in [
            ("request.tokens > 500 && request.stream", true),
            ("tags.path == 'critical'", true),
            ("tags['path'] in ['critical', 'high']", true),
            ("'eu' in tags.regions", true),
            ("tags.regions.exists(r, r.startsWith('u'))", true),
            ("request.model.matches('^a[a-z]+$')", true),
            ("has(tags.absent) && tags.absent == 1", false),
            ("tags.absent == 1", false),
            ("request.stream ? score < 1.0 : false", true),
            ("size(tags.path) == 8 && !(request.tokens < 1)", true),
        ] {
            let expr = Expr::compile(source, &schema(), &Type::Bool).unwrap();
            assert_eq!(expr.holds(&scope), holds, "{source}");
        }
        let expr = Expr::compile("score * 2.0", &schema(), &Type::Number).unwrap();
        assert_eq!((expr.number(&scope), expr.nesting()), (Some(1.0), 0));
        for (source, nesting) in [
            ("tags.a.exists(x, x == 1)", 1),
            ("tags.a.filter(x, x > 1).all(x, x > 2)", 1),
            ("tags.a.exists(x, tags.b.all(y, y == x)) && tags.a.exists(x, true)", 2),
        ] {
            assert_eq!(Expr::compile(source, &schema(), &Type::Bool).unwrap().nesting(), nesting, "{source}");
        }
    }

    #[test]
    fn what_cannot_hold_is_an_error_with_its_place() {
        assert_eq!(wrong("request.tokens >"), (1, 17, "not an expression: mismatched input '<EOF>'".to_owned()));
        let (line, column, message) = wrong("request.stream &&\n  reqest.tokens > 1");
        assert_eq!((line, column), (2, 3), "{message}");
        assert!(message.contains("`reqest`"), "{message}");
        let (_, _, message) = wrong("request.token > 1");
        assert!(message.contains("`token`"), "{message}");
        let (_, _, message) = wrong("request.model > 1");
        assert!(message.contains("text") && message.contains("number"), "{message}");
        let (_, _, message) = wrong("request.tokens");
        assert!(message.contains("true or false"), "{message}");
        let (_, _, message) = wrong("request.model.lower() == 'a'");
        assert!(message.contains("`lower`"), "{message}");
        let (_, _, message) = wrong("request.model.matches('(')");
        assert!(message.contains("pattern"), "{message}");
        let hint = Expr::compile("reqest.tokens > 1", &schema(), &Type::Bool).unwrap_err().hint;
        assert_eq!(hint.as_deref(), Some("there are `request`, `tags`, `score`"));
        assert!(Expr::compile(&"!".repeat(5_000), &schema(), &Type::Bool).is_err());
    }
}
