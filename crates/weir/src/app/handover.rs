//! One process hands its port to the next, so that an upgrade refuses nobody. Both accept from the same socket for a
//! moment: a second socket on the same port (SO_REUSEPORT) would have a queue of its own, and what waits in it is reset
//! when its process closes it.
//!
//! ```text
//! next                              elder
//!   ── connects to handover.sock ──►
//!   ◄── the listening socket, the process token ──
//!   starts, accepts
//!   ── "serving" ──►                stops accepting, lets its connections go, ends
//! ```
//!
//! When the next one fails before it serves, the connection breaks and the elder goes on as if nothing had been.

use std::{
    fs,
    io::{ErrorKind, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg, sockopt,
};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

/// Inside the data directory.
const SOCKET: &str = "handover.sock";
/// Longest start of the next process, migrations included.
const START: Duration = Duration::from_secs(120);
/// Longest wait for the elder's answer.
const ANSWER: Duration = Duration::from_secs(5);
const TOKEN_BYTES: usize = 256;
const SERVING: &[u8] = b"serving";
/// Said by who only wants to know where it listens; as long as the other word.
const LOOKING: &[u8] = b"looking";

/// What the next process gets.
#[derive(Debug)]
pub struct Inherited {
    /// The elder's socket.
    pub(super) listener: TcpListener,
    /// The process token: workers of both may meet either.
    pub(super) token: Arc<str>,
    elder: UnixStream,
}

impl Inherited {
    /// Asks the weir that runs on this data; `None` when none does.
    ///
    /// # Errors
    /// When one is there and does not answer as it should.
    pub fn ask(data_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = data_dir.join(SOCKET);
        let elder = match UnixStream::connect(&path) {
            Ok(elder) => elder,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                return Ok(None);
            }
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        elder.set_read_timeout(Some(ANSWER))?;
        let mut bytes = [0; TOKEN_BYTES];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(&elder, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
            .context("the running weir does not hand over its port")?;
        let socket: Option<OwnedFd> = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
            _ => None,
        });
        let socket = socket.context("the running weir sent no socket; is another handover under way?")?;
        let token = bytes.get(..received.bytes).and_then(|token| std::str::from_utf8(token).ok());
        let token = token.context("the running weir sent no token")?.into();
        Ok(Some(Self { listener: TcpListener::from(socket), token, elder }))
    }

    /// Where the weir that runs on this data listens; `None` when none does. It goes on serving.
    ///
    /// # Errors
    /// As [`Inherited::ask`].
    pub fn address(data_dir: &Path) -> anyhow::Result<Option<SocketAddr>> {
        let Some(mut found) = Self::ask(data_dir)? else { return Ok(None) };
        let address = found.listener.local_addr()?;
        found.elder.write_all(LOOKING).context("the weir on this data is gone")?;
        Ok(Some(address))
    }

    /// Tells the elder that this process serves.
    pub(super) fn serves(mut self) -> anyhow::Result<()> {
        self.elder.write_all(SERVING).context("the weir before this one is gone")
    }
}

/// What a serving process gives to the next one.
pub(super) struct Offer {
    path: PathBuf,
    requests: UnixListener,
    listener: TcpListener,
    token: Arc<str>,
}

impl Offer {
    /// Listens in the data directory; whoever offered there before is relieved.
    pub(super) fn new(data_dir: &Path, listener: TcpListener, token: Arc<str>) -> anyhow::Result<Self> {
        let path = data_dir.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let requests = UnixListener::bind(&path)?;
        Ok(Self { path, requests, listener, token })
    }

    /// Answers until another process serves, which cancels `relieved`, or until `stop`.
    pub(super) async fn run(self, relieved: CancellationToken, stop: CancellationToken) {
        let path = self.path.clone();
        tokio::select! {
            () = self.answer() => relieved.cancel(),
            // Nobody is to wait for a process that has stopped. Gone before the port is free for the next one.
            () = stop.cancelled() => drop(fs::remove_file(path)),
        }
    }

    /// Returns once another process serves.
    async fn answer(self) {
        let (listener, token) = (Arc::new(self.listener), self.token);
        loop {
            let given = match self.requests.accept().await {
                Ok((stream, _)) => {
                    let (listener, token) = (Arc::clone(&listener), Arc::clone(&token));
                    let give = move || give(stream.into_std()?, &listener, &token);
                    tokio::task::spawn_blocking(give).await.map_err(anyhow::Error::from).flatten()
                }
                Err(error) => {
                    tokio::time::sleep(ANSWER).await;
                    Err(error.into())
                }
            };
            match given {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!("nothing was handed over, this process goes on: {error:#}"),
            }
        }
    }
}

/// Sends the socket, and waits until the next process serves; false when it only wanted to know where this one listens.
fn give(mut next: UnixStream, listener: &TcpListener, token: &str) -> anyhow::Result<bool> {
    let caller = sockopt::socket_peercred(&next)?;
    let own = rustix::process::geteuid();
    ensure!(caller.uid == own || caller.uid.is_root(), "user {} asked for the port", caller.uid.as_raw());
    next.set_nonblocking(false)?;
    next.set_read_timeout(Some(START))?;
    let sockets = [listener.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ensure!(ancillary.push(SendAncillaryMessage::ScmRights(&sockets)), "no room for a socket");
    sendmsg(&next, &[IoSlice::new(token.as_bytes())], &mut ancillary, SendFlags::NOSIGNAL)?;
    let mut said = [0; SERVING.len()];
    next.read_exact(&mut said).context("the next process did not come up")?;
    if said == LOOKING {
        return Ok(false);
    }
    if said != SERVING {
        bail!("the next process said something else than that it serves");
    }
    tracing::info!(process = caller.pid.as_raw_nonzero().get(), "another process serves now");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(dir: &Path) -> (Offer, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        (Offer::new(dir, listener, "token".into()).unwrap(), addr)
    }

    async fn ask(dir: &Path) -> anyhow::Result<Option<Inherited>> {
        let dir = dir.to_owned();
        tokio::task::spawn_blocking(move || Inherited::ask(&dir)).await.unwrap()
    }

    #[tokio::test]
    async fn a_socket_is_handed_on_and_one_that_fails_to_start_relieves_nobody() {
        let dir = tempfile::tempdir().unwrap();
        assert!(ask(dir.path()).await.unwrap().is_none(), "nobody is there");
        let (offer, addr) = offer(dir.path());
        let (relieved, stop) = (CancellationToken::new(), CancellationToken::new());
        let elder = tokio::spawn(offer.run(relieved.clone(), stop.clone()));
        drop(ask(dir.path()).await.unwrap().unwrap());
        let place = dir.path().to_owned();
        let found = tokio::task::spawn_blocking(move || Inherited::address(&place)).await.unwrap().unwrap();
        assert_eq!(found, Some(addr), "who only looks takes nothing over");
        let next = ask(dir.path()).await.unwrap().unwrap();
        assert!(!relieved.is_cancelled(), "the first one did not come up");
        assert_eq!((next.listener.local_addr().unwrap(), &*next.token), (addr, "token"));
        next.serves().unwrap();
        elder.await.unwrap();
        assert!(relieved.is_cancelled());
    }

    #[tokio::test]
    async fn one_that_stops_leaves_nothing_to_wait_for() {
        let dir = tempfile::tempdir().unwrap();
        let (offer, _) = offer(dir.path());
        let stop = CancellationToken::new();
        stop.cancel();
        offer.run(CancellationToken::new(), stop).await;
        assert!(ask(dir.path()).await.unwrap().is_none());
    }
}
