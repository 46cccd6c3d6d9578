use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

fn done(grader: &Value, item: &Value, text: &str) -> Result<Graded, String> {
    let sample = json!({"output_text": text});
    match Grader::parse(grader).unwrap().begin(Scope { item, sample: &sample }) {
        Step::Done(graded) => graded,
        other => panic!("{other:?}"),
    }
}

#[test]
fn templates_look_names_up_and_run_nothing() {
    let (item, sample) = (json!({"q": {"a": [1, "x"]}, "t": "{{item.q}}"}), json!({"output_text": "y"}));
    let scope = Scope { item: &item, sample: &sample };
    for (template, want) in [
        ("{{item.q.a.1}} {{ sample.output_text }}", "x y"),
        ("{{item.none}}|{{other.x}}|{{", "||{{"),
        ("{{item.t}}", "{{item.q}}"),
        ("{{item.q.a}}", "[1,\"x\"]"),
    ] {
        assert_eq!(render(template, scope), want);
    }
    let sample = sample_of("{\"city\": \"Oslo\"}");
    assert_eq!(render("{{sample.output_json.city}}", Scope { item: &item, sample: &sample }), "Oslo");
    assert_eq!(sample_of("Oslo"), json!({"output_text": "Oslo"}));
}

#[test]
fn strings_are_checked_four_ways() {
    let item = json!({"label": "Paris"});
    let check = |operation: &str| {
        json!({"type": "string_check", "name": "c", "input": "{{sample.output_text}}", "reference": "{{item.label}}",
               "operation": operation})
    };
    for (operation, text, passed) in [
        ("eq", "Paris", true),
        ("eq", "Paris.", false),
        ("ne", "Rome", true),
        ("like", "It is Paris.", true),
        ("like", "it is paris", false),
        ("ilike", "it is paris", true),
    ] {
        assert_eq!(done(&check(operation), &item, text).unwrap().passed, passed, "{operation} {text}");
    }
}

#[test]
fn texts_are_compared_by_the_known_metrics() {
    let item = json!({"r": "the cat sat on the mat"});
    for metric in ["fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_5", "rouge_l"] {
        let grader = json!({"type": "text_similarity", "name": "s", "input": "{{sample.output_text}}",
                            "reference": "{{item.r}}", "evaluation_metric": metric, "pass_threshold": 0.9});
        let same = done(&grader, &item, "the cat sat on the mat").unwrap();
        assert!(same.passed && same.score > 0.999, "{metric} {same:?}");
        assert!(!done(&grader, &item, "dogs bark loudly at night here").unwrap().passed, "{metric}");
    }
}

#[test]
fn meanings_are_compared_by_the_cosine_of_embeddings_that_somebody_has_to_be_asked_for() {
    let cosine = |more: Value| {
        let mut grader = json!({"type": "text_similarity", "name": "s", "input": "{{sample.output_text}}",
                                "reference": "{{item.r}}", "evaluation_metric": "cosine", "pass_threshold": 0.8});
        more.as_object().unwrap().iter().for_each(|(key, value)| grader[key] = value.clone());
        Grader::parse(&grader).unwrap()
    };
    let (item, sample) = (json!({"r": "a feline"}), json!({"output_text": "a cat"}));
    let scope = Scope { item: &item, sample: &sample };
    let texts = ["a cat".to_owned(), "a feline".to_owned()];
    let named = cosine(json!({"model": "embed"}));
    assert_eq!(named.begin(scope), Step::Embed { model: Some("embed".into()), texts: texts.clone() });
    let grader = cosine(json!({}));
    assert_eq!(grader.begin(scope), Step::Embed { model: None, texts });
    assert_eq!((named.wants_embedder(), grader.wants_embedder()), (false, true));
    let reply = |b: [f64; 2]| json!({"data": [{"index": 1, "embedding": b}, {"index": 0, "embedding": [3.0, 4.0]}]});
    for (b, score, passed) in [([6.0, 8.0], 1.0, true), ([4.0, 3.0], 0.96, true), ([-4.0, 3.0], 0.0, false)] {
        let graded = grader.compare(&reply(b)).unwrap();
        assert!((graded.score - score).abs() < 1e-12 && graded.passed == passed, "{b:?} {graded:?}");
    }
    assert_eq!(grader.compare(&reply([-3.0, -4.0])), Ok(Graded { score: 0.0, passed: false }), "they are opposites");
    for none in [json!({}), json!({"data": [{"embedding": [1.0]}]}), json!({"error": {"message": "no"}})] {
        assert!(grader.compare(&none).is_err(), "{none}");
    }
}

#[test]
fn embeddings_are_made_by_whom_the_configured_scorers_ask_if_that_is_one() {
    let scorer = |model: &str| json!({"kind": "embedding_similarity", "model": model});
    let other = json!({"kind": "exact_match"});
    assert_eq!(embedder([&other, &scorer("embed"), &scorer("embed")]), Ok("embed".to_owned()));
    assert!(embedder([&other]).unwrap_err().contains("kind = \"embedding_similarity\""));
    let two = embedder([&scorer("b"), &scorer("a")]).unwrap_err();
    assert!(two.contains("scorers ask a and b") && two.contains("give the criterion a `model`"), "{two}");
}

