//! A type check over the parsed tree. CEL itself finds a wrong name only when it gets there at run time; an operator
//! should read about it when the configuration is loaded.

use std::{borrow::Cow, fmt::Display};

use cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr as Node, LiteralValue, SelectExpr, SourceInfo},
};

use super::ExprError;

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    /// A string.
    Text,
    /// A list of anything.
    List,
    /// Keys to anything.
    Map,
    /// Known members.
    Record(Vec<(&'static str, Type)>),
    /// Known only at run time.
    Any,
}

impl Type {
    /// Known members and their types.
    #[must_use]
    pub fn record(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Record(members.into_iter().collect())
    }

    const fn words(&self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Record(_) => "a record",
            Self::Any => "anything",
        }
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Number)
    }

    /// A value of one may stand where the other is wanted, or be compared with it.
    fn meets(&self, other: &Self) -> bool {
        matches!(self, Self::Any)
            || matches!(other, Self::Any)
            || (self.is_number() && other.is_number())
            || matches!((self, other), (Self::Record(_) | Self::Map, Self::Record(_) | Self::Map))
            || self == other
    }
}

/// The variables an expression may read.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema(Vec<(Cow<'static, str>, Type)>);

impl Schema {
    /// These variables.
    #[must_use]
    pub fn new<N: Into<Cow<'static, str>>>(variables: impl IntoIterator<Item = (N, Type)>) -> Self {
        Self(variables.into_iter().map(|(name, of)| (name.into(), of)).collect())
    }
}

/// Functions and what they give. Each takes any argument: which overloads exist is CEL's to say.
const FUNCTIONS: &[(&str, Type)] = &[
    ("size", Type::Int),
    ("startsWith", Type::Bool),
    ("endsWith", Type::Bool),
    ("contains", Type::Bool),
    ("matches", Type::Bool),
    ("int", Type::Int),
    ("uint", Type::Int),
    ("double", Type::Number),
    ("string", Type::Text),
    ("bool", Type::Bool),
    ("dyn", Type::Any),
];

/// How many walks over lists stand within each other at most.
pub(super) fn check(tree: &IdedExpr, places: &SourceInfo, schema: &Schema, wanted: &Type) -> Result<u32, ExprError> {
    let mut walk = Walk { places, schema, bound: Vec::new(), depth: 0, deepest: 0 };
    let found = walk.of(tree)?;
    if found.meets(wanted) {
        return Ok(walk.deepest);
    }
    Err(walk.wrong(tree, format!("the expression gives {}, wanted {}", found.words(), wanted.words()), None))
}

struct Walk<'a> {
    places: &'a SourceInfo,
    schema: &'a Schema,
    /// Variables of the macros around.
    bound: Vec<(&'a str, Type)>,
    /// Walks over lists around, and the most there have been.
    depth: u32,
    deepest: u32,
}

