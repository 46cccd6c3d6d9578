//! Eval runs: asked, graded, compared and gated; what a failed gate does to traffic, and what survives a kill.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    process::Process,
    rig::{Caller, MATHS, Rig, eventually, folder, item},
};

/// The same scorer as the workload's, and a gate on a loss of five points.
const SUITE: &str = "[suite]\nname = 'maths'\nworkload = 'maths'\ndataset = 'maths'\n\
                     [[scorer]]\nname = 'exact'\nkind = 'exact_match'\n\
                     [[gate]]\nmetric = 'quality'\nagainst = 'baseline'\nmargin = 0.05\n";

/// Starts a run of [`SUITE`] with these fields beside it.
async fn start(caller: &Caller, more: Value) -> String {
    let mut order = json!({"suite": SUITE});
    for (key, value) in more.as_object().unwrap() {
        order[key] = value.clone();
    }
    caller.order("/runs", order).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

async fn over(caller: &Caller, id: &str) -> Value {
    eventually("the run is over", async || {
        let detail = caller.api(&format!("/runs/{id}")).await;
        let status = detail["run"]["status"].as_str().unwrap();
        matches!(status, "done" | "stopped" | "cancelled" | "failed").then_some(detail)
    })
    .await
}

fn metric<'a>(detail: &'a Value, arm: &str, name: &str) -> &'a Value {
    let arm = detail["arms"].as_array().unwrap().iter().find(|one| one["name"] == arm).unwrap();
    arm["metrics"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worse_deployment_fails_the_gate_item_by_item_and_no_window_hears_of_it() {
    let rig = Rig::start(MATHS).await;
    rig.sim().set_quality("small", None, 0.5);
    let id = start(&rig, json!({"models": ["sim/small"], "against": "sim/large", "first": 80})).await;
    let detail = over(&rig, &id).await;
    assert_eq!((&detail["run"]["status"], &detail["run"]["verdict"]), (&json!("done"), &json!("fail")), "{detail}");
    assert_eq!((&detail["run"]["asked"], &detail["run"]["errors"]), (&json!(160), &json!(0)));
    assert_eq!(metric(&detail, "sim/large", "exact")["grade"]["value"], json!(1.0));
    let grade = metric(&detail, "sim/small", "exact")["grade"]["value"].as_f64().unwrap();
    assert!((0.3..0.7).contains(&grade), "{detail}");
    let comparison = &detail["comparisons"][0];
    assert_eq!((&comparison["wins"], &comparison["resolved"]), (&json!(0), &json!(true)), "{comparison}");
    assert!(comparison["delta"]["upper"].as_f64().unwrap() < -0.05 && comparison["mcnemar_p"].as_f64().unwrap() < 1e-6);
    assert_eq!(detail["gates"][0]["state"], json!("fail"));

    let losses = comparison["losses"].as_u64().unwrap() as usize;
    let worse = rig.api(&format!("/runs/{id}/items?only=regressions&limit=500")).await;
    assert_eq!(worse["items"].as_array().unwrap().len(), losses);
    let answers = worse["items"][0]["answers"].as_array().unwrap();
    assert_eq!((&answers[0]["arm"], &answers[0]["scores"][0]["value"]), (&json!("sim/large"), &json!(1.0)));
    // Each answer is a request that can be looked at, and nobody's traffic.
    let trace = rig.trace(answers[0]["span_id"].as_str().unwrap()).await;
    assert_eq!((&trace["origin"], &trace["scores"]), (&json!("eval"), &json!([])));
    assert_eq!(rig.api("/workloads/maths/windows").await["items"], json!([]));

    let page = rig.api(&format!("/runs/{id}/items?limit=30")).await;
    let next = rig.api(&format!("/runs/{id}/items?limit=500&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((page["items"].as_array().unwrap().len(), next["items"].as_array().unwrap().len()), (30, 50));
    assert_eq!((&next["items"][0]["place"], &next["next"]), (&json!(30), &Value::Null));
    rig.stop().await;
}

const CHEAPER: &str = r#"
[workloads.maths]
candidates = ["sim/large", "sim/small"]
floor = 0.5
scorers = ["exact"]
[scorers.exact]
kind = "exact_match"
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_gate_sends_traffic_away_and_a_passed_one_brings_it_back() {
    let rig = Rig::start(CHEAPER).await;
    let canary =
        rig.order("/canaries", json!({"workload": "maths", "candidate": "sim/small"})).await.expect(201).json();
    let promote = format!("/canaries/{}/promote", canary["id"].as_str().unwrap());
    rig.order(&promote, json!({"reason": "it is cheaper"})).await.expect(200);
    // Of a promoted one a hold-back stays where it was, so that one request says nothing of the route.
    let small_serves = async |wanted: bool| {
        eventually("the route changes", async || {
            let mut serves = false;
            for at in 0..12 {
                serves |= rig.chat("weir/maths", &item(at).0).await.expect(200).deployment() == "sim/small";
            }
            (serves == wanted).then_some(())
        })
        .await;
    };
    small_serves(true).await;

    rig.sim().set_quality("small", None, 0.2);
    let order = json!({"models": ["sim/small"], "against": "sim/large", "sample": 60, "quarantine": true});
    let failed = start(&rig, order.clone()).await;
    assert_eq!(over(&rig, &failed).await["verdict"], json!("fail"));
    small_serves(false).await;
    let out = eventually("the quarantine", async || {
        let out = rig.api("/quarantines").await;
        out["items"].get(0).cloned()
    })
    .await;
    assert_eq!((&out["deployment"], &out["run"]), (&json!("sim/small"), &json!(failed)));
    let events = rig.api("/events").await;
    let told = events["items"].as_array().unwrap().iter().any(|event| event["kind"] == "quarantined");
    assert!(told, "{events}");
    // Pinned requests still reach it: that is how it can be measured again.
    assert_eq!(rig.chat("sim/small", &item(3).0).await.expect(200).deployment(), "sim/small");

    rig.sim().set_quality("small", None, 1.0);
    // The sampled items are the same ones: enough pairs without any loss prove that it is not worse.
    let order = json!({"models": ["sim/small"], "against": "sim/large", "quarantine": true});
    let passed = start(&rig, order).await;
    let detail = over(&rig, &passed).await;
    assert_eq!(detail["verdict"], json!("pass"), "{}", detail["gates"]);
    small_serves(true).await;
    let out = rig.api("/quarantines?all=true").await;
    assert_eq!(out["items"][0]["lifted_by"], json!(format!("eval run {passed}")));
    assert_eq!(rig.api("/quarantines").await["items"], json!([]));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_says_where_to_expect_a_window_with_a_weight_of_its_own() {
    let rig = Rig::start(MATHS).await;
    let served = rig.chat("weir/maths", &item(1).0).await.expect(200);
    rig.scored(served.span()).await;
    rig.published(1).await;
    let mean = async || rig.api("/workloads/maths/windows").await["items"][0]["mean"].as_f64().unwrap();
    let before = mean().await;
    assert!((before - 11.0 / 21.0).abs() < 1e-9, "one grade of 1 and a prior of 20 at 0.5: {before}");
    let id = start(&rig, json!({"models": ["sim/large"], "first": 80})).await;
    over(&rig, &id).await;
    // 80 answers count as 20 more grades of the prior: (1 + 20·0.5 + 20·1) / 41.
    let wanted = 31.0 / 41.0;
    eventually("the window is drawn to the run", async || ((mean().await - wanted).abs() < 1e-9).then_some(())).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dollars_stop_a_run_and_more_dollars_go_on_with_it() {
    let rig = Rig::start(MATHS).await;
    let id = start(&rig, json!({"models": ["sim/large"], "max_usd": 0.002, "concurrency": 2})).await;
    let stopped = over(&rig, &id).await;
    assert_eq!(stopped["run"]["status"], json!("stopped"), "{stopped}");
    let asked = stopped["run"]["asked"].as_u64().unwrap();
    assert!(asked > 0 && asked < 400, "{asked}");
    rig.order(&format!("/runs/{id}/resume"), json!({"max_usd": 50.0})).await.expect(200);
    let done = over(&rig, &id).await;
    assert_eq!((&done["run"]["status"], &done["run"]["asked"]), (&json!("done"), &json!(400)));
    rig.send(Method::POST, &format!("/api/v1/runs/{id}/cancel"), &[], "").await.unwrap().expect(409);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_answers_are_graded_and_graded_again_and_nobody_is_asked() {
    let rig = Rig::start(MATHS).await;
    let items = rig.api("/datasets/maths").await["sample"].clone();
    let answers: Vec<Value> = items
        .as_array()
        .unwrap()
        .iter()
        .take(10)
        .zip(0..)
        .map(|(item, number)| {
            let right = item["expected"].as_str().unwrap();
            let text = if number < 7 { right.to_owned() } else { format!("{right}!") };
            json!({"item": item["id"], "text": text})
        })
        .collect();
    let order = json!({"recorded": [{"name": "last year", "answers": answers}], "first": 10});
    let id = start(&rig, order).await;
    let detail = over(&rig, &id).await;
    let exact = metric(&detail, "last year", "exact");
    assert_eq!((&exact["grade"]["value"], &exact["grade"]["n"]), (&json!(0.7), &json!(10)), "{detail}");
    assert_eq!(detail["run"]["verdict"], json!("inconclusive"), "there is no baseline yet");

    let looser = SUITE.replace("kind = 'exact_match'", "kind = 'starts_with'");
    rig.order(&format!("/runs/{id}/rescore"), json!({"suite": looser})).await.expect(200);
    let detail = over(&rig, &id).await;
    assert_eq!(metric(&detail, "last year", "exact")["grade"]["value"], json!(1.0), "{detail}");
    assert_eq!(rig.api("/traces").await["items"], json!([]));

    // The next run is compared with it by itself; a changed scorer is not compared.
    let next = start(&rig, json!({"models": ["sim/large"], "first": 10})).await;
    assert_eq!(over(&rig, &next).await["run"]["against"], json!(id));
    let compared = rig.api(&format!("/runs/compare?a={next}&b={id}")).await;
    assert_eq!((&compared["changed_scorers"], &compared["comparisons"]), (&json!(["exact"]), &json!([])));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_purged_stays_in_a_run_that_is_graded_again_without_a_grade_and_with_the_reason() {
    let rig = Rig::start(MATHS).await;
    let suite = SUITE.replace("against = 'baseline'\nmargin = 0.05", "min_mean = 0.0\nmin_items = 5");
    let id = start(&rig, json!({"suite": suite, "models": ["sim/large"], "first": 10})).await;
    assert_eq!(over(&rig, &id).await["verdict"], json!("pass"));
    let items = rig.api(&format!("/runs/{id}/items")).await["items"].clone();
    let gone = json!([items[2]["item_id"], items[7]["item_id"]]);
    let purge = json!({"items": gone, "reason": "asked for by a customer"});
    rig.order("/datasets/maths/purge", purge).await.expect(200);

    let looser = suite.replace("exact_match", "starts_with");
    rig.order(&format!("/runs/{id}/rescore"), json!({"suite": looser})).await.expect(200);
    let detail = over(&rig, &id).await;
    for name in ["exact", "quality"] {
        let told = metric(&detail, "sim/large", name);
        assert_eq!((&told["coverage"], &told["unscored"]), (&json!(0.8), &json!({"not_recorded": 2})), "{detail}");
    }
    let gate = &detail["gates"][0];
    assert_eq!((&gate["state"], &gate["coverage"]), (&json!("inconclusive"), &json!(0.8)), "{gate}");
    assert!(gate["sentence"].as_str().unwrap().contains("2 not_recorded"), "{gate}");
    let items = rig.api(&format!("/runs/{id}/items")).await["items"].clone();
    let score = &items[2]["answers"][0]["scores"][0];
    assert_eq!(
        (&items[2]["purged"], &score["status"], &score["reason"], &score["value"]),
        (&json!(true), &json!("unscored"), &json!("not_recorded"), &Value::Null),
        "{score}"
    );
    assert_eq!(items[3]["answers"][0]["scores"][0]["status"], json!("scored"), "{}", items[3]);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_run_is_graded_again_without_asking_anybody_and_stays_a_part() {
    let rig = Rig::start(MATHS).await;
    let id = start(&rig, json!({"models": ["sim/large"], "max_usd": 0.002, "concurrency": 2})).await;
    let stopped = over(&rig, &id).await;
    let asked = stopped["run"]["asked"].clone();
    assert_eq!(stopped["run"]["status"], json!("stopped"), "{stopped}");
    // Its dollars are spent, and another suite would ask each item three times.
    let again = SUITE.replace("dataset = 'maths'", "dataset = 'maths'\ntrials = 3");
    let again = again.replace("exact_match", "starts_with");
    rig.order(&format!("/runs/{id}/rescore"), json!({"suite": again})).await.expect(200);
    let graded = over(&rig, &id).await;
    assert_eq!((&graded["run"]["status"], &graded["run"]["asked"]), (&json!("stopped"), &asked), "{graded}");
    assert_eq!(metric(&graded, "sim/large", "exact")["grade"]["value"], json!(1.0), "{graded}");
    assert_ne!(graded["run"]["suite_version"], stopped["run"]["suite_version"]);
    let other = again.replace("workload = 'maths'", "workload = 'poems'");
    let refused = rig.order(&format!("/runs/{id}/rescore"), json!({"suite": other})).await.json();
    assert!(refused["message"].as_str().unwrap().contains("the answers are `maths`'s"), "{refused}");

    rig.order(&format!("/runs/{id}/resume"), json!({"max_usd": 50.0})).await.expect(200);
    let done = over(&rig, &id).await;
    assert_eq!((&done["run"]["status"], &done["run"]["asked"]), (&json!("done"), &json!(400)), "{done}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_run_is_refused_with_its_place_before_anything_is_asked() {
    let rig = Rig::start(MATHS).await;
    for (order, code, told) in [
        (
            json!({"suite": SUITE.replace("exact_match", "exact_mach"), "file": "m.toml"}),
            "W0603",
            "m.toml:7:1: scorer `exact`",
        ),
        (json!({"suite": SUITE, "models": ["sim/lrage"]}), "W0105", "there is no deployment `sim/lrage`"),
        (
            json!({"suite": SUITE.replace("'maths'\ndataset", "'math'\ndataset")}),
            "W0105",
            "there is no workload `math`",
        ),
        (json!({"suite": SUITE, "dataset": "gone"}), "W0105", "dataset `gone`"),
        (json!({"suite": SUITE, "first": 1, "sample": 1}), "W0106", "not both"),
        (json!({"suite": SUITE, "splits": ["heldout"]}), "W0106", "no item in the splits heldout"),
        (json!({"suite": SUITE, "against": "baseline"}), "W0106", "no earlier run"),
        (json!({"suite": SUITE, "concurrency": 0}), "W0106", "wanted 1 to 64"),
        (json!({"suite": SUITE, "models": ["sim/large", "sim/large"]}), "W0106", "named twice"),
    ] {
        let reply = rig.order("/runs", order).await;
        let problem = reply.json();
        assert_eq!(problem["code"], json!(code), "{problem}");
        assert!(problem["message"].as_str().unwrap().contains(told), "{problem}");
    }
    assert_eq!(rig.api("/runs").await["items"], json!([]));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn a_killed_process_leaves_a_run_that_the_next_one_finishes() {
    let dir = folder(MATHS);
    let first = Process::start(dir.path());
    let id = start(&first.caller, json!({"models": ["sim/large"], "concurrency": 2})).await;
    eventually("some answers are there", async || {
        let asked = first.caller.api(&format!("/runs/{id}")).await["run"]["asked"].as_u64().unwrap();
        (asked > 5).then_some(())
    })
    .await;
    first.kill();
    let second = Process::start(dir.path());
    let detail = over(&second.caller, &id).await;
    assert_eq!((&detail["run"]["status"], &detail["run"]["asked"]), (&json!("done"), &json!(400)), "{}", second.log());
    let items = second.caller.api(&format!("/runs/{id}/items?limit=500")).await;
    assert!(items["items"].as_array().unwrap().iter().all(|item| item["answers"].as_array().unwrap().len() == 1));
}
