//! What a deployment presents: a secret by reference, or credentials of a cloud, which live for an hour and are fetched by
//! the transport. `aws:default`, `aws:profile=NAME`, `google:adc`, `google:file=PATH`, `azure:default`.

use std::{fs, path::Path};

use secrecy::{ExposeSecret as _, SecretString};
use weir_core::credential::CredentialSource;

use crate::{nearest::nearest, problem::Report, secret::Unresolved, validate::Context};

/// What a deployment presents to its provider.
#[derive(Debug, Clone)]
pub enum Key {
    /// A secret; prints as redacted.
    Secret(SecretString),
    /// What this source gives.
    Source(CredentialSource),
}

impl Key {
    /// True when both present the same thing.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(one), Self::Secret(other)) => one.expose_secret() == other.expose_secret(),
            (Self::Source(one), Self::Source(other)) => one == other,
            _ => false,
        }
    }
}

/// Schemes and what may follow each.
const SCHEMES: [(&str, &[&str]); 3] =
    [("aws", &["default", "profile=NAME"]), ("google", &["adc", "file=PATH"]), ("azure", &["default"])];

/// Reads a source; `None` when the reference has no scheme of one.
fn source(reference: &str, context: &Context<'_>) -> Option<Result<CredentialSource, Unresolved>> {
    let (scheme, what) = reference.split_once(':')?;
    let (_, words) = SCHEMES.iter().find(|(known, _)| *known == scheme)?;
    Some(match (scheme, what.split_once('=')) {
        ("aws", Some(("profile", name))) if !name.is_empty() => Ok(CredentialSource::AwsProfile(name.to_owned())),
        ("google", Some(("file", path))) if !path.is_empty() => readable(context.base, path),
        ("aws", None) if what == "default" => Ok(CredentialSource::AwsDefault),
        ("google", None) if what == "adc" => Ok(CredentialSource::GoogleAdc),
        ("azure", None) if what == "default" => entra(context.env).map(|()| CredentialSource::AzureDefault),
        (_, split) => {
            let found = split.map_or(what, |(word, _)| word);
            let bare = |word: &&'static str| word.split('=').next().unwrap_or(word).to_owned();
            let names: Vec<String> = words.iter().map(bare).collect();
            let near = nearest(found, names.iter().map(String::as_str));
            let near = near.and_then(|near| words.iter().find(|word| word.starts_with(near)));
            let written = |word: &&str| format!("`{scheme}:{word}`");
            let hint = near.map(|word| format!("did you mean {}?", written(word)));
            let all = || format!("one of: {}", words.iter().map(written).collect::<Vec<_>>().join(", "));
            Err(Unresolved {
                message: format!("found no such credentials of `{scheme}`"),
                hint: Some(hint.unwrap_or_else(all)),
            })
        }
    })
}

/// A file that is there and holds JSON. Its kind is read when it is used: it may be replaced until then.
fn readable(base: &Path, path: &str) -> Result<CredentialSource, Unresolved> {
    let path = base.join(path);
    let shown = path.display();
    let wrong = |message: String| Unresolved { message, hint: None };
    let text = fs::read_to_string(&path)
        .map_err(|error| wrong(format!("credentials file `{shown}` cannot be read: {}", error.kind())))?;
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(document) if document.get("type").is_some_and(serde_json::Value::is_string) => {
            Ok(CredentialSource::GoogleFile(path))
        }
        Ok(_) => Err(wrong(format!("credentials file `{shown}` has no `type`, such as `service_account`"))),
        Err(_) => Err(wrong(format!("credentials file `{shown}` is no JSON"))),
    }
}

/// Half a service principal is a slip: the managed identity would silently stand in for it.
fn entra(env: &dyn Fn(&str) -> Option<String>) -> Result<(), Unresolved> {
    let proof = ["AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"].into_iter().find(|name| env(name).is_some());
    let Some(proof) = proof else { return Ok(()) };
    match ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"].into_iter().find(|name| env(name).is_none()) {
        Some(missing) => Err(Unresolved {
            message: format!("`{proof}` is set and `{missing}` is not"),
            hint: Some(format!("set `{missing}` too, or unset `{proof}` for the managed identity")),
        }),
        None => Ok(()),
    }
}

/// What was perhaps meant by a scheme that is none. The rest of a reference is not shown: it may be a secret.
pub(crate) fn meant(reference: &str) -> Option<String> {
    let (scheme, _) = reference.split_once(':')?;
    let known = ["env", "file"].into_iter().chain(SCHEMES.iter().map(|(scheme, _)| *scheme));
    nearest(scheme, known).map(|near| format!("did you mean `{near}:`?"))
}

impl Context<'_> {
    /// What `reference` presents for a deployment of `provider`; `None` when it is wrong, which is then reported at `key`.
    pub(crate) fn key(&self, key: &str, reference: &str, provider: &str, report: &mut Report) -> Option<Key> {
        if report.knows(key) {
            return None;
        }
        match source(reference, self) {
            None => self.secret(key, reference, report).map(Key::Secret),
            Some(Ok(source)) if source.provider() == provider => Some(Key::Source(source)),
            Some(Ok(source)) => {
                let for_whom = source.provider();
                report.error(
                    key,
                    format!("`{source}` is for deployments of provider `{for_whom}`, found `{provider}`"),
                    Some(format!("set `provider = \"{for_whom}\"`, or present a key of `{provider}`")),
                );
                None
            }
            Some(Err(wrong)) => {
                report.error(key, wrong.message, wrong.hint);
                None
            }
        }
    }
}