impl<'a> Walk<'a> {
    fn of(&mut self, node: &'a IdedExpr) -> Result<Type, ExprError> {
        match &node.expr {
            Node::Literal(literal) => Ok(match literal {
                LiteralValue::Boolean(_) => Type::Bool,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Int,
                LiteralValue::Double(_) => Type::Number,
                LiteralValue::String(_) => Type::Text,
                LiteralValue::Bytes(_) | LiteralValue::Null => Type::Any,
            }),
            Node::Ident(name) => self.variable(node, name),
            Node::Select(select) => self.select(node, select),
            Node::Call(call) => self.call(node, call),
            Node::Comprehension(comprehension) => self.comprehension(comprehension),
            Node::List(list) => {
                for element in &list.elements {
                    self.of(element)?;
                }
                Ok(Type::List)
            }
            Node::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.of(&entry.key)?;
                        self.of(&entry.value)?;
                    }
                }
                Ok(Type::Map)
            }
            Node::Struct(_) | Node::Unspecified => Err(self.wrong(node, "no such type".to_owned(), None)),
        }
    }

    fn variable(&self, node: &IdedExpr, name: &str) -> Result<Type, ExprError> {
        if let Some((_, found)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return Ok(found.clone());
        }
        match self.schema.0.iter().find(|(known, _)| *known == name) {
            Some((_, found)) => Ok(found.clone()),
            None => Err(self.wrong(node, format!("`{name}` does not exist"), Some(names(&self.schema.0)))),
        }
    }

    fn select(&mut self, node: &'a IdedExpr, select: &'a SelectExpr) -> Result<Type, ExprError> {
        let found = match self.of(&select.operand)? {
            Type::Map | Type::Any => Type::Any,
            Type::Record(members) => match members.iter().find(|(known, _)| *known == select.field) {
                Some((_, found)) => found.clone(),
                None => {
                    let message = format!("there is no member `{}`", select.field);
                    return Err(self.wrong(node, message, Some(names(&members))));
                }
            },
            other => {
                let message = format!("{} has no member `{}`", other.words(), select.field);
                return Err(self.wrong(node, message, None));
            }
        };
        Ok(if select.test { Type::Bool } else { found })
    }

    fn call(&mut self, node: &'a IdedExpr, call: &'a CallExpr) -> Result<Type, ExprError> {
        let mut given = Vec::with_capacity(call.args.len() + 1);
        for argument in call.target.iter().map(|target| &**target).chain(&call.args) {
            given.push((self.of(argument)?, argument));
        }
        let name = call.func_name.as_str();
        match (name, given.as_slice()) {
            ("_&&_" | "_||_", both) => self.all(both, &Type::Bool),
            ("!_" | "@not_strictly_false", one) => self.all(one, &Type::Bool),
            ("_?_:_", [(condition, at), (yes, _), (no, other)]) => {
                self.wants(condition, at, &Type::Bool)?;
                if !yes.meets(no) {
                    return Err(self.odd(other, yes, no));
                }
                Ok(if yes == no { yes.clone() } else { Type::Any })
            }
            ("_==_" | "_!=_", [(left, _), (right, at)]) => {
                if left.meets(right) {
                    Ok(Type::Bool)
                } else {
                    Err(self.odd(at, left, right))
                }
            }
            ("_<_" | "_<=_" | "_>_" | "_>=_", [(left, at), (right, other)]) => {
                let ordered = |of: &Type| of.is_number() || matches!(of, Type::Text | Type::Any | Type::Bool);
                if !ordered(left) {
                    return Err(self.wrong(at, format!("{} has no order", left.words()), None));
                }
                if left.meets(right) { Ok(Type::Bool) } else { Err(self.odd(other, left, right)) }
            }
            ("_+_", [(left, _), (right, at)]) => {
                if left.meets(right) {
                    Ok(joined(left, right))
                } else {
                    Err(self.odd(at, left, right))
                }
            }
            ("_-_" | "_*_" | "_/_" | "_%_" | "-_", all) => {
                for (found, at) in all {
                    self.wants(found, at, &Type::Number)?;
                }
                Ok(all.iter().map(|(found, _)| found).fold(Type::Int, |sum, found| joined(&sum, found)))
            }
            ("@in", [_, (inside, at)]) => match inside {
                Type::List | Type::Map | Type::Record(_) | Type::Any => Ok(Type::Bool),
                other => Err(self.wrong(at, format!("{} is neither a list nor a map", other.words()), None)),
            },
            ("_[_]", [(of, at), _]) => match of {
                Type::List | Type::Map | Type::Record(_) | Type::Any => Ok(Type::Any),
                other => Err(self.wrong(at, format!("{} has no elements", other.words()), None)),
            },
            _ => {
                let Some((_, gives)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
                    let hint = Some(names(FUNCTIONS));
                    return Err(self.wrong(node, format!("there is no function `{name}`"), hint));
                };
                self.arguments(node, name, &given)?;
                Ok(gives.clone())
            }
        }
    }

    /// What the text functions take, and patterns that cannot match at all.
    fn arguments(&self, node: &IdedExpr, name: &str, given: &[(Type, &IdedExpr)]) -> Result<(), ExprError> {
        let wanted = if matches!(name, "startsWith" | "endsWith" | "contains" | "matches") { 2 } else { 1 };
        if given.len() != wanted {
            let message = format!("`{name}` has {} arguments, wanted {wanted}", given.len());
            return Err(self.wrong(node, message, None));
        }
        if wanted == 1 {
            return Ok(());
        }
        for (found, at) in given {
            self.wants(found, at, &Type::Text)?;
        }
        if name == "matches"
            && let Some((_, at)) = given.get(1)
            && let Node::Literal(LiteralValue::String(pattern)) = &at.expr
            && let Err(error) = regex::Regex::new(pattern.inner())
        {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            return Err(self.wrong(at, format!("not a pattern: {why}"), None));
        }
        Ok(())
    }

    fn comprehension(&mut self, of: &'a ComprehensionExpr) -> Result<Type, ExprError> {
        match self.of(&of.iter_range)? {
            Type::List | Type::Map | Type::Record(_) | Type::Any => {}
            other => {
                let message = format!("{} cannot be walked, wanted a list or a map", other.words());
                return Err(self.wrong(&of.iter_range, message, None));
            }
        }
        let sum = self.of(&of.accu_init)?;
        let before = self.bound.len();
        self.bound.push((&of.iter_var, Type::Any));
        self.bound.extend(of.iter_var2.as_deref().map(|name| (name, Type::Any)));
        self.bound.push((&of.accu_var, sum));
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.of(&of.loop_cond)?;
        self.of(&of.loop_step)?;
        self.depth -= 1;
        let result = self.of(&of.result);
        self.bound.truncate(before);
        result
    }

    fn all(&self, given: &[(Type, &IdedExpr)], wanted: &Type) -> Result<Type, ExprError> {
        for (found, at) in given {
            self.wants(found, at, wanted)?;
        }
        Ok(wanted.clone())
    }

    fn wants(&self, found: &Type, at: &IdedExpr, wanted: &Type) -> Result<(), ExprError> {
        if found.meets(wanted) {
            return Ok(());
        }
        Err(self.wrong(at, format!("found {}, wanted {}", found.words(), wanted.words()), None))
    }

    fn odd(&self, at: &IdedExpr, left: &Type, right: &Type) -> ExprError {
        self.wrong(at, format!("{} never meets {}", left.words(), right.words()), None)
    }

    fn wrong(&self, node: &IdedExpr, message: String, hint: Option<String>) -> ExprError {
        let start = self.places.offset_for(node.id).map_or(0, |(start, _)| start as usize);
        let before: String = self.places.source.chars().take(start).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) + 1;
        ExprError { line, column, message, hint }
    }
}

/// What adding two numbers, texts or lists gives.
fn joined(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Any, _) | (_, Type::Any) => Type::Any,
        (Type::Int, Type::Int) => Type::Int,
        _ if left.is_number() => Type::Number,
        _ => left.clone(),
    }
}

fn names<N: Display>(of: &[(N, Type)]) -> String {
    let names: Vec<String> = of.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!("there are {}", names.join(", "))
}
