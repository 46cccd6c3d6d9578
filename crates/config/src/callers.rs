//! Keys of callers: secrets resolved and digested, scopes checked.

use std::sync::Arc;

use secrecy::ExposeSecret;
use weir_core::{NanoUsd, WorkloadId, route::Grant};

use crate::{
    file::{self, File},
    keyring::{Caller, Keyring},
    names::known,
    place::join,
    problem::Report,
    validate::Context,
};

/// Shorter secrets can be guessed.
const FEWEST_CHARACTERS: usize = 16;

/// The ring of all keys; what is wrong is reported.
pub(crate) fn keys(file: &File, context: &Context<'_>, report: &mut Report) -> Keyring {
    let mut ring = Keyring::default();
    for (name, written) in &file.keys {
        let key = join("keys", name);
        let workloads = written.workloads.as_ref().map(|scope| {
            let at = join(&key, "workloads");
            if scope.is_empty() {
                report.error(
                    &at,
                    "the list is empty, so the key reaches nothing",
                    Some("leave it out for all workloads".into()),
                );
            }
            for (nth, workload) in scope.iter().enumerate() {
                known(&format!("{at}[{nth}]"), workload, "workload", &file.workloads, report);
            }
            scope.iter().map(|name| WorkloadId::from(name.as_str())).collect()
        });
        let at = join(&key, "secret");
        let Some(secret) = context.secret(&at, &written.secret, report) else {
            continue;
        };
        if secret.expose_secret().len() < FEWEST_CHARACTERS {
            report.warn(
                &at,
                format!("the secret has fewer than {FEWEST_CHARACTERS} characters and can be guessed"),
                Some("`openssl rand -hex 32` makes a good one".into()),
            );
        }
        let caller = Caller {
            name: Arc::from(name.as_str()),
            grant: match written.grant {
                file::Grant::Caller => Grant::Caller,
                file::Grant::Admin => Grant::Admin,
            },
            workloads,
            policies: written.policies.iter().map(|preset| preset.name().into()).collect(),
            max_per_day: written.max_usd_per_day.map(NanoUsd::from_usd),
        };
        if let Err(twin) = ring.add(caller, &secret) {
            report.error(&at, format!("the same secret as key `{twin}`, wanted one of its own"), None);
        }
    }
    ring
}
