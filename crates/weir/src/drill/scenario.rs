//! What goes wrong, for whom, and what must hold meanwhile.

use serde::Serialize;
use weir_core::DeploymentId;
use weir_sim::Fault;

use super::scene::Candidate;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Scenario {
    /// A provider answers 503 to everything
    Outage,
    /// One deployment refuses for rate, and says to come back in a second
    RateLimit,
    /// One deployment begins its answers and stalls
    SlowLoris,
    /// One deployment's streams are cut after two tokens
    CutStreams,
    /// Nothing in one region answers
    RegionLoss,
    /// One deployment's first key is refused
    KeyRevoked,
    /// Every candidate fails, and comes back
    Recovery,
    /// One deployment fails and comes back, again and again
    Flapping,
}

/// What a provider says that refuses for rate.
const COME_BACK: (&str, &str) = ("retry-after", "1");
/// Tokens before a stream is cut: the caller has seen something.
const SAID: usize = 2;

impl Scenario {
    /// Every scenario, in the order they are played.
    pub const ALL: [Self; 8] = [
        Self::Outage,
        Self::RateLimit,
        Self::SlowLoris,
        Self::CutStreams,
        Self::RegionLoss,
        Self::KeyRevoked,
        Self::Recovery,
        Self::Flapping,
    ];

    /// What is injected. `key` is the first key of the one it is injected into.
    pub(super) fn fault(self, key: &str) -> Fault {
        match self {
            Self::Outage | Self::Recovery | Self::Flapping => Fault::Status(503, Vec::new()),
            Self::RateLimit => Fault::Status(429, vec![(COME_BACK.0.to_owned(), COME_BACK.1.to_owned())]),
            Self::SlowLoris => Fault::StallAfter(0),
            Self::CutStreams => Fault::CutStreamAfter(SAID),
            Self::RegionLoss => Fault::Hang,
            Self::KeyRevoked => Fault::RevokedKey(key.to_owned()),
        }
    }

    /// Who it happens to, given who served most; why it cannot be played where nobody else is left.
    pub(super) fn victims<'a>(
        self,
        candidates: &'a [Candidate],
        leader: &Candidate,
    ) -> Result<Vec<&'a Candidate>, &'static str> {
        let pick = |with: &dyn Fn(&Candidate) -> bool| candidates.iter().filter(|one| with(one)).collect::<Vec<_>>();
        let alone = || pick(&|one| one.id == leader.id);
        let victims = match self {
            Self::Recovery => return Ok(pick(&|_| true)),
            Self::Outage => pick(&|one| one.provider == leader.provider),
            Self::RegionLoss if leader.region.is_empty() => return Err("no `capabilities.region` is set"),
            Self::RegionLoss => pick(&|one| one.region == leader.region),
            _ => alone(),
        };
        // A provider that runs all candidates would take everything with it: that is `recovery`.
        let victims = if self == Self::Outage && victims.len() == candidates.len() { alone() } else { victims };
        if victims.len() == candidates.len() { Err("no other candidate is left to serve") } else { Ok(victims) }
    }

    /// Callers ask for streams.
    pub(super) const fn streams(self) -> bool {
        matches!(self, Self::CutStreams)
    }

    /// Only a deadline shows that it has happened.
    pub(super) const fn is_silent(self) -> bool {
        matches!(self, Self::SlowLoris | Self::RegionLoss)
    }

    /// It comes and goes.
    pub(super) const fn flaps(self) -> bool {
        matches!(self, Self::Flapping)
    }

    /// Callers need not notice.
    pub(super) const fn is_survivable(self) -> bool {
        !matches!(self, Self::Recovery | Self::CutStreams)
    }
}

/// Who served most, by name.
pub(super) fn leader(candidates: &[Candidate], served: impl Fn(&DeploymentId) -> usize) -> Option<&Candidate> {
    // The first of equals: `max_by_key` would take the last.
    let best = candidates.iter().map(|one| served(&one.id)).max().filter(|most| *most > 0)?;
    candidates.iter().find(|one| served(&one.id) == best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, provider: &str, region: &str) -> Candidate {
        Candidate {
            id: id.into(),
            model: id.into(),
            provider: provider.into(),
            region: region.into(),
            keys: vec!["k".into()],
        }
    }

    fn ids(victims: &[&Candidate]) -> Vec<String> {
        victims.iter().map(|one| one.id.to_string()).collect()
    }

    #[test]
    fn a_provider_and_a_region_go_down_with_all_they_run_and_never_with_everything() {
        let all = [candidate("a", "p", "eu"), candidate("b", "p", "us"), candidate("c", "q", "eu")];
        let [a, ..] = &all;
        assert_eq!(ids(&Scenario::Outage.victims(&all, a).unwrap()), ["a", "b"]);
        assert_eq!(ids(&Scenario::RegionLoss.victims(&all, a).unwrap()), ["a", "c"]);
        assert_eq!(ids(&Scenario::KeyRevoked.victims(&all, a).unwrap()), ["a"]);
        assert_eq!(Scenario::Recovery.victims(&all, a).unwrap().len(), 3);
        let same = [candidate("a", "p", "eu"), candidate("b", "p", "eu")];
        let [a, _] = &same;
        assert_eq!(ids(&Scenario::Outage.victims(&same, a).unwrap()), ["a"]);
        assert!(Scenario::RegionLoss.victims(&same, a).is_err());
        assert!(Scenario::RateLimit.victims(&same[..1], a).is_err(), "nobody is left");
    }

    #[test]
    fn the_first_of_those_that_served_most_leads() {
        let all = [candidate("a", "p", ""), candidate("b", "p", ""), candidate("c", "p", "")];
        let served = |id: &DeploymentId| if id.as_str() == "c" { 1 } else { 4 };
        assert_eq!(leader(&all, served).unwrap().id.as_str(), "a");
        assert!(leader(&all, |_| 0).is_none());
    }
}
