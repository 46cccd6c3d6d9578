//! A deployment that failed an eval is out of ordinary traffic until it is another one.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{
    canned::{Canned, completion},
    rig::{Rig, eventually},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn what_a_failed_gate_sent_away_comes_back_when_its_provider_answers_with_another_model() {
    let model = Arc::new(Mutex::new("canned-1"));
    let answers = Arc::clone(&model);
    let provider =
        Canned::start(move |_| Some((200, "", completion("no idea").replace("canned-1", *answers.lock().unwrap()))))
            .await;
    let config = format!(
        "[workloads.maths]\ncandidates = [\"sim/large\", \"canned\"]\nfloor = 0.5\nscorers = [\"exact\"]\n\
         [scorers.exact]\nkind = \"exact_match\"\n\
         [deployments.canned]\nprovider = \"canned\"\nbase_url = \"{}/v1\"\nmodel = \"canned-1\"\nallow_private = true\n\
         price = {{ input_usd = 0.1, output_usd = 0.1 }}\n\
         [datasets.maths]\nfile = \"maths.jsonl\"\nworkload = \"maths\"\n",
        provider.url
    );
    let rig = Rig::start(&config).await;
    let suite = "[suite]\nname = 'maths'\nworkload = 'maths'\ndataset = 'maths'\n\
                 [[scorer]]\nname = 'exact'\nkind = 'exact_match'\n\
                 [[gate]]\nmetric = 'quality'\nagainst = 'baseline'\nmargin = 0.05\n";
    let order =
        json!({ "suite": suite, "models": ["canned"], "against": "sim/large", "first": 60, "quarantine": true });
    rig.order("/runs", order).await.expect(201);
    let out = eventually("it is sent away", async || {
        rig.api("/quarantines").await["items"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!((&out["deployment"], &out["model"]), (&json!("canned"), &json!("canned-1")), "{out}");

    // The same model again is the same deployment that failed.
    let asked = rig.chat("canned", "What is 3 + 1?").await.expect(200);
    rig.trace(asked.span()).await;
    assert_eq!(rig.api("/quarantines").await["items"][0]["lifted_at"], Value::Null);

    *model.lock().unwrap() = "canned-2";
    rig.chat("canned", "What is 4 + 1?").await.expect(200);
    eventually("it is let back", async || {
        rig.api("/quarantines").await["items"].as_array().unwrap().is_empty().then_some(())
    })
    .await;
    let told = rig.api("/quarantines?all=true").await["items"][0].clone();
    assert!(told["lifted_by"].as_str().unwrap().contains("now answers as canned-2"), "{told}");
    rig.stop().await;
}
