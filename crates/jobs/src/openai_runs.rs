//! Runs of OpenAI's Evals: ordered over their API, carried out here, because both samples and grading models are asked
//! through weir's own gateway, on behalf of the key that ordered it. A run that a dead process left is begun again; what
//! it has is written over.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use weir_evals::openai::{Fault, Graded, Grader, Scope, content, render, rows, sample_of, sampled_by};
use weir_store::{Error, Kept};

use crate::{
    Desk, Lead,
    graders::{Said, ask, grade},
};

/// Kinds of kept objects; the API writes them.
const OPEN: &str = "openai.open";
const EVAL: &str = "openai.eval";
const RUN: &str = "openai.run";
const ITEM: &str = "openai.item";
/// Samples under way at once.
const AT_ONCE: usize = 8;
/// Between two looks for runs of other processes.
const LOOK: Duration = Duration::from_secs(2);

/// Carries out runs, one after the other, until stopped.
pub struct OpenaiRuns {
    desk: Arc<Desk>,
    lead: Arc<Lead>,
}

/// What the samples of one run share.
struct Shared {
    desk: Arc<Desk>,
    tenant: String,
    run: String,
    eval: String,
    source: Value,
    graders: Vec<Grader>,
}

/// One sample's results: criterion, and what it said or why it could not.
type Results = Vec<(String, Result<Graded, Fault>)>;

impl OpenaiRuns {
    /// Nothing is under way yet.
    #[must_use]
    pub const fn new(desk: Arc<Desk>, lead: Arc<Lead>) -> Self {
        Self { desk, lead }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut changes = self.desk.store.run_changes();
        loop {
            changes.mark_unchanged();
            let open = match self.lead.is_mine() {
                true => self.desk.store.compat_list(OPEN, "", None, None, 10).await.unwrap_or_default(),
                false => Vec::new(),
            };
            for order in open.iter().rev() {
                if stop.is_cancelled() {
                    return;
                }
                if let Err(error) = self.carry_out(order).await {
                    tracing::warn!(%error, run = %order.id, "a run of OpenAI's Evals waits: the store cannot be used");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = changes.changed() => {}
                () = time::sleep(LOOK) => {}
            }
        }
    }

    async fn carry_out(&self, order: &Kept) -> Result<(), Error> {
        let store = &self.desk.store;
        let (tenant, run_id) = (order.parent.clone(), order.id.clone());
        let Some(mut run) = body(store.compat_get(RUN, &tenant, &run_id).await?) else {
            return store.compat_delete(OPEN, "", &run_id).await.map(drop);
        };
        let eval_id = run["eval_id"].as_str().unwrap_or_default().to_owned();
        let eval = body(store.compat_get(EVAL, &tenant, &eval_id).await?).unwrap_or_default();
        let criteria = eval["testing_criteria"].as_array().cloned().unwrap_or_default();
        let graders: Result<Vec<Grader>, _> = criteria.iter().map(Grader::parse).collect();
        let ready = match graders {
            Ok(graders) => self.rows(&tenant, &run["data_source"]["source"]).await?.map(|rows| (graders, rows)),
            Err(error) => Err(("invalid_criteria", error.to_string())),
        };
        match ready {
            Ok((graders, rows)) if run["status"] != "canceled" => {
                run["status"] = "in_progress".into();
                self.put(&tenant, &eval_id, &run_id, &run).await?;
                let source = run["data_source"].clone();
                let shared = Shared {
                    desk: Arc::clone(&self.desk),
                    tenant: tenant.clone(),
                    run: run_id.clone(),
                    eval: eval_id.clone(),
                    source,
                    graders,
                };
                let tally = samples(&Arc::new(shared), rows).await?;
                // Cancelled and forgotten meanwhile: it does not come back.
                let Some(now) = body(store.compat_get(RUN, &tenant, &run_id).await?) else {
                    return store.compat_delete(OPEN, "", &run_id).await.map(drop);
                };
                tally.write(&mut run);
                run["status"] = if now["status"] == "canceled" { "canceled" } else { "completed" }.into();
            }
            Ok(_) => {}
            Err((code, message)) => {
                run["status"] = "failed".into();
                run["error"] = json!({"code": code, "message": message});
            }
        }
        self.put(&tenant, &eval_id, &run_id, &run).await?;
        store.compat_delete(OPEN, "", &run_id).await.map(drop)
    }

    /// The rows of a source, or why there are none.
    async fn rows(&self, tenant: &str, source: &Value) -> Result<Result<Vec<Value>, (&'static str, String)>, Error> {
        let Some(file) = source["id"].as_str().filter(|_| source["type"] == "file_id") else {
            return Ok(Ok(source["content"].as_array().cloned().unwrap_or_default()));
        };
        Ok(match self.desk.store.file_content(tenant, file).await? {
            Some(content) => rows(&content).map_err(|why| ("invalid_file", format!("file `{file}`: {why}"))),
            None => Err(("file_not_found", format!("file `{file}` is gone"))),
        })
    }

    async fn put(&self, tenant: &str, eval: &str, id: &str, run: &Value) -> Result<(), Error> {
        self.desk.store.compat_put(RUN, tenant, id, eval, &run.to_string()).await
    }
}

fn body(kept: Option<Kept>) -> Option<Value> {
    serde_json::from_str(&kept?.body).ok()
}

/// Counts of a run.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    errored: u64,
    by_criterion: BTreeMap<String, (u64, u64)>,
    usage: BTreeMap<String, [u64; 3]>,
}

