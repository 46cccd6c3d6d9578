//! Scores that are wrong in every way a score can be wrong, in the middle of a canary: each has its outcome, and none
//! moves the evidence.

use std::time::Duration;

use serde_json::json;

use crate::plumbing::{CONFIG, Scene, TIMEOUT};

const TYPE: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_scores_are_refused_or_counted_and_never_move_a_canary() {
    let mut scene = Scene::with(CONFIG, 5, &[0.5]).await;
    let body = |number: u64| crate::rig::ask("weir/maths", &format!("wrong {number}"));
    // The one whose score comes too late is among the first, so that it has a partner whatever the arms' draw.
    let mut answers = scene.send_these(20, 1, body, |_| 1.0).await;
    let candidate = answers.iter().position(|answer| answer.arm == "candidate").unwrap();
    answers.extend(scene.send_these(60, 1, body, |_| 1.0).await);
    let late = answers[candidate].clone();
    for answer in &answers {
        scene.rig.trace(&answer.span).await;
    }

    // Not a number, not a grade, of nobody's answer: refused, with the field and what is wanted.
    let span = &answers[0].span;
    for (value, status) in [("NaN", 400), ("1e999", 400), ("1.5", 400), ("-0.1", 400), ("\"1\"", 400), ("null", 400)] {
        let text = format!(r#"{{"span_id": "{span}", "name": "quality", "value": {value}}}"#);
        let path = "/api/v1/scores";
        let reply = scene.rig.send(reqwest::Method::POST, path, &TYPE, text).await.unwrap();
        assert_eq!(reply.status, status, "{value}: {reply:?}");
        assert!(!reply.json()["message"].as_str().unwrap().is_empty(), "{reply:?}");
    }
    scene.rig.grade("ffffffffffffffffffffffffffffffff", "quality", 1.0).await.expect(404);

    // Last first, all but one, and a third of them twice, the second time with another grade.
    let mut again = 0;
    for (number, answer) in answers.iter().enumerate().rev().filter(|(number, _)| *number != candidate) {
        scene.rig.grade(&answer.span, "quality", 1.0).await.expect(201);
        if number.is_multiple_of(3) {
            let reply = scene.rig.grade(&answer.span, "quality", 0.0).await;
            assert!(reply.status == 200 || reply.status == 409, "{reply:?}");
            again += 1;
        }
    }
    assert!(again > 20);
    // The one that is left comes when nobody waits for it any more.
    let before = scene.settle(TIMEOUT + Duration::from_secs(30)).await;
    scene.rig.grade(&late.span, "quality", 1.0).await.expect(201);
    let after = scene.settle(Duration::from_secs(10)).await;
    for view in [&before, &after] {
        let evidence = &view["evidence"];
        assert_eq!(evidence["missing_candidate"], json!(1), "{view}");
        assert_eq!(evidence["missing_control"], json!(0), "{view}");
        assert_eq!(evidence["delta"], json!(0.0), "a second word changes no grade: {view}");
    }
    assert_eq!(before["evidence"]["pairs"], after["evidence"]["pairs"], "late is missing for good");
    let replay = scene.rig.api(&format!("/canaries/{}/replay", scene.canary)).await;
    assert_eq!(replay["same"], json!(true), "{replay}");
    scene.rig.stop().await;
}
