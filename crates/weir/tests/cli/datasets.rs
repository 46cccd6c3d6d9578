//! Datasets: previewed, refused with the line, imported.

use crate::rig::Weir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_previewed_refused_mended_and_imported() {
    let weir = Weir::start().await;
    let file = weir.dir.path().join("faq.csv");
    std::fs::write(&file, "question,answer\nWhat is weir?,A router\n,nothing asked\nWho pays?,You\n").unwrap();
    let path = file.to_str().unwrap();
    let map = ["--map", "input:question,expected:answer"];

    let ran = weir.run(&[&["dataset", "import", path, "--dry-run"], &map[..]].concat()).await;
    assert!(ran.code == 0 && ran.out.starts_with("format\tcsv\ncolumns\tquestion,answer\nitems\t2\n"), "{ran:?}");

    let import = [&["dataset", "import", path, "--workload", "support"], &map[..]].concat();
    let ran = weir.run(&import).await;
    assert!(ran.code == 2 && ran.err.starts_with("error[W0602]: line 3: "), "{ran:?}");
    assert!(ran.err.contains(&format!("\n  in {path}\n\nhint: mend the rows, or `--skip-bad`")), "{}", ran.err);
    assert_eq!(weir.run(&["dataset", "list"]).await.out.lines().count(), 1);

    let ran = weir.run(&[&import[..], &["--skip-bad"]].concat()).await;
    assert!(ran.code == 0 && ran.out.starts_with("dataset\tfaq\n"), "{ran:?}");
    assert!(
        ran.out.contains("items\t2\nadded\t2\n") && ran.out.contains("\nskipped\nline\tmessage\n3\t"),
        "{}",
        ran.out
    );
    let ran = weir.run(&["dataset", "show", "faq"]).await;
    assert!(ran.out.contains("workload\tsupport\n") && ran.out.contains("What is weir?"), "{}", ran.out);

    let ran = weir.run(&["dataset", "show", "fag"]).await;
    assert!(
        ran.code == 2 && ran.err.ends_with("hint: did you mean `faq`? `weir dataset list` shows all 1\n"),
        "{ran:?}"
    );
    let ran = weir.run(&["dataset", "import", path, "--workload", "suport", "--skip-bad"]).await;
    assert!(ran.code == 2 && ran.err.contains("did you mean `support`?"), "{ran:?}");
    let ran = weir.run(&["dataset", "import", "no-such.csv"]).await;
    assert!(ran.code == 2 && ran.err.starts_with("error: no-such.csv: "), "{ran:?}");
}
