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
    let ran = weir.run(&["label", "plan", "nobody", "0.1"]).await;
    assert!(ran.code == 2 && ran.err.contains("there is no scorer `nobody`"), "{ran:?}");
}
