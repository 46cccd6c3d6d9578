//! One row of the route table, and the small builder that keeps the table readable. A row holds what the router, the
//! guard and the OpenAPI document need, so none of them can know a route that the others don't.

use axum::routing::MethodRouter;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{RefOr, Schema, path::Parameter, path::ParameterIn},
};
use weir_core::route::{Grant, Route};

use crate::state::App;

/// Largest JSON body of the control plane, in bytes.
const JSON_BODY_BYTES: usize = 64 * 1024;

/// One route: its contract, its handler and its documentation.
#[derive(Clone, Copy)]
pub struct Row {
    /// Method, path, grant, body limit and summary.
    pub route: Route,
    pub(crate) handler: fn() -> MethodRouter<App>,
    pub(crate) params: Option<fn() -> Vec<Parameter>>,
    pub(crate) body: Option<Content>,
    /// Nothing need be sent.
    pub(crate) bare: bool,
    /// Statuses of the reply; each has the same shape.
    pub(crate) statuses: &'static [u16],
    pub(crate) reply: Content,
    /// Answers with an `ETag`; what changes something takes it as `If-Match`.
    pub(crate) tagged: bool,
}

/// What a body holds.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// JSON of this schema.
    Json(fn(&mut Schemas) -> RefOr<Schema>),
    /// A file of any type.
    File,
    /// Server-sent events whose data is JSON of this schema.
    Events(fn(&mut Schemas) -> RefOr<Schema>),
}

/// Named schemas met so far.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;

/// A reference to `T`'s schema, which is put with the named ones together with all it refers to.
pub(crate) fn schema_of<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
    RefOr::Ref(utoipa::openapi::Ref::from_schema_name(T::name()))
}

fn query_of<Q: IntoParams>() -> Vec<Parameter> {
    Q::into_params(|| Some(ParameterIn::Query))
}

impl Row {
    const fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
        handler: fn() -> MethodRouter<App>,
    ) -> Self {
        Self {
            route: Route { method, path, grant: Grant::Admin, body_limit: 0, summary },
            handler,
            params: None,
            body: None,
            bare: false,
            statuses: &[200],
            reply: Content::File,
            tagged: false,
        }
    }
    /// A route that reads.
    pub(crate) const fn get(path: &'static str, summary: &'static str, handler: fn() -> MethodRouter<App>) -> Self {
        Self::new("GET", path, summary, handler)
    }
    /// A route that changes something.
    pub(crate) const fn post(path: &'static str, summary: &'static str, handler: fn() -> MethodRouter<App>) -> Self {
        Self::new("POST", path, summary, handler)
    }
    /// A route that changes a part of something.
    pub(crate) const fn patch(path: &'static str, summary: &'static str, handler: fn() -> MethodRouter<App>) -> Self {
        Self::new("PATCH", path, summary, handler)
    }
    /// A route that takes something away.
    pub(crate) const fn delete(path: &'static str, summary: &'static str, handler: fn() -> MethodRouter<App>) -> Self {
        Self::new("DELETE", path, summary, handler)
    }
    /// An order of our own that may come twice: it takes an `Idempotency-Key`. A file is known by what is in it.
    pub(crate) fn is_once(&self) -> bool {
        let ours = self.route.method == "POST" && self.route.path.starts_with("/api/v1/");
        ours && !matches!(self.body, Some(Content::File))
    }
    /// No key is asked for: the handler has its own proof.
    pub(crate) const fn public(mut self) -> Self {
        self.route.grant = Grant::Public;
        self
    }
    /// Any valid key will do.
    pub(crate) const fn caller(mut self) -> Self {
        self.route.grant = Grant::Caller;
        self
    }
    /// Takes a query string.
    pub(crate) const fn query<Q: IntoParams>(mut self) -> Self {
        self.params = Some(query_of::<Q>);
        self
    }
    /// Takes a JSON body.
    pub(crate) const fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Some(Content::Json(schema_of::<T>));
        self.route.body_limit = JSON_BODY_BYTES;
        self
    }
    /// Takes a JSON body, or none.
    pub(crate) const fn may_take<T: ToSchema>(mut self) -> Self {
        self.bare = true;
        self.takes::<T>()
    }
    /// Takes a file of at most `limit` bytes.
    pub(crate) const fn takes_file(mut self, limit: usize) -> Self {
        self.body = Some(Content::File);
        self.route.body_limit = limit;
        self
    }
    /// Takes bodies up to `bytes`.
    pub(crate) const fn up_to(mut self, bytes: usize) -> Self {
        self.route.body_limit = bytes;
        self
    }
    /// Answers 200 with JSON.
    pub(crate) const fn replies<T: ToSchema>(mut self) -> Self {
        self.reply = Content::Json(schema_of::<T>);
        self
    }
    /// Answers 201 with JSON.
    pub(crate) const fn creates<T: ToSchema>(mut self) -> Self {
        self.statuses = &[201];
        self.replies::<T>()
    }
    /// Answers 201 with JSON, and 200 with the same when it was there already.
    pub(crate) const fn creates_once<T: ToSchema>(mut self) -> Self {
        self.statuses = &[201, 200];
        self.replies::<T>()
    }
    /// Answers with an `ETag`. What changes something also takes one as `If-Match`: its handler asks for it.
    pub(crate) const fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }
    /// Whether an order may say by `If-Match` what it is about.
    pub(crate) fn is_conditional(&self) -> bool {
        self.tagged && self.route.method != "GET"
    }
    /// Answers with a stream of events.
    pub(crate) const fn streams<T: ToSchema>(mut self) -> Self {
        self.reply = Content::Events(schema_of::<T>);
        self
    }
}
