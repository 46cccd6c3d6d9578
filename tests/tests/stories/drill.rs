//! `weir drill` against a file: a fault that is survived, two policies side by side, and a bound that is broken.

use serde_json::{Value, json};
use weir::command::{Io, run_with};

use crate::rig::folder;

const CONFIG: &str = r#"
[keys.dev]
secret = "env:KEY_DEV"
[workloads.chat]
candidates = ["sim/large", "sim/medium", "sim/small"]
floor = 0.8
policy = ["filter", "canary", "floor", "cost", "tie_break"]
"#;

/// Two of three stand in one region.
const REGIONS: &str = r#"
[keys.dev]
secret = "env:KEY_DEV"
[deployments."eu/first"]
provider = "openai"
base_url = "https://provider.example/v1"
model = "first"
capabilities = { region = "eu" }
[deployments."eu/second"]
provider = "openai"
base_url = "https://provider.example/v1"
model = "second"
capabilities = { region = "eu" }
[deployments."us/third"]
provider = "openai"
base_url = "https://provider.example/v1"
model = "third"
capabilities = { region = "us" }
[workloads.chat]
candidates = ["eu/first", "eu/second", "us/third"]
policy = ["filter", "canary"]
"#;

/// Runs the command as a process would; its exit code and what it printed.
async fn drill(args: &[&str]) -> (u8, String, String) {
    drill_with(CONFIG, args).await
}

async fn drill_with(config: &str, args: &[&str]) -> (u8, String, String) {
    let dir = folder(config);
    let file = dir.path().join("weir.toml").display().to_string();
    let own = ["weir", "--config", &file, "drill"];
    let words: Vec<String> = own.iter().chain(args).map(ToString::to_string).collect();
    let run = move || {
        let (mut out, mut err, mut input) = (Vec::new(), Vec::new(), &b""[..]);
        let env = crate::rig::secret;
        let (out_tty, err_tty, input_tty) = (false, false, false);
        let code = run_with(
            words,
            &mut Io { out: &mut out, err: &mut err, input: &mut input, env: &env, out_tty, err_tty, input_tty },
        );
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_costs_no_answer_under_either_policy() {
    let args = ["--scenario", "outage", "--policy", "own", "--policy", "round_robin", "--fault-s", "1", "--json"];
    let (code, out, err) = drill(&args).await;
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    assert_eq!((code, &report["passed"]), (0, &json!(true)), "{out}");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| &row["policy"]).collect::<Vec<_>>(), [&json!("own"), &json!("round_robin")]);
    for row in rows {
        assert_eq!((&row["scenario"], &row["verdict"]), (&json!("outage"), &json!("ok")), "{row}");
        assert_eq!((&row["failed"], &row["success"]), (&json!(0), &json!(1.0)), "{row}");
        let number = |field: &str| row[field].as_f64().unwrap_or_else(|| panic!("{field}: {row}"));
        assert!(number("requests") > 100.0 && number("calls_per_request") > 1.0, "{row}");
        assert!(number("trip_ms") <= 1_000.0 && number("return_ms") <= 10_000.0, "{row}");
        assert!(number("added_p50_ms") > 0.0 && number("added_p99_ms") < 1_000.0, "{row}");
        assert!(number("usd_per_1k_calm") > 0.0 && number("usd_per_1k_fault") > 0.0, "{row}");
    }
    let dearer = &rows[0];
    assert!(dearer["usd_per_1k_fault"].as_f64() > dearer["usd_per_1k_calm"].as_f64(), "the cheapest is gone: {dearer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_is_lost_costs_a_caller_one_deadline_and_not_one_for_each_deployment_there() {
    let args = ["--scenario", "region_loss", "--fault-s", "2", "--patience-s", "2", "--max-trip-ms", "1990", "--json"];
    let (code, out, err) = drill_with(REGIONS, &args).await;
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    let row = &report["rows"][0];
    assert_eq!(row["victims"], json!(["eu/first", "eu/second"]), "{row}");
    // The deadline is 2 s: with the bound above, whoever waits for both is too late.
    assert_eq!((code, &row["verdict"], &row["failed"]), (0, &json!("ok"), &json!(0)), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_that_is_broken_is_told_and_ends_in_one() {
    let args = ["--scenario", "rate_limit", "--scenario", "region_loss", "--fault-s", "0.5", "--max-trip-ms", "0"];
    let (code, out, err) = drill(&args).await;
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let rows: Vec<Vec<&str>> = out.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0][..3], ["rate_limit", "own", "failed"], "{out}");
    assert!(rows[0][13].contains("the failed leg cost ") && rows[0][5] == "0", "{out}");
    assert_eq!(rows[1][..3], ["region_loss", "own", "skipped"], "{out}");
    assert!(rows[1][13].contains("region"), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_does_not_fit_is_refused_with_the_nearest_name() {
    let (code, out, err) = drill(&["--policy", "round_robbin"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("nearest: `round_robin`"), "{err}");
}
