//! Datasets: previewed, refused with the line, imported.

use std::collections::HashMap;

use weir::app::{App, Options, install_crypto};

use crate::rig::{CONFIG, Reader, Weir, run};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_made_compared_exported_and_items_taken_out_and_destroyed() {
    let weir = Weir::start().await;
    let path = |name: &str| weir.dir.path().join(name).to_str().unwrap().to_owned();
    let file = path("faq.csv");
    std::fs::write(&file, "id,question,answer\na,What is weir?,A router\nb,Who pays?,You do\n").unwrap();
    let ran = weir.run(&["dataset", "import", &file]).await;
    assert!(ran.code == 0 && ran.out.contains("nearly_the_same\t0\n"), "{ran:?}");

    let out = path("faq.parquet");
    let ran = weir.run(&["dataset", "export", "faq", "-o", &out]).await;
    assert!(ran.code == 0 && std::fs::read(&out).unwrap().starts_with(b"PAR1"), "{ran:?}");
    let ran = weir.run(&["dataset", "import", &out, "--name", "again", "--json"]).await;
    let again: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let shown = weir.run(&["dataset", "list", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(list["items"][1]["version"], again["version"], "{ran:?}");
    let ran = weir.run(&["dataset", "export", "faq", "--format", "csv"]).await;
    assert!(ran.out.starts_with("id,input,expected,") && ran.out.contains("weir-canary-"), "{ran:?}");

    let ran = weir.run(&["dataset", "delete", "faq", "b", "--reason", "old"]).await;
    assert!(ran.code == 0 && ran.out.contains("taken\t1\n"), "{ran:?}");
    let ran = weir.run(&["dataset", "diff", "faq", "--json"]).await;
    assert!(ran.out.contains("\"added\":2"), "the only version against nothing: {ran:?}");
    let ran = weir.run(&["dataset", "publish", "faq", "--note", "shorter"]).await;
    assert!(ran.code == 0 && ran.out.contains("items\t1\n"), "{ran:?}");
    let ran = weir.run(&["dataset", "versions", "faq"]).await;
    assert!(ran.out.lines().count() == 3 && ran.out.contains("\tshorter"), "{ran:?}");
    let ran = weir.run(&["dataset", "diff", "faq"]).await;
    assert!(ran.out.contains("removed\t1\n") && ran.out.contains("Who pays?"), "{ran:?}");
    let ran = weir.run(&["dataset", "purge", "again", "b", "--reason", "asked for", "--yes"]).await;
    assert!(ran.code == 0 && ran.out == "purged\t1\n", "{ran:?}");
    assert_eq!(weir.run(&["dataset", "check", "again"]).await.code, 0);
    let ran = weir.run(&["dataset", "delete", "again", "--yes"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "again is deleted\n"));
    let ran = weir.run(&["dataset", "add", "hard", "--from", "scre.x<1"]).await;
    assert!(ran.code == 2 && ran.err.contains("no field is called `scre.x`"), "{ran:?}");
    let ran = weir.run(&["dataset", "versions", "fag"]).await;
    assert!(ran.code == 2 && ran.err.contains("did you mean `faq`?"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_datasets_are_kept_in_the_store_itself_and_with_one_on_that_data_it_is_asked() {
    install_crypto();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (config, file) = (at("weir.toml"), at("faq.csv"));
    let text = format!("[server]\nbind = \"127.0.0.1:{port}\"\ndata_dir = \"{}\"\n{CONFIG}", at("data"));
    std::fs::write(&config, &text).unwrap();
    std::fs::write(&file, "question,answer\nWhat is weir?,A router\nWho pays?,You\n").unwrap();
    let weir =
        async |args: &[&str]| run(Reader::Pipe, HashMap::new(), &[&["--config", config.as_str()], args].concat()).await;
    let ran = weir(&["dataset", "import", &file]).await;
    assert!(ran.code == 0 && ran.out.contains("items\t2\n"), "{ran:?}");
    assert!(ran.err.contains(&format!("this runs on the store in {} directly", at("data"))), "{ran:?}");
    let ran = weir(&["dataset", "export", "faq", "--format", "csv"]).await;
    assert!(ran.code == 0 && ran.out.contains("What is weir?"), "{ran:?}");

    // A weir on that data, on a port that the configuration does not know.
    let mut settings = weir_config::parse(&text, config.as_ref(), &|_| None).unwrap();
    settings.server.bind = "127.0.0.1:0".parse().unwrap();
    let app = App::start(settings, Options::default()).await.unwrap();
    let ran = weir(&["dataset", "delete", "faq", "--yes"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "through the one that runs: {ran:?}");
    assert_eq!(app.store.dataset_list().await.unwrap(), []);
    app.stop().await;
}
