use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use weir_core::clock::ManualClock;
use weir_store::{KeptPage, NewFile, Store};

use super::*;
use crate::{
    Graders,
    testing::{self, START, desk, settings},
};

/// What is said to everybody who asks, and by whom they were asked.
async fn gateway(replies: Vec<Value>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            while !whole(&bytes) {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
            }
            asked.push(String::from_utf8(bytes).unwrap());
            let reply = reply.to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", reply.len());
            stream.write_all(format!("{head}{reply}").as_bytes()).await.unwrap();
        }
        asked
    });
    (address, asked)
}

fn whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

fn said(text: &str) -> Value {
    json!({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "length"}],
           "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}})
}

async fn runs(dir: &std::path::Path, gateway: &str) -> (OpenaiRuns, Store) {
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir, clock.clone()).await.unwrap();
    let desk = Arc::new(desk(store.clone(), &settings("24h"), clock, gateway));
    (OpenaiRuns::new(desk, Arc::new(Lead::open(dir).unwrap())), store)
}

/// Orders a run of this source by key `dev`, as the API does.
async fn order(store: &Store, source: Value) {
    let criterion = json!({"type": "string_check", "name": "eq", "input": "{{sample.output_text}}",
                           "reference": "{{item.a}}", "operation": "eq"});
    let eval = json!({ "testing_criteria": [criterion] }).to_string();
    store.compat_put(EVAL, "dev", "e", "", &eval).await.unwrap();
    let run = json!({"eval_id": "e", "status": "queued", "data_source": source}).to_string();
    store.compat_put(RUN, "dev", "r", "e", &run).await.unwrap();
    store.compat_put(OPEN, "", "r", "dev", "{}").await.unwrap();
}

async fn carried_out(runs: &OpenaiRuns, store: &Store) -> (Value, Vec<Value>) {
    let open = store.compat_list(OPEN, "", None, None, 9).await.unwrap();
    runs.carry_out(&open[0]).await.unwrap();
    assert_eq!(store.compat_list(OPEN, "", None, None, 9).await.unwrap(), [], "it is done with");
    let page = KeptPage { parent: Some("r"), limit: 99, ..KeptPage::default() };
    let items = store.compat_page(ITEM, "dev", page).await.unwrap();
    let items = items.into_iter().map(|item| serde_json::from_str(&item.body).unwrap()).collect();
    (body(store.compat_get(RUN, "dev", "r").await.unwrap()).unwrap(), items)
}

#[tokio::test]
async fn the_rows_of_a_run_are_those_of_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, store) = runs(dir.path(), "http://127.0.0.1:9/v1").await;
    let row = |a: &str, said: &str| json!({"item": {"a": a}, "sample": {"output_text": said}}).to_string();
    let content = [row("x", "x"), row("x", "y"), row("z", "z")].join("\n");
    let file = NewFile { id: "f", name: "rows.jsonl", purpose: "evals", lasts: None, content: content.as_bytes() };
    store.file_put("dev", file, 1 << 20).await.unwrap().unwrap();
    let source = json!({"type": "jsonl", "source": {"type": "file_id", "id": "f"}});
    order(&store, source.clone()).await;
    let (run, items) = carried_out(&runs, &store).await;
    assert_eq!(run["status"], "completed", "{run}");
    assert_eq!(run["result_counts"], json!({"total": 3, "passed": 2, "failed": 1, "errored": 0}));
    assert_eq!(run["data_source"], source, "as it was ordered");
    assert_eq!(items.len(), 3);

    store.file_delete("dev", "f").await.unwrap();
    order(&store, source).await;
    let (run, _) = carried_out(&runs, &store).await;
    assert_eq!((&run["status"], &run["error"]["code"]), (&json!("failed"), &json!("file_not_found")));
}

#[tokio::test]
async fn a_model_is_sampled_as_the_run_says_on_behalf_of_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let (address, asked) = gateway(vec![said("x")]).await;
    let (runs, store) = runs(dir.path(), &address).await;
    let content = json!([{"type": "input_text", "text": "say"}, {"type": "input_text", "text": "{{item.a}}"}]);
    order(
        &store,
        json!({
            "type": "completions", "model": "sim/small", "sampling_params": {"temperature": 0.5, "seed": 3, "max_completion_tokens": 9},
            "source": {"type": "file_content", "content": [{"item": {"a": "x"}}]},
            "input_messages": {"type": "template", "template": [{"role": "user", "content": content}]},
        }),
    )
    .await;
    let (run, items) = carried_out(&runs, &store).await;
    assert_eq!(run["result_counts"]["passed"], 1, "{run}");
    assert_eq!(
        (&items[0]["sample"]["finish_reason"], &items[0]["sample"]["usage"]["total_tokens"]),
        (&json!("length"), &json!(7))
    );
    let asked = asked.await.unwrap().remove(0);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("x-weir-behalf: dev") && head.contains("x-weir-origin: eval"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    let sent = ["temperature", "seed", "max_completion_tokens"].map(|key| body[key].clone());
    assert_eq!(sent, [json!(0.5), json!(3), json!(9)]);
    assert_eq!(body["messages"], json!([{"role": "user", "content": "say\nx"}]));
}

