//! The order in which a request's deployments are asked: that of the chain, until a region goes silent.

use weir_router::{Left, away_from};

use crate::attempt::Leg;

/// The legs of a chain in the order they are asked.
pub(super) struct Order<'a> {
    legs: &'a [Leg],
    /// Places in `legs`, each with the region that was left to put it before others; empty while they are asked as they
    /// stand.
    places: Vec<(usize, Option<&'a str>)>,
    /// Regions that went silent, in this order.
    silent: Vec<&'a str>,
    /// The policy wrote this order down for a failure that has happened.
    fixed: bool,
}

impl<'a> Order<'a> {
    /// As the router put them.
    pub(super) const fn new(legs: &'a [Leg]) -> Self {
        Self { legs, places: Vec::new(), silent: Vec::new(), fixed: false }
    }

    /// One that nothing changes.
    pub(super) fn fixed(legs: &'a [Leg]) -> Self {
        Self { fixed: true, ..Self::new(legs) }
    }

    pub(super) const fn len(&self) -> usize {
        self.legs.len()
    }

    pub(super) fn is(&self, legs: &[Leg]) -> bool {
        std::ptr::eq(self.legs, legs)
    }

    /// Whose turn it is, and the region that was left to put it before others.
    fn standing(&self, at: usize) -> (usize, Option<&'a str>) {
        self.places.get(at).copied().unwrap_or((at, None))
    }

    pub(super) fn get(&self, at: usize) -> Option<&'a Leg> {
        self.legs.get(self.standing(at).0)
    }

    /// The region that was left, where that put this one before others.
    pub(super) fn away_from(&self, at: usize) -> Option<&'a str> {
        self.standing(at).1
    }

    /// A region went silent: of those from `at` on, whoever holds the floor elsewhere and is `affordable` comes first.
    pub(super) fn leave(&mut self, region: &'a str, at: usize, affordable: impl Fn(&Leg) -> bool) {
        if self.fixed || region.is_empty() {
            return;
        }
        if !self.silent.contains(&region) {
            self.silent.push(region);
        }
        let left = |leg: &'a Leg| Left {
            region: &leg.deployment.capabilities.region,
            may_lead: !leg.last_resort && affordable(leg),
        };
        let left: Vec<Left<'_>> = (at..self.len()).filter_map(|at| self.get(at)).map(left).collect();
        if let Some(order) = away_from(&self.silent, &left) {
            let moved = order.into_iter().enumerate().map(|(turn, nth)| {
                let (place, before) = self.standing(at + nth);
                (place, if nth > turn { Some(region) } else { before })
            });
            self.places = (0..at).map(|at| self.standing(at)).chain(moved).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_core::{
        DeploymentId,
        deployment::{Capabilities, Deployment, Dialect},
    };
    use weir_router::Live;

    use super::*;
    use crate::endpoint::Endpoint;

    fn legs(placed: &[(&str, &str)]) -> Vec<Leg> {
        let live = Live::default();
        let ids: Vec<DeploymentId> = placed.iter().map(|(id, _)| (*id).into()).collect();
        live.track(ids.iter());
        let leg = |(id, (_, region)): (&DeploymentId, &(&str, &str))| Leg {
            deployment: Arc::new(Deployment {
                id: id.clone(),
                provider: String::new(),
                dialect: Dialect::OpenaiChat,
                base_url: String::new(),
                model: String::new(),
                capabilities: Capabilities { region: (*region).into(), ..Capabilities::default() },
                price: None,
            }),
            endpoint: Arc::new(Endpoint::new([], None)),
            vital: live.vital(id).unwrap(),
            cost: None,
            last_resort: false,
        };
        ids.iter().zip(placed).map(leg).collect()
    }

    /// Who is asked, and away from where.
    fn walked<'a>(order: &Order<'a>) -> Vec<(&'a str, Option<&'a str>)> {
        let told = |at| Some((order.get(at)?.deployment.id.as_str(), order.away_from(at)));
        (0..order.len()).filter_map(told).collect()
    }

    #[test]
    fn each_keeps_the_region_that_put_it_before_others() {
        let legs = legs(&[("a", "eu"), ("b", "eu"), ("c", "us"), ("d", "us")]);
        let mut order = Order::new(&legs);
        order.leave("eu", 1, |_| true);
        let eu = Some("eu");
        assert_eq!(walked(&order), [("a", None), ("c", eu), ("d", eu), ("b", None)]);
        order.leave("us", 2, |_| true);
        assert_eq!(walked(&order), [("a", None), ("c", eu), ("d", eu), ("b", None)], "nobody is left who could lead");
    }

    #[test]
    fn a_second_region_that_falls_silent_is_named_by_those_it_moves() {
        let legs = legs(&[("a", "eu"), ("b", "eu"), ("c", "us"), ("d", "us"), ("e", "asia")]);
        let mut order = Order::new(&legs);
        order.leave("eu", 1, |leg| leg.deployment.id.as_str() != "e");
        order.leave("us", 2, |_| true);
        let (eu, us) = (Some("eu"), Some("us"));
        assert_eq!(walked(&order), [("a", None), ("c", eu), ("e", us), ("d", eu), ("b", None)]);
    }
}