impl Tally {
    fn take(&mut self, results: &Results, usage: &Value, model: &str) {
        let graded: Vec<_> = results.iter().map(|(name, result)| (name, result.as_ref().ok())).collect();
        for (name, result) in graded.iter().filter_map(|(name, result)| Some((name, (*result)?))) {
            let counts = self.by_criterion.entry((*name).clone()).or_default();
            if result.passed { counts.0 += 1 } else { counts.1 += 1 }
        }
        if graded.iter().any(|(_, result)| result.is_none()) {
            self.errored += 1;
        } else if graded.iter().all(|(_, result)| result.is_some_and(|result| result.passed)) {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
        if !model.is_empty() {
            let sum = self.usage.entry(model.to_owned()).or_default();
            sum[0] += 1;
            sum[1] += usage["prompt_tokens"].as_u64().unwrap_or(0);
            sum[2] += usage["completion_tokens"].as_u64().unwrap_or(0);
        }
    }

    fn write(&self, run: &mut Value) {
        let total = self.passed + self.failed + self.errored;
        run["result_counts"] =
            json!({"total": total, "passed": self.passed, "failed": self.failed, "errored": self.errored});
        let criteria = self
            .by_criterion
            .iter()
            .map(|(name, (passed, failed))| json!({"testing_criteria": name, "passed": passed, "failed": failed}));
        run["per_testing_criteria_results"] = criteria.collect();
        let usage = self.usage.iter().map(|(model, [count, prompt, completion])| {
            json!({"model_name": model, "invocation_count": count, "prompt_tokens": prompt,
                   "completion_tokens": completion, "total_tokens": prompt + completion, "cached_tokens": 0})
        });
        run["per_model_usage"] = usage.collect();
    }
}

async fn samples(shared: &Arc<Shared>, rows: Vec<Value>) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    let mut tasks: JoinSet<Result<(Results, Value, String), Error>> = JoinSet::new();
    for (at, row) in rows.into_iter().enumerate() {
        if tasks.len() >= AT_ONCE {
            joined(tasks.join_next().await, &mut tally)?;
        }
        // The order says so, too: it is small, where the run may hold all of its rows.
        let order = body(shared.desk.store.compat_get(OPEN, "", &shared.run).await?);
        if order.is_none_or(|order| order["canceled"] == true) {
            break;
        }
        let shared = Arc::clone(shared);
        tasks.spawn(async move { sample(&shared, at, row).await });
    }
    while let Some(done) = tasks.join_next().await {
        joined(Some(done), &mut tally)?;
    }
    Ok(tally)
}

/// A sample's results, what it used, and the model that gave it.
type Sampled = (Results, Value, String);

fn joined(
    done: Option<Result<Result<Sampled, Error>, tokio::task::JoinError>>,
    tally: &mut Tally,
) -> Result<(), Error> {
    match done {
        None => {}
        Some(Ok(result)) => {
            let (results, usage, model) = result?;
            tally.take(&results, &usage, &model);
        }
        Some(Err(error)) => {
            tracing::error!(%error, "a sample of OpenAI's Evals could not be worked on");
            tally.errored += 1;
        }
    }
    Ok(())
}

