//! Credentials of clouds, from the services that give them to the call that presents them, over loopback. Libraries of
//! Amazon and Google read the process's own environment, so that each case is a process of its own: `child`, started by
//! the others.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod amazon;
mod service;

use std::{io::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use weir_core::{
    clock::SystemClock,
    credential::CredentialSource,
    deployment::{Capabilities, Deployment, Dialect},
};
use weir_providers::transport::{Endpoint, Limits, Policy, Target, Transport, Vault};

use crate::service::Service;

const LIMIT: Duration = Duration::from_secs(20);
const LIMITS: Limits = Limits { connect: LIMIT, first_byte: LIMIT, idle: LIMIT, total: LIMIT };

/// One call that presents what the source gives; prints how it went.
#[test]
#[ignore = "the others start it, each with an environment of its own"]
fn child() {
    let var = |name: &str| std::env::var(name).ok();
    let (source, root) = (var("CHILD_SOURCE").unwrap(), var("CHILD_ROOT").unwrap());
    let (source, provider, dialect) = match source.split_once('=') {
        Some(("aws:profile", name)) => (CredentialSource::AwsProfile(name.to_owned()), "bedrock", Dialect::Bedrock),
        Some((_, path)) => (CredentialSource::GoogleFile(path.into()), "vertex", Dialect::Gemini),
        None if source == "google:adc" => (CredentialSource::GoogleAdc, "vertex", Dialect::Gemini),
        None if source == "azure:default" => (CredentialSource::AzureDefault, "azure", Dialect::OpenaiChat),
        None => (CredentialSource::AwsDefault, "bedrock", Dialect::Bedrock),
    };
    let deployment = Deployment {
        id: "cloud".into(),
        provider: provider.into(),
        dialect,
        base_url: root,
        model: "m".into(),
        capabilities: Capabilities::default(),
        price: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = runtime.block_on(async {
        let vault = Vault::new(Arc::new(|name| std::env::var(name).ok()), Arc::new(SystemClock::default())).unwrap();
        let target = Target::fetched(&deployment, vault.credential(&source), true).unwrap();
        let transport = Transport::new(Policy::default()).unwrap();
        let body = Bytes::from_static(b"{}");
        match transport.send_to(&target, &Endpoint::Whole, HeaderMap::new(), body, LIMITS).await {
            Ok(answer) => format!("status {}", answer.status),
            Err(error) => format!("failed: {error}; {error:?} {target:?}"),
        }
    });
    std::io::stderr().write_all(said.as_bytes()).unwrap();
}

#[test]
fn googles_application_default_is_a_users_login_or_the_machines_account() {
    let service = Service::start("login");
    let login = format!(
        r#"{{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"refresh","token_uri":"{}"}}"#,
        service.url("/token")
    );
    let file = service.file("login.json", &login);
    for (source, env) in [
        ("google:adc".to_owned(), vec![("GOOGLE_APPLICATION_CREDENTIALS", file.clone())]),
        (format!("google:file={file}"), Vec::new()),
    ] {
        service.seen.lock().unwrap().clear();
        let (printed, call) = service.run(&source, &env);
        assert!(printed.contains("status 200"), "{printed}");
        assert!(call.contains("authorization: bearer ya29.fetched-token"), "{call}");
        assert_eq!(service.asked("POST /token"), 1);
    }

    let service = Service::start("machine");
    let env = [("GCE_METADATA_HOST", format!("127.0.0.1:{}", service.port))];
    let (printed, call) = service.run("google:adc", &env);
    assert!(printed.contains("status 200"), "{printed}");
    assert!(call.contains("authorization: bearer ya29.fetched-token"), "{call}");
}

#[test]
fn googles_failing_source_says_what_to_check() {
    let service = Service::start("bad-google");
    let file = service
        .file("key.json", r#"{"type":"service_account","client_email":"a@b","private_key":"ya29.fetched-token"}"#);
    let (printed, call) = service.run(&format!("google:file={file}"), &[]);
    assert!(
        printed.contains("no credentials from `google:file=") && printed.contains("check the credentials file"),
        "{printed}"
    );
    assert!(call.is_empty());
}

#[test]
fn azures_managed_identity_is_asked_where_the_machine_says() {
    let service = Service::start("msi");
    let env = [("IDENTITY_ENDPOINT", service.url("/msi")), ("IDENTITY_HEADER", "identity-header".to_owned())];
    let (printed, _) = service.run("azure:default", &env);
    assert!(printed.contains("status 200"), "{printed}");
    let seen = service.seen.lock().unwrap();
    let call = seen.iter().find(|seen| seen.starts_with("POST /openai/deployments/m/chat/completions")).unwrap();
    assert!(call.to_lowercase().contains("authorization: bearer msi-token-0123456789"), "{call}");
    assert!(!call.to_lowercase().contains("api-key:"), "{call}");
}
