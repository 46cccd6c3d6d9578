//! Why a command stopped, and what that means to whoever called it: a block of text for people, an exit code for
//! scripts.

use std::{fmt, io};

use weir_core::{Fault, error};
use weir_providers::transport::{Phase, TransportError};

/// Done.
pub(super) const FINE: u8 = 0;
/// Done, and the answer is no.
pub(super) const NEGATIVE: u8 = 1;
/// The command, the configuration or what was asked for is wrong.
pub(super) const USAGE: u8 = 2;
/// No weir was reached.
pub(super) const UNREACHABLE: u8 = 3;
/// Something beyond the command failed: weir itself, or a provider behind it.
pub(super) const UPSTREAM: u8 = 4;

/// How a command ends: an exit code, or why it stopped.
pub(super) type Outcome = Result<u8, Failure>;

/// Why a command stopped.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing listens there.
    Unreachable { server: String, detail: String },
    /// weir answered with an error.
    Api(Refusal),
    /// The command as given cannot be run.
    Usage { message: String, hint: Option<String> },
    /// The answer broke off, or is none of weir's.
    Upstream(String),
    /// The person said no.
    Declined,
    /// Whoever read the output has gone, as `head` does; that is no error.
    Closed,
    /// Anything else of this machine: files, configuration.
    Other(anyhow::Error),
}

/// An error as the control plane tells it.
#[derive(Debug)]
pub(super) struct Refusal {
    /// `W0000`.
    pub(super) code: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Failure {
    /// The command as given cannot be run, and how it could.
    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// A call to `server` that gave no answer.
    pub(super) fn transport(server: &str, error: &TransportError) -> Self {
        let detail = error.to_string();
        match error {
            TransportError::Connect(_) | TransportError::Timeout { phase: Phase::Connect, .. } => {
                Self::Unreachable { server: server.to_owned(), detail }
            }
            TransportError::Refused(_) => Self::Usage {
                message: format!("`{server}` cannot be dialled: {detail}"),
                hint: Some("a server is named like `http://127.0.0.1:8080`".to_owned()),
            },
            _ => Self::Upstream(format!("{server}: {detail}")),
        }
    }

    /// A refusal for a judge of an arm's family, with what accepts it as next step.
    pub(super) fn or_accept_kin(self) -> Self {
        match self {
            Self::Api(refusal) if refusal.code == error::KIN_JUDGE.code => {
                let hint = "ask a judge of another family, or accept it: the same command with `--kin-judge --reason \"...\"`; \
                            what a judge adds to its own family no number of pairs takes away, labels of people do"
                    .to_owned();
                Self::Api(Refusal { hint: Some(hint), ..refusal })
            }
            other => other,
        }
    }

    /// What the process returns.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed => FINE,
            Self::Declined => NEGATIVE,
            Self::Usage { .. } | Self::Other(_) => USAGE,
            Self::Unreachable { .. } => UNREACHABLE,
            Self::Upstream(_) => UPSTREAM,
            Self::Api(refusal) => match error::find(&refusal.code).map(|code| code.fault) {
                Some(Fault::Caller) => USAGE,
                // A code this binary does not know is of a newer server.
                Some(Fault::Upstream | Fault::Us) | None => UPSTREAM,
            },
        }
    }

    /// The label before the message, such as `error[W0105]`.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Api(refusal) => format!("error[{}]", refusal.code),
            _ => "error".to_owned(),
        }
    }

    /// The next step.
    pub(super) fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreachable { .. } => {
                Some("`weir serve` starts one here; `--server URL` or WEIR_SERVER names another")
            }
            Self::Api(refusal) => refusal.hint.as_deref(),
            Self::Usage { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    /// The message alone, without label and hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { server, detail } => {
                write!(f, "no weir answers at {server}: {detail}")
            }
            Self::Api(refusal) => f.write_str(&refusal.message),
            Self::Usage { message, .. } | Self::Upstream(message) => f.write_str(message),
            Self::Declined => f.write_str("nothing was changed"),
            Self::Closed => f.write_str("the output was closed"),
            Self::Other(error) => write!(f, "{error:#}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Other(error.into()),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<weir_config::Invalid> for Failure {
    fn from(invalid: weir_config::Invalid) -> Self {
        Self::Other(invalid.into())
    }
}
