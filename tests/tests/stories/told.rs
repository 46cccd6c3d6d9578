//! The policy webhook is told what becomes of a diff: signed, in the API's own words, and again until it listens, be it
//! after a restart.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use weir::app::{App, Options};
use weir_core::Timestamp;
use weir_store::{DiffRow, DiffState, JobStatus};

use crate::{
    canned::{Canned, Heard},
    rig::{Caller, Rig, eventually, secret, settings},
};

/// A receiver that fails this many times, each time in another way, before it takes what it is told.
async fn receiver(failures: usize) -> (Canned, Arc<AtomicUsize>) {
    let left = Arc::new(AtomicUsize::new(failures));
    let count = Arc::clone(&left);
    let hook = Canned::start(move |_| match count.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Ok(left) if left % 2 == 0 => None,
        Ok(_) => Some((503, "", String::new())),
        Err(_) => Some((204, "", String::new())),
    })
    .await;
    (hook, left)
}

fn config(hook: &Canned) -> String {
    format!(
        "[workloads.maths]\ncandidates = [\"sim/large\", \"sim/small\"]\nfloor = 0.5\n\
         [policy]\nwebhook = {{ url = \"{}/weir\", secret = \"env:KEY_HOOK\", allow_private = true }}\n",
        hook.url
    )
}

fn diff(id: &str) -> DiffRow {
    DiffRow {
        id: id.to_owned(),
        workload: "maths".into(),
        parent: "r-0001".into(),
        candidate: "sim/small".to_owned(),
        state: DiffState::Proposed,
        at: Timestamp(1_795_223_045_678_901),
        body: json!({"sentence": "for maths, route to sim/small", "from": "sim/large", "to": "sim/small"}).to_string(),
        decided: None,
        canary: None,
    }
}

/// Signed over its time and its bytes with the secret that both know.
fn is_signed(heard: &Heard) {
    let (at, hex) = heard.header("x-weir-signature").unwrap().strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret("KEY_HOOK").unwrap().as_bytes()).unwrap();
    mac.update(format!("{at}.{}", heard.body).as_bytes());
    assert_eq!(hex, format!("{:x}", mac.finalize().into_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_fails_first_is_told_again_the_same_and_in_the_words_of_the_api() {
    let (hook, failures) = receiver(2).await;
    let rig = Rig::start(&config(&hook)).await;
    rig.app.store.policy_diff_insert(&diff("pd_1")).await.unwrap();
    let heard = eventually("a third telling", async || Some(hook.heard()).filter(|heard| heard.len() == 3)).await;
    assert_eq!(failures.load(SeqCst), 0);
    assert!(heard.iter().all(|one| one.body == heard[0].body && one.head.starts_with("post /weir ")), "{heard:?}");
    heard.iter().for_each(is_signed);
    let body: Value = serde_json::from_str(&heard[0].body).unwrap();
    assert_eq!((&body["id"], &body["event"]), (&json!("pd_1.proposed"), &json!("proposed")), "{body}");
    assert_eq!((&body["at"], &body["reason"]), (&json!("2026-11-21T01:04:05.678Z"), &json!("")), "{body}");
    assert_eq!(body["sentence"], "for maths, route to sim/small");
    assert_eq!(body["policy_diff"], rig.api("/policy-diffs/pd_1").await);

    rig.order("/policy-diffs/pd_1/reject", json!({"reason": "not this week"})).await.expect(200);
    let heard = eventually("a fourth telling", async || hook.heard().get(3).cloned()).await;
    is_signed(&heard);
    let body: Value = serde_json::from_str(&heard.body).unwrap();
    assert_eq!((&body["id"], &body["reason"]), (&json!("pd_1.rejected"), &json!("not this week")));
    assert_eq!(body["policy_diff"], rig.api("/policy-diffs/pd_1").await);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_webhook_did_not_take_before_a_stop_is_told_after_the_next_start() {
    let (hook, failures) = receiver(usize::MAX).await;
    let rig = Rig::start(&config(&hook)).await;
    rig.app.store.policy_diff_insert(&diff("pd_1")).await.unwrap();
    eventually("a telling that fails", async || (!hook.heard().is_empty()).then_some(())).await;
    let dir = rig.stop().await;
    failures.store(0, SeqCst);
    let before = hook.heard().len();
    let app = App::start(settings(dir.path()), Options { base: dir.path().to_owned(), ..Options::default() }).await;
    let app = app.unwrap();
    let again = eventually("a telling after the start", async || hook.heard().get(before).cloned()).await;
    assert_eq!(again.body, hook.heard()[0].body);
    eventually("nothing is left to do", async || {
        let jobs = app.store.job_list(None, 9).await.unwrap();
        jobs.iter().all(|job| job.status == JobStatus::Done).then_some(())
    })
    .await;
    assert_eq!(Caller::new(app.url()).api("/policy-diffs/pd_1").await["state"], "proposed");
    app.stop().await;
}
