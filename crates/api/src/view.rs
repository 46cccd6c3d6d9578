//! Shapes that several resources share.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type},
    },
};
use weir_core::snapshot::Quality;

use crate::openapi::reference;

/// A figure with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct Figure {
    /// The estimate.
    pub(crate) value: f64,
    /// Lower confidence bound.
    pub(crate) lower: f64,
    /// Upper confidence bound.
    pub(crate) upper: f64,
    /// Observations behind it.
    pub(crate) n: u64,
}

impl From<Quality> for Figure {
    fn from(quality: Quality) -> Self {
        Self { value: quality.mean, lower: quality.lower, upper: quality.upper, n: quality.n }
    }
}

/// A list: its items, and where the next page begins.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    /// Opaque; `null` at the end.
    pub(crate) next: Option<String>,
}

impl<T> List<T> {
    /// A list without further pages.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

// By hand, because derived names of generic schemas are not words people would write.
impl<T: ToSchema> PartialSchema for List<T> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(reference(&T::name())))
            .required("items")
            .property("next", ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])))
            .required("next")
            .into()
    }
}

impl<T: ToSchema> ToSchema for List<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}List", T::name()))
    }
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
