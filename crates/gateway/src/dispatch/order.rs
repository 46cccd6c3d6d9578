//! The order in which a request's deployments are asked: that of the chain, until a region goes silent.

use weir_router::{Left, away_from};

use crate::attempt::Leg;

/// The legs of a chain in the order they are asked.
pub(super) struct Order<'a> {
    legs: &'a [Leg],
    /// Places in `legs`; empty while they are asked as they stand.
    places: Vec<usize>,
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

    fn place(&self, at: usize) -> usize {
        self.places.get(at).copied().unwrap_or(at)
    }

    pub(super) fn get(&self, at: usize) -> Option<&'a Leg> {
        self.legs.get(self.place(at))
    }

    /// The region that was left last, where that put this one before others.
    pub(super) fn away_from(&self, at: usize) -> Option<&'a str> {
        let place = self.place(at);
        let passed = self.places.get(at + 1..).is_some_and(|behind| behind.iter().any(|other| *other < place));
        self.silent.last().copied().filter(|_| passed)
    }

    /// A region went silent: of those from `at` on, whoever holds the floor elsewhere and is `affordable` comes first.
    pub(super) fn leave(&mut self, region: &'a str, at: usize, affordable: impl Fn(&Leg) -> bool) {
        if self.fixed || region.is_empty() {
            return;
        }
        self.silent.push(region);
        let left = |leg: &'a Leg| Left {
            region: &leg.deployment.capabilities.region,
            may_lead: !leg.last_resort && affordable(leg),
        };
        let left: Vec<Left<'_>> = (at..self.len()).filter_map(|at| self.get(at)).map(left).collect();
        if let Some(order) = away_from(&self.silent, &left) {
            let moved = order.into_iter().map(|nth| self.place(at + nth));
            self.places = (0..at).map(|at| self.place(at)).chain(moved).collect();
        }
    }
}
