//! Deployments: addresses, keys and prices.

use sha2::{Digest, Sha256};
use url::{Host, Url};
use weir_core::{
    NanoUsd,
    deployment::{Capabilities, Deployment, LongPrice, Price, SpecialPrices},
};

use crate::{
    file,
    place::join,
    preset,
    problem::Report,
    secret,
    settings::{BUILT_IN_URL, DeploymentSetting, Gate},
    validate::Context,
};

/// The deployment at `key`, its defaults written back into `written`.
pub(crate) fn deployment(
    key: &str,
    id: &str,
    written: &mut file::Deployment,
    everywhere: bool,
    context: &Context<'_>,
    report: &mut Report,
) -> DeploymentSetting {
    let built_in = written.provider == "sim";
    let preset = preset::find(&written.provider);
    let at_url = join(key, "base_url");
    let base_url = match (&written.base_url, written.provider.as_str()) {
        (Some(url), _) => base_url(&at_url, url, "https://api.openai.com/v1", report),
        (None, "sim") => BUILT_IN_URL.to_owned(),
        (None, provider) => match preset {
            Some(preset) => preset.base_url.clone(),
            None => {
                report.error(
                    &at_url,
                    format!("`base_url` is missing, and provider `{provider}` has no default"),
                    Some("set it to the root of the API, such as `https://host/v1`".into()),
                );
                String::new()
            }
        },
    };
    let local = preset.is_some_and(|preset| preset.local);
    let dialect = *written.dialect.get_or_insert(preset.map_or_else(Default::default, |preset| preset.dialect.into()));
    for (name, text) in [("provider", &written.provider), ("model", &written.model)] {
        if text.is_empty() {
            report.error(&join(key, name), "found an empty string", None);
        }
    }
    let api_key = written.api_key.as_ref().and_then(|reference| {
        let at = join(key, "api_key");
        let key = context.key(&at, reference, &written.provider, report)?;
        if base_url.starts_with("http://") && !is_local(&base_url) {
            report.warn(
                &at_url,
                "the key would travel unencrypted: the address is plain `http`",
                Some("use `https`".into()),
            );
        }
        Some(key)
    });
    let keys = written.more_api_keys.iter().enumerate();
    let more_api_keys = keys
        .filter_map(|(nth, reference)| {
            let at = format!("{}[{nth}]", join(key, "more_api_keys"));
            if written.api_key.is_none() {
                report.error(&at, "there are more keys but no first one", Some("set `api_key`".into()));
            }
            context.key(&at, reference, &written.provider, report)
        })
        .collect();
    written.base_url = Some(base_url.clone());
    DeploymentSetting {
        deployment: Deployment {
            id: id.into(),
            provider: written.provider.clone(),
            dialect: dialect.into(),
            base_url,
            model: written.model.clone(),
            capabilities: Capabilities {
                tools: written.capabilities.tools,
                vision: written.capabilities.vision,
                json_schema: written.capabilities.json_schema,
                context_tokens: written.capabilities.context_tokens,
                region: written.capabilities.region.clone(),
            },
            price: written.price.map(price),
        },
        api_key,
        more_api_keys,
        key_references: written.api_key.iter().chain(&written.more_api_keys).cloned().collect(),
        gate: written.concurrency.map(|concurrency| Gate {
            concurrency: usize::try_from(concurrency).unwrap_or(usize::MAX),
            queue: usize::try_from(written.queue).unwrap_or(usize::MAX),
            queue_ms: written.queue_ms,
        }),
        discover: written.discover && discovers(key, dialect, &written.provider, report),
        discovered_at: None,
        allow_private: everywhere || built_in || local || written.allow_private,
    }
}

/// True where a model is only a name in the body, so that another one is asked with the same key at the same address.
fn discovers(key: &str, dialect: file::Dialect, provider: &str, report: &mut Report) -> bool {
    let can = dialect == file::Dialect::OpenaiChat && provider != "azure";
    if !can {
        report.error(
            &join(key, "discover"),
            "models are discovered where `dialect` is `openai_chat`",
            Some("leave `discover` out, and write a deployment for each model".into()),
        );
    }
    can
}

/// A checked URL without a slash at its end; empty when it is wrong, which is then reported with an `example`.
pub(crate) fn base_url(key: &str, text: &str, example: &str, report: &mut Report) -> String {
    let wrong = match (not_http(text), Url::parse(text)) {
        (None, Ok(url)) if url.query().is_none() && url.fragment().is_none() => {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        (Some(wrong), _) => wrong,
        (None, _) => "found `?` or `#` in the address, wanted the bare root".into(),
    };
    report.error(key, wrong, Some(format!("such as `{example}`")));
    String::new()
}

/// What is wrong with an address that is to be asked over HTTP. No message repeats it: it may hold a password.
pub(crate) fn not_http(text: &str) -> Option<String> {
    match Url::parse(text) {
        Err(error) => Some(format!("not an address: {error}")),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Some(format!("found scheme `{}`, wanted `http` or `https`", url.scheme()))
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("found a user or password in the address, wanted none".into())
        }
        Ok(_) => None,
    }
}

fn is_local(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The price with a version made of its numbers, so that a span says which price it was billed at.
fn price(written: file::Price) -> Price {
    let some = |usd: Option<f64>| usd.map(NanoUsd::from_usd);
    let thousandths = |factor: Option<f64>| factor.map(|factor| (factor * 1_000.0).round() as u32);
    let mut price = Price {
        version: String::new(),
        input: NanoUsd::from_usd(written.input_usd),
        cached_input: some(written.cached_input_usd),
        output: NanoUsd::from_usd(written.output_usd),
        cache_write: some(written.cache_write_usd),
        reasoning: some(written.reasoning_usd),
        long: written.long.map(|long| LongPrice {
            over: long.over_tokens,
            input: NanoUsd::from_usd(long.input_usd),
            cached_input: some(long.cached_input_usd),
            output: NanoUsd::from_usd(long.output_usd),
        }),
        special: SpecialPrices {
            cache_write_hour: some(written.cache_write_hour_usd),
            audio_input: some(written.audio_input_usd),
            audio_output: some(written.audio_output_usd),
            image_input: some(written.image_input_usd),
            image_output: some(written.image_output_usd),
            batch: thousandths(written.batch),
            flex: thousandths(written.flex),
            priority: thousandths(written.priority),
        },
    };
    let digest = Sha256::digest(format!("{price:?}"));
    price.version = digest.iter().take(4).fold("config-".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    price
}

impl Context<'_> {
    /// The secret that `reference` stands for; `None` when there is none, which is then reported at `key`.
    pub(crate) fn secret(&self, key: &str, reference: &str, report: &mut Report) -> Option<secrecy::SecretString> {
        if report.knows(key) {
            return None;
        }
        match secret::resolve(reference, self.base, self.env) {
            Ok(resolved) => {
                if let Some(warning) = resolved.warning {
                    report.warn(key, warning, Some("chmod 600".into()));
                }
                Some(resolved.secret)
            }
            Err(wrong) => {
                report.error(key, wrong.message, wrong.hint);
                None
            }
        }
    }
}
