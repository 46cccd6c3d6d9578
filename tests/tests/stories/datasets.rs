//! Datasets over HTTP: built from traffic with the probability kept, published, and held-out items that steer nothing.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

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

/// A suite over one dataset, graded by an exact match and by a judge.
fn suite(dataset: &str, more: &str) -> String {
    format!(
        "[suite]\nname = '{dataset}'\nworkload = 'maths'\ndataset = '{dataset}'\n{more}\
         [[scorer]]\nname = 'exact'\nkind = 'exact_match'\n\
         [[scorer]]\nname = 'polite'\nkind = 'judge'\nmodel = 'sim/medium'\ntemplate = 'closed_qa'\n\
         criteria = 'It is polite.'\nno_cache = true\n"
    )
}

async fn run(rig: &Rig, order: Value) -> String {
    let id = rig.order("/runs", order).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    eventually("the run is over", async || {
        let detail = rig.api(&format!("/runs/{id}")).await;
        (detail["run"]["status"] == "done").then_some(())
    })
    .await;
    id
}

/// How often held-out items of a dataset were read for this.
async fn reads(rig: &Rig, dataset: &str, purpose: &str) -> u64 {
    let told = rig.api(&format!("/datasets/{dataset}")).await;
    let reads = told["heldout"]["reads"].as_array().unwrap().iter().filter(|read| read["purpose"] == purpose);
    reads.map(|read| read["count"].as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_out_item_opens_no_door_but_the_gates_and_whoever_looks_is_on_the_books() {
    const SECRET: &str = "Which of the nine rivers is it";
    let rig = Rig::start(MATHS).await;
    let edit = json!({ "items": [
        { "id": "open", "input": item(1).0, "expected": item(1).1, "split": "policy" },
        { "id": "held", "input": SECRET, "expected": "the ninth", "split": "heldout" },
    ]});
    rig.order("/datasets/gate/items", edit).await.expect(200);
    rig.order("/datasets/gate/publish", json!({})).await.expect(200);
    let told = rig.api("/datasets/gate").await;
    assert!(!told["sample"].to_string().contains(SECRET), "{told}");
    let before = reads(&rig, "gate", "gate").await;

    // A suite that does not ask for the split has only the others; the gate reads it, and that is entered.
    let policy = run(&rig, json!({ "suite": suite("gate", "splits = ['policy']\n"), "models": ["sim/large"] })).await;
    assert_eq!(rig.api(&format!("/runs/{policy}")).await["run"]["total"], 1);
    assert_eq!(reads(&rig, "gate", "gate").await, before);
    let order = json!({ "suite": suite("gate", "splits = ['heldout']\n"), "models": ["sim/large"] });
    let gate = run(&rig, order.clone()).await;
    assert_eq!(rig.api(&format!("/runs/{gate}")).await["run"]["asked"], 1, "the gate itself asks it");
    assert_eq!(reads(&rig, "gate", "gate").await, before + 1);

    // What the gate asked, and what a judge was asked about that, is on record without a word of it; what was asked of an
    // open item has its texts.
    let asked = eventually("the gate's request, its judge's and that of the open item", async || {
        let page = rig.api("/traces?origin=eval").await;
        let spans: Vec<String> =
            page["items"].as_array()?.iter().map(|row| row["span_id"].as_str().unwrap().to_owned()).collect();
        (spans.len() == 4).then_some(spans)
    })
    .await;
    let mut sealed = Vec::new();
    for span in &asked {
        let trace = rig.trace(span).await;
        let missing = trace["texts_missing"].as_str().unwrap_or_default();
        assert_eq!(missing.contains("a held-out item"), trace["request"] == "", "{trace}");
        assert_eq!(missing.is_empty(), trace["request"].as_str().unwrap().contains(&item(1).0), "{trace}");
        assert!(trace["cost_usd"].is_number() && trace["output_tokens"].as_u64() > Some(0), "{trace}");
        assert!(!trace.to_string().contains(SECRET) && !trace.to_string().contains("the ninth"), "{trace}");
        sealed.extend((!missing.is_empty()).then_some(span));
    }
    assert_eq!(sealed.len(), 2, "{asked:?}");
    let again = json!({ "definition": { "kind": "exact_match" }, "spans": sealed });
    rig.order("/scorers/try", again).await.expect(404);

    // Nobody else is told what it says: not by the run, by a diff, by a comparison, by another product's interface.
    let other = run(&rig, order).await;
    for path in [
        format!("/runs/{gate}/items"),
        format!("/runs/compare?a={gate}&b={other}"),
        "/datasets/gate/items".to_owned(),
        "/datasets/gate/items/held".to_owned(),
        "/datasets/gate/diff".to_owned(),
    ] {
        let reply = rig.get(&format!("/api/v1{path}")).await.expect(200);
        assert!(!reply.body.contains(SECRET) && !reply.body.contains("the ninth"), "{path}: {}", reply.body);
    }
    let key = [("authorization", "Basic cGs6c2s=")];
    let items = rig.send(Method::GET, "/api/public/dataset-items?datasetName=gate", &key, "").await.unwrap();
    assert!(!items.body.contains(SECRET), "{}", items.body);
    let hidden = rig.api(&format!("/runs/{gate}/items")).await["items"][0].clone();
    assert_eq!(
        (&hidden["item_id"], &hidden["hidden"], &hidden["input"], &hidden["expected"]),
        (&json!("held"), &json!(true), &Value::Null, &Value::Null),
        "{hidden}"
    );
    let answer = &hidden["answers"][0];
    assert!(answer["scores"][0]["value"].is_number(), "its grade is no secret: {hidden}");
    assert_eq!((&answer["text"], &answer["scores"][1]["explanation"]), (&json!(""), &Value::Null), "{hidden}");

    // Nor is a program elsewhere, unless whoever configures weir has named it.
    let hook = "[[scorer]]\nname = 'hook'\nkind = 'webhook'\nurl = 'https://hook.example/'\n";
    let hooked = suite("gate", "splits = ['heldout']\n") + hook;
    let hooked = run(&rig, json!({ "suite": hooked, "models": ["sim/large"] })).await;
    let scores = rig.api(&format!("/runs/{hooked}/items")).await["items"][0]["answers"][0]["scores"].clone();
    assert_eq!((&scores[1]["scorer"], &scores[1]["reason"]), (&json!("hook"), &json!("config_error")), "{scores}");

    // A person may look, by name.
    assert_eq!(reads(&rig, "gate", "shown").await, 0);
    let shown = rig.api(&format!("/runs/{gate}/items?reveal=true")).await["items"][0].clone();
    assert!(shown["input"].to_string().contains(SECRET) && shown["hidden"] == false, "{shown}");
    let answer = &shown["answers"][0];
    assert!(answer["text"] != "" && answer["scores"][1]["explanation"].is_string(), "what was said is kept: {shown}");
    assert_eq!(reads(&rig, "gate", "shown").await, 1);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_out_items_that_others_can_see_are_found_and_not_published() {
    let rig = Rig::start(MATHS).await;
    let long = "A train leaves Basel at nine and another leaves Bern at ten; which of the two is in Olten first";
    let put = async |id: &str, input: String, split: &str| {
        let edit = json!({ "items": [{ "id": id, "input": input, "expected": "the first", "split": split }] });
        rig.order("/datasets/trains/items", edit).await.expect(200);
    };
    put("seen", format!("{long}?"), "policy").await;
    put("held", format!("{long}, please?"), "heldout").await;
    let refused = rig.order("/datasets/trains/publish", json!({})).await.expect(409).json();
    assert!(
        refused["message"].as_str().unwrap().contains("held-out item `held` is nearly the same as `seen`"),
        "{refused}"
    );
    let found = rig.api("/datasets/trains/check?version=draft").await;
    assert_eq!((&found["leaks_total"], &found["leaks"][0]["id"]), (&json!(1), &json!("held")), "{found}");
    assert_eq!(
        rig.api("/datasets").await["items"].as_array().unwrap().iter().filter(|one| one["version"] != "").count(),
        1
    );

    // Taken out, it stays out of the file that still has it.
    rig.order("/datasets/trains/take", json!({ "ids": ["held"], "reason": "leaked" })).await.expect(200);
    rig.order("/datasets/trains/publish", json!({})).await.expect(200);
    assert_eq!(rig.api("/datasets/trains/check").await["leaks_total"], 0);
    let file = format!(
        "{{\"weir\":\"dataset.v1\",\"name\":\"trains\"}}\n{}\n{}\n",
        json!({ "id": "held", "input": format!("{long}, please?"), "expected": "the first", "split": "heldout" }),
        json!({ "id": "new", "input": "How long is the Gotthard tunnel?", "expected": "57 km", "split": "policy" }),
    );
    let headers = [("content-type", "application/octet-stream")];
    let path = "/api/v1/datasets/import?name=trains&file=trains.jsonl";
    rig.send(Method::POST, path, &headers, file).await.unwrap().expect(201);
    let items = rig.api("/datasets/trains/items").await;
    let ids: Vec<&str> = items["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["new"], "{items}");
    rig.stop().await;
}

/// A workload whose every answer a judge reads, once.
const JUDGED: &str = r#"
[workloads.maths]
candidates = ["sim/large"]
floor = 0.8
scorers = ["polite"]
[scorers.polite]
kind = "judge"
model = "sim/medium"
template = "closed_qa"
criteria = "It is polite."
repeat = 0.0
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_purged_is_gone_from_every_file_and_its_grades_stay() {
    const SECRET: &str = "Ana Meier of Zurich";
    let rig = Rig::start(JUDGED).await;
    let asked = rig.chat("weir/maths", &format!("What does {SECRET} owe?")).await.expect(200);
    rig.grade(asked.span(), "thumb", 1.0).await.expect(201);
    rig.scored(asked.span()).await;
    // The judge's grade is labelled, in words that quote what was asked.
    let task = eventually("the judge's grade to label", async || {
        rig.order("/scorers/polite/labels", json!({ "share": 1.0 })).await.expect(200);
        let next = rig.order("/labels/next", json!({})).await.expect(200).json();
        next["task"]["task"].as_i64()
    })
    .await;
    let label = json!({ "task": task, "value": 0.5, "note": format!("{SECRET} was asked for by name") });
    rig.order("/labels", label).await.expect(201);
    let headers = [("content-type", "application/json"), ("authorization", "Basic cGs6c2s=")];
    let comment = json!({ "name": "kind", "observationId": asked.span(), "value": 1, "comment": SECRET }).to_string();
    rig.send(Method::POST, "/api/public/scores", &headers, comment).await.unwrap().expect(200);
    let order = json!({ "from": "workload=maths", "redact": false, "publish": true, "expected": true });
    rig.order("/datasets/traffic/add", order).await.expect(200);
    let ran = run(&rig, json!({ "suite": suite("traffic", ""), "models": ["sim/large"] })).await;
    let path = format!("/runs/{ran}/items");
    let before = rig.api(&path).await["items"][0].clone();
    let evaluated = before["answers"][0]["span_id"].as_str().unwrap().to_owned();
    assert!(before["input"].to_string().contains(SECRET), "{before}");
    rig.trace(&evaluated).await;
    // The answer to the item, the judge of that, and the judge of the request that the item was made from.
    let own = eventually("what judges were asked is on record", async || {
        let page = rig.api("/traces?origin=eval").await;
        let spans: Vec<String> =
            page["items"].as_array()?.iter().map(|row| row["span_id"].as_str().unwrap().to_owned()).collect();
        (spans.len() == 3).then_some(spans)
    })
    .await;
    for span in &own {
        let trace = rig.trace(span).await;
        assert!(trace["request"].as_str().unwrap().contains(SECRET), "{trace}");
    }

    let purge = json!({ "items": [before["item_id"]], "reason": "asked for by the customer" });
    assert_eq!(rig.order("/datasets/traffic/purge", purge).await.expect(200).json()["purged"], 1);
    let after = rig.api(&path).await["items"][0].clone();
    assert_eq!(
        (&after["purged"], &after["input"], &after["item_hash"]),
        (&json!(true), &Value::Null, &before["item_hash"])
    );
    let (was, is) = (&before["answers"][0], &after["answers"][0]);
    assert_eq!((&is["text"], &is["scores"][0]["explanation"]), (&json!(""), &Value::Null), "{is}");
    assert_eq!(is["scores"][0]["value"], was["scores"][0]["value"], "{is}");
    let source = rig.trace(asked.span()).await;
    assert_eq!(source["scores"][0]["value"], 1.0, "{source}");
    for span in own.iter().map(String::as_str).chain([asked.span()]) {
        let trace = rig.trace(span).await;
        assert!(!trace.to_string().contains(SECRET), "{trace}");
        assert_eq!(trace["texts_missing"], "Its texts have been purged.", "{trace}");
    }
    let labels = rig.api("/labels").await;
    assert_eq!((&labels["items"][0]["value"], &labels["items"][0]["note"]), (&json!(0.5), &json!("")), "{labels}");
    // A later run on the same version has nothing to ask.
    let refused =
        rig.order("/runs", json!({ "suite": suite("traffic", ""), "models": ["sim/large"] })).await.expect(400);
    assert!(refused.body.contains("no item"), "{}", refused.body);

    let dir = rig.stop().await;
    let mut folders = vec![dir.path().join("data")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap_or_default();
            assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "{}", path.display());
        }
    }
}
