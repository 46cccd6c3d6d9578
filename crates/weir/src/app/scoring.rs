//! From records to grades: who stores them, who decides what is graded, and who asks.

use std::sync::Arc;

use arc_swap::ArcSwap;
use weir_jobs::{
    Anchors, Backfiller, Bells, Bench, Desk, Herald, OpenaiRuns, Pacer, Prober, ProberParts, Rates, Recent, References,
    Runner, Tail, Turns, Writer, WriterParts,
};
use weir_telemetry::otlp::Exporter;

use super::{ground::Ground, reload::InForce, stage::Stages};

/// Starts the writer and all that grades. Returns the desk, at which people try scorers too. `tail` is the recorder's
/// other end, `bench` asks through this process's own door.
pub(super) fn start(
    ground: &Ground,
    tail: Tail,
    bench: Bench,
    exporter: Option<Arc<Exporter>>,
    stages: &mut Stages,
) -> Arc<Desk> {
    let InForce { settings, scoring, mirrors } = &ground.in_force;
    let (recent, bells, turns) = (Arc::new(Recent::default()), Bells::default(), Arc::new(Turns::default()));
    let rates = Arc::new(ArcSwap::from_pointee(Rates::default()));
    let parts = WriterParts {
        store: ground.store.clone(),
        scoring: Arc::clone(scoring),
        rates: Arc::clone(&rates),
        turns: Arc::clone(&turns),
        clock: Arc::clone(&ground.clock),
        mirrors: Arc::clone(mirrors),
        recent: Arc::clone(&recent),
        bells: bells.clone(),
        tokens: Arc::clone(&ground.tokens),
        exporter: exporter.clone(),
    };
    let pacer = Pacer {
        store: ground.store.clone(),
        scoring: Arc::clone(scoring),
        rates,
        cell: Arc::clone(&ground.snapshots),
        clock: Arc::clone(&ground.clock),
    };
    let backfiller = Backfiller {
        store: ground.store.clone(),
        lead: Arc::clone(&ground.lead),
        scoring: Arc::clone(scoring),
        bells: bells.clone(),
    };
    let herald = Herald {
        store: ground.store.clone(),
        lead: Arc::clone(&ground.lead),
        settings: Arc::clone(settings),
        bells: bells.clone(),
    };
    let desk = Arc::new(Desk {
        store: ground.store.clone(),
        settings: Arc::clone(settings),
        scoring: Arc::clone(scoring),
        recent,
        bells,
        turns,
        references: Arc::new(References::new(ground.store.clone())),
        bench: Arc::new(bench),
        transport: Arc::clone(&ground.transport),
        clock: Arc::clone(&ground.clock),
        entropy: Arc::clone(&ground.entropy),
        exporter,
        responses_kept: settings.load().server.responses_kept,
    });
    let prober = Prober::new(ProberParts {
        store: ground.store.clone(),
        settings: Arc::clone(settings),
        cell: Arc::clone(&ground.snapshots),
        bench: Arc::clone(&desk.bench),
        lead: Arc::clone(&ground.lead),
        transport: Arc::clone(&ground.transport),
        clock: Arc::clone(&ground.clock),
    });
    let anchors = Anchors::new(Arc::clone(&desk), Arc::clone(settings), Arc::clone(&ground.lead));
    let openai_runs = OpenaiRuns::new(Arc::clone(&desk), Arc::clone(&ground.lead));
    let worker_id = format!("{:08x}", ground.entropy.next_u64() >> 32);
    let runner = Runner::new(Arc::clone(&desk), worker_id.clone());

    let Stages { askers, writer, back, .. } = stages;
    writer.spawn(Writer::new(tail, parts).run(writer.stop.clone()));
    back.spawn(pacer.run(back.stop.clone()));
    back.spawn(backfiller.run(back.stop.clone()));
    back.spawn(herald.run(back.stop.clone()));
    askers.spawn(anchors.run(askers.stop.clone()));
    askers.spawn(openai_runs.run(askers.stop.clone()));
    askers.spawn(runner.run(askers.stop.clone()));
    askers.spawn(weir_jobs::run_workers(Arc::clone(&desk), worker_id, askers.stop.clone()));
    askers.spawn(prober.run(askers.stop.clone()));
    desk
}
