//! Tables for people, tab-separated values for pipes, the API's JSON for programs.

use std::collections::HashMap;

use crate::rig::{Reader, Weir, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_gets_heads_and_exact_values_and_nothing_on_standard_error() {
    let weir = Weir::start().await;
    let ran = weir.run(&["workload", "list"]).await;
    assert_eq!(
        ran.out,
        "workload\tstate\tstrategy\tquality\tat_least\tfloor\tcost_per_1k_usd\tvs_best\tp95_ms\trequests\n\
         maths\tno_data\tfloor → cost\t\t\t0.8\t\t\t\t0\n\
         support\tno_data\tfloor → cost\t\t\t0.7\t\t\t\t0\n"
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let ran = weir.run(&["workload", "show", "maths"]).await;
    assert!(ran.out.starts_with("workload\tmaths\nstate\tno_data\nroutes\talways sim/large"), "{}", ran.out);
    assert!(ran.out.contains("\ncandidates\ndeployment\tadmitted\tstable\t"), "{}", ran.out);
    assert!(ran.out.contains("\nsim/medium\tfalse\tfalse\t0.0\t0\t"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_what_the_api_said_as_one_object() {
    let weir = Weir::start().await;
    for (args, field) in [
        (["workload", "list"].as_slice(), "items"),
        (&["workload", "show", "maths"], "candidates"),
        (&["policy", "list", "maths"], "items"),
        (&["deployment", "list"], "items"),
        (&["job", "list"], "counts"),
        (&["dataset", "list"], "items"),
        (&["canary", "list"], "items"),
        (&["trace", "list"], "next"),
    ] {
        // The option may stand behind the verb as well as before it.
        for args in [[args, &["--json"]].concat(), [&args[..1], &["--json"], &args[1..]].concat()] {
            let ran = weir.run(&args).await;
            let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            assert!(value.get(field).is_some(), "{args:?}: {}", ran.out);
            assert_eq!((ran.code, ran.err.as_str(), ran.out.lines().count()), (0, "", 1));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_gets_a_table_and_the_next_command() {
    let weir = Weir::start().await;
    let ran = weir.run_for(Reader::Person(""), &["workload", "list"]).await;
    assert!(ran.out.contains("no data") && ran.out.contains("0.800") && !ran.out.contains('\t'), "{}", ran.out);
    assert_eq!(ran.err, "\nnext: weir workload show NAME\n");
    assert!(ran.out.contains("\u{1b}["), "{}", ran.out);

    let plain = weir.run_for(Reader::Person(""), &["--color", "never", "workload", "list"]).await;
    assert!(!plain.out.contains('\u{1b}'), "{}", plain.out);
    let env = HashMap::from([("WEIR_SERVER".into(), weir.app.url()), ("NO_COLOR".into(), "1".into())]);
    let plain = run(Reader::Person(""), env, &["workload", "list"]).await;
    assert!(!plain.out.contains('\u{1b}'), "{}", plain.out);
    let ran = weir.run_for(Reader::Person(""), &["canary", "list"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.starts_with("none\n"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plural_nouns_are_understood() {
    let weir = Weir::start().await;
    for noun in ["workloads", "canaries", "traces", "datasets", "deployments", "jobs"] {
        assert_eq!(weir.run(&[noun, "list"]).await.code, 0, "{noun}");
    }
}

#[tokio::test]
async fn help_begins_with_two_examples() {
    let nouns = ["workload", "canary", "policy", "trace", "route", "score", "dataset", "deployment", "job"];
    for noun in nouns.into_iter().chain(["config", "doctor", "drill", "explain", "completions"]) {
        let ran = run(Reader::Pipe, HashMap::new(), &[noun, "--help"]).await;
        let lines: Vec<&str> = ran.out.lines().collect();
        assert_eq!((ran.code, lines[0]), (0, "Examples:"), "{noun}");
        assert!(lines[1].starts_with("  weir ") && lines[2].starts_with("  weir "), "{noun}: {}", ran.out);
    }
}

#[tokio::test]
async fn what_needs_no_server_works_without_one() {
    let ran = run(Reader::Pipe, HashMap::new(), &["completions", "bash"]).await;
    assert!(ran.code == 0 && ran.out.contains("roll-back"), "{}", ran.err);
    let ran = run(Reader::Pipe, HashMap::new(), &["--version"]).await;
    let (version, schema) = (env!("CARGO_PKG_VERSION"), weir_store::schema_revision());
    let commit = option_env!("WEIR_COMMIT").unwrap_or("development build");
    assert_eq!(ran.out, format!("weir {version} ({commit}, schema {schema})\n"));
    let ran = run(Reader::Pipe, HashMap::new(), &["explain", "W0301"]).await;
    assert!(ran.out.starts_with("W0301: no deployment can serve this request\n"), "{}", ran.out);
    let ran = run(Reader::Pipe, HashMap::new(), &["config", "show", "--json"]).await;
    let first: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert!(first["key"].is_string() && first["origin"] == "default", "{first}");
}
