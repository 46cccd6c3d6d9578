//! OpenAI's graders tried on one sample, as their fine-tuning API has them: `validate` says whether a grader can work,
//! `run` what it says. A grader that could not say anything has no reward, and the error that kept it from one is set.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use weir_evals::openai::{Fault, Grader, GraderError, Ran, embedder, sample_of};

use super::openai_evals::{Answer, Refusal, bad};
use crate::{extract::Body, guard::Caller, state::App};

/// A grader.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct GraderOrder {
    /// `string_check`, `text_similarity`, `score_model`, `label_model` or `multi`.
    #[schema(value_type = Object)]
    grader: Value,
}

/// A grader and what it grades.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct GraderTry {
    /// `string_check`, `text_similarity`, `score_model`, `label_model` or `multi`.
    #[schema(value_type = Object)]
    grader: Value,
    /// What templates call `sample.output_text`, and `sample.output_json` where it is JSON.
    model_sample: String,
    /// What templates call `item`.
    #[serde(default)]
    #[schema(value_type = Object)]
    item: Value,
}

/// A grader that can work here: what it leaves to the configuration is there.
pub(super) fn usable(app: &App, grader: &Value) -> Result<Grader, Refusal> {
    let grader = Grader::parse(grader).map_err(|error| bad(error.to_string()))?;
    if grader.wants_embedder() {
        let model = embedder(app.settings.load().scorers.values());
        model.map_err(|message| bad(GraderError { name: grader.name.clone(), message }.to_string()))?;
    }
    Ok(grader)
}

/// `POST /v1/fine_tuning/alpha/graders/validate`.
pub(crate) async fn validate_grader(State(app): State<App>, Body(order): Body<GraderOrder>) -> Answer {
    usable(&app, &order.grader)?;
    Ok(Json(json!({"grader": order.grader})))
}

/// `POST /v1/fine_tuning/alpha/graders/run`.
pub(crate) async fn run_grader(State(app): State<App>, Caller(caller): Caller, Body(order): Body<GraderTry>) -> Answer {
    let grader = usable(&app, &order.grader)?;
    let (name, kind) = (grader.name.clone(), grader.kind());
    let model = grader.model().map(str::to_owned);
    let begun = app.clock.elapsed();
    let ran = app.graders.run(caller.name, grader, order.item, sample_of(&order.model_sample)).await;
    let took = app.clock.elapsed().saturating_sub(begun);
    Ok(Json(told(&ran, &name, kind, model, took.as_secs_f64())))
}

fn told(ran: &Ran, name: &str, kind: &str, model: Option<String>, seconds: f64) -> Value {
    let fault = ran.result.as_ref().err();
    let is = |of: fn(&Fault) -> bool| fault.is_some_and(of);
    let details = fault.map(ToString::to_string);
    let tokens: u64 = ran.tokens.values().sum();
    json!({
        "reward": ran.result.as_ref().ok().map(|graded| graded.score),
        "sub_rewards": ran.parts,
        "model_grader_token_usage_per_model": ran.tokens,
        "metadata": {
            "name": name, "type": kind, "execution_time": seconds, "scores": ran.parts,
            "token_usage": (!ran.tokens.is_empty()).then_some(tokens), "sampled_model_name": model,
            "errors": {
                "formula_parse_error": is(|fault| matches!(fault, Fault::Formula(_))),
                "sample_parse_error": false,
                "truncated_observation_error": false,
                "unresponsive_reward_error": false,
                "invalid_variable_error": is(|fault| matches!(fault, Fault::Name(_))),
                "other_error": is(|fault| matches!(fault, Fault::Other(_))),
                "python_grader_server_error": false,
                "python_grader_server_error_type": null,
                "python_grader_runtime_error": false,
                "python_grader_runtime_error_details": null,
                "model_grader_server_error": is(|fault| matches!(fault, Fault::Model(_))),
                "model_grader_refusal_error": is(|fault| matches!(fault, Fault::Refused(_))),
                "model_grader_parse_error": is(|fault| matches!(fault, Fault::Reply(_))),
                // Not only of the server: what kept it from a reward is worth reading, whatever it is.
                "model_grader_server_error_details": details,
            },
        },
    })
}
