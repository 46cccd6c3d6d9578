//! `weir serve`: run until a signal, reload on a changed file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};
use weir_config::{Settings, WatchError, Watcher, load};
use weir_telemetry::{log, metrics::Metrics, otlp::Exporter};

use super::{env, failure::FINE};
use crate::{
    app::{App, Inherited, Options, Reloader},
    demo::OnDemand,
};

#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Take over from the weir that runs on the same data, refusing nobody meanwhile: it hands over its port, finishes
    /// what it has begun, and ends. Where none runs, just start
    #[arg(long)]
    takeover: bool,
}

pub(super) fn run(args: &Args, config: Option<&Path>) -> anyhow::Result<u8> {
    let settings = load(config, &env)?;
    let inherited = if args.takeover { Inherited::ask(&settings.server.data_dir)? } else { None };
    let exporter = telemetry(&settings)?;
    let options = Options {
        metrics: Some(Metrics::install().context("metrics")?),
        exporter,
        base: config.and_then(Path::parent).map(PathBuf::from).unwrap_or_default(),
        inherited,
        #[cfg(debug_assertions)]
        steps: super::standstill::steps(),
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings, options, config.is_none()))?;
    Ok(FINE)
}

/// Logging, and the collector where one is configured. Before the runtime starts: the exporter's client is blocking.
pub(super) fn telemetry(settings: &Settings) -> anyhow::Result<Option<Arc<Exporter>>> {
    crate::app::install_crypto();
    let endpoint = settings.telemetry.otlp_endpoint.as_deref();
    let exporter = endpoint.map(Exporter::new).transpose()?.map(Arc::new);
    log::install(&settings.telemetry.log, false, exporter.as_deref()).context("[telemetry] log")?;
    Ok(exporter)
}

/// `defaults`: no file was read, so the demo may put its own settings in force.
async fn serve(settings: Settings, mut options: Options, defaults: bool) -> anyhow::Result<()> {
    for warning in &settings.warnings {
        tracing::warn!("{}", warning.as_warning());
    }
    let on_demand = defaults.then(OnDemand::new);
    options.demo = on_demand.clone().map(|demo| Arc::new(demo) as Arc<dyn weir_api::DemoControl>);
    let app = App::start(settings.clone(), options).await?;
    if let Some(demo) = &on_demand {
        demo.attach(&app)?;
    }
    announce(&app.url());
    let _watcher = watch(&settings, Arc::clone(&app.reloader))?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = app.relieved() => {}
    }
    tracing::info!("draining; a further signal stops at once");
    tokio::select! {
        () = app.stop() => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the one line a person starts from")]
fn announce(url: &str) {
    println!("weir is at {url}");
}

/// Reloads when the file changes; an invalid file changes nothing and says why.
fn watch(settings: &Settings, reloader: Arc<Reloader>) -> anyhow::Result<Option<Watcher>> {
    let handle = Handle::current();
    let watcher = Watcher::spawn(settings, env, move |read| match read {
        Err(invalid) => tracing::error!("the configuration stays as it was:\n{invalid}"),
        Ok(next) => {
            let reloader = Arc::clone(&reloader);
            handle.spawn(async move {
                match reloader.apply(next).await {
                    Ok(restart) => {
                        tracing::info!("the configuration was reloaded");
                        for change in restart {
                            tracing::warn!("needs a restart: {change}");
                        }
                    }
                    Err(error) => tracing::error!("the configuration stays as it was: {error:#}"),
                }
            });
        }
    });
    match watcher {
        Ok(watcher) => Ok(Some(watcher)),
        Err(WatchError::NoFile) => Ok(None),
        Err(error) => Err(error).context("cannot watch the configuration file"),
    }
}
