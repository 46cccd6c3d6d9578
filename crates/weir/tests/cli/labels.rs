//! Labels: planned, asked for, refused.

use crate::rig::Weir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_queue_is_a_negative_result_and_what_is_wrong_says_so() {
    let weir = Weir::start().await;
    let ran = weir.run(&["label", "next"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert_eq!(
        weir.run(&["label", "list"]).await.out,
        "task\tscorer\tdeployment\tpeople\tjudge\tannotator\tat\tnote\n"
    );
    let ran = weir.run(&["label", "submit", "7", "0.5"]).await;
    assert!(ran.code == 2 && ran.err.contains("there is no label task 7"), "{ran:?}");
    let ran = weir.run(&["scorer", "calibration", "nobody"]).await;
    assert!(ran.code == 2 && ran.err.contains("there is no scorer `nobody`"), "{ran:?}");
    let ran = weir.run(&["label", "plan", "nobody", "0.1"]).await;
    assert!(ran.code == 2 && ran.err.contains("there is no scorer `nobody`"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_without_labels_has_no_calibration_and_takes_no_anchors() {
    let judge = "\n[scorers.facts]\nkind = \"judge\"\nmodel = \"sim/large\"\ntemplate = \"builtin:factuality\"\n";
    let weir = Weir::start_with(judge).await;
    let ran = weir.run(&["scorer", "calibration", "facts"]).await;
    assert!(ran.code == 0 && ran.out.contains("labels\t0\nstate\tuncalibrated\n"), "{ran:?}");
    assert_eq!(ran.err, "", "what explains is for people");
    let ran = weir.run(&["scorer", "calibration", "facts", "--json"]).await;
    assert!(ran.out.contains("\"state\":\"uncalibrated\""), "{ran:?}");
    let ran = weir.run(&["anchor", "show", "facts"]).await;
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""), "{ran:?}");
    let ran = weir.run(&["anchor", "set", "facts"]).await;
    assert!(ran.code == 2 && ran.err.contains("`facts` has 0 labels, anchors take 10 at least"), "{ran:?}");
    let ran = weir.run(&["anchor", "run", "nobody"]).await;
    assert!(ran.code == 2 && ran.err.contains("there is no scorer `nobody`"), "{ran:?}");
}
