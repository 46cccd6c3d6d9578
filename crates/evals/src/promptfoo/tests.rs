use serde_json::Value;

use super::*;
use crate::dataset::parse;

const CONFIG: &str = "description: Capitals
prompts:
  - 'Answer in one word. {{question}}'
  - 'Now: {{question}}'
providers: [openai:gpt-4o-mini, {id: anthropic:messages:claude-haiku}]
evaluateOptions: {maxConcurrency: 2}
defaultTest:
  assert:
    - {type: latency, threshold: 2000, weight: 0}
    - {type: not-icontains, value: as an AI}
tests:
  - vars: {question: The capital of France?}
    assert: [{type: equals, value: Paris}]
  - vars: {question: [The capital of Italy?, La capitale d'Italie ?]}
    assert: [{type: equals, value: Rome}]
  - description: a kind one
    vars: {question: Say hello}
    assert:
      - {type: llm-rubric, value: It greets.}
      - {type: javascript, value: output.length < 10}
";

fn read(text: &str, prompt: usize) -> Result<Imported, String> {
    let wish = Wish { name: "capitals", workload: "default", prompt };
    import(text, wish, &|name| match name {
        "cases.csv" => Ok("question,__expected,__metadata:source\nOne?,1,a\nTwo?,contains: 2,b\n".to_owned()),
        other => Err(format!("no file {other}")),
    })
}

fn items(imported: &Imported) -> Vec<Item> {
    parse(&imported.dataset, "capitals.jsonl", None).rows.into_iter().map(|row| row.result.unwrap()).collect()
}

#[test]
fn a_configuration_becomes_suites_and_a_dataset_with_notes_on_the_rest() {
    let imported = read(CONFIG, 1).unwrap();
    let names: Vec<&str> = imported.suites.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 2, "{imported:#?}");
    assert!(names.iter().any(|name| name.contains("exact_match")) && names.iter().any(|name| name.contains("judge")));
    let items = items(&imported);
    assert_eq!(items.len(), 4, "a list of questions is one item each");
    assert_eq!(items[0].input[0].content, "Answer in one word. The capital of France?");
    assert_eq!(
        (items[0].expected.as_ref(), items[3].criteria.as_deref()),
        (Some(&Value::from("Paris")), Some("It greets."))
    );
    assert_eq!(items[1].split, items[2].split);
    assert_ne!(items[0].split, items[3].split);

    let exact = &imported.suites.iter().find(|(name, _)| name.contains("exact_match")).unwrap().1;
    let suite = Suite::parse(exact, "s.toml", &|_| Err(String::new())).unwrap();
    assert_eq!((suite.splits.first(), suite.scorers.len()), (items[0].split.as_ref(), 3), "{exact}");
    let grades = |name: &str| Some(if name == "exact_match" { 1.0 } else { 0.0 });
    assert_eq!(suite.quality_of(&grades), Some(0.5), "latency has no weight: {exact}");
    for told in ["2 prompts", "openai:gpt-4o-mini", "`evaluateOptions`", "`javascript` has no equal", "[judge.default]"]
    {
        assert!(imported.notes.iter().any(|note| note.contains(told)), "{told}: {:#?}", imported.notes);
    }
    assert!(read(CONFIG, 2).unwrap().dataset.windows(5).any(|part| part == b"Now: "));
    assert!(read(CONFIG, 3).unwrap_err().contains("found 2 prompts"));
}

#[test]
fn tests_of_a_csv_file_and_of_scenarios_are_read() {
    let imported = read("prompts: '{{question}}'\ntests: file://cases.csv\n", 1).unwrap();
    let of_csv = items(&imported);
    assert_eq!(of_csv.len(), 2);
    assert_eq!((of_csv[0].expected.as_ref().unwrap(), &of_csv[1].metadata["source"]), (&"1".into(), &"b".into()));
    let scenario = "prompts: 'Say {{word}} in {{language}}'\nscenarios:\n- config: [{vars: {language: French}}, {vars: {language: Dutch}}]\n  tests: [{vars: {word: yes}}, {vars: {word: no}}]\n";
    let imported = read(scenario, 1).unwrap();
    assert_eq!((imported.items, imported.suites.len()), (4, 0), "nothing is asserted");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    for (text, want) in [
        ("prompts: [a", "not valid YAML"),
        ("prompts: a\n", "no `tests`"),
        ("prompts: '{{a}}'\ntests: [{vars: {b: 1}}]\n", "test 1: the prompt wants `a`"),
        ("prompts: '{{a}}'\ntests: file://none.yaml\n", "`none.yaml`: no file"),
        ("prompts: prompt.py\ntests: [{}]\n", "made by a program"),
        ("tests: [just words, 3]\n", "no file just words"),
    ] {
        let error = read(text, 1).unwrap_err();
        assert!(error.contains(want), "found: {error}\nwanted: {want}");
    }
}
