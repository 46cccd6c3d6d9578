//! The cheapest way to route a workload that keeps its floor: minimise `Σ f_c·x_cm·cost_cm` subject to
//! `Σ f_c·x_cm·quality_cm ≥ floor`. One constraint couples the segments, so the Lagrangian falls apart into one
//! choice per segment, `argmin cost − μ·quality`, and as the price of quality `μ` rises each segment walks along the
//! lower convex hull of its options. All steps of all hulls, in order of their `μ`, are the frontier of cost against
//! quality; the answer mixes the two points of it that enclose the floor. (Everett 1963; the multiple-choice knapsack
//! of Sinha and Zoltners 1979.) Where a bisection on `μ` would close in on that step, sorting finds it exactly.
//!
//! Quality is a lower bound shrunk towards what is expected, because the best of many estimates is an overestimate.

use serde::Serialize;

/// One deployment on one segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Expected cost of a request, any unit, not negative.
    pub cost: f64,
    /// Lower bound of its quality, `0..=1`.
    pub quality: f64,
}

/// A part of the traffic and what may serve it.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Its share of the traffic; shares need not sum to one.
    pub share: f64,
    /// Index means deployment; `None` for one that may not serve it.
    pub choices: Vec<Option<Choice>>,
    /// Least quality of anything that serves this segment.
    pub floor: Option<f64>,
}

/// A point of the frontier: one deployment per segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Deployment of each segment, by index.
    pub choices: Vec<usize>,
    /// Cost per request.
    pub cost: f64,
    /// Quality.
    pub quality: f64,
    /// What one more unit of quality costs from here; infinite at the best point.
    pub price: f64,
}

/// The answer: `weight` of the traffic as in `better`, the rest as in `cheaper`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mix {
    /// The cheaper point.
    pub cheaper: Point,
    /// The better point; the same one when no mix is needed.
    pub better: Point,
    /// Share of traffic that goes by the better point, `0..=1`.
    pub weight: f64,
    /// Cost per request of the mix.
    pub cost: f64,
    /// Quality of the mix: the floor, or above it when the cheapest point already is.
    pub quality: f64,
}

/// Why there is no route.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Infeasible {
    /// No deployment may serve one of the segments.
    #[error("segment {segment} has no deployment that may serve it")]
    Empty {
        /// Which, by index.
        segment: usize,
    },
    /// The best route is not good enough.
    #[error("the best route is proven to {best:.3}, below the floor {floor:.3}")]
    Floor {
        /// Its quality.
        best: f64,
        /// What was asked.
        floor: f64,
    },
}

/// One step along a segment's hull.
struct Step {
    segment: usize,
    to: usize,
    cost: f64,
    quality: f64,
}

impl Step {
    fn price(&self) -> f64 {
        self.cost / self.quality
    }
}

/// All points that are cheapest at some price of quality, cheapest first. Empty without segments.
///
/// # Errors
/// [`Infeasible::Empty`].
pub fn frontier(segments: &[Segment]) -> Result<Vec<Point>, Infeasible> {
    let total: f64 = segments.iter().map(|segment| segment.share).sum();
    let mut choices = Vec::new();
    let (mut cost, mut quality) = (0.0, 0.0);
    let mut steps = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let hull = hull(segment);
        let Some(&(first, start)) = hull.first() else { return Err(Infeasible::Empty { segment: index }) };
        let share = segment.share / total;
        choices.push(first);
        cost += share * start.cost;
        quality += share * start.quality;
        steps.extend(hull.windows(2).map(|pair| Step {
            segment: index,
            to: pair[1].0,
            cost: share * (pair[1].1.cost - pair[0].1.cost),
            quality: share * (pair[1].1.quality - pair[0].1.quality),
        }));
    }
    steps.retain(|step| step.quality > 0.0);
    // Stable, so that equal prices keep the order of a segment's own steps.
    steps.sort_by(|left, right| left.price().total_cmp(&right.price()));
    let mut points = Vec::with_capacity(steps.len() + 1);
    for step in &steps {
        points.push(Point { choices: choices.clone(), cost, quality, price: step.price() });
        if let Some(choice) = choices.get_mut(step.segment) {
            *choice = step.to;
        }
        cost += step.cost;
        quality += step.quality;
    }
    if !choices.is_empty() {
        points.push(Point { choices, cost, quality, price: f64::INFINITY });
    }
    Ok(points)
}

/// The cheapest mix whose quality is at least `floor`.
///
/// # Errors
/// [`Infeasible`]; without segments the best route has quality 0.
pub fn cheapest(segments: &[Segment], floor: f64) -> Result<Mix, Infeasible> {
    let points = frontier(segments)?;
    let above = points.iter().position(|point| point.quality >= floor);
    let Some(above) = above else {
        return Err(Infeasible::Floor { best: points.last().map_or(0.0, |point| point.quality), floor });
    };
    let better = points[above].clone();
    let cheaper = above.checked_sub(1).map_or_else(|| better.clone(), |below| points[below].clone());
    let gap = better.quality - cheaper.quality;
    let weight = if gap > 0.0 { ((floor - cheaper.quality) / gap).clamp(0.0, 1.0) } else { 1.0 };
    let blend = |cheaper: f64, better: f64| cheaper + weight * (better - cheaper);
    Ok(Mix {
        cost: blend(cheaper.cost, better.cost),
        quality: blend(cheaper.quality, better.quality),
        weight,
        cheaper,
        better,
    })
}

/// The options that are cheapest at some price of quality, from the cheapest up: rising cost, rising quality, rising
/// price of each further step.
fn hull(segment: &Segment) -> Vec<(usize, Choice)> {
    let floor = segment.floor.unwrap_or(f64::NEG_INFINITY);
    let usable = |choice: &Choice| choice.quality >= floor && choice.cost.is_finite() && choice.quality.is_finite();
    let mut options: Vec<(usize, Choice)> = segment
        .choices
        .iter()
        .enumerate()
        .filter_map(|(index, choice)| choice.filter(usable).map(|choice| (index, choice)))
        .collect();
    options.sort_by(|(_, a), (_, b)| a.cost.total_cmp(&b.cost).then(b.quality.total_cmp(&a.quality)));
    let mut hull: Vec<(usize, Choice)> = Vec::new();
    for (index, choice) in options {
        if hull.last().is_some_and(|(_, last)| choice.quality <= last.quality) {
            continue;
        }
        while let [.., (_, before), (_, last)] = &hull[..] {
            if price(before, last) < price(last, &choice) {
                break;
            }
            hull.pop();
        }
        hull.push((index, choice));
    }
    hull
}

fn price(from: &Choice, to: &Choice) -> f64 {
    (to.cost - from.cost) / (to.quality - from.quality)
}
