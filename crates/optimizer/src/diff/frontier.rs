//! Every route of a workload that is cheapest at some price of quality, and the cheapest that keeps its floor. A diff moves
//! one deployment; this says where that lies among all mixes.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use weir_core::DeploymentId;

use super::facts::{Facts, PartFacts};
use crate::planner::route::{Choice, Point, Segment, cheapest, frontier};

/// One mix of deployments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mixed {
    /// Who serves each part.
    pub serves: BTreeMap<Arc<str>, DeploymentId>,
    /// Dollars a request.
    pub cost_usd: f64,
    /// Shrunk lower bound of its quality, `0..=1`.
    pub lower: f64,
    /// Dollars a request that one more point of quality costs from here; `None` at the best one.
    pub usd_per_point: Option<f64>,
}

/// All of them, cheapest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frontier {
    /// The mixes.
    pub mixes: Vec<Mixed>,
    /// Dollars a request of the cheapest mix that keeps the floor; `None` without a floor, or where none keeps it.
    pub at_floor_usd: Option<f64>,
}

/// The frontier of these facts; `None` where some part has nobody whose cost and quality are known.
pub(super) fn of(facts: &Facts) -> Option<Frontier> {
    let mut deployments: Vec<&DeploymentId> = Vec::new();
    for choice in facts.parts.iter().flat_map(|part| &part.choices) {
        if !deployments.contains(&&choice.deployment) {
            deployments.push(&choice.deployment);
        }
    }
    let segments: Vec<Segment> = facts.parts.iter().map(|part| segment(part, &deployments)).collect();
    let points = frontier(&segments).ok().filter(|points| !points.is_empty())?;
    let at_floor_usd = facts.floor.and_then(|floor| cheapest(&segments, floor).ok()).map(|mix| mix.cost);
    let mixes = points.iter().map(|point| mixed(point, &facts.parts, &deployments)).collect();
    Some(Frontier { mixes, at_floor_usd })
}

fn segment(part: &PartFacts, deployments: &[&DeploymentId]) -> Segment {
    let choice = |id: &&DeploymentId| {
        let known = part.choices.iter().find(|choice| choice.deployment == **id)?;
        Some(Choice { cost: known.cost_usd, quality: known.lower })
    };
    Segment { share: part.share, choices: deployments.iter().map(choice).collect(), floor: None }
}

fn mixed(point: &Point, parts: &[PartFacts], deployments: &[&DeploymentId]) -> Mixed {
    let serves = parts.iter().zip(&point.choices);
    Mixed {
        serves: serves
            .filter_map(|(part, &at)| Some((Arc::clone(&part.segment), (*deployments.get(at)?).clone())))
            .collect(),
        cost_usd: point.cost,
        lower: point.quality,
        usd_per_point: point.price.is_finite().then_some(point.price / 100.0),
    }
}
