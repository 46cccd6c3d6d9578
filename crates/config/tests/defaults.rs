//! What weir is without a file, and what the environment does to it.

use weir_config::{BUILT_IN_URL, load};
use weir_core::{NanoUsd, policy::Stage};

#[test]
fn without_a_file_three_fakes_and_one_workload_answer_at_once() {
    let settings = load(None, &|_| None).unwrap();
    let names: Vec<&str> = settings.deployments.keys().map(|id| id.as_str()).collect();
    assert_eq!(names, ["sim/large", "sim/medium", "sim/small"]);
    let large = &settings.deployments["sim/large"];
    assert!(large.is_built_in() && large.allow_private && large.api_key.is_none());
    assert_eq!(large.deployment.base_url, BUILT_IN_URL);
    let price = large.deployment.price.as_ref().unwrap();
    assert_eq!(price.input, NanoUsd::from_usd(10.0));
    assert_eq!(price.output, NanoUsd::from_usd(30.0));
    let workload = &settings.workloads["default"];
    assert_eq!(workload.candidates.len(), 3);
    assert_eq!(workload.candidates[0].as_str(), "sim/large");
    assert_eq!(workload.floor, Some(0.8));
    assert_eq!(workload.quality.as_str(), "quality");
    let stages: Vec<&str> = settings.stages["default"].iter().map(Stage::name).collect();
    assert_eq!(stages, ["filter", "canary", "floor", "cost", "tie_break"]);
    assert!(settings.keys.is_open());
    assert_eq!(settings.server.bind.to_string(), "127.0.0.1:8080");
    assert!(settings.warnings.is_empty());
}

#[test]
fn the_canary_section_is_read_and_steps_that_are_no_ramp_are_refused() {
    let read = |text: &str| weir_config::parse(text, std::path::Path::new("weir.toml"), &|_| None);
    let settings = read("[canary]\nmargin = 0.05\nsteps = [0.1, 0.5]\nfour_eyes = true\n").unwrap();
    assert_eq!((settings.canary.margin, settings.canary.steps), (Some(0.05), Some(vec![0.1, 0.5])));
    assert!(settings.canary.four_eyes && settings.canary.min_pairs.is_none());
    let refused = read("[canary]\nsteps = [0.5, 0.1]\n").unwrap_err().to_string();
    assert!(refused.contains("canary") && refused.contains("strictly ascending"), "{refused}");
    let refused = read("[canary]\nmargin = 0.9\n").unwrap_err().to_string();
    assert!(refused.contains("margin"), "{refused}");
}
