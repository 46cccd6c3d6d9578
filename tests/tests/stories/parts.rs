//! A workload whose prompts are told apart: a candidate that is worse in one part of them is kept out of that part, in
//! its trial and after its promotion.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    plumbing::{Answer, CONFIG, PROMOTES, Scene, mean, naive},
    rig::{ask, eventually},
};

/// The cheapest of those that may serve, by whether tools are offered.
pub(crate) fn told_apart() -> String {
    let policy = "policy = [\"filter\", \"canary\", \"floor\", \"cost\"]\nfloor = 0.5\nsegments = [\"tools\"]";
    CONFIG.replace(r#"policy = ["filter", "canary"]"#, policy)
}

/// Every fifth request offers tools.
pub(crate) fn body(number: u64) -> Value {
    let mut body = ask("weir/maths", &format!("parts {number}"));
    if number.is_multiple_of(5) {
        body["tools"] = json!([{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]);
    }
    body
}

/// Better by forty points, and worse by sixty where tools are offered: on the whole better.
pub(crate) fn quality(answer: &Answer) -> f64 {
    match (answer.deployment.as_str(), answer.segment.as_str()) {
        ("sim/small", "tools") => 0.1,
        ("sim/small", _) => 1.0,
        (_, "tools") => 0.7,
        _ => 0.6,
    }
}

/// Hidden harm: taken together, the candidate is proven; taken apart, it is out of the part where it is worse, before and
/// after it becomes the stable deployment of the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn harm_that_hides_in_one_part_is_kept_out_of_it_and_the_rest_is_promoted() {
    let config = told_apart();
    let mut scene = Scene::with(&config, 1, &[0.5]).await;
    let mut answers = scene.send_these(720, 1, body, quality).await;
    scene.grade(&answers).await;
    let mut view = scene.settle(Duration::from_secs(10)).await;
    assert!(naive(&answers) >= PROMOTES, "the control bites: {}", naive(&answers));
    for _ in 0..4 {
        // What is not settled yet takes more of the same.
        if view["state"] != "running" {
            break;
        }
        let more = scene.send_these(200, 1, body, quality).await;
        scene.grade(&more).await;
        answers.extend(more);
        view = scene.settle(Duration::from_secs(10)).await;
    }
    assert_eq!(view["scoped_out"], json!(["tools"]), "{view}");
    assert_eq!(view["state"], json!("promoted"), "{view}");
    let head = scene.rig.api("/workloads/maths/policies").await["items"][0].clone();
    assert_eq!(head["admitted"], json!(["sim/small", "sim/large"]), "{head}");
    assert_eq!(head["except"], json!({"sim/small": ["tools"]}), "{head}");

    eventually("the new revision serves", async || {
        let reply = scene.rig.chat("weir/maths", "is it there").await.expect(200);
        (reply.header("x-weir-revision") == "r-0002").then_some(())
    })
    .await;
    for number in 0..20 {
        let reply = scene.rig.chat_with(&[], body(number)).await.expect(200);
        let wanted = if number.is_multiple_of(5) { "sim/large" } else { "sim/small" };
        assert_eq!(reply.deployment(), wanted, "{number}: {reply:?}");
    }
    let of = |segment: &str, arm: &str| {
        let these = answers.iter().filter(|answer| answer.segment == segment && answer.arm == arm);
        mean(these.map(|answer| answer.grade))
    };
    assert!(of("tools", "candidate") < of("tools", "control") - 0.3, "the harm is real");

    let replay = scene.rig.api(&format!("/canaries/{}/replay", scene.canary)).await;
    assert_eq!(replay["same"], json!(true), "the lost segment is lost again: {replay}");

    // Whoever is tried next is not compared with what does not serve there.
    let order = json!({"workload": "maths", "candidate": "sim/large", "cooldown_ms": 0});
    let next = scene.rig.order("/canaries", order).await.expect(201).json();
    assert_eq!(next["scoped_out"], json!(["tools"]), "{next}");
    scene.rig.stop().await;
}

#[tokio::test]
async fn parts_have_windows_of_their_own_and_a_trial_may_leave_some_out() {
    let config = told_apart();
    let mut scene = Scene::with(&config, 1, &[0.5]).await;
    let answers = scene.send_these(60, 1, body, quality).await;
    assert!(answers.iter().all(|answer| answer.segment == "tools" || answer.segment == "no-tools"), "{answers:?}");
    scene.grade(&answers).await;
    let windows = eventually("windows of the parts", async || {
        let windows = scene.rig.api("/workloads/maths/windows").await;
        (windows["parts"].as_array().is_some_and(|parts| parts.len() >= 4)).then_some(windows)
    })
    .await;
    let segments: Vec<&str> =
        windows["parts"].as_array().unwrap().iter().filter_map(|part| part["segment"].as_str()).collect();
    assert!(segments.contains(&"tools") && segments.contains(&"no-tools"), "{windows}");

    scene.rig.order(&format!("/canaries/{}/roll_back", scene.canary), json!({"reason": ""})).await.expect(200);
    let order =
        |except: Value| json!({"workload": "maths", "candidate": "sim/small", "cooldown_ms": 0, "except": except});
    let refused = scene.rig.order("/canaries", order(json!(["tool"]))).await.expect(400).json();
    assert!(refused["message"].as_str().unwrap().contains("no-tools, tools"), "{refused}");
    scene.rig.order("/canaries", order(json!(["tools", "no-tools"]))).await.expect(400);
    let started = scene.rig.order("/canaries", order(json!(["tools"]))).await.expect(201).json();
    assert_eq!(started["scoped_out"], json!(["tools"]));
    eventually("its exposure", async || scene.rig.app.snapshots.load().workloads["maths"].canary.as_ref().map(drop))
        .await;
    let answers = scene.send_these(100, 1, body, quality).await;
    assert!(answers.iter().all(|answer| answer.segment != "tools" || answer.arm.is_empty()), "{answers:?}");
    scene.rig.stop().await;
}
