//! Models of a self-hosted provider: those it says it has can be named, and nothing leads to them but their names.

use std::fs;

use serde_json::Value;
use weir_sim::{Sim, SimHandle, SimModel};

use crate::{
    process::Process,
    rig::{Caller, eventually, folder, whole},
};

async fn provider() -> SimHandle {
    let models = ["large", "small"].map(SimModel::new);
    let sim = models.into_iter().fold(Sim::builder(), |sim, model| sim.model(model));
    sim.build().serve().await.unwrap()
}

fn config(root: &str, discover: bool) -> String {
    format!(
        "[deployments.local]\nprovider = \"ollama\"\nbase_url = \"{root}\"\nmodel = \"large\"\ndiscover = {discover}\n\
         [deployments.gpu]\nprovider = \"vllm\"\nbase_url = \"{root}\"\nmodel = \"large\"\ndiscover = {discover}\n\
         [deployments.plain]\nprovider = \"vllm\"\nbase_url = \"{root}\"\nmodel = \"large\"\n\
         [deployments.gone]\nprovider = \"vllm\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"large\"\ndiscover = true\n\
         [workloads.one]\ncandidates = [\"local\", \"plain\"]\nfloor = 0.8\n"
    )
}

async fn listed(caller: &Caller) -> Vec<String> {
    let list = caller.get("/v1/models").await.expect(200).json();
    let ids = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned());
    ids.filter(|id| !id.starts_with("weir/")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovered_models_are_listed_and_answer_to_their_names_and_no_workload_takes_them() {
    let sim = provider().await;
    let dir = folder(&config(&sim.base_url(), true));
    let process = Process::start(dir.path());
    let caller = &process.caller;
    let own = ["local", "gpu", "plain", "gone"];
    eventually("the models are listed", async || {
        (listed(caller).await == [&own[..], &["gpu/small", "local/small"]].concat()).then_some(())
    })
    .await;
    let reply = caller.chat("local/small", "hello").await.expect(200);
    assert_eq!(reply.deployment(), "local/small");
    assert!(reply.body.contains("I am small"), "{}", reply.body);
    assert_eq!(caller.trace(reply.span()).await["deployment"], "local/small");
    let view = caller.api("/deployments").await;
    let found = |id: &str| view["items"].as_array().unwrap().iter().find(|one| one["id"] == id).cloned().unwrap();
    assert_eq!(
        (&found("gpu/small")["workloads"], &found("gpu/small")["price"]),
        (&Value::Array(Vec::new()), &Value::Null)
    );
    for _ in 0..20 {
        let served = caller.chat("weir/one", "hello").await.expect(200);
        assert!(["local", "plain"].contains(&served.deployment()), "{}", served.deployment());
    }
    caller.chat("plain/small", "hello").await.expect(404);

    // What no longer discovers has no models of its own, also in a running process.
    fs::write(dir.path().join("weir.toml"), whole(&config(&sim.base_url(), false))).unwrap();
    eventually("they are gone", async || (listed(caller).await == own).then_some(())).await;
    caller.chat("local/small", "hello").await.expect(404);
    caller.chat("local", "hello").await.expect(200);
}
