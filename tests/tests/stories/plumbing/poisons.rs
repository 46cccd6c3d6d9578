//! Seven poisons, and a good candidate that gets through. Arms are drawn anew in each run: the effects are so large that
//! one run shows them but for a few times in ten thousand.

use std::time::Duration;

use super::{
    fleet::{Seen, play},
    scene::{Answer, CONFIG, MARGIN, PROMOTES, Scene, TIMEOUT, mean, naive},
};
use crate::parts::{body, quality, told_apart};

/// After the last score.
const A_WHILE: Duration = Duration::from_secs(10);

fn on_small(deployment: &str, small: f64, large: f64) -> f64 {
    if deployment == "sim/small" { small } else { large }
}

/// Nothing is poisoned: what keeps bad candidates out lets good ones through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_as_good_gets_through() {
    let seens = play("nothing (a candidate as good)", |seed| async move {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let answers = scene.send("weir/maths", 440, 1, |_| 0.99).await;
        scene.grade(&answers).await;
        let view = scene.settle(A_WHILE).await;
        scene.rig.stop().await;
        Seen::new(naive(&answers) >= PROMOTES, &view)
    });
    seens.await.promoted(0.5);
}

/// Simpson: the traffic that a canary may not see is harder. Against all of it, a candidate that is 20 points worse looks
/// better.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hard_traffic_elsewhere_makes_no_bad_candidate_look_good() {
    let seens = play("simpson: harder traffic elsewhere, −20 pt", |seed| async move {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let hard = scene.send("sim/large", 200, 1, |_| 0.1).await;
        let easy = scene.send("weir/maths", 240, 1, |who| on_small(who, 0.75, 0.95)).await;
        scene.grade(hard.iter().chain(&easy)).await;
        let view = scene.settle(A_WHILE).await;
        let windows = scene.rig.api("/workloads/maths/windows").await;
        let of = |who: &str| {
            let items = windows["items"].as_array().unwrap().iter();
            items.filter(|item| item["deployment"] == who).filter_map(|item| item["mean"].as_f64()).sum::<f64>()
        };
        let fooled = of("sim/small") > of("sim/large");
        scene.rig.stop().await;
        Seen::new(fooled, &view)
    });
    seens.await.hold(0.9);
}

/// Ramp and drift: traffic becomes easier while the share grows. Pooled over both, a candidate that is 20 points worse
/// looks better.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn traffic_that_becomes_easier_while_the_share_grows_promotes_nobody() {
    let seens = play("ramp and drift: easier traffic at larger shares, −20 pt", |seed| async move {
        let mut scene = Scene::new(seed, &[0.08, 0.5]).await;
        let hard = scene.send("weir/maths", 300, 1, |who| on_small(who, 0.3, 0.5)).await;
        scene.grade(&hard).await;
        scene.settle(A_WHILE).await;
        let easy = scene.send("weir/maths", 240, 1, |who| on_small(who, 0.75, 0.95)).await;
        scene.grade(&easy).await;
        let view = scene.settle(A_WHILE).await;
        let all = || hard.iter().chain(&easy);
        let candidate = mean(all().filter(|answer| answer.arm == "candidate").map(|answer| answer.grade));
        let rest = mean(all().filter(|answer| answer.arm != "candidate").map(|answer| answer.grade));
        scene.rig.stop().await;
        Seen::new(candidate > rest - MARGIN, &view)
    });
    // Now and then it is held before its share grows, and then there is nothing to pool.
    seens.await.hold(0.45);
}

/// Informative delay: bad answers of the candidate take longer to grade. In order of arrival it has no bad ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_answers_that_are_graded_late_are_waited_for() {
    let seens = play("informative delay: bad answers graded late, −30 pt", |seed| async move {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let answers = scene.send("weir/maths", 380, 1, |who| on_small(who, 0.65, 0.95)).await;
        let late = |answer: &&Answer| answer.arm == "candidate" && answer.grade == 0.0;
        let (late, early): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(late);
        scene.grade(early.iter().copied()).await;
        let arrived: Vec<Answer> = early.into_iter().cloned().collect();
        let before = scene.settle(A_WHILE).await;
        scene.grade(late).await;
        let after = scene.settle(A_WHILE).await;
        scene.rig.stop().await;
        let view = if before["state"] == "promoted" { before } else { after };
        Seen::new(naive(&arrived) >= PROMOTES, &view)
    });
    seens.await.hold(0.9);
}

