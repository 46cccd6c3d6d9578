//! Whom to ask once a region has gone silent. A deployment that cannot be reached, or says nothing in time, may have
//! taken its neighbours with it: whoever waits for them one after the other waits one deadline for each.

/// One that is left to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left<'a> {
    /// Where it runs; empty when nobody said.
    pub region: &'a str,
    /// It may be asked before its turn: it holds the floor that the others hold, and is within the bounds of cost.
    pub may_lead: bool,
}

impl Left<'_> {
    fn leads(&self, silent: &[&str]) -> bool {
        self.may_lead && !self.region.is_empty() && !silent.contains(&self.region)
    }
}

/// The order to ask those who are `left` in, as their places: whoever is known to be in none of the `silent` regions and
/// may lead comes first, and nothing else changes. `None` when that is the order they are in.
#[must_use]
pub fn away_from(silent: &[&str], left: &[Left<'_>]) -> Option<Vec<usize>> {
    let leads = |place: &usize| left.get(*place).is_some_and(|one| one.leads(silent));
    let known = silent.iter().any(|region| !region.is_empty());
    let changes = known && !left.is_sorted_by_key(|one| !one.leads(silent));
    changes.then(|| {
        let (mut order, behind): (Vec<usize>, Vec<usize>) = (0..left.len()).partition(leads);
        order.extend(behind);
        order
    })
}
