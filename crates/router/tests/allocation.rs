//! A decision allocates its record and nothing else.

mod scene;

use scene::Scene;

#[test]
fn a_warm_decision_allocates_no_more_than_a_copy_of_its_record() {
    let scene = Scene::new();
    for unit in 0..200 {
        scene.decide(unit);
    }
    assert_eq!(scene.stages(), 6);
    assert_eq!(scene.decide(3).candidates.len(), scene::CANDIDATES);
    let (decided, copied) = scene.allocations();
    assert!(decided <= copied, "{decided} allocations, and {copied} to copy the record");
}