/// Attrition: bad answers of the candidate are never graded. Of those that are, none is bad.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn answers_that_nobody_grades_count_against_the_candidate() {
    let seens = play("attrition: bad answers never graded, −30 pt", |seed| async move {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let answers = scene.send("weir/maths", 380, 1, |who| on_small(who, 0.65, 0.95)).await;
        let graded: Vec<Answer> =
            answers.iter().filter(|answer| answer.arm != "candidate" || answer.grade > 0.0).cloned().collect();
        scene.grade(&graded).await;
        let view = scene.settle(TIMEOUT + Duration::from_secs(30)).await;
        scene.rig.stop().await;
        Seen::new(naive(&graded) >= PROMOTES, &view)
    });
    seens.await.hold(0.9);
}

/// Sessions: a dozen conversations of each arm, of a candidate at the margin. Counted by turns, luck is proof.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn the_turns_of_one_conversation_are_one_piece_of_evidence() {
    let seens = play("session: 25 conversations of 16 turns, −10 pt", |seed| async move {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let answers = scene.send("weir/maths", 400, 16, |who| on_small(who, 0.85, 0.95)).await;
        scene.grade(&answers).await;
        let view = scene.settle(Duration::from_mins(11)).await;
        let pairs = view["evidence"]["pairs"].as_u64().unwrap();
        assert!((1..=25).contains(&pairs), "25 conversations in two arms: {view}");
        scene.rig.stop().await;
        Seen::new(naive(&answers) >= PROMOTES, &view)
    });
    // Luck: which conversations fall into which arm is drawn anew in each run, so that one run shows nothing.
    seens.await.hold(0.05);
}

/// Hidden harm: one of two kinds of prompts is 60 points worse, the other better. Taken together it is proven.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn harm_that_hides_in_one_part_is_promoted_nowhere_but_outside_of_it() {
    let seens = play("hidden cluster: −60 pt in a fifth of the traffic, +40 pt elsewhere", |seed| async move {
        let mut scene = Scene::with(&told_apart(), seed, &[0.5]).await;
        let answers = scene.send_these(720, 1, body, quality).await;
        scene.grade(&answers).await;
        let view = scene.settle(A_WHILE).await;
        scene.rig.stop().await;
        let outside = view["scoped_out"].as_array().unwrap().iter().any(|part| part == "tools");
        Seen::new(naive(&answers) >= PROMOTES, &view).unless(outside)
    });
    seens.await.hold(0.9);
}

/// Candidates that are tried a little, and how often each.
const TRIED: u64 = 16;
const TRIES: u64 = 4;

/// The best of sixteen: each candidate is 30 points worse, each has answered a few requests, and the luckiest of them looks
/// as good as what serves. Judged by what it was chosen by, it is promoted; its trial begins from nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn the_luckiest_of_many_candidates_is_judged_by_what_comes_after_it_was_chosen() {
    let seens = play("best of 16: the luckiest candidate, −30 pt each", |seed| async move {
        let names: Vec<String> = (0..TRIED).map(|number| format!("c{number:02}")).collect();
        let list = names.iter().map(|name| format!(", \"{name}\"")).collect::<String>();
        let more = names.iter().map(|name| format!("[deployments.{name}]\nprovider = \"sim\"\nmodel = \"small\"\n"));
        let config = CONFIG.replace(", \"sim/small\"", &list) + &more.collect::<String>();
        let worth = |who: &str| if who == "sim/large" { 0.95 } else { 0.65 };
        let mut scene = Scene::idle(&config, seed).await;
        let stable = scene.send("sim/large", 120, 1, worth).await;
        let mut seen = Vec::new();
        for name in &names {
            seen.push(scene.send(name, TRIES, 1, worth).await);
        }
        scene.grade(stable.iter().chain(seen.iter().flatten())).await;
        let grade = |answers: &[Answer]| mean(answers.iter().map(|answer| answer.grade));
        let (best, lucky) =
            names.iter().zip(&seen).max_by(|(_, one), (_, other)| grade(one).total_cmp(&grade(other))).unwrap();
        let fooled = grade(lucky) >= grade(&stable) - MARGIN;

        scene.try_out(best, &[0.5]).await;
        let answers = scene.send("weir/maths", 260, 1, worth).await;
        scene.grade(&answers).await;
        let view = scene.settle(A_WHILE).await;
        assert_eq!(view["candidate"], best.as_str(), "{view}");
        scene.rig.stop().await;
        Seen::new(fooled, &view)
    });
    seens.await.hold(0.9);
}