#[test]
fn models_are_asked_within_a_contract_and_read_strictly() {
    let label = Grader::parse(&json!({"type": "label_model", "name": "l", "model": "judge",
        "input": [{"role": "developer", "content": "Judge {{sample.output_text}}"}],
        "labels": ["good", "bad"], "passing_labels": ["good"]}))
    .unwrap();
    let sample = json!({"output_text": "it"});
    let Step::Ask(request) = label.begin(Scope { item: &Value::Null, sample: &sample }) else { panic!() };
    assert_eq!(request["messages"][0], json!({"role": "system", "content": "Judge it"}));
    assert_eq!(label.read("{\"label\": \"good\"}"), Ok(Graded { score: 1.0, passed: true }));
    assert_eq!(label.read("{\"label\": \"bad\"}"), Ok(Graded { score: 0.0, passed: false }));
    for reply in ["good", "{\"label\": \"fine\"}", "{}", ""] {
        assert!(label.read(reply).is_err(), "{reply}");
    }
    let score = Grader::parse(&json!({"type": "score_model", "name": "s", "model": "judge", "input": [],
                                      "range": [0, 10], "pass_threshold": 7}))
    .unwrap();
    assert_eq!(score.read("{\"score\": 7.5}"), Ok(Graded { score: 7.5, passed: true }));
    assert!(score.read("{\"score\": 11}").is_err() && score.read("{\"score\": \"7\"}").is_err());
}

#[test]
fn messages_in_parts_and_sampling_params_reach_the_model_and_pictures_are_refused() {
    let written = |content: Value| {
        json!({"type": "score_model", "name": "s", "model": "judge", "input": [{"role": "user", "content": content}],
               "sampling_params": {"temperature": 0.3, "seed": 7, "max_completions_tokens": 64, "top_p": null}})
    };
    let parts = json!([{"type": "input_text", "text": "Grade {{item.q}}"}, "and {{sample.output_text}}"]);
    let grader = Grader::parse(&written(parts)).unwrap();
    let (item, sample) = (json!({"q": "this"}), json!({"output_text": "that"}));
    let Step::Ask(request) = grader.begin(Scope { item: &item, sample: &sample }) else { panic!() };
    assert_eq!(request["messages"][0]["content"], "Grade this\nand that");
    let sampled = ["temperature", "seed", "max_completion_tokens", "top_p"].map(|key| request[key].clone());
    assert_eq!(sampled, [json!(0.3), json!(7), json!(64), Value::Null]);
    assert_eq!((grader.kind(), grader.model()), ("score_model", Some("judge")));
    assert_eq!(grader.unmet(Scope { item: &json!({}), sample: &sample }), Some("item.q".into()));
    assert_eq!(grader.unmet(Scope { item: &item, sample: &sample }), None);
    let picture = Grader::parse(&written(json!({"type": "input_image", "image_url": "x"}))).unwrap_err();
    assert!(picture.message.contains("`input_image` is not taken"), "{picture}");
    let silent = Grader::parse(&json!({"type": "score_model", "name": "s", "model": "judge"})).unwrap_err();
    assert!(silent.message.contains("`input`: wanted a list"), "{silent}");
}

#[test]
fn parts_are_joined_in_openais_arithmetic_or_by_a_condition() {
    let part = json!({"type": "string_check", "name": "a", "input": "x", "reference": "x", "operation": "eq"});
    let scores = BTreeMap::from([("a".to_owned(), 1.0), ("text-sim".to_owned(), 0.5)]);
    for (output, want) in [("(a + text-sim) / 2", 0.75), ("min(a, text-sim) ^ 2", 0.25), ("a > 0.5 ? 0.9 : 0.1", 0.9)] {
        let multi = json!({"type": "multi", "name": "m", "graders": {"a": part, "text-sim": part},
                           "calculate_output": output});
        let graded = Grader::parse(&multi).unwrap().join(&scores).unwrap();
        assert!((graded.score - want).abs() < 1e-12, "{output} {graded:?}");
    }
}

#[test]
fn parts_are_joined_by_an_expression_and_python_is_refused() {
    let part = json!({"type": "string_check", "name": "a", "input": "x", "reference": "x", "operation": "eq"});
    let multi = json!({"type": "multi", "name": "m", "graders": {"a": part, "b": part},
                       "calculate_output": "0.5 * a + 0.25 * b"});
    let grader = Grader::parse(&multi).unwrap();
    let scores = BTreeMap::from([("a".to_owned(), 1.0), ("b".to_owned(), 1.0)]);
    assert_eq!(grader.join(&scores), Ok(Graded { score: 0.75, passed: true }));
    assert!(grader.join(&BTreeMap::new()).is_err());
    for (value, want) in [
        (json!({"type": "python", "name": "p", "source": "def grade(): pass"}), "starts no foreign programs"),
        (
            json!({"type": "multi", "name": "m", "graders": {"a": part}, "calculate_output": "a + c"}),
            "`c` does not exist",
        ),
        (
            json!({"type": "text_similarity", "name": "t", "input": "", "reference": "", "evaluation_metric": "meteor"}),
            "there are cosine, fuzzy_match, bleu",
        ),
        (
            json!({"type": "text_similarity", "name": "t", "input": "", "reference": "", "evaluation_metric": "rouge_6"}),
            "`rouge_6` is not here; there are cosine",
        ),
        (
            json!({"type": "label_model", "name": "l", "model": "m", "labels": ["a"], "passing_labels": ["b"]}),
            "some of `labels`",
        ),
        (json!({"type": "x", "name": "l"}), "`type` is `x`"),
    ] {
        let error = Grader::parse(&value).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}
