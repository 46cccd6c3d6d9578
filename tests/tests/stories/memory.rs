//! Near its memory limit weir refuses what is new, says so, and goes on living.

use crate::rig::{Rig, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_requests_are_refused_while_memory_is_short() {
    // Any process of these tests uses more than this limit.
    let rig = Rig::start(
        "[server]\nbind = \"127.0.0.1:0\"\ndata_dir = \"data\"\nmax_memory_mb = 16\n\
         [workloads.chat]\ncandidates = [\"sim/large\"]\nfloor = 0.8\n",
    )
    .await;
    let refused = eventually("the first look at memory", async || {
        let reply = rig.chat("weir/chat", "hello").await;
        (reply.status == 503).then_some(reply)
    })
    .await;
    assert_eq!(refused.json()["error"]["code"], "W0501", "{refused:?}");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(rig.get("/livez").await.status, 200);
    rig.get("/api/v1/workloads").await.expect(200);
    rig.stop().await;
}
