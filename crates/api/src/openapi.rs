//! The OpenAPI document, assembled from the route table: a route that serves is a route that is documented.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, ContentBuilder, HeaderBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi,
        OpenApiBuilder, PathItem, PathsBuilder, Ref, RefOr, Required, ResponseBuilder, Schema,
        path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ObjectBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use weir_core::route::Grant;

use crate::{
    problem::ProblemView,
    routes::routes,
    row::{Content, Row, Schemas, schema_of},
    state::App,
};

/// `GET /api/v1/openapi.json`.
pub(crate) async fn get_openapi(State(_): State<App>) -> Json<OpenApi> {
    Json(document())
}

/// A JSON object of somebody else's shape.
pub(crate) enum Foreign {}

impl PartialSchema for Foreign {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}

impl ToSchema for Foreign {}

/// An OpenAPI document, which has a schema of its own elsewhere.
pub(crate) enum Document {}

impl PartialSchema for Document {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}

impl ToSchema for Document {}

/// The whole document; the same in every process of one version.
#[must_use]
pub fn document() -> OpenApi {
    let mut taken = Schemas::new();
    let mut told = Schemas::new();
    let problem = schema_of::<ProblemView>(&mut told);
    let mut paths = PathsBuilder::new();
    for row in routes() {
        let method = match row.route.method {
            "POST" => HttpMethod::Post,
            "DELETE" => HttpMethod::Delete,
            "PATCH" => HttpMethod::Patch,
            _ => HttpMethod::Get,
        };
        let operation = operation(row, &problem, &mut taken, &mut told);
        paths = paths.path(row.route.path, PathItem::new(method, operation));
    }
    let mut components = ComponentsBuilder::new()
        .security_scheme("key", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
    for (_, schema) in &mut told {
        require_all(schema);
    }
    let schemas: BTreeMap<String, RefOr<Schema>> = taken.into_iter().chain(told).collect();
    for (name, schema) in schemas {
        components = components.schema(name, schema);
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("weir control plane")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Workloads, canaries, traces, scores and datasets. Lists are `{items, next}`, errors \
                     `{code, message, hint}`, times RFC 3339 in UTC, and every figure with uncertainty comes as \
                     `{value, lower, upper, n}`.",
                ))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
                .build(),
        )
        .paths(paths.build())
        .components(Some(components.build()))
        .build()
}

fn operation(
    row: &Row,
    problem: &RefOr<Schema>,
    taken: &mut Schemas,
    told: &mut Schemas,
) -> utoipa::openapi::path::Operation {
    let route = &row.route;
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(route.method, route.path)))
        .summary(Some(route.summary))
        .tag(resource(route.path))
        .response(
            "default",
            ResponseBuilder::new()
                .description("what went wrong")
                .content("application/json", ContentBuilder::new().schema(Some(problem.clone())).build())
                .build(),
        );
    for status in row.statuses {
        operation = operation.response(status.to_string(), reply(row, told));
    }
    if route.grant != Grant::Public {
        operation = operation.security(SecurityRequirement::new("key", Vec::<String>::new()));
    }
    for name in variables(route.path) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .build(),
        );
    }
    for parameter in row.params.map(|make| make()).unwrap_or_default() {
        operation = operation.parameter(parameter);
    }
    if row.is_once() {
        let text = "Made up by the sender: an order that is sent again under it is carried out once.";
        operation = operation.parameter(header("Idempotency-Key", text));
    }
    if row.is_conditional() {
        let text = "The ETag of what was read: when that has changed since, nothing is done and the reply is 412.";
        operation = operation.parameter(header("If-Match", text));
    }
    if let Some(body) = row.body {
        let (media, content) = media(body, taken);
        let required = if row.bare { Required::False } else { Required::True };
        operation = operation
            .request_body(Some(RequestBodyBuilder::new().content(media, content).required(Some(required)).build()));
    }
    operation.build()
}

/// A header that may be left out.
fn header(name: &str, text: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(text))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}

fn reply(row: &Row, schemas: &mut Schemas) -> utoipa::openapi::Response {
    let (media, content) = media(row.reply, schemas);
    let response = ResponseBuilder::new().description("done").content(media, content);
    if !row.tagged {
        return response.build();
    }
    let tag = HeaderBuilder::new().description(Some("What `If-Match` takes, of an order about this."));
    response.header("ETag", tag.build()).build()
}

fn media(content: Content, schemas: &mut Schemas) -> (&'static str, utoipa::openapi::Content) {
    let (media, schema) = match content {
        Content::Json(make) => ("application/json", make(schemas)),
        Content::Events(make) => ("text/event-stream", make(schemas)),
        Content::File => ("application/octet-stream", RefOr::T(ObjectBuilder::new().schema_type(Type::String).into())),
    };
    (media, ContentBuilder::new().schema(Some(schema)).build())
}

/// We always write every field, `null` where there is nothing; derived schemas take that for optional.
fn require_all(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            object.required = object.properties.keys().cloned().collect();
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(require_all),
        Schema::OneOf(one) => one.items.iter_mut().for_each(require_all),
        _ => {}
    }
}

/// `get_workloads_id_windows` of `GET /api/v1/workloads/{id}/windows`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path
        .trim_start_matches("/api/v1/")
        .trim_start_matches('/')
        .split(['/', '.', '-'])
        .map(|word| word.trim_matches(['{', '}']));
    std::iter::once(method.to_ascii_lowercase().as_str()).chain(words).collect::<Vec<_>>().join("_")
}

/// The first word after `/api/v1/`; other products' interfaces together.
fn resource(path: &str) -> &str {
    path.strip_prefix("/api/v1/").map_or("compatibility", |rest| rest.split(['/', '.']).next().unwrap_or_default())
}

fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// A reference to the schema of this name.
pub(crate) fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}
