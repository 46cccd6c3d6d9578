//! The port: claimed before anything else is touched, opened when all behind it works.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::Arc,
};

use anyhow::{Context, ensure};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use weir_api::ApiState;
use weir_config::Server;
use weir_core::{Entropy, SpanId};
use weir_gateway::{Ending, IngressConfig, State};

use super::{
    handover::{Inherited, Offer},
    stage::Stages,
};

/// A port that is held and not answered yet.
pub(super) struct Door {
    listener: StdListener,
    /// Where it listens.
    pub(super) addr: SocketAddr,
    /// The process token: a request that carries it comes from weir itself.
    pub(super) token: Arc<str>,
    elder: Option<Inherited>,
}

impl Door {
    /// The elder's socket and token, or ones of its own.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub(super) fn claim(bind: SocketAddr, elder: Option<Inherited>, entropy: &dyn Entropy) -> anyhow::Result<Self> {
        let listener = listen(bind, elder.as_ref())?;
        let addr = listener.local_addr()?;
        let drawn = || SpanId::draw(entropy).to_string().into();
        let token = elder.as_ref().map_or_else(drawn, |elder| Arc::clone(&elder.token));
        Ok(Self { listener, addr, token, elder })
    }

    /// Another process answers at this port until this one does.
    pub(super) fn is_shared(&self) -> bool {
        self.elder.is_some()
    }

    /// The gateway's address for this process's own questions.
    pub(super) fn own_url(&self) -> String {
        format!("http://{}/v1", loopback(self.addr))
    }

    /// Answers from now on: tells the elder, and hands the port over to whoever asks, unless `bare`. What is returned is
    /// cancelled once another process has taken it over.
    ///
    /// # Errors
    /// When the socket is not fit for use, or the elder is gone.
    pub(super) fn open(
        self,
        gateway: &Arc<State>,
        control: ApiState,
        server: &Server,
        bare: bool,
        stages: &mut Stages,
    ) -> anyhow::Result<CancellationToken> {
        let router = weir_gateway::router(gateway).merge(weir_api::router(control));
        let ingress = IngressConfig {
            max_connections: server.max_connections,
            drain_ms: server.drain_ms,
            ..IngressConfig::default()
        };
        let ending = Ending { stop: stages.front.stop.clone(), relieved: CancellationToken::new() };
        let relieved = ending.relieved.clone();
        if !bare {
            match Offer::new(&server.data_dir, self.listener.try_clone()?, self.token) {
                Ok(offer) => stages.back.spawn(offer.run(relieved.clone(), ending.stop.clone())),
                Err(error) => tracing::warn!(%error, "the next weir cannot take over from this one without a gap"),
            }
        }
        stages.front.spawn(weir_gateway::serve(TcpListener::from_std(self.listener)?, router, ingress, ending));
        self.elder.map_or(Ok(()), Inherited::serves)?;
        Ok(relieved)
    }
}

/// The elder's socket, or one of its own.
fn listen(bind: SocketAddr, inherited: Option<&Inherited>) -> anyhow::Result<StdListener> {
    let listener = match inherited {
        Some(elder) => {
            let held = elder.listener.local_addr()?;
            let same = bind.ip() == held.ip() && (bind.port() == held.port() || bind.port() == 0);
            ensure!(same, "the running weir listens on {held}, [server] bind is {bind}: stop it first");
            elder.listener.try_clone()?
        }
        None => StdListener::bind(bind).with_context(|| {
            format!(
                "cannot listen on {bind}; is another weir running? take over from it with `weir serve --takeover`, or \
                 listen elsewhere: `WEIR_SERVER__BIND=127.0.0.1:8081 weir`, [server] bind in weir.toml"
            )
        })?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The address to dial a listener that may be bound to every interface.
pub(crate) fn loopback(addr: SocketAddr) -> SocketAddr {
    let mut dial = addr;
    if addr.ip().is_unspecified() {
        dial.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    dial
}
