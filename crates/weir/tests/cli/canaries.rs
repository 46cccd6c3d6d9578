//! Canaries: asked about before traffic moves, followed to their end.

use crate::rig::{Ran, Reader, Weir};

async fn started(weir: &Weir, workload: &str, candidate: &str) -> String {
    let ran = weir.run(&["canary", "start", workload, candidate, "--yes", "--json", "--steps", "0.1,0.5"]).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let canary: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&canary["candidate"], &canary["steps"]), (&candidate.into(), &serde_json::json!([0.1, 0.5])));
    canary["id"].as_str().unwrap().to_owned()
}

fn says(ran: &Ran, code: u8, text: &str) {
    assert!(ran.code == code && ran.err.contains(text), "wanted {code} and {text:?}: {ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_moves_without_a_yes() {
    let weir = Weir::start().await;
    let start = ["canary", "start", "maths", "sim/medium"];
    let question = "start a canary of sim/medium on maths";
    says(&weir.run(&start).await, 2, &format!("nobody can be asked: {question}\n\nhint: `--yes`"));
    for no in ["n\n", "\n", "", "yess\n"] {
        let ran = weir.run_for(Reader::Person(no), &start).await;
        says(&ran, 1, &format!("{question}? [y/N] "));
        assert!(ran.err.ends_with("nothing was changed\n"), "{}", ran.err);
    }
    let ran = weir.run(&[&start[..], &["--dry-run"]].concat()).await;
    assert_eq!((ran.code, ran.out), (0, format!("would {question}\n")));
    assert_eq!(weir.run(&["canary", "list"]).await.out.lines().count(), 1);

    let ran = weir.run_for(Reader::Person("y\n"), &start).await;
    says(&ran, 0, "next: weir canary watch c-");
    assert_eq!(weir.run(&["canary", "list", "--workload", "maths"]).await.out.lines().count(), 2);
    says(&weir.run(&[&start[..], &["--yes"]].concat()).await, 2, "error[W0107]: ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_pauses_resumes_and_promotes() {
    let weir = Weir::start().await;
    let id = started(&weir, "maths", "sim/medium").await;
    let id = id.as_str();
    let ran = weir.run(&["canary", "pause", id, "--reason", "a release"]).await;
    assert!(ran.code == 0 && ran.out.contains("state\theld\n"), "{ran:?}");
    let ran = weir.run(&["canary", "resume", id]).await;
    assert!(ran.code == 0 && ran.out.contains("state\trunning\n"), "{ran:?}");
    says(
        &weir.run(&["canary", "promote", id]).await,
        2,
        "make sim/medium the stable deployment of maths in place of sim/large",
    );
    let ran = weir.run(&["canary", "promote", id, "--dry-run"]).await;
    assert_eq!(ran.out, "would make sim/medium the stable deployment of maths in place of sim/large\n");
    let ran = weir.run(&["canary", "promote", id, "--yes", "--reason", "we know it"]).await;
    assert!(ran.code == 0 && ran.out.contains("state\tpromoted\n"), "{ran:?}");

    let ran = weir.run(&["canary", "show", id]).await;
    assert!(ran.out.contains("\nevents\n") && ran.out.contains("a release"), "{}", ran.out);
    let ran = weir.run(&["policy", "list", "maths"]).await;
    let newest = ran.out.lines().nth(1).unwrap();
    assert!(newest.starts_with("r-0002\tr-0001\t") && newest.contains("\tsim/medium,sim/large\t"), "{newest}");
    let compare = ["policy", "diff", "r-0001", "r-0002", "--workload", "maths"];
    let ran = weir.run(&compare).await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "part\tfrom\tto\nadmitted\tsim/large\tsim/medium,sim/large\n"),
        "{ran:?}"
    );
    assert_eq!(weir.run(&[&compare[..], &["--exit-code"]].concat()).await.code, 1);
    let same = ["policy", "diff", "r-0002", "r-0002", "--workload", "maths", "--exit-code", "--json"];
    let ran = weir.run(&same).await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "{\"from\":\"r-0002\",\"to\":\"r-0002\",\"changes\":{}}\n"),
        "{ran:?}"
    );
    says(&weir.run(&["policy", "diff", "r-0001", "r-9", "--workload", "maths"]).await, 2, "there are r-0002, r-0001");
    says(&weir.run(&["policy", "diff", "r-0001", "r-0002"]).await, 2, "--workload");

    says(&weir.run(&["policy", "revert", "maths", "r-0002", "--yes"]).await, 2, "r-0002 is what routes maths now");
    says(&weir.run(&["policy", "revert", "maths", "r-9", "--dry-run"]).await, 2, "there is no revision `r-9`");
    let ran = weir.run(&["canary", "start", "maths", "sim/smal", "--yes"]).await;
    says(&ran, 2, "`sim/smal` is not a candidate of `maths`\n\nhint: did you mean `sim/small`?");
    let back = ["policy", "revert", "maths", "r-0001"];
    let what = "go back to r-0001 of maths, in place of r-0002";
    says(&weir.run(&back).await, 2, &format!("nobody can be asked: {what}"));
    let ran = weir.run(&[&back[..], &["--dry-run"]].concat()).await;
    assert_eq!((ran.code, ran.out), (0, format!("would {what}\n")));
    let ran = weir.run(&[&back[..], &["--dry-run", "--json"]].concat()).await;
    assert_eq!((ran.code, ran.out), (0, format!("{{\"would\":\"{what}\"}}\n")));
    assert_eq!(weir.run(&["policy", "list", "maths"]).await.out.lines().count(), 3, "nothing was changed");
    says(&weir.run(&["policy", "explain", "pd_1"]).await, 2, "hint: `weir policy diff` shows all 0");
    assert_eq!(weir.run(&["policy", "diff", "--exit-code"]).await.code, 0, "no proposal waits");

    // It is over, so watching ends at once.
    let ran = weir.run(&["canary", "watch", id]).await;
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_ends_with_the_canary_and_a_rollback_is_exit_1() {
    let weir = Weir::start().await;
    let id = started(&weir, "support", "sim/small").await;
    let watch = ["canary", "watch", &id, "--json"];
    let order = ["canary", "roll-back", &id, "--yes"];
    let (watched, ordered) = tokio::join!(weir.run(&watch), weir.run(&order));
    assert_eq!(ordered.code, 0, "{ordered:?}");
    let lines: Vec<serde_json::Value> = watched.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last().unwrap();
    assert_eq!((watched.code, &last["state"]), (1, &"rolled_back".into()), "{watched:?}");
    assert!(last["verdict"].is_string() && last.get("series").is_none());

    let near = format!("{}{}", &id[..id.len() - 1], if id.ends_with('0') { '1' } else { '0' });
    let ran = weir.run(&["canary", "show", &near]).await;
    says(&ran, 2, &format!("error[W0105]: there is no canary `{near}`\n\nhint: did you mean `{id}`?"));
}