/// Samples one row where it brings no sample, grades it, and keeps its output item.
async fn sample(shared: &Shared, at: usize, row: Value) -> Result<Sampled, Error> {
    let item = row["item"].clone();
    let model = shared.source["model"].as_str().unwrap_or_default().to_owned();
    let (mut input, mut said, mut failure) = (Vec::new(), None, None);
    let sample = if row["sample"].is_object() || model.is_empty() {
        row["sample"].clone()
    } else {
        match sampled(shared, &model, &item, &mut input).await {
            Ok(reply) => {
                let mut sample = sample_of(&reply.text);
                sample["model"] = model.as_str().into();
                let tools = &reply.body["choices"][0]["message"]["tool_calls"];
                if tools.is_array() {
                    sample["output_tools"] = tools.clone();
                }
                said = Some(reply.body);
                sample
            }
            Err(why) => {
                failure = Some(why);
                sample_of("")
            }
        }
    };
    let mut results: Results = Vec::new();
    for grader in &shared.graders {
        let result = match &failure {
            Some(why) => Err(why.clone()),
            None => grade(&shared.desk, &shared.tenant, grader, Scope { item: &item, sample: &sample }).await.result,
        };
        results.push((grader.name.clone(), result));
    }
    let told = results.iter().map(|(name, result)| match result {
        Ok(graded) => json!({"name": name, "score": graded.score, "passed": graded.passed}),
        Err(why) => {
            json!({"name": name, "score": 0.0, "passed": false, "sample": {"error": {"message": why.to_string()}}})
        }
    });
    let errored = results.iter().any(|(_, result)| result.is_err());
    let passed = results.iter().all(|(_, result)| result.as_ref().is_ok_and(|graded| graded.passed));
    let body = said.unwrap_or_default();
    let usage = body["usage"].clone();
    let count = |key: &str| usage[key].as_u64().unwrap_or(0);
    let output = json!({
        "object": "eval.run.output_item", "run_id": shared.run, "eval_id": shared.eval,
        "created_at": shared.desk.clock.now().0 / 1_000_000,
        "status": if errored { "error" } else if passed { "pass" } else { "fail" },
        "datasource_item_id": at, "datasource_item": item, "results": told.collect::<Vec<_>>(),
        "sample": {
            "input": input, "output": [{"role": "assistant", "content": sample["output_text"]}],
            "model": model, "finish_reason": body["choices"][0]["finish_reason"].as_str().unwrap_or("stop"),
            "temperature": 1.0, "top_p": 1.0, "seed": 0, "max_completion_tokens": 0,
            "error": failure.map(|why| json!({"code": "sample_failed", "message": why.to_string()})),
            "usage": {"prompt_tokens": count("prompt_tokens"), "completion_tokens": count("completion_tokens"),
                      "total_tokens": count("total_tokens"), "cached_tokens": 0},
        },
    });
    let id = format!("outputitem_{}_{at:06}", shared.run);
    shared.desk.store.compat_put(ITEM, &shared.tenant, &id, &shared.run, &output.to_string()).await?;
    Ok((results, usage, model))
}

/// Asks the run's model; `input` becomes what it was asked.
async fn sampled(shared: &Shared, model: &str, item: &Value, input: &mut Vec<Value>) -> Result<Said, Fault> {
    *input = messages(&shared.source["input_messages"], item).map_err(Fault::Other)?;
    let mut request = json!({"model": model, "messages": input});
    let params = &shared.source["sampling_params"];
    sampled_by(&mut request, params);
    for key in ["response_format", "tools"] {
        if !params[key].is_null() {
            request[key] = params[key].clone();
        }
    }
    ask(&shared.desk, &shared.tenant, &request).await
}

/// The messages of a template, or those that the item holds.
fn messages(input: &Value, item: &Value) -> Result<Vec<Value>, String> {
    let scope = Scope { item, sample: &Value::Null };
    if let Some(path) = input["item_reference"].as_str() {
        let path = path.strip_prefix("item.").unwrap_or(path);
        let found = path.split('.').fold(item, |value, part| &value[part]).as_array();
        return found.cloned().ok_or_else(|| format!("`item.{path}` holds no messages"));
    }
    let turn = |one: &Value| {
        let role = match one["role"].as_str() {
            Some("developer") => "system",
            Some(role) => role,
            None => "user",
        };
        Ok(json!({"role": role, "content": render(&content(&one["content"])?, scope)}))
    };
    input["template"].as_array().into_iter().flatten().map(turn).collect()
}

#[cfg(test)]
mod tests;
