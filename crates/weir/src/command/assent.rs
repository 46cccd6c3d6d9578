//! What moves traffic is asked about first, said instead with `--dry-run`, done unasked with `--yes`.

use serde_json::json;

use super::{failure::Failure, out::Out};

#[derive(Debug, clap::Args)]
pub(super) struct Assent {
    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
    /// Only say what it would do
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Assent {
    /// False when it was only to be said. `what` is the act, in the imperative.
    pub(super) fn given(&self, out: &mut Out<'_, '_>, what: &str) -> Result<bool, Failure> {
        if self.dry_run {
            let said = if out.is_json() { json!({ "would": what }).to_string() } else { format!("would {what}") };
            return out.line(&said).map(|()| false);
        }
        out.confirm(what, self.yes).map(|()| true)
    }
}
