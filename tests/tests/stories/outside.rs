//! Scorers that run elsewhere: a webhook, embeddings, code in a sandbox.

use serde_json::{Value, json};

use weir_sim::Entry;

use crate::{
    canned::{Canned, completion},
    rig::{Rig, eventually, item},
};

/// Scores of one answer, by scorer, once there are so many.
async fn scores(rig: &Rig, span: &str, count: usize) -> Vec<Value> {
    eventually("every score", async || {
        let trace = rig.trace(span).await;
        let scores = trace["scores"].as_array().unwrap().clone();
        (scores.len() == count).then_some(scores)
    })
    .await
}

fn of<'a>(scores: &'a [Value], scorer: &str) -> &'a Value {
    scores.iter().find(|score| score["scorer"] == scorer).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_signed_and_whatever_it_does_has_a_grade_or_a_reason() {
    let hook = Canned::start(|heard| {
        let path = heard.head.split(' ').nth(1).unwrap_or_default().to_owned();
        Some(match path.as_str() {
            "/good" => (200, "", json!({"score": 0.75, "reason": "nearly"}).to_string()),
            "/label" => (200, "", json!({"label": "fair"}).to_string()),
            "/large" => (200, "", format!("{{\"reason\":\"{}\",\"score\":1}}", "x".repeat(100_000))),
            "/moved" => (302, "location: http://169.254.169.254/\r\n", String::new()),
            _ => (200, "", "fine".to_owned()),
        })
    })
    .await;
    let url = &hook.url;
    let one = |name: &str, rest: &str| {
        format!("[scorers.{name}]\nkind = \"webhook\"\nurl = \"{url}/{name}\"\nallow_private = true\n{rest}\n")
    };
    let config = format!(
        "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"good\", \"label\", \"prose\", \"inside\"]\n\
         [datasets.maths]\nfile = \"maths.jsonl\"\nworkload = \"maths\"\n\
         [scorers.inside]\nkind = \"webhook\"\nurl = \"{url}/good\"\n{}{}{}",
        one("good", "secret = \"env:KEY_HOOK\""),
        one("label", "choices = { fair = 0.5 }"),
        one("prose", ""),
    );
    let rig = Rig::start(&config).await;
    let reply = rig.chat("weir/maths", &item(3).0).await.expect(200);
    let scores = scores(&rig, reply.span(), 4).await;
    assert_eq!((&of(&scores, "good")["value"], &of(&scores, "label")["value"]), (&json!(0.75), &json!(0.5)));
    assert_eq!(of(&scores, "prose")["reason"], "grader_failed", "{scores:?}");
    // A private address is nobody's to name but the configuration's, for each hook.
    assert_eq!(of(&scores, "inside")["reason"], "config_error", "{scores:?}");

    let heard = hook.heard().into_iter().find(|heard| heard.head.starts_with("post /good")).unwrap();
    let signature = heard.header("x-weir-signature").unwrap();
    let (at, hex) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!((hex.len(), at.parse::<i64>().is_ok()), (64, true), "{signature}");
    let body: Value = serde_json::from_str(&heard.body).unwrap();
    assert_eq!(
        (&body["scorer"], &body["answer"]["text"], &body["expected"]),
        (&json!("good"), &json!("4"), &json!("4"))
    );
    assert!(!heard.head.contains("key_hook-0123456789abcdef"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_in_a_sandbox_and_embeddings_grade_like_any_scorer() {
    const CONFIG: &str = r#"
[workloads.maths]
candidates = ["sim/large"]
floor = 0.8
scorers = ["passes", "runs_for_ever", "alike"]
[scorers.passes]
kind = "code_exec"
module = '''(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 0))))'''
[scorers.runs_for_ever]
kind = "code_exec"
fuel = 1000000
module = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'
[scorers.alike]
kind = "embedding_similarity"
model = "sim/small"
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;
    let rig = Rig::start(CONFIG).await;
    let reply = rig.chat("weir/maths", &item(3).0).await.expect(200);
    let scores = scores(&rig, reply.span(), 3).await;
    assert_eq!(of(&scores, "passes")["value"], 1.0, "{scores:?}");
    let endless = of(&scores, "runs_for_ever");
    assert_eq!((&endless["value"], &endless["reason"]), (&json!(null), &json!("timeout")), "{scores:?}");
    // The answer is the reference.
    assert_eq!(of(&scores, "alike")["value"], 1.0, "{scores:?}");
    rig.stop().await;
}

/// Scorers that break, each in its own way: none of them is a zero, each has its reason, and the reasons are counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scorer_that_throws_traps_backtracks_or_leaves_its_range_is_counted_by_its_reason() {
    let judge = Canned::start(|heard| {
        let verdict = json!({"nonce": heard.nonce(), "reasoning": "Very good.", "score": 99}).to_string();
        Some((200, "", completion(&verdict)))
    })
    .await;
    let config = format!(
        r#"
[workloads.maths]
candidates = ["sim/large"]
floor = 0.8
scorers = ["throws", "traps", "backtracks", "beyond"]
[deployments.canned]
provider = "canned"
base_url = "{}/v1"
model = "canned-1"
allow_private = true
[scorers.throws]
kind = "expr"
expr = "1 / (size(answer) - size(answer)) > 0 ? 1.0 : 0.0"
[scorers.traps]
kind = "code_exec"
module = '(module (memory (export "memory") 1) (func (export "_start") unreachable))'
[scorers.backtracks]
kind = "regex"
fancy = true
must_match = '^(a|a)+$(?<=b)'
[scorers.beyond]
kind = "judge"
model = "canned"
template = "g_eval"
criteria = "It is right."
repeat = 0
"#,
        judge.url
    );
    let rig = Rig::start(&config).await;
    rig.sim().add_answers([Entry::new("maths", "Say a.", format!("{}!", "a".repeat(60)))]);
    let reply = rig.chat("weir/maths", "Say a.").await.expect(200);
    let scores = scores(&rig, reply.span(), 4).await;
    let wanted = [
        ("throws", "scoring_failed"),
        ("traps", "scoring_failed"),
        ("backtracks", "scoring_failed"),
        ("beyond", "grader_failed"),
    ];
    for (scorer, reason) in wanted {
        let score = of(&scores, scorer);
        assert_eq!((&score["value"], &score["reason"]), (&json!(null), &json!(reason)), "{score}");
    }
    eventually("the reasons counted", async || {
        let windows = rig.api("/workloads/maths/windows").await;
        let rows = windows["items"].as_array().unwrap().clone();
        let counted = |(scorer, reason): &(&str, &str)| {
            rows.iter()
                .any(|row| row["scorer"] == *scorer && row["unscored_by"] == json!({*reason: 1}) && row["n"] == 0)
        };
        wanted.iter().all(counted).then_some(())
    })
    .await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suite_in_yaml_asks_a_webhook_embeddings_and_a_module_like_live_traffic_does() {
    let hook = Canned::start(|_| Some((200, "", json!({"score": 0.75}).to_string()))).await;
    let url = &hook.url;
    let config = format!(
        "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\n[datasets.maths]\nfile = \"maths.jsonl\"\n\
         workload = \"maths\"\n[scorers.known]\nkind = \"webhook\"\nurl = \"{url}/known\"\nallow_private = true\n\
         secret = \"env:KEY_HOOK\"\n"
    );
    let rig = Rig::start(&config).await;
    let suite = format!(
        "suite:\n  name: maths\n  workload: maths\n  dataset: maths\nscorer:\n\
         - {{name: known, kind: webhook, url: '{url}/known', allow_private: true, secret: 'env:KEY_HOOK'}}\n\
         - {{name: strange, kind: webhook, url: '{url}/strange', allow_private: true}}\n\
         - {{name: alike, kind: embedding_similarity, model: sim/small}}\n\
         - {{name: passes, kind: code_exec, module_file: ok.wat}}\n"
    );
    let module = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
        (memory (export \"memory\") 1) (func (export \"_start\") (call $exit (i32.const 0))))";
    let order = json!({
        "suite": suite, "file": "maths.yaml", "files": {"ok.wat": module}, "models": ["sim/large"], "first": 4,
    });
    let id = rig.order("/runs", order).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let detail = eventually("the run is over", async || {
        let detail = rig.api(&format!("/runs/{id}")).await;
        (detail["run"]["status"] == "done").then_some(detail)
    })
    .await;
    let metrics = detail["arms"][0]["metrics"].as_array().unwrap();
    let mean = |name: &str| &metrics.iter().find(|one| one["name"] == name).unwrap()["grade"]["value"];
    assert_eq!((mean("known"), mean("alike"), mean("passes")), (&json!(0.75), &json!(1.0), &json!(1.0)), "{detail}");
    // Whoever may start runs may not send the server's own word to its own network.
    assert_eq!(mean("strange"), &Value::Null, "{detail}");
    assert!(hook.heard().iter().all(|heard| heard.head.starts_with("post /known")), "{:?}", hook.heard());
    assert!(hook.heard().iter().all(|heard| heard.header("x-weir-signature").is_some()));
    rig.stop().await;
}
