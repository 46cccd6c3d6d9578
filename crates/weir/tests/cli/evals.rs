//! Suites from files: run, gated by exit code, locked, compared, and written for other programs.

use serde_json::Value;
use weir_sim::Entry;

use crate::rig::Weir;

const SUITE: &str = "[suite]\nname = 'sums'\nworkload = 'maths'\ndataset = 'sums.jsonl'\n\
                     [[scorer]]\nname = 'exact'\nkind = 'exact_match'\n";

/// A weir whose providers know twenty sums, and the suite's file.
async fn home() -> (Weir, String) {
    let weir = Weir::start().await;
    let control = &weir.app.sim.as_ref().unwrap().control;
    for model in control.models() {
        control.set_latency(&model, 0.0, 0.0);
        control.set_quality(&model, None, 1.0);
    }
    let sums = || (0..20).map(|n| (format!("What is {n} + 2?"), (n + 2).to_string()));
    control.add_answers(sums().map(|(prompt, answer)| Entry::new("maths", prompt, answer)));
    let head = "{\"weir\":\"dataset.v1\",\"name\":\"sums\"}\n".to_owned();
    let dataset = sums().fold(head, |text, (input, expected)| {
        text + &serde_json::json!({"input": input, "expected": expected}).to_string() + "\n"
    });
    std::fs::write(weir.dir.path().join("sums.jsonl"), dataset).unwrap();
    let suite = weir.dir.path().join("sums.toml");
    std::fs::write(&suite, SUITE).unwrap();
    let path = suite.to_str().unwrap().to_owned();
    (weir, path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suite_runs_and_its_gates_are_the_exit_code() {
    let (weir, suite) = home().await;
    let ran = weir.run(&["eval", "run", &suite, "--model", "sim/large", "--fail-under", "0.9"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("\nsim/large\texact\t1.0\t") && ran.out.contains("\npass\tquality ≥ 0.9\tsim/large\t"),
        "{ran:?}"
    );

    weir.app.sim.as_ref().unwrap().control.set_quality("small", None, 0.0);
    let ran = weir.run(&["eval", "run", &suite, "--model", "sim/small", "--fail-under", "0.9"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");

    let gate = "[[gate]]\nmetric = 'quality'\nfloor = 0.95\n";
    std::fs::write(&suite, format!("{SUITE}{gate}")).unwrap();
    let ran = weir.run(&["eval", "run", &suite, "--model", "sim/large"]).await;
    assert_eq!(ran.code, 2, "twenty items prove no 0.95: {ran:?}");
    assert!(ran.out.contains("\ninconclusive\tquality proven ≥ 0.95\t"), "{ran:?}");

    std::fs::write(&suite, SUITE.replace("exact_match", "exact_mach")).unwrap();
    let ran = weir.run(&["eval", "run", &suite]).await;
    assert!(
        ran.code == 3 && ran.err.contains("sums.toml:7:1: scorer `exact`") && ran.err.contains("did you mean"),
        "{ran:?}"
    );
    let ran = weir.run(&["eval", "show", "e-none"]).await;
    assert!(ran.code == 2 && ran.err.contains("there is no run `e-none`"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_written_compared_and_held_to_its_lock() {
    let (weir, suite) = home().await;
    let file = |name: &str| weir.dir.path().join(name).to_str().unwrap().to_owned();
    let (md, xml, csv) = (file("run.md"), file("run.xml"), file("run.csv"));
    let args = ["eval", "run", &suite, "--model", "sim/large", "--json", "--md", &md, "--junit", &xml, "--csv", &csv];
    let ran = weir.run(&args).await;
    let first: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert!(read(&md).starts_with("<!-- weir-eval:sums -->\n### weir eval `sums`: ⚪ not gated\n"));
    assert!(read(&xml).contains("<testsuite name=\"sums.sim/large\" tests=\"20\" failures=\"0\""));
    assert_eq!(read(&csv).lines().count(), 21);
    let lock = read(&file("sums.lock"));
    assert!(lock.contains(first["run"]["dataset_version"].as_str().unwrap()), "{lock}");

    weir.app.sim.as_ref().unwrap().control.set_quality("small", None, 0.0);
    let ran = weir.run(&["eval", "run", &suite, "--model", "sim/small", "--json"]).await;
    let second: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(second["run"]["against"], first["run"]["id"], "the last run that passed is the baseline");
    let (one, other) = (second["run"]["id"].as_str().unwrap(), first["run"]["id"].as_str().unwrap());
    let diff_md = file("diff.md");
    let ran = weir.run(&["eval", "diff", one, other, "--md", &diff_md]).await;
    assert!(ran.code == 1 && ran.out.contains("regressions: 20"), "{ran:?}");
    // By words that a reader knows, and never by hash; the interval stands beside the difference.
    assert!(ran.out.contains("\nitem\ta\tb\tabout\n"), "{ran:?}");
    assert!(ran.out.contains("\t0.0\t1.0\tWhat is 3 + 2?\n"), "{ran:?}");
    assert!(ran.out.contains("\narm\tmetric\tdelta\tlower\tupper\twins\t"), "{ran:?}");
    let text = read(&diff_md);
    assert!(
        text.contains("| 0.000 | 1.000 | What is 3 + 2? |") && text.contains("- **quality** sim/small: worse by"),
        "{text}"
    );
    let ran = weir.run(&["eval", "list"]).await;
    assert_eq!(ran.out.lines().count(), 3, "{ran:?}");

    let dataset = read(&file("sums.jsonl")) + "{\"input\":\"What is 50 + 2?\",\"expected\":\"52\"}\n";
    std::fs::write(file("sums.jsonl"), dataset).unwrap();
    let ran = weir.run(&["eval", "run", &suite, "--model", "sim/large"]).await;
    assert!(ran.code == 3 && ran.err.contains("has changed since") && ran.err.contains("--update-lock"), "{ran:?}");
    let ran = weir.run(&["eval", "run", &suite, "--model", "sim/large", "--update-lock", "--first", "3"]).await;
    assert!(ran.code == 0 && read(&file("sums.lock")) != lock, "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promptfoo_configuration_becomes_a_suite_that_runs() {
    let (weir, _) = home().await;
    let config = weir.dir.path().join("promptfooconfig.yaml");
    let text = "prompts: ['What is {{sum}}?']\nproviders: [openai:gpt-5-mini]\nevaluateOptions: {repeat: 2}\n\
                tests:\n- {vars: {sum: 1 + 2}, assert: [{type: equals, value: '3'}]}\n\
                - {vars: {sum: 3 + 2}, assert: [{type: equals, value: '5'}]}\n";
    std::fs::write(&config, text).unwrap();
    let out = weir.dir.path().join("evals");
    let (file, folder) = (config.to_str().unwrap(), out.to_str().unwrap());
    let import = ["import", "promptfoo", file, "--name", "sums", "--workload", "maths", "--out", folder];
    let ran = weir.run(&import).await;
    assert!(ran.code == 0 && ran.out.contains("sums.toml\tsuite\t"), "{ran:?}");
    assert!(
        ran.out.contains("`evaluateOptions` has no equal here") && ran.out.contains("`openai:gpt-5-mini`"),
        "{ran:?}"
    );
    let ran = weir.run(&import).await;
    assert!(ran.code == 2 && ran.err.contains("is there already") && ran.err.contains("--force"), "{ran:?}");
    let suite = out.join("sums.toml");
    let args = ["eval", "run", suite.to_str().unwrap(), "--model", "sim/large", "--fail-under", "0.9"];
    let ran = weir.run(&args).await;
    assert!(ran.code == 0 && ran.out.contains("\nsim/large\texact_match\t1.0\t"), "{ran:?}");
}
