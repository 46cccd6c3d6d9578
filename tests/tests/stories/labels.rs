//! People's labels beside a judge's grades: what the floor is held against, and a new version that starts from nothing.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    process::Process,
    rig::{Caller, Rig, eventually, folder, item, whole},
};

const CONFIG: &str = r#"
[workloads.maths]
candidates = ["sim/large", "sim/medium"]
floor = 0.8
scorers = ["factual"]
[scorers.factual]
kind = "judge"
model = "sim/small"
template = "factuality"
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;

/// The window of the deployment that answered, by the judge's version.
async fn window(rig: &Rig, deployment: &str) -> Value {
    let windows = rig.api("/workloads/maths/windows").await;
    let found = windows["items"].as_array().unwrap().iter().find(|window| window["deployment"] == deployment).cloned();
    found.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_that_people_disagree_with_does_not_hold_the_floor() {
    let rig = Rig::start(CONFIG).await;
    let mut deployment = String::new();
    for number in 0..40 {
        let reply = rig.chat("weir/maths", &item(number).0).await.expect(200);
        deployment = reply.deployment().to_owned();
        rig.scored(reply.span()).await;
    }
    let before = eventually("the judge's grades in a window", async || {
        let window = window(&rig, &deployment).await;
        (window["n"].as_u64() == Some(40)).then_some(window)
    })
    .await;
    assert_eq!((&before["calibration"], &before["corrected"]), (&json!("uncalibrated"), &Value::Null), "{before}");
    assert!(before["mean"].as_f64() > Some(0.7), "{before}");

    rig.order("/scorers/factual/labels", json!({ "share": 1.0 })).await.expect(200);
    for _ in 0..35 {
        let task = rig.order("/labels/next", json!({ "annotator": "ana" })).await.expect(200).json()["task"].clone();
        assert!(
            task.get("judge").is_none() && task["answer"].as_str().is_some_and(|answer| !answer.is_empty()),
            "{task}"
        );
        let label = json!({ "task": task["task"], "value": 0.0, "annotator": "ana" });
        rig.order("/labels", label).await.expect(201);
    }
    let after = eventually("people's word in the window", async || {
        let window = window(&rig, &deployment).await;
        (window["calibration"] == "calibrated").then_some(window)
    })
    .await;
    // The judge's own mean is as it was; what people say is told beside it, and is what the floor sees.
    assert_eq!(after["mean"], before["mean"], "{after}");
    assert!(after["corrected"]["upper"].as_f64() < Some(0.5), "{after}");
    let workload = rig.api("/workloads/maths").await;
    let served = workload["candidates"].as_array().unwrap().iter().find(|one| one["deployment"] == *deployment);
    let quality = &served.unwrap()["quality"];
    assert!(quality["upper"].as_f64() < Some(0.8), "{workload}");

    let told = rig.api("/scorers/factual/calibration").await;
    assert_eq!((&told["labels"], &told["state"]), (&json!(35), &json!("calibrated")), "{told}");
    assert!(told["bias"]["lower"].as_f64() > Some(0.5) && told["agreement"]["value"].as_f64() < Some(0.2), "{told}");
    let bins = told["bins"].as_array().unwrap();
    assert_eq!(bins.iter().map(|bin| bin["people"]["n"].as_u64().unwrap()).sum::<u64>(), 35, "{told}");
    assert!(
        bins.iter().all(|bin| bin["people"]["value"] == 0.0 && bin["judge"].as_f64() <= bin["to"].as_f64()),
        "{told}"
    );
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_that_no_longer_says_what_it_said_freezes_what_it_steers() {
    let rig = Rig::start(CONFIG).await;
    for number in 0..12 {
        let reply = rig.chat("weir/maths", &item(number).0).await.expect(200);
        rig.scored(reply.span()).await;
    }
    let early = rig.order("/scorers/factual/anchors", json!({})).await;
    assert_eq!(early.status, 409, "{early:?}");
    rig.order("/scorers/factual/labels", json!({ "share": 1.0 })).await.expect(200);
    for _ in 0..12 {
        let task = rig.order("/labels/next", json!({})).await.expect(200).json()["task"]["task"].clone();
        rig.order("/labels", json!({ "task": task, "value": 1.0 })).await.expect(201);
    }
    rig.order("/scorers/factual/anchors", json!({ "every_hours": 1 })).await.expect(200);
    let rounds = async |wanted: usize| {
        eventually("a round of anchors", async || {
            let told = rig.api("/scorers/factual/calibration").await;
            (told["anchors"]["runs"].as_array()?.len() >= wanted).then(|| told["anchors"]["runs"][0].clone())
        })
        .await
    };
    let first = rounds(1).await;
    assert_eq!(
        (&first["graded"], &first["shift"], &first["drifted"]),
        (&json!(12), &Value::Null, &json!(false)),
        "{first}"
    );
    rig.send(Method::POST, "/api/v1/scorers/factual/anchors/run", &[], "").await.unwrap().expect(200);
    let second = rounds(2).await;
    assert_eq!((&second["flip_rate"], &second["drifted"]), (&json!(0.0), &json!(false)), "{second}");
    assert_eq!(rig.api("/freezes").await["items"], json!([]));

    rig.sim().set_judge_agreement("small", 0.0);
    rig.send(Method::POST, "/api/v1/scorers/factual/anchors/run", &[], "").await.unwrap().expect(200);
    let third = rounds(3).await;
    assert_eq!((&third["flip_rate"], &third["drifted"]), (&json!(1.0), &json!(true)), "{third}");
    let freeze =
        eventually("the freeze", async || rig.api("/freezes").await["items"].as_array()?.first().cloned()).await;
    assert_eq!((&freeze["workload"], &freeze["actor"]), (&json!("maths"), &json!("anchors")));
    assert!(freeze["reason"].as_str().unwrap().contains("judge factual drifted on its anchors"), "{freeze}");
    rig.stop().await;
}

/// The version that has graded a fresh answer.
async fn version(caller: &Caller, number: usize) -> String {
    let span = caller.chat("weir/maths", &item(number).0).await.expect(200).span().to_owned();
    caller.scored(&span).await["scores"][0]["version"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_judge_opens_a_new_series_beside_the_old_one() {
    let dir = folder(CONFIG);
    let process = Process::start(dir.path());
    let caller = &process.caller;
    let first = version(caller, 1).await;
    assert_eq!(version(caller, 2).await, first);

    let changed = CONFIG.replace("template = \"factuality\"", "template = \"factuality\"\nvotes = 3");
    fs::write(dir.path().join("weir.toml"), whole(&changed)).unwrap();
    let mut asked = 2;
    let second = eventually("a grade by the changed judge", async || {
        asked += 1;
        let version = version(caller, asked).await;
        (version != first).then_some(version)
    })
    .await;
    // Each series holds what its own version said, and the newer one steers from its first word on.
    let (old, new) = eventually("both series", async || {
        let windows = caller.api("/workloads/maths/windows").await;
        let of = |version: &str| {
            let rows = windows["items"].as_array().unwrap().iter().filter(|row| row["version"] == version);
            let (n, steers) = rows.fold((0, false), |(n, steers), row| {
                (
                    n + row["n"].as_u64().unwrap() + row["unscored"].as_u64().unwrap(),
                    steers | row["quality"].as_bool().unwrap(),
                )
            });
            (n, steers)
        };
        let (old, new) = (of(&first), of(&second));
        (old.0 + new.0 == asked as u64).then_some((old, new))
    })
    .await;
    assert!(new == (1, true) && !old.1, "{old:?} {new:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_is_asked_twice_about_some_answers_and_its_change_of_mind_is_shown() {
    let rig = Rig::start(&CONFIG.replace("template = \"factuality\"", "template = \"factuality\"\nrepeat = 1.0")).await;
    let repeats = async |wanted: u64| {
        eventually("answers judged twice", async || {
            let told = rig.api("/scorers/factual/calibration").await;
            (told["repeats"]["n"] == wanted).then(|| told["repeats"].clone())
        })
        .await
    };
    for number in 0..4 {
        let reply = rig.chat("weir/maths", &item(number).0).await.expect(200);
        rig.scored(reply.span()).await;
    }
    let steady = repeats(4).await;
    assert_eq!(
        (&steady["flip_rate"]["value"], &steady["sd"], &steady["unscored"]),
        (&json!(0.0), &json!(0.0), &json!(0))
    );
    // A question is on record a moment after its answer counts.
    eventually("two questions about each answer", async || {
        let asked = rig.api("/traces?origin=eval").await["items"].as_array().unwrap().len();
        assert!(asked <= 8, "{asked}");
        (asked == 8).then_some(())
    })
    .await;
    // The second word steers nothing: the window comes to know the first ones, and no more.
    eventually("the first words in the window", async || {
        let windows = rig.api("/workloads/maths/windows").await;
        let n = windows["items"][0]["n"].as_u64().unwrap();
        assert!(n <= 4, "{windows}");
        (n == 4).then_some(())
    })
    .await;
    rig.stop().await;
}
