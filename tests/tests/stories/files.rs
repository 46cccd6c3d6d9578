//! No file descriptor left: accepting pauses, nothing ends, and it goes on once some are free.

use tokio::net::TcpStream;

use crate::{
    process::Process,
    rig::{MATHS, eventually, folder, item},
};

/// Files and sockets the process may have; at rest it has a few dozen.
const FILES: u32 = 160;
/// Connections that are opened and say nothing.
const SILENT: usize = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_file_descriptors_accepting_pauses_and_goes_on() {
    let dir = folder(MATHS);
    let process = Process::start_with_files(dir.path(), FILES);
    process.caller.chat("weir/maths", &item(0).0).await.expect(200);
    let addr = process.caller.base.trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(&addr).await.unwrap());
    }
    eventually("it runs out", async || process.log().contains("cannot accept").then_some(())).await;
    drop(silent);
    let served = process.caller.chat("weir/maths", &item(1).0).await.expect(200);
    process.caller.trace(served.span()).await;
}
