//! Requests: listed, shown, followed, explained and graded.

use std::collections::HashMap;

use crate::rig::{Reader, Weir, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_listed_shown_explained_and_graded() {
    let weir = Weir::start().await;
    let span = weir.ask("maths", "What is 2 + 2?").await;
    let span = span.as_str();

    let ran = weir.run(&["trace", "list", "--workload", "maths", "--status", "ok"]).await;
    let row: Vec<&str> = ran.out.lines().nth(1).unwrap().split('\t').collect();
    assert_eq!((row[1], row[2], row[3], row[8]), ("maths", "sim/large", "ok", span), "{ran:?}");
    assert_eq!(weir.run(&["trace", "list", "--deployment", "sim/small"]).await.out.lines().count(), 1);

    let ran = weir.run(&["trace", "show", span]).await;
    for part in
        ["model_asked\tweir/maths\n", "\nattempts\n", "\nscores\n", "\nrequest\n{", "What is 2 + 2?", "\nresponse\n{"]
    {
        assert!(ran.out.contains(part), "{part:?} is missing:\n{}", ran.out);
    }

    let ran = weir.run(&["route", "explain", span]).await;
    assert!(ran.code == 0 && ran.out.contains("sim/large") && !ran.out.contains('\t'), "{ran:?}");
    let ran = weir.run_for(Reader::Person(""), &["route", "explain", span]).await;
    assert!(ran.out.contains("candidates") && ran.out.contains("not admitted"), "{ran:?}");
    let ran = weir.run(&["route", "explain", span, "--replay"]).await;
    assert!(ran.code == 0 && ran.out.contains("as it was recorded"), "{ran:?}");
    let ran = weir.run(&["route", "explain", span, "--without", "sim/large"]).await;
    assert!(ran.code == 0 && ran.out.contains("recorded otherwise") && !ran.out.contains("sim/large was"), "{ran:?}");
    let unsent = weir.dir.path().join("chat.json");
    let chat = r#"{"model": "weir/maths", "messages": [{"role": "user", "content": "what is 2 + 2?"}]}"#;
    std::fs::write(&unsent, chat).unwrap();
    let asked = weir.app.sim.as_ref().unwrap().control.counters("large").requests;
    let ran = weir.run(&["route", "explain", "-f", unsent.to_str().unwrap()]).await;
    assert!(ran.code == 0 && ran.out.starts_with("r-0001 of maths walked "), "{ran:?}");
    assert_eq!(weir.app.sim.as_ref().unwrap().control.counters("large").requests, asked, "nobody is asked");
    std::fs::write(&unsent, chat.replace("weir/maths", "weir/mahts")).unwrap();
    let ran = weir.run(&["route", "explain", "-f", unsent.to_str().unwrap()]).await;
    assert!(ran.code == 2 && ran.err.contains("W0102") && ran.err.contains("weir/maths"), "{ran:?}");
    let ran = weir.run(&["route", "explain", span, "--floor", "7"]).await;
    assert!(ran.code == 2 && ran.err.starts_with("error[W0106]: `floor`"), "{ran:?}");

    let post = ["score", "post", span, "thumbs", "0.5", "--explanation", "so so"];
    let ran = weir.run(&post).await;
    assert!(ran.code == 0 && ran.out.contains("value\t0.5\n") && ran.out.ends_with("duplicate\tfalse\n"), "{ran:?}");
    assert!(weir.run(&post).await.out.ends_with("duplicate\ttrue\n"));
    let ran = weir.run(&["score", "post", span, "thumbs", "7"]).await;
    assert!(ran.code == 2 && ran.err.starts_with("error[W0106]: `value`"), "{ran:?}");
    let ran = weir.run(&["trace", "show", span]).await;
    assert!(ran.out.contains("thumbs\tmanual\t0.5\tapi\t\tso so\n"), "{}", ran.out);
    let ran = weir.run(&["trace", "show", "0f3c"]).await;
    assert!(ran.code == 2 && ran.err.ends_with("\n\nhint: a span id has 32 hexadecimal digits\n"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_prints_what_is_asked_for_as_it_is_recorded() {
    let weir = Weir::start().await;
    let tail = weir.run(&["trace", "tail", "--workload", "support", "--limit", "2", "--json"]);
    let traffic = async {
        // The tail begins at some moment after it was started, so requests go on until it has seen enough.
        loop {
            weir.ask("maths", "one").await;
            weir.ask("support", "two").await;
        }
    };
    let ran = tokio::select! {
        ran = tail => ran,
        () = traffic => unreachable!("it does not end"),
    };
    let rows: Vec<serde_json::Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((ran.code, rows.len()), (0, 2), "{ran:?}");
    assert!(rows.iter().all(|row| row["workload"] == "support" && row["attempts"] == 1), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_in_a_narrow_table_stays_whole() {
    let weir = Weir::start().await;
    let span = weir.ask("maths", "What is 2 + 2?").await;
    let env = HashMap::from([("WEIR_SERVER".into(), weir.app.url()), ("COLUMNS".into(), "60".into())]);
    let ran = run(Reader::Person(""), env, &["trace", "list"]).await;
    assert!(ran.out.contains(&span), "{}", ran.out);
    assert_eq!(ran.err, "\nnext: weir trace show SPAN\n");
}
