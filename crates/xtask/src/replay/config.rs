//! The gateway's file for one set and floor.

use super::data::Set;

/// Deployments are `recorded/MODEL`.
pub(super) const PROVIDER: &str = "recorded";
/// The scorer that steers, whose scores are posted.
pub(super) const SCORER: &str = "recorded";

/// The best single model is stable at the start in every workload; the others wait for their canary.
pub(super) fn text(set: &Set, floor: f64, base_url: &str) -> String {
    let mut text = String::from(
        "[server]\nbind = \"127.0.0.1:0\"\nscores_per_s = 100000\n[telemetry]\nlog = \"warn\"\n\
         [keys.replay]\nsecret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n",
    );
    let mut candidates = Vec::new();
    for model in set.order() {
        let (Some(name), price) = (set.models.get(model), set.price(model)) else {
            continue;
        };
        candidates.push(format!("{:?}", id(name)));
        text.push_str(&format!(
            "[deployments.{:?}]\nprovider = \"{PROVIDER}\"\nbase_url = {base_url:?}\nmodel = {name:?}\n\
             allow_private = true\nprice = {{ input_usd = {price:.6}, output_usd = {price:.6} }}\n",
            id(name)
        ));
    }
    let candidates = candidates.join(", ");
    for (workload, best) in set.workloads() {
        let floor = floor * best;
        text.push_str(&format!(
            "[workloads.{workload:?}]\ncandidates = [{candidates}]\nfloor = {floor:.4}\nquality = \"{SCORER}\"\n"
        ));
    }
    text
}

pub(super) fn id(model: &str) -> String {
    format!("{PROVIDER}/{model}")
}
