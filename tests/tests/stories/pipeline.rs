//! Suites in a pipeline: the step that `.github/actions/eval` runs, as a shell runs it, and a run that was killed half way
//! and is gone on with.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::sleep};

use crate::{process::BINARY, rig::DEADLINE};

const ACTION: &str = include_str!("../../../.github/actions/eval/action.yml");
const ITEMS: &str = include_str!("../../../evals/datasets/maths.jsonl");

/// Two checks of what ships, one of them by a judge.
const SUITE: &str = "[suite]\nname = 'maths'\nworkload = 'maths'\ndataset = 'items.jsonl'\nquality = 'number'\n\
     [[scorer]]\nname = 'number'\nkind = 'match'\nnumeric = true\n\
     [[scorer]]\nname = 'judged'\nkind = 'judge'\nmodel = 'sim/medium'\ntemplate = 'closed_qa'\n\
     criteria = 'The number is right.'\n\
     [[gate]]\nmetric = 'quality'\nfloor = 0.6\n";

/// A checkout with a suite, its items and a configuration of built-in models.
fn checkout() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    // A port that was free a moment ago: no other weir of this machine is taken for ours.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "[server]\nbind = \"127.0.0.1:{port}\"\ndata_dir = \"data\"\n\
         [workloads.maths]\ncandidates = [\"sim/large\", \"sim/medium\", \"sim/small\"]\nfloor = 0.8\nscorers = [\"exact\"]\n\
         [scorers.exact]\nkind = \"exact_match\"\n"
    );
    for (name, text) in [("weir.toml", config.as_str()), ("items.jsonl", ITEMS), ("maths.toml", SUITE)] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::create_dir(dir.path().join("bin")).unwrap();
    symlink(BINARY, dir.path().join("bin/weir")).unwrap();
    dir
}

/// The shell of the action's first step.
fn step() -> String {
    let (_, rest) = ACTION.split_once("      run: |\n").unwrap();
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("        "));
    lines.map(|line| line.get(8..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Runs the step as GitHub does; its outputs, its summary, and what it said.
fn act(dir: &Path, suite: &str, arguments: &str, inconclusive: &str) -> (String, String, Output) {
    let (outputs, summary) = (dir.join("outputs"), dir.join("summary"));
    for file in [&outputs, &summary] {
        fs::write(file, "").unwrap();
    }
    let path = env::join_paths([dir.join("bin")].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap())));
    let said = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &step()])
        .current_dir(dir)
        .env("PATH", path.unwrap())
        .env("SUITE", suite)
        .env("ARGUMENTS", arguments)
        .env("INCONCLUSIVE", inconclusive)
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env_remove("WEIR_SERVER")
        .output()
        .unwrap();
    assert!(said.status.success(), "the step itself goes on to the comment: {said:?}");
    (fs::read_to_string(outputs).unwrap(), fs::read_to_string(summary).unwrap(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_actions_step_tells_pass_fail_and_neither_apart_and_leaves_its_files() {
    let dir = checkout();
    let place = dir.path().to_owned();
    let act = async |suite: &'static str, arguments: &'static str, inconclusive: &'static str| {
        let dir = place.clone();
        spawn_blocking(move || act(&dir, suite, arguments, inconclusive)).await.unwrap()
    };
    let read = |name: &str| fs::read_to_string(place.join(name)).unwrap_or_default();

    let (outputs, summary, said) = act("maths.toml", "--model sim/large --first 60", "pass").await;
    assert_eq!(outputs, "verdict=pass\ncode=0\n", "{said:?}");
    assert!(summary.starts_with("<!-- weir-eval:maths -->\n### weir eval `maths`: ✅ pass\n"), "{summary}");
    assert!(summary.contains("| sim/large | judged | "), "{summary}");
    let junit = read("weir-eval.xml");
    assert!(junit.contains("<testsuite name=\"maths.gates\" tests=\"1\" failures=\"0\" errors=\"0\""), "{junit}");
    assert!(junit.contains("<testsuite name=\"maths.sim/large\" tests=\"60\""), "{junit}");
    assert_eq!(read("weir-eval.csv").lines().count(), 61);

    let (outputs, _, said) = act("maths.toml", "--model sim/small --first 60 --fail-under 0.95", "pass").await;
    assert_eq!(outputs, "verdict=fail\ncode=1\n", "{said:?}");
    assert!(read("weir-eval.xml").contains("<failure message="), "{}", read("weir-eval.xml"));

    for (asked, code) in [("pass", 0), ("fail", 2)] {
        let (outputs, summary, said) = act("maths.toml", "--model sim/large --first 3", asked).await;
        assert_eq!(outputs, format!("verdict=inconclusive\ncode={code}\n"), "{said:?}");
        assert!(summary.contains("⚠️ inconclusive"), "{summary}");
    }

    let ungated = SUITE.split("[[gate]]").next().unwrap();
    fs::write(place.join("ungated.toml"), ungated).unwrap();
    let (outputs, summary, said) = act("ungated.toml", "--model sim/large --first 3", "pass").await;
    assert_eq!(outputs, "verdict=ungated\ncode=0\n", "{said:?}");
    assert!(summary.contains("⚪ not gated"), "{summary}");

    // Nothing was measured: no file of an earlier step is taken for this one's.
    let (outputs, summary, said) = act("gone.toml", "", "pass").await;
    assert_eq!((outputs.as_str(), summary.as_str()), ("verdict=instrument\ncode=3\n", ""), "{said:?}");
    assert_eq!((read("weir-eval.xml"), read("weir-eval.md")), (String::new(), String::new()));
}

/// The run in the store and how many answers it has, once it has more than `least`.
async fn half_way(dir: &Path, least: i64) -> String {
    let start = std::time::Instant::now();
    let database = format!("sqlite://{}", dir.join("data/weir.db").display());
    loop {
        assert!(start.elapsed() < DEADLINE, "no answers in {database}");
        if let Ok(mut store) = SqliteConnection::connect(&database).await {
            let row: Result<(String, i64), _> = sqlx::query_as(
                "SELECT id, (SELECT count(*) FROM run_output WHERE run = experiment_run.seq) FROM experiment_run",
            )
            .fetch_one(&mut store)
            .await;
            if let Some((id, _)) = row.ok().filter(|(_, answers)| *answers > least) {
                return id;
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn a_run_whose_process_was_killed_is_gone_on_with_by_resume() {
    let dir = checkout();
    let weir = |args: &[&str]| {
        let mut command = Command::new(BINARY);
        command.args(["--config", "weir.toml", "eval", "run"]).args(args).current_dir(dir.path());
        command.env_remove("WEIR_SERVER").stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut first = weir(&["maths.toml", "--model", "sim/large", "--concurrency", "1"]).spawn().unwrap();
    let id = half_way(dir.path(), 5).await;
    first.kill().unwrap();
    assert!(!first.wait().unwrap().success());

    let mut again = weir(&["--resume", &id, "--json"]);
    let ended = spawn_blocking(move || again.output().unwrap()).await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let run = &told["run"];
    assert_eq!((&run["id"], &run["status"], &run["errors"]), (&id.into(), &"done".into(), &0.into()), "{run}");
    assert_eq!((run["asked"].as_u64(), run["total"].as_u64()), (Some(182), Some(182)), "each item once: {run}");
}
