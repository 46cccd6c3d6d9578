//! Graders of OpenAI's Evals at work: what needs a model is asked through weir's own gateway, on behalf of the key that
//! ordered it.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use serde_json::{Value, json};
use weir_core::span::{Errand, Origin};
use weir_evals::openai::{Fault, Graded, Grader, Ran, Scope, Step, embedder};
use weir_providers::{dialect::text, transport::Endpoint};

use crate::{Desk, own::Account};

/// Runs single graders.
pub struct Graders {
    desk: Arc<Desk>,
}

impl Graders {
    /// Asks as the scoring workers of this desk do.
    #[must_use]
    pub const fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// Grades one sample on behalf of the key of this name. A template that names what is not there is a fault: nobody
    /// tries a grader to have it compare nothing.
    pub async fn run(&self, key: &str, grader: &Grader, scope: Scope<'_>) -> Ran {
        match grader.unmet(scope) {
            Some(name) => Ran { result: Err(Fault::Name(name)), parts: BTreeMap::new(), tokens: BTreeMap::new() },
            None => grade(&self.desk, key, grader, scope).await,
        }
    }
}

/// What a model said.
pub(crate) struct Said {
    pub(crate) text: String,
    /// The chat completion.
    pub(crate) body: Value,
}

/// One chat completion on behalf of the key of this name.
pub(crate) async fn ask(desk: &Desk, key: &str, request: &Value) -> Result<Said, Fault> {
    let reply = posted(desk, key, &Endpoint::Whole, request).await?;
    let body: Value = serde_json::from_slice(&reply).unwrap_or_default();
    Ok(Said { text: text::answer(&reply).text, body })
}

/// The body of a reply with status 200.
async fn posted(desk: &Desk, key: &str, at: &Endpoint, request: &Value) -> Result<Bytes, Fault> {
    let (body, whose) = (request.to_string().into(), (Origin::Eval, Account::Key(key)));
    let asked = desk.bench.own_at(&desk.transport, at, whose, &Errand::default(), body).await;
    let asked = asked.map_err(|error| Fault::Model(error.to_string()))?;
    if asked.status != 200 {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let message = body["error"]["message"].as_str().unwrap_or("no reason given");
        return Err(Fault::Model(format!("status {}: {message}", asked.status)));
    }
    Ok(asked.body)
}

/// Grades one sample.
pub(crate) async fn grade(desk: &Desk, key: &str, grader: &Grader, scope: Scope<'_>) -> Ran {
    let (mut parts, mut tokens) = (BTreeMap::new(), BTreeMap::new());
    let result = match grader.begin(scope) {
        Step::Done(result) => result.map_err(Fault::Other),
        Step::Ask(request) => read(desk, key, grader, &request, &mut tokens).await,
        Step::Embed { model, texts } => compared(desk, key, grader, (model, texts), &mut tokens).await,
        Step::Each(graders) => joined(desk, key, grader, graders, scope, (&mut parts, &mut tokens)).await,
    };
    Ran { result, parts, tokens }
}

async fn joined(
    desk: &Desk,
    key: &str,
    grader: &Grader,
    graders: Vec<(String, Grader)>,
    scope: Scope<'_>,
    (parts, tokens): (&mut BTreeMap<String, f64>, &mut BTreeMap<String, u64>),
) -> Result<Graded, Fault> {
    for (name, part) in graders {
        let graded = match part.begin(scope) {
            Step::Done(result) => result.map_err(Fault::Other)?,
            Step::Ask(request) => read(desk, key, &part, &request, tokens).await?,
            Step::Embed { model, texts } => compared(desk, key, &part, (model, texts), tokens).await?,
            Step::Each(_) => return Err(Fault::Other("a `multi` within a `multi`".to_owned())),
        };
        parts.insert(name, graded.score);
    }
    grader.join(parts).map_err(Fault::Formula)
}

async fn read(
    desk: &Desk,
    key: &str,
    grader: &Grader,
    request: &Value,
    tokens: &mut BTreeMap<String, u64>,
) -> Result<Graded, Fault> {
    let said = ask(desk, key, request).await?;
    let model = request["model"].as_str().unwrap_or_default();
    *tokens.entry(model.to_owned()).or_default() += said.body["usage"]["total_tokens"].as_u64().unwrap_or(0);
    let refusal = said.body["choices"][0]["message"]["refusal"].as_str().filter(|refusal| !refusal.is_empty());
    match refusal {
        Some(refusal) => Err(Fault::Refused(refusal.to_owned())),
        None => grader.read(&said.text).map_err(Fault::Reply),
    }
}

/// Asks whoever makes embeddings for those of two texts.
async fn compared(
    desk: &Desk,
    key: &str,
    grader: &Grader,
    (model, texts): (Option<String>, [String; 2]),
    tokens: &mut BTreeMap<String, u64>,
) -> Result<Graded, Fault> {
    let model = match model {
        Some(model) => model,
        None => embedder(desk.settings.load().scorers.values()).map_err(Fault::Other)?,
    };
    let request = json!({"model": model, "input": texts, "encoding_format": "float"});
    let reply = posted(desk, key, &Endpoint::At("embeddings".into()), &request).await?;
    let reply: Value = serde_json::from_slice(&reply).unwrap_or_default();
    *tokens.entry(model).or_default() += reply["usage"]["total_tokens"].as_u64().unwrap_or(0);
    grader.compare(&reply).map_err(Fault::Reply)
}
