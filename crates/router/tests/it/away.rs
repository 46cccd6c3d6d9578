//! Whom to ask once a region has gone silent.

use proptest::{prelude::*, sample::select};
use weir_router::{Left, away_from};

const REGIONS: [&str; 4] = ["", "eu", "us", "asia"];

fn left() -> impl Strategy<Value = Vec<Left<'static>>> {
    let one = (select(&REGIONS[..]), any::<bool>()).prop_map(|(region, may_lead)| Left { region, may_lead });
    prop::collection::vec(one, 0..8)
}

fn silent() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(select(&REGIONS[..]), 0..3)
}

proptest! {
    #[test]
    fn everybody_is_asked_once_and_those_elsewhere_first(left in left(), silent in silent()) {
        let order = away_from(&silent, &left).unwrap_or_else(|| (0..left.len()).collect());
        let mut places = order.clone();
        places.sort_unstable();
        prop_assert_eq!(places, (0..left.len()).collect::<Vec<_>>(), "a permutation");
        let known = silent.iter().any(|region| !region.is_empty());
        let leads = |place: &usize| {
            let Left { region, may_lead } = left[*place];
            known && may_lead && !region.is_empty() && !silent.contains(&region)
        };
        let first = order.iter().take_while(|place| leads(place)).count();
        prop_assert!(!order[first..].iter().any(leads), "nobody elsewhere comes after one who is not");
        prop_assert!(order[..first].is_sorted() && order[first..].is_sorted(), "the order is otherwise as it was");
    }

    #[test]
    fn where_no_region_is_known_nothing_changes(left in left(), silent in silent()) {
        let nowhere: Vec<_> = left.iter().map(|one| Left { region: "", ..*one }).collect();
        prop_assert_eq!(away_from(&silent, &nowhere), None);
        prop_assert_eq!(away_from(&[""], &left), None);
        prop_assert_eq!(away_from(&[], &left), None);
    }

    #[test]
    fn whoever_may_not_lead_never_comes_earlier(left in left(), silent in silent()) {
        for (turn, place) in away_from(&silent, &left).into_iter().flatten().enumerate() {
            prop_assert!(left[place].may_lead || turn >= place, "{place} is asked at {turn}");
        }
    }

    #[test]
    fn an_order_that_stays_is_not_made_anew(left in left(), silent in silent()) {
        if let Some(order) = away_from(&silent, &left) {
            prop_assert!(!order.is_sorted());
        }
    }
}

#[test]
fn a_neighbour_of_the_silent_one_waits_behind_another_region() {
    let at = |region| Left { region, may_lead: true };
    assert_eq!(away_from(&["eu"], &[at("eu"), at("us")]), Some(vec![1, 0]));
    assert_eq!(away_from(&["eu"], &[at("eu"), at(""), at("us"), at("asia")]), Some(vec![2, 3, 0, 1]));
    assert_eq!(away_from(&["eu", "us"], &[at("eu"), at("us")]), None, "all are as bad");
    assert_eq!(away_from(&["eu"], &[at("eu"), Left { region: "us", may_lead: false }]), None);
}
