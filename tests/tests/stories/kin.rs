//! A judge that is of the family of what it would judge: its canary does not start unless somebody accepts that, and then
//! everybody is told.

use std::process::Output;

use serde_json::{Value, json};

use crate::{process::BINARY, rig::Rig};

/// What serves, a newcomer of the judge's house, which is behind a workload, and one of another.
const CONFIG: &str = r#"
[workloads.maths]
candidates = ["house-large", "gpt-small", "claude-small"]
admitted = ["house-large"]
floor = 0.5
scorers = ["factual"]
[workloads.judges]
candidates = ["gpt-medium"]
floor = 0.5
[deployments.house-large]
provider = "sim"
model = "large"
[deployments.gpt-small]
provider = "sim"
model = "small"
[deployments.claude-small]
provider = "sim"
model = "small"
[deployments.gpt-medium]
provider = "sim"
model = "medium"
[scorers.factual]
kind = "judge"
model = "weir/judges"
template = "factuality"
"#;
const KIN: &str = "weir/judges, a judge of factual, is of the family of gpt-small (openai)";

/// `weir canary start maths gpt-small --yes` with more words, as a person types it.
async fn start(rig: &Rig, more: &[&str]) -> Output {
    let mut weir = std::process::Command::new(BINARY);
    weir.args(["canary", "start", "maths", "gpt-small", "--yes", "--server", &rig.base]).args(more);
    weir.current_dir(rig.dir.path());
    tokio::task::spawn_blocking(move || weir.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_of_the_candidates_family_decides_only_if_somebody_accepts_it_and_everybody_is_told() {
    let rig = Rig::start(CONFIG).await;
    // Of another house: nothing to accept.
    let order = |candidate: &str| json!({"workload": "maths", "candidate": candidate});
    let stranger = rig.order("/canaries", order("claude-small")).await.expect(201).json();
    assert_eq!(stranger["warnings"], json!([]), "{stranger}");
    let id = stranger["id"].as_str().unwrap();
    rig.order(&format!("/canaries/{id}/roll_back"), json!({"reason": ""})).await.expect(200);

    let refused = rig.order("/canaries", order("gpt-small")).await.expect(409).json();
    assert_eq!(refused["message"], KIN, "{refused}");
    assert!(refused["hint"].as_str().unwrap().contains("accept it with `kin_judge`"), "{refused}");
    let said = start(&rig, &[]).await;
    let told = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success() && told.contains(KIN), "{said:?}");
    assert!(told.contains("the same command with `--kin-judge --reason "), "{said:?}");
    assert_eq!(rig.api("/canaries").await["items"].as_array().unwrap().len(), 1, "nothing was started");

    let said = start(&rig, &["--kin-judge"]).await;
    let told = [&said.stdout, &said.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    assert!(said.status.success() && told.contains(KIN), "{told}");
    let list = rig.api("/canaries?workload=maths").await;
    let started = list["items"].as_array().unwrap().iter().find(|canary| canary["candidate"] == "gpt-small").unwrap();
    assert_eq!(started["warnings"], json!([KIN]), "{started}");
    let detail = rig.api(&format!("/canaries/{}", started["id"].as_str().unwrap())).await;
    let first: &Value = &detail["events"][0];
    assert!(first["reason"].as_str().unwrap().ends_with(&format!("; accepted: {KIN}")), "on record: {first}");
    rig.stop().await;
}
