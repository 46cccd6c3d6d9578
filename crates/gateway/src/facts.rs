//! What a policy's conditions read of a request, gathered only for workloads whose policy has any.

use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weir_core::{NanoUsd, expr::Scope, route::Features};

/// Headers that hold secrets; no condition sees them.
const SECRET: [header::HeaderName; 4] =
    [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE, header::HeaderName::from_static("x-api-key")];

/// Where the facts come from.
pub(crate) struct Sources<'a> {
    pub(crate) model: &'a str,
    pub(crate) features: &'a Features,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) key: &'a str,
    /// A JSON object as text, or empty.
    pub(crate) tags: &'a str,
    pub(crate) body: &'a [u8],
    /// What the caller allows to spend on this request.
    pub(crate) budget: Option<NanoUsd>,
}

#[derive(Serialize)]
struct RequestFacts<'a> {
    model: &'a str,
    input_tokens: i64,
    max_output_tokens: i64,
    stream: bool,
    tools: bool,
    vision: bool,
    json_schema: bool,
    session: bool,
    complexity: f64,
}

#[derive(Serialize)]
struct Key<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Budget {
    left_usd: f64,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// The variables of conditions. A budget that nobody set is without end.
pub(crate) fn scope(from: &Sources<'_>) -> Scope {
    let features = from.features;
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut scope = Scope::default();
    scope.set(
        "request",
        RequestFacts {
            model: from.model,
            input_tokens: whole(features.input_tokens),
            max_output_tokens: whole(features.max_output_tokens.unwrap_or(0)),
            stream: features.stream,
            tools: features.tools,
            vision: features.vision,
            json_schema: features.json_schema,
            session: features.session,
            complexity: features.complexity.unwrap_or(0.0),
        },
    );
    let body: Body = serde_json::from_slice(from.body).unwrap_or_default();
    scope.set("metadata", body.metadata);
    let readable = from.headers.iter().filter(|(name, _)| !SECRET.contains(name));
    let headers: Map<String, Value> =
        readable.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.into()))).collect();
    scope.set("headers", headers);
    scope.set("key", Key { name: from.key });
    let tags: Map<String, Value> = serde_json::from_str(from.tags).unwrap_or_default();
    scope.set("tags", tags);
    scope.set("budget", Budget { left_usd: from.budget.map_or(f64::MAX, NanoUsd::as_usd) });
    scope
}

#[cfg(test)]
mod tests {
    use weir_core::policy::Condition;

    use super::*;

    #[test]
    fn conditions_see_the_request_and_no_secret() {
        let mut headers = HeaderMap::new();
        headers.insert("x-team", "search".parse().unwrap());
        headers.insert("authorization", "Bearer secret".parse().unwrap());
        let features = Features { input_tokens: 900, stream: true, ..Features::default() };
        let scope = scope(&Sources {
            model: "auto",
            features: &features,
            headers: &headers,
            key: "dev",
            tags: r#"{"path": "critical", "n": 3}"#,
            body: br#"{"model": "auto", "messages": [], "metadata": {"tier": "gold"}}"#,
            budget: Some(NanoUsd::from_usd(0.5)),
        });
        for (source, holds) in [
            ("request.input_tokens > 800 && request.stream", true),
            ("metadata.tier == 'gold' && tags.n == 3", true),
            ("headers['x-team'] == 'search'", true),
            ("'authorization' in headers", false),
            ("key.name == 'dev' && budget.left_usd < 1.0", true),
        ] {
            assert_eq!(Condition::new(source).unwrap().expr().holds(&scope), holds, "{source}");
        }
    }
}
