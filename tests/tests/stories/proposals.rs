//! A cheaper route is proposed with everything it rests on: told by the API and by `weir policy explain`, and applied as
//! nothing more than a trial.

use std::{process::Command, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use weir_core::{
    Clock,
    clock::{ManualClock, SystemClock},
    entropy::Seeded,
};
use weir_jobs::{Lead, Planner, Refusals};

use crate::{
    process::BINARY,
    rig::{Rig, eventually, item, settings},
};

/// Half of the traffic each, so that both are known; a judge that costs money; a trial that begins in the shadow.
const CONFIG: &str = r#"
[workloads.maths]
candidates = ["sim/large", "sim/small"]
admitted = ["sim/large", "sim/small"]
floor = 0.5
optimize = "propose"
policy = ["filter", "canary", { stage = "weighted", weights = { "sim/large" = 0.5, "sim/small" = 0.5 } }]
scorers = ["factual"]
[scorers.factual]
kind = "judge"
model = "sim/medium"
template = "factuality"
no_cache = true
[canary]
shadow_pairs = 50
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;
/// Requests, and how many at once.
const ASKED: usize = 160;
const CROWD: usize = 32;

/// Traffic until every answer counts, then one look of the planner, which in a serving process looks every minute.
async fn planned(rig: &Rig) -> Value {
    for crowd in 0..ASKED / CROWD {
        let mut tasks = JoinSet::new();
        for number in 0..CROWD {
            let (caller, prompt) = (rig.caller.clone(), item(crowd * CROWD + number).0);
            tasks.spawn(async move { caller.chat("weir/maths", &prompt).await.expect(200) });
        }
        tasks.join_all().await;
    }
    eventually("every answer counts", async || {
        let windows = rig.api("/workloads/maths/windows").await;
        let n: u64 = windows["items"].as_array().unwrap().iter().map(|window| window["n"].as_u64().unwrap()).sum();
        (n == ASKED as u64).then_some(())
    })
    .await;
    let planner = Planner {
        store: rig.app.store.clone(),
        lead: Arc::new(Lead::open(rig.dir.path()).unwrap()),
        settings: Arc::new(ArcSwap::from_pointee(settings(rig.dir.path()))),
        cell: Arc::clone(&rig.app.snapshots),
        windows: rig.app.windows.clone(),
        // A month is forecast from minutes that are over.
        clock: Arc::new(ManualClock::new(SystemClock::default().now().plus(Duration::from_secs(61)))),
        entropy: Arc::new(Seeded::new(1)),
        refusals: Refusals::default(),
    };
    planner.turn().await.unwrap();
    let diffs = rig.api("/policy-diffs?workload=maths").await;
    assert_eq!(diffs["items"].as_array().unwrap().len(), 1, "{diffs}");
    diffs["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_tells_its_frontier_its_doubts_and_what_proving_it_costs_and_starts_only_a_trial() {
    let rig = Rig::start(CONFIG).await;
    let proposed = planned(&rig).await;
    let id = proposed["id"].as_str().unwrap();
    let (diff, number) = (&proposed["diff"], |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{proposed}")));
    assert_eq!((&diff["from"], &diff["to"]), (&json!("sim/large"), &json!("sim/small")));

    // The price is a mean of answers that differ: its interval is one.
    let cost = &diff["cost"];
    let (lower, upper) = (number(&cost["ci95"][0]), number(&cost["ci95"][1]));
    assert!(number(&cost["per_req_delta_usd"]) < 0.0, "{cost}");
    assert!(lower < number(&cost["monthly_saving_usd"]) && number(&cost["monthly_saving_usd"]) < upper, "{cost}");
    let facts = &diff["evidence"];
    assert!(number(&facts["spend"]["se_usd"]) > 0.0, "{}", facts["spend"]);
    // Proving it takes a judge's money and a shadow's.
    assert!(number(&facts["spend"]["score_usd"]) > 0.0 && facts["spend"]["shadow_pairs"] == 50, "{}", facts["spend"]);
    let pairs = number(&diff["plan"]["n_needed"]);
    assert!(number(&cost["trial_usd"]) > pairs * number(&facts["spend"]["score_usd"]), "{cost} {}", diff["plan"]);

    // All mixes worth having, cheapest first, each better and dearer than the one before; and the cheapest that keeps the
    // floor.
    let mixes = diff["frontier"]["mixes"].as_array().unwrap();
    assert_eq!(mixes[0]["serves"], json!({ "all": "sim/small" }), "{}", diff["frontier"]);
    assert!(mixes.windows(2).all(|two| {
        number(&two[0]["cost_usd"]) < number(&two[1]["cost_usd"]) && number(&two[0]["lower"]) < number(&two[1]["lower"])
    }));
    let at_floor = number(&diff["frontier"]["at_floor_usd"]);
    assert!(
        mixes.iter().any(|mix| (number(&mix["cost_usd"]) - at_floor).abs() < 1e-12 && number(&mix["lower"]) >= 0.5)
    );

    // The same to a person.
    let weir = async |verb: &str, more: &[&str]| {
        let mut weir = Command::new(BINARY);
        weir.args(["policy", verb, id, "--server", &rig.base]).args(more).current_dir(rig.dir.path());
        tokio::task::spawn_blocking(move || weir.output().unwrap()).await.unwrap()
    };
    let told = weir("explain", &[]).await;
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{text}");
    let line = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'));
        found.unwrap_or_else(|| panic!("no {name}: {text}")).to_owned()
    };
    assert_eq!(line("sentence"), proposed["sentence"].as_str().unwrap());
    assert_eq!(line("usd_per_month_ci95").split(',').count(), 2, "{text}");
    assert_eq!(line("usd_to_prove"), cost["trial_usd"].to_string(), "{text}");
    assert_eq!(line("floor_usd_per_request"), diff["frontier"]["at_floor_usd"].to_string());
    assert_eq!(text.lines().filter(|line| line.starts_with("mix\t$")).count(), mixes.len(), "{text}");

    // It is what its facts make of it.
    let again = weir("replay", &[]).await;
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));

    // Its judge is of the family of both: that is refused until somebody accepts it, with the command that does.
    let apply = format!("/api/v1/policy-diffs/{id}/apply");
    let refused = rig.send(Method::POST, &apply, &[], "").await.unwrap().expect(409).json();
    assert_eq!(refused["code"], "W0114", "{refused}");
    let refused = weir("apply", &["--yes"]).await;
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("the same command with `--kin-judge --reason "), "{text}");
    let diff = rig.api(&format!("/policy-diffs/{id}")).await;
    assert_eq!((&diff["state"], &diff["canary"]), (&json!("proposed"), &json!(null)), "{diff}");

    // Applying it moves nobody yet.
    let applied = weir("apply", &["--yes", "--kin-judge", "--reason", "people label it"]).await;
    assert_eq!(applied.status.code(), Some(0), "{}", String::from_utf8_lossy(&applied.stderr));
    let canary = rig.api("/canaries").await["items"][0].clone();
    assert_eq!(rig.api(&format!("/policy-diffs/{id}")).await["canary"], canary["id"]);
    let judges = canary["warnings"].as_array().unwrap();
    assert!(!judges.is_empty(), "{canary}");
    let accepted = judges.iter().map(|judge| format!("; accepted: {}", judge.as_str().unwrap())).collect::<String>();
    assert!(canary["reason"].as_str().unwrap().ends_with(&format!("{accepted}: people label it")), "{canary}");
    assert_eq!((&canary["candidate"], &canary["state"]), (&json!("sim/small"), &json!("shadow")), "{canary}");
    assert_eq!(rig.api("/workloads/maths/policies").await["items"].as_array().unwrap().len(), 1);
    rig.stop().await;
}
