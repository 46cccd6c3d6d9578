//! `[policy]`: who outside is told of what becomes of policies.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{endpoint, problem::Report, validate::Context};

/// What holds for the policies of all workloads.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Written {
    /// Is told of policy diffs: proposed, applied, rejected, and how their canaries end.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<Webhook>,
}

/// A program that is told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Webhook {
    /// Where to post. `http` only with `allow_private`.
    url: String,
    /// Where the key that signs is: `env:NAME` or `file:PATH`.
    secret: String,
    /// The URL may be at a loopback or private address.
    #[serde(default)]
    allow_private: bool,
}

/// Who is told of what becomes of policy diffs.
#[derive(Debug, Clone)]
pub struct PolicyWebhook {
    /// An `https` URL, or an `http` one where private addresses are allowed.
    pub url: String,
    /// Signs each body; prints as redacted.
    pub secret: SecretString,
    /// The URL may be at a loopback or private address.
    pub allow_private: bool,
}

/// The webhook, if there is one; what is wrong with it is reported.
pub(crate) fn webhook(written: &Written, context: &Context<'_>, report: &mut Report) -> Option<PolicyWebhook> {
    const AT: &str = "policy.webhook.url";
    let hook = written.webhook.as_ref()?;
    let example = "https://ci.example.com/weir";
    let fragment = Url::parse(&hook.url).is_ok_and(|url| url.fragment().is_some());
    let fragment = fragment.then(|| "found `#` in the address, wanted none".into());
    if let Some(wrong) = endpoint::not_http(&hook.url).or(fragment) {
        report.error(AT, wrong, Some(format!("such as `{example}`")));
    } else if Url::parse(&hook.url).is_ok_and(|url| url.scheme() == "http") && !hook.allow_private {
        let hint = "use `https`, or set `allow_private = true` for a receiver of your own network";
        report.error(AT, "the numbers would travel unencrypted: the address is plain `http`", Some(hint.into()));
    }
    let secret = context.secret("policy.webhook.secret", &hook.secret, report)?;
    Some(PolicyWebhook { url: hook.url.clone(), secret, allow_private: hook.allow_private })
}