#[tokio::test]
async fn a_run_that_is_cancelled_is_carried_out_no_further() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, store) = runs(dir.path(), "http://127.0.0.1:9/v1").await;
    let rows = vec![json!({"item": {"a": "x"}, "sample": {"output_text": "x"}}); 3];
    order(&store, json!({"type": "jsonl", "source": {"type": "file_content", "content": rows}})).await;
    // The order says so before the run's own word for it comes.
    store.compat_put(OPEN, "", "r", "dev", "{\"canceled\":true}").await.unwrap();
    let (run, items) = carried_out(&runs, &store).await;
    assert_eq!((items.len(), &run["result_counts"]["total"]), (0, &json!(0)), "{run}");
}

#[tokio::test]
async fn a_single_grader_says_what_kept_it_from_a_score() {
    let dir = tempfile::tempdir().unwrap();
    let refusal = json!({"choices": [{"message": {"role": "assistant", "content": null, "refusal": "no"}}]});
    let (address, asked) = gateway(vec![said("{\"score\": 0.5}"), said("half"), refusal]).await;
    let (runs, _store) = runs(dir.path(), &address).await;
    let graders = Graders::new(Arc::clone(&runs.desk));
    let judge = |text: &str| {
        let input = json!([{"role": "user", "content": text}]);
        Grader::parse(&json!({"type": "score_model", "name": "s", "model": "sim/small", "input": input})).unwrap()
    };
    let (item, sample) = (json!({"a": 1}), sample_of("x"));
    let scope = Scope { item: &item, sample: &sample };
    let ran = graders.run("dev", &judge("{{item.a}}"), scope).await;
    assert_eq!((ran.result.unwrap().score, ran.tokens["sim/small"]), (0.5, 7));
    let fault = async |text: &str| graders.run("dev", &judge(text), scope).await.result.unwrap_err();
    assert!(matches!(fault("?").await, Fault::Reply(_)));
    assert_eq!(fault("?").await, Fault::Refused("no".into()));
    assert_eq!(fault("{{item.b}}").await, Fault::Name("item.b".into()), "nobody is asked");
    assert_eq!(asked.await.unwrap().len(), 3);
    assert!(matches!(fault("?").await, Fault::Model(_)), "and now nobody answers");
}

#[tokio::test]
async fn meanings_are_compared_through_the_gateway_by_whom_the_criterion_or_the_configuration_names() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = |b: [f64; 2]| {
        json!({"data": [{"index": 0, "embedding": [3.0, 4.0]}, {"index": 1, "embedding": b}],
               "usage": {"prompt_tokens": 5, "total_tokens": 5}})
    };
    let (address, asked) = gateway(vec![vectors([4.0, 3.0]), vectors([6.0, 8.0]), json!({"data": []})]).await;
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    let grader = |more: Value| {
        let mut grader = json!({"type": "text_similarity", "name": "near", "input": "{{sample.output_text}}",
                                "reference": "{{item.r}}", "evaluation_metric": "cosine"});
        more.as_object().unwrap().iter().for_each(|(key, value)| grader[key] = value.clone());
        grader
    };
    let (item, sample) = (json!({"r": "a feline"}), sample_of("a cat"));
    let scope = Scope { item: &item, sample: &sample };
    let ran = async |settings: &weir_config::Settings, written: Value| {
        let desk = Arc::new(desk(store.clone(), settings, clock.clone(), &address));
        Graders::new(desk).run("dev", &Grader::parse(&written).unwrap(), scope).await
    };
    let bare = settings("24h");
    let unsaid = ran(&bare, grader(json!({}))).await.result.unwrap_err();
    assert!(unsaid.to_string().contains("kind = \"embedding_similarity\""), "nobody is asked: {unsaid}");
    let configured = testing::settings_text(
        "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"near\"]\n\
         [scorers.near]\nkind = \"embedding_similarity\"\nmodel = \"sim/embed\"\n",
    );
    let near = ran(&configured, grader(json!({}))).await;
    assert!((near.result.unwrap().score - 0.96).abs() < 1e-12 && near.tokens["sim/embed"] == 5);
    let part = json!({"type": "multi", "name": "m", "graders": {"near": grader(json!({"model": "other"}))},
                      "calculate_output": "near / 2"});
    let multi = ran(&configured, part).await;
    assert_eq!((multi.result.unwrap().score, multi.parts["near"]), (0.5, 1.0));
    let none = ran(&configured, grader(json!({}))).await.result.unwrap_err();
    assert!(matches!(none, Fault::Reply(_)), "no zero: {none}");

    let asked = asked.await.unwrap();
    let models: Vec<String> = asked
        .iter()
        .map(|asked| {
            let (head, body) = asked.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("POST /v1/embeddings") && head.contains("x-weir-behalf: dev"), "{head}");
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["input"], json!(["a cat", "a feline"]));
            body["model"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(models, ["sim/embed", "other", "sim/embed"]);
}
