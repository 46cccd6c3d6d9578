//! The one table of data-plane routes. Router, authorisation and body limits are made from it, so that a route cannot
//! exist without a grant and a limit; OpenAPI and the authorisation tests read the same rows.
//!
//! Who may call is decided on the matched row, never on a URL rebuilt from the Host header.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts as _, Path, Request},
    response::Response,
    routing::{MethodRouter, any},
};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts};
use weir_core::{
    Problem,
    deployment::Dialect,
    error,
    route::{Grant, Route},
};
use weir_providers::{dialect::form, exchange::Entry};

use crate::{State, admit::admit, count, gemini, ids::Ids, models, rim::Refusal, serve, stored};

/// What a row does.
#[derive(Debug, Clone, Copy)]
enum Action {
    Chat(Dialect),
    /// Passed on to the endpoint of this path.
    Raw(&'static str),
    /// The same, with a form for a body.
    Form(&'static str),
    Embeddings,
    /// Counts the tokens of a request of this dialect.
    Count(Dialect),
    /// The path says model and verb.
    Gemini,
    /// The models, as callers of this dialect list them.
    Models(Dialect),
    Model(Dialect),
    /// Reads, lists or removes a stored response.
    Response(stored::Verb),
    Livez,
    Readyz,
    Metrics,
}

impl Action {
    /// The dialect its errors are said in to whoever sends this head.
    fn dialect(self, head: &HeaderMap, uri: &Uri) -> Dialect {
        match self {
            Self::Models(dialect) | Self::Model(dialect) => models::asked(dialect, head, uri.query()),
            Self::Chat(dialect) | Self::Count(dialect) => dialect,
            Self::Gemini => Dialect::Gemini,
            Self::Response(_) => Dialect::OpenaiResponses,
            Self::Raw(_) | Self::Form(_) | Self::Embeddings | Self::Livez | Self::Readyz | Self::Metrics => {
                Dialect::OpenaiChat
            }
        }
    }
}

/// No configuration takes a larger chat body than this; `server.max_body_bytes` is the limit in force.
const MOST_BODY_BYTES: usize = 256 * 1024 * 1024;

const TABLE: [(Action, Route); 26] = [
    (
        Action::Chat(Dialect::OpenaiChat),
        post_to("/v1/chat/completions", "Chat completion in the OpenAI dialect, plain or streamed"),
    ),
    (
        Action::Chat(Dialect::OpenaiResponses),
        post_to("/v1/responses", "OpenAI responses, plain or streamed; stored unless `store` is false"),
    ),
    (Action::Response(stored::Verb::Read), read("/v1/responses/{id}", Grant::Caller, "A stored response")),
    (
        Action::Response(stored::Verb::Delete),
        Route { method: "DELETE", ..read("/v1/responses/{id}", Grant::Caller, "Removes a stored response") },
    ),
    (
        Action::Response(stored::Verb::Input),
        read("/v1/responses/{id}/input_items", Grant::Caller, "The conversation that a stored response answered"),
    ),
    (Action::Chat(Dialect::Anthropic), post_to("/v1/messages", "Message in the Anthropic dialect, plain or streamed")),
    (Action::Embeddings, post_to("/v1/embeddings", "Embeddings")),
    (Action::Raw("moderations"), post_to("/v1/moderations", "Moderation, passed on")),
    (Action::Raw("rerank"), post_to("/v1/rerank", "Reranking, passed on")),
    (Action::Raw("images/generations"), post_to("/v1/images/generations", "Images, passed on")),
    (Action::Form("images/edits"), post_to("/v1/images/edits", "Images made of others, passed on")),
    (Action::Form("images/variations"), post_to("/v1/images/variations", "Variations of an image, passed on")),
    (Action::Raw("completions"), post_to("/v1/completions", "The older completions, passed on")),
    (Action::Count(Dialect::Anthropic), post_to("/v1/messages/count_tokens", "Tokens of an Anthropic message")),
    (Action::Raw("audio/speech"), post_to("/v1/audio/speech", "Speech, passed on")),
    (Action::Form("audio/transcriptions"), post_to("/v1/audio/transcriptions", "Transcription, passed on")),
    (Action::Form("audio/translations"), post_to("/v1/audio/translations", "Translation of speech, passed on")),
    (
        Action::Gemini,
        post_to(
            "/v1beta/{*call}",
            "Gemini dialect: generateContent, streamGenerateContent, countTokens, embedContent, batchEmbedContents",
        ),
    ),
    (
        Action::Model(Dialect::Gemini),
        read("/v1beta/{*call}", Grant::Caller, "One workload or deployment, in the Gemini dialect"),
    ),
    (
        Action::Models(Dialect::Gemini),
        read("/v1beta/models", Grant::Caller, "Workloads and deployments the key may use, in the Gemini dialect"),
    ),
    (
        Action::Models(Dialect::OpenaiChat),
        read(
            "/v1/models",
            Grant::Caller,
            "Workloads and deployments the key may use, as OpenAI or Anthropic lists them",
        ),
    ),
    (Action::Model(Dialect::OpenaiChat), read("/v1/models/{*id}", Grant::Caller, "One workload or deployment")),
    (Action::Gemini, post_to("/v1/models/{*id}", "Gemini dialect at the stable version of its API")),
    (Action::Livez, read("/livez", Grant::Public, "The process runs")),
    (Action::Readyz, read("/readyz", Grant::Public, "The process takes requests")),
    (Action::Metrics, read("/metrics", Grant::Public, "Prometheus metrics")),
];

const fn post_to(path: &'static str, summary: &'static str) -> Route {
    Route { method: "POST", path, grant: Grant::Caller, body_limit: MOST_BODY_BYTES, summary }
}

const fn read(path: &'static str, grant: Grant, summary: &'static str) -> Route {
    Route { method: "GET", path, grant, body_limit: 0, summary }
}

/// Every data-plane route.
pub static ROUTES: [Route; TABLE.len()] = {
    let mut routes = [TABLE[0].1; TABLE.len()];
    let mut row = 0;
    while row < TABLE.len() {
        routes[row] = TABLE[row].1;
        row += 1;
    }
    routes
};

/// The data plane: every row of [`ROUTES`], and errors in the client's dialect for all else under `/v1`. It has no
/// fallback of its own, so that the binary can merge other routers beside it.
pub fn router(state: &Arc<State>) -> Router {
    let mut router = Router::new();
    for (index, (first, route)) in TABLE.iter().enumerate() {
        let same = |row: &&(Action, Route)| row.1.path == route.path;
        if TABLE.iter().take(index).any(|row| same(&row)) {
            continue;
        }
        let mut on = MethodRouter::new();
        let mut methods = Vec::new();
        for (action, route) in TABLE.iter().filter(same) {
            let serving = Arc::clone(state);
            let serve = move |request| endpoint(Arc::clone(&serving), *action, route, request);
            on = match route.method {
                "POST" => on.post(serve),
                "DELETE" => on.delete(serve),
                _ => on.get(serve),
            };
            methods.push(route.method);
        }
        let methods = methods.join(" or ");
        let refusing = Arc::clone(state);
        let on = on.fallback(move |request: Request| {
            let problem = Problem::new(&error::METHOD_NOT_ALLOWED, format!("`{}` takes {methods}", route.path));
            let dialect = first.dialect(request.headers(), request.uri());
            refuse(Arc::clone(&refusing), request, problem, dialect)
        });
        router = router.route(route.path, on);
    }
    let unknown = [("/v1", Dialect::OpenaiChat), ("/v1/", Dialect::OpenaiChat), ("/v1/{*rest}", Dialect::OpenaiChat)];
    for (rest, dialect) in unknown {
        let state = Arc::clone(state);
        let refuse = move |request: Request| {
            let path: String = request.uri().path().chars().take(100).collect();
            let problem = Problem::new(&error::NOT_FOUND, format!("no such path `{path}`"));
            refuse(Arc::clone(&state), request, problem, dialect)
        };
        router = router.route(rest, any(refuse));
    }
    router
}

async fn refuse(state: Arc<State>, request: Request, problem: Problem, dialect: Dialect) -> Response {
    Refusal::from(problem).reply(&Ids::draw(request.headers(), state.clock.now(), &*state.entropy), dialect)
}

/// One request on one row. A panic ends that request with a 500 and nothing else.
async fn endpoint(state: Arc<State>, action: Action, route: &'static Route, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let ids = Ids::draw(&head.headers, state.clock.now(), &*state.entropy);
    let known = (ids.clone(), action.dialect(&head.headers, &head.uri));
    let answer = AssertUnwindSafe(act(state, action, route, ids, head, body));
    answer.catch_unwind().await.unwrap_or_else(|_| {
        let problem = Problem::new(&error::INTERNAL, "weir failed on this request");
        Refusal::from(problem).reply(&known.0, known.1)
    })
}

async fn act(
    state: Arc<State>,
    action: Action,
    route: &'static Route,
    ids: Ids,
    mut head: Parts,
    body: Body,
) -> Response {
    let dialect = action.dialect(&head.headers, &head.uri);
    let caller = match admit(&state, route, &head.headers, head.uri.query()) {
        Ok(caller) => caller,
        Err(problem) => return Refusal::from(problem).reply(&ids, dialect),
    };
    match action {
        Action::Chat(dialect) => {
            serve::chat(&state, route, ids, caller, &Entry::Body(dialect), &head.headers, body).await
        }
        Action::Raw(path) => serve::chat(&state, route, ids, caller, &Entry::Raw(path), &head.headers, body).await,
        Action::Embeddings => serve::chat(&state, route, ids, caller, &Entry::Embeddings, &head.headers, body).await,
        Action::Form(path) => {
            let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            match form::boundary(kind) {
                Ok(boundary) => {
                    let entry = Entry::Form { path, boundary: boundary.to_owned() };
                    serve::chat(&state, route, ids, caller, &entry, &head.headers, body).await
                }
                Err(bad) => {
                    Refusal::from(Problem::new(&error::UNSUPPORTED_MEDIA, bad.to_string())).reply(&ids, dialect)
                }
            }
        }
        Action::Count(dialect) => {
            count::count(&state, route, ids, caller, &Entry::Body(dialect), &head.headers, body).await
        }
        Action::Gemini => {
            let call =
                Path::<String>::from_request_parts(&mut head, &()).await.map(|Path(call)| call).unwrap_or_default();
            match gemini::call(&call, head.uri.query()) {
                Ok((gemini::Verb::Generate | gemini::Verb::Embed, entry)) => {
                    serve::chat(&state, route, ids, caller, &entry, &head.headers, body).await
                }
                Ok((gemini::Verb::Count, entry)) => {
                    count::count(&state, route, ids, caller, &entry, &head.headers, body).await
                }
                Err(problem) => Refusal::from(problem).reply(&ids, dialect),
            }
        }
        Action::Models(_) => models::list(&state, &ids, &caller, dialect),
        Action::Model(_) => match Path::<String>::from_request_parts(&mut head, &()).await {
            Ok(Path(id)) => models::one(&state, &ids, &caller, dialect, &id),
            Err(_) => {
                let problem = Problem::new(&error::NOT_FOUND, "the model id is not valid UTF-8");
                Refusal::from(problem).reply(&ids, dialect)
            }
        },
        Action::Response(verb) => Box::pin(stored::serve(&state, &ids, &caller, verb, &mut head)).await,
        Action::Livez => text(StatusCode::OK, "ok\n".into()),
        Action::Readyz if state.is_ready() => text(StatusCode::OK, "ready\n".into()),
        Action::Readyz => text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".into()),
        Action::Metrics => {
            let mut reply = text(StatusCode::OK, (state.metrics)());
            reply
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
            reply
        }
    }
}

fn text(status: StatusCode, body: String) -> Response {
    let mut reply = Response::new(Body::from(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
