//! The common policies by name. A preset is nothing but its list of stages: what it does can be read off a decision, and
//! a workload that needs more writes the list itself.

use crate::file::{Preset, Stage, StageName, StageTable, Workload};

/// A prompt this complex is hard.
const HARD: f64 = 0.5;
/// An answer that is complete and says something.
const COMPLETE: &str = "answer.finish_reason != 'length' && size(answer.text) > 0";
/// What the critical path is tagged with.
const CRITICAL: &str = "tags.path == 'critical'";

/// The stages a preset stands for. A floor that is set always holds.
pub(super) fn stages(preset: Preset, workload: &Workload) -> Vec<Stage> {
    use StageName::{
        Adaptive, Affinity, Canary, Cascade, Complexity, Cost, Filter, Floor, Hedge, Latency, LeastBusy, Quality, Race,
        RoundRobin, TieBreak,
    };
    let mut stages = vec![Stage::Name(Filter), Stage::Name(Canary)];
    if workload.floor.is_some() || matches!(preset, Preset::CostAware | Preset::QualityCostRoundRobin) {
        stages.push(Stage::Name(Floor));
    }
    let mut then = |names: &[StageName]| stages.extend(names.iter().copied().map(Stage::Name));
    match preset {
        Preset::CostAware => then(&[Cost, TieBreak]),
        Preset::QualityAware => then(&[Quality, TieBreak]),
        Preset::LatencyAware | Preset::CanaryLatency => then(&[Latency]),
        Preset::LeastBusy => then(&[LeastBusy, TieBreak]),
        Preset::RoundRobin => then(&[RoundRobin]),
        Preset::Adaptive => then(&[Adaptive, TieBreak]),
        Preset::Failover => {}
        Preset::Race => then(&[Latency, Race]),
        Preset::Hedge => then(&[Latency, Hedge]),
        Preset::Affinity => then(&[Affinity]),
        Preset::QualityCostRoundRobin => then(&[Cost, RoundRobin]),
        Preset::Complexity => {
            stages.push(table(StageTable { threshold: Some(HARD), ..bare(Complexity) }));
            stages.push(Stage::Name(TieBreak));
        }
        Preset::Cascade => stages.push(table(StageTable { accept: Some(COMPLETE.into()), ..bare(Cascade) })),
        Preset::RaceCritical => {
            stages.push(Stage::Name(Latency));
            stages.push(table(StageTable { when: Some(CRITICAL.into()), ..bare(Race) }));
        }
    }
    stages
}

fn table(table: StageTable) -> Stage {
    Stage::Table(Box::new(table))
}

/// A stage without any parameter.
pub(super) const fn bare(stage: StageName) -> StageTable {
    StageTable {
        stage,
        when: None,
        weights: None,
        deployments: None,
        providers: None,
        rule: None,
        max_cost_usd: None,
        max_latency_ms: None,
        band: None,
        quality: None,
        cost: None,
        latency: None,
        threshold: None,
        hard: None,
        share: None,
        max_extra_usd: None,
        max_quality_loss: None,
        width: None,
        after_ms: None,
        accept: None,
        on: None,
        next: None,
        allow_dearer: None,
        retry_budget: None,
        commit_after: None,
        continue_streams: None,
    }
}
