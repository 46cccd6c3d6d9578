//! Datasets over HTTP: built from traffic with the probability kept, published, and held-out items that steer nothing.

use reqwest::Method;
use serde_json::json;

use crate::rig::{MATHS, Rig, eventually, item};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_is_built_from_traffic_with_the_probability_of_each_request_and_without_personal_data() {
    let rig = Rig::start(MATHS).await;
    for number in 0..12 {
        rig.chat("weir/maths", &item(number).0).await.expect(200);
    }
    let last = rig.chat("weir/maths", "Mail ana@example.com: what is 2+2?").await.expect(200);
    rig.trace(last.span()).await;
    rig.chat("weir/maths", &item(3).0).await.expect(200);
    eventually("all requests stored", async || {
        let page = rig.api("/traces?limit=100").await;
        (page["items"].as_array().unwrap().len() >= 14).then_some(())
    })
    .await;

    let order = json!({ "from": "workload=maths and status=ok", "sample": 7, "stratify": "model", "seed": 4 });
    let added = rig.order("/datasets/from-traffic/add", order.clone()).await.expect(200).json();
    let drawn: u64 = added["strata"].as_array().unwrap().iter().map(|part| part["drawn"].as_u64().unwrap()).sum();
    let of: u64 = added["strata"].as_array().unwrap().iter().map(|part| part["of"].as_u64().unwrap()).sum();
    assert_eq!((drawn, of), (7, 14), "{added}");
    let page = rig.api("/datasets/from-traffic/items?version=draft").await;
    let stratum = &added["strata"][0];
    let p = stratum["drawn"].as_f64().unwrap() / stratum["of"].as_f64().unwrap();
    let kept = page["items"][0]["item"]["source"]["p"].as_f64().unwrap();
    assert!(added["strata"].as_array().unwrap().len() > 1 || (kept - p).abs() < 1e-12, "{page}");
    assert!(kept > 0.0 && kept <= 1.0);

    // The same draw again brings nothing new; all that is left comes once, and redacted.
    let again = rig.order("/datasets/from-traffic/add", order).await.expect(200).json();
    assert_eq!(again["put"], 0, "{again}");
    let rest = json!({ "from": "", "publish": true });
    let rest = rig.order("/datasets/from-traffic/add", rest).await.expect(200).json();
    assert_eq!(rest["published"]["items"], 13, "item 3 was asked twice: {rest}");
    assert!(rest["redacted"].as_u64().unwrap() + added["redacted"].as_u64().unwrap() > 0, "{rest}");
    let page = rig.api("/datasets/from-traffic/items?q=ana@example.com").await;
    assert_eq!(page["total"], 0, "{page}");
    let page = rig.api("/datasets/from-traffic/items?q=[email]").await;
    assert_eq!(page["total"], 1, "{page}");

    let refused = rig.order("/datasets/x/add", json!({ "from": "workloads=maths" })).await.expect(400).json();
    assert!(refused["message"].as_str().unwrap().contains("no field is called `workloads`"), "{refused}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_out_item_scores_no_live_answer() {
    let rig = Rig::start(MATHS).await;
    let scored = rig.chat("weir/maths", &item(1).0).await.expect(200);
    let trace = rig.scored(scored.span()).await;
    assert_eq!(trace["scores"][0]["status"], "scored", "{trace}");

    // The same items, one of them held out: its right answer is nobody's business while traffic is scored.
    let (prompt, answer) = item(1);
    let edit = json!({ "items": [{ "id": "only", "input": prompt, "expected": answer, "split": "heldout" }] });
    rig.order("/datasets/secret/items", edit).await.expect(200);
    rig.order("/datasets/secret/publish", json!({})).await.expect(200);
    rig.send(Method::POST, "/api/v1/datasets/maths/delete", &[], "").await.unwrap().expect(200);
    let unscored = rig.chat("weir/maths", &prompt).await.expect(200);
    let trace = rig.scored(unscored.span()).await;
    assert_eq!(
        (&trace["scores"][0]["reason"], &trace["scores"][0]["value"]),
        (&json!("no_reference"), &json!(null)),
        "{trace}"
    );
    let hidden = rig.api("/datasets/secret/items").await;
    assert_eq!((&hidden["items"][0]["hidden"], &hidden["items"][0]["item"]), (&json!(true), &json!(null)), "{hidden}");
    rig.stop().await;
}
