//! The doctor: says what is wrong and where, and returns 1 only when something is.

use std::collections::HashMap;

use crate::rig::{CONFIG, Ran, Reader, Weir, run};

async fn doctor(weir: &Weir, config: &str, server: &str) -> Ran {
    let path = weir.dir.path().join("doctor.toml");
    std::fs::write(&path, config).unwrap();
    run(Reader::Pipe, HashMap::new(), &["doctor", "--server", server, "--config", path.to_str().unwrap()]).await
}

fn deployment(url: &str) -> String {
    format!(
        "{CONFIG}\n[deployments.\"sim/large\"]\nprovider = \"far\"\nmodel = \"large\"\nbase_url = \"{url}\"\n\
         allow_private = true\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_installation_passes() {
    let weir = Weir::start().await;
    let config = deployment(&weir.app.sim.as_ref().unwrap().base_url());
    let ran = doctor(&weir, &config, &weir.app.url()).await;
    let checks: Vec<Vec<&str>> = ran.out.lines().skip(1).map(|line| line.split('\t').take(2).collect()).collect();
    let wanted = ["configuration", "server", "data folder", "sim/large", "sim/medium", "sim/small"];
    assert_eq!(checks.iter().map(|check| check[0]).collect::<Vec<_>>(), wanted, "{ran:?}");
    assert!(ran.code == 0 && checks.iter().all(|check| check[1] == "ok"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_out_of_reach_fails_and_a_server_that_is_off_only_warns() {
    let weir = Weir::start().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = format!("http://127.0.0.1:{port}");
    let ran = doctor(&weir, &deployment(&format!("{nowhere}/v1")), &nowhere).await;
    assert!(ran.code == 1 && ran.out.contains("\nserver\twarning\tno weir answers at "), "{ran:?}");
    assert!(ran.out.contains(&format!("\nsim/large\tfailed\t{nowhere}/v1: could not connect")), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_file_fails_with_its_place() {
    let weir = Weir::start().await;
    let ran = doctor(&weir, "[server]\nbnd = 1\n", &weir.app.url()).await;
    assert!(ran.code == 1 && ran.out.contains("\nconfiguration\tfailed\terror[W0601]: "), "{ran:?}");
    assert!(ran.out.contains("doctor.toml:2:1") && ran.out.contains("\nserver\tok\t"), "{ran:?}");

    let file = weir.dir.path().join("file");
    std::fs::create_dir(&file).unwrap();
    std::fs::write(file.join("weir.db"), "these are not the bytes of a database").unwrap();
    let config = format!("[server]\ndata_dir = \"{}\"\n{CONFIG}", file.display());
    let ran = doctor(&weir, &config, &weir.app.url()).await;
    assert!(ran.code == 1 && ran.out.contains("weir.db is not a database\tmove it away"), "{ran:?}");
}
