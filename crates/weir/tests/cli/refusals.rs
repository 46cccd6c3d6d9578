//! Errors: what, then the next step, and an exit code that says whose turn it is.

use std::collections::HashMap;

use crate::rig::{KEY, Reader, Weir, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_workload_is_answered_with_the_nearest_name() {
    let weir = Weir::start().await;
    let told =
        "error[W0105]: there is no workload `math`\n\nhint: did you mean `maths`? `weir workload list` shows all 2\n";
    for args in [
        ["workload", "show", "math"].as_slice(),
        &["policy", "list", "math"],
        &["canary", "list", "--workload", "math"],
        &["trace", "list", "--workload", "math"],
        &["trace", "tail", "--workload", "math"],
        &["canary", "start", "math", "sim/small", "--yes"],
    ] {
        let ran = weir.run(args).await;
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (2, "", told), "{args:?}");
    }
    let ran = weir.run(&["workload", "show", "a/b c"]).await;
    let told = "error[W0105]: there is no workload `a/b c`\n\nhint: `weir workload list` shows all 2\n";
    assert_eq!((ran.code, ran.err.as_str()), (2, told));
}

#[tokio::test]
async fn no_server_is_exit_3_and_says_how_to_start_one() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = format!("127.0.0.1:{port}");
    for args in [["workload", "list"].as_slice(), &["trace", "tail"], &["canary", "start", "a", "b", "--yes"]] {
        let ran = run(Reader::Pipe, HashMap::new(), &[args, &["--server", &server]].concat()).await;
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{args:?}");
        assert!(
            ran.err.starts_with(&format!("error: no weir answers at http://{server}: could not connect")),
            "{}",
            ran.err
        );
        assert!(
            ran.err.ends_with("\n\nhint: `weir serve` starts one here; `--server URL` or WEIR_SERVER names another\n")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_weir_is_exit_4() {
    let weir = Weir::start().await;
    // The built-in provider speaks HTTP, and nothing of the control plane.
    let sim = weir.app.sim.as_ref().unwrap().base_url();
    let ran = run(Reader::Pipe, HashMap::new(), &["workload", "list", "--server", &sim]).await;
    assert_eq!(ran.code, 4);
    assert!(ran.err.starts_with("error: ") && ran.err.ends_with(", and not as weir does\n"), "{}", ran.err);
}

#[tokio::test]
async fn what_clap_refuses_is_exit_2() {
    for args in [
        ["workload"].as_slice(),
        &["workload", "lst"],
        &["job", "list", "--status", "gone"],
        &["score", "post", "a", "b", "x"],
    ] {
        let ran = run(Reader::Pipe, HashMap::new(), args).await;
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty());
    }
    let ran = run(Reader::Pipe, HashMap::new(), &["explain", "W9999"]).await;
    assert!(
        ran.code == 2 && ran.err.starts_with("error: no error has the code `W9999`\n\nhint: these exist: W0101 "),
        "{}",
        ran.err
    );
    let ran = run(Reader::Pipe, HashMap::new(), &["workload", "list", "--server", "ftp://weir"]).await;
    assert!(ran.code == 2 && ran.err.contains("only http and https"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_comes_from_the_environment_and_its_absence_is_told() {
    let weir = Weir::start_with("[keys.ops]\nsecret = \"env:OPS\"\ngrant = \"admin\"\n").await;
    let ran = weir.run(&["workload", "list"]).await;
    assert!(ran.code == 2 && ran.err.starts_with("error[W0201]: "), "{ran:?}");
    assert!(ran.err.ends_with("\n\nhint: set WEIR_KEY to a key of this server\n"), "{}", ran.err);
    let env = |key: &str| HashMap::from([("WEIR_SERVER".into(), weir.app.url()), ("WEIR_KEY".into(), key.into())]);
    let ran = run(Reader::Pipe, env(KEY), &["workload", "list"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let ran = run(Reader::Pipe, env("another-key-0123456789"), &["workload", "list"]).await;
    assert!(ran.code == 2 && ran.err.starts_with("error[W0201]: ") && !ran.err.contains("another-key"), "{ran:?}");
}
