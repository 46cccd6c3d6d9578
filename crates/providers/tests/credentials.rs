//! Credentials of clouds, from the services that give them to the call that presents them, over loopback. Libraries of
//! Amazon and Google read the process's own environment, so that each case is a process of its own: `child`, started by
//! the others.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use weir_core::{
    clock::SystemClock,
    credential::CredentialSource,
    deployment::{Capabilities, Deployment, Dialect},
};
use weir_providers::transport::{Endpoint, Limits, Policy, Target, Transport, Vault};

const LIMIT: Duration = Duration::from_secs(20);
const LIMITS: Limits = Limits { connect: LIMIT, first_byte: LIMIT, idle: LIMIT, total: LIMIT };

/// What must never be printed.
const SECRETS: [&str; 4] =
    ["fetched-secret-key", "fetched-session-token", "ya29.fetched-token", "msi-token-0123456789"];

/// A loopback service: everything that any of these clouds asks, and the provider that is called in the end.
struct Service {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    folder: PathBuf,
}

impl Service {
    fn start(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&seen);
        thread::spawn(move || {
            for socket in listener.incoming() {
                answer(&mut socket.unwrap(), &keep);
            }
        });
        let folder = std::env::temp_dir().join(format!("weir-credentials-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { port, seen, folder }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What the child printed, and the call that the provider got, in lower case; empty when it got none.
    fn run(&self, source: &str, env: &[(&str, String)]) -> (String, String) {
        let output = child_with(source, &self.url(""), &self.folder, env);
        let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{source}: {printed}");
        for secret in SECRETS {
            assert!(!printed.contains(secret), "{source}: {printed}");
        }
        let seen = self.seen.lock().unwrap();
        let call = seen.iter().find(|seen| seen.starts_with("POST /model/") || seen.starts_with("POST /models/"));
        (printed, call.map(|call| call.to_lowercase()).unwrap_or_default())
    }

    fn asked(&self, start: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.starts_with(start)).count()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn read(socket: &mut TcpStream) -> String {
    let (mut whole, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let count = socket.read(&mut piece).unwrap();
        whole.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&whole).into_owned();
        let body = text.split_once("\r\n\r\n").map(|(head, body)| (head.to_lowercase(), body.len()));
        if let Some((head, length)) = body {
            let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            if length >= wanted.unwrap_or(0) {
                return text;
            }
        }
        if count == 0 {
            return text;
        }
    }
}

fn answer(socket: &mut TcpStream, seen: &Mutex<Vec<String>>) {
    let request = read(socket);
    let line = request.lines().next().unwrap_or_default().to_owned();
    let body = request.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    seen.lock().unwrap().push(request);
    let role = "FETCHEDKEYID";
    let roles = |verb: &str| {
        let given = format!(
            "<Credentials><AccessKeyId>{role}</AccessKeyId><SecretAccessKey>fetched-secret-key</SecretAccessKey>\
             <SessionToken>fetched-session-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        );
        let user = "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>";
        format!(
            "<{verb}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{verb}Result>{given}{user}</{verb}Result>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{verb}Response>"
        )
    };
    let keys = format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","LastUpdated":"2026-01-01T00:00:00Z","AccessKeyId":"{role}","SecretAccessKey":"fetched-secret-key","Token":"fetched-session-token","Expiration":"2099-01-01T00:00:00Z"}}"#
    );
    let google = r#"{"access_token":"ya29.fetched-token","expires_in":3600,"token_type":"Bearer"}"#.to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, text) = match path.split('?').next().unwrap_or_default() {
        "/latest/api/token" => (200, "imds-session".to_owned()),
        "/latest/meta-data/iam/security-credentials/" => (200, "the-role".to_owned()),
        "/latest/meta-data/iam/security-credentials/the-role" | "/container" => (200, keys),
        "/token" | "/computeMetadata/v1/instance/service-accounts/default/token" => (200, google),
        "/msi" => {
            let until = 4_000_000_000_u64;
            (
                200,
                format!(
                    r#"{{"access_token":"msi-token-0123456789","expires_on":"{until}","resource":"r","token_type":"Bearer"}}"#
                ),
            )
        }
        "/" if body.contains("Action=AssumeRoleWithWebIdentity") => (200, roles("AssumeRoleWithWebIdentity")),
        "/" if body.contains("Action=AssumeRole") => (200, roles("AssumeRole")),
        path if path.starts_with("/model") => (200, "{}".to_owned()),
        path if path.starts_with("/openai/") => (200, "{}".to_owned()),
        _ => (404, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\nmetadata-flavor: Google\r\nconnection: close\r\n\r\n",
        text.len()
    );
    drop(socket.write_all((head + &text).as_bytes()));
}

fn child_with(source: &str, root: &str, home: &Path, env: &[(&str, String)]) -> Output {
    let none = home.join("none").display().to_string();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env_clear()
        .env("HOME", home)
        .env("AWS_CONFIG_FILE", &none)
        .env("AWS_SHARED_CREDENTIALS_FILE", &none)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "eu-west-1")
        .env("CHILD_SOURCE", source)
        .env("CHILD_ROOT", root)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap()
}

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

#[track_caller]
fn signed(call: &str, id: &str, session: bool) {
    let id = id.to_lowercase();
    assert!(call.contains(&format!("authorization: aws4-hmac-sha256 credential={id}/")), "{call}");
    assert_eq!(call.contains("x-amz-security-token: "), session, "{call}");
}

#[test]
fn amazons_environment_signs_as_it_is() {
    let service = Service::start("static");
    let keys = [("AWS_ACCESS_KEY_ID", "STATICKEYID".to_owned()), ("AWS_SECRET_ACCESS_KEY", "static-secret".to_owned())];
    let (printed, call) = service.run("aws:default", &keys);
    assert!(printed.contains("status 200"), "{printed}");
    signed(&call, "STATICKEYID", false);
}

#[test]
fn a_web_identity_assumes_its_role() {
    let service = Service::start("web-identity");
    let file = service.file("token", "web-identity-token");
    let (printed, call) = service.run(
        "aws:default",
        &[
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/weir".to_owned()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", file),
            ("AWS_ENDPOINT_URL_STS", service.url("")),
        ],
    );
    assert!(printed.contains("status 200"), "{printed}");
    signed(&call, "FETCHEDKEYID", true);
    assert!(service.seen.lock().unwrap().iter().any(|seen| seen.contains("WebIdentityToken=web-identity-token")));
}

#[test]
fn a_profile_assumes_its_role_with_the_keys_of_another() {
    let service = Service::start("profile");
    let config = format!(
        "[profile team]\nrole_arn = arn:aws:iam::123456789012:role/team\nsource_profile = base\n[profile base]\n\
         aws_access_key_id = BASEKEYID\naws_secret_access_key = base-secret\n[profile plain]\naws_access_key_id = PLAINKEYID\n\
         aws_secret_access_key = plain-secret\nendpoint_url = {}\n",
        service.url("")
    );
    let file = service.file("config", &config);
    let env = [("AWS_CONFIG_FILE", file), ("AWS_ENDPOINT_URL_STS", service.url(""))];
    let (printed, call) = service.run("aws:profile=team", &env);
    assert!(printed.contains("status 200"), "{printed}");
    signed(&call, "FETCHEDKEYID", true);
    let assumed = |seen: &String| seen.contains("Action=AssumeRole&") && seen.contains("Credential=BASEKEYID/");
    assert!(service.seen.lock().unwrap().iter().any(assumed));

    let plain = Service::start("plain-profile");
    let (_, call) = plain.run("aws:profile=plain", &env);
    signed(&call, "PLAINKEYID", false);
    let (printed, call) = plain.run("aws:profile=nobody", &env);
    assert!(printed.contains("no credentials from `aws:profile=nobody`"), "{printed}");
    assert!(!call.contains("nobody"));
}

#[test]
fn a_container_and_an_instance_have_roles() {
    let service = Service::start("container");
    let env = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/container")),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token".to_owned()),
    ];
    let (printed, call) = service.run("aws:default", &env);
    assert!(printed.contains("status 200"), "{printed}");
    signed(&call, "FETCHEDKEYID", true);
    assert!(
        service.seen.lock().unwrap().iter().any(|seen| seen.to_lowercase().contains("authorization: container-token"))
    );

    let service = Service::start("instance");
    let env =
        [("AWS_EC2_METADATA_DISABLED", "false".to_owned()), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url(""))];
    let (printed, call) = service.run("aws:default", &env);
    assert!(printed.contains("status 200"), "{printed}");
    signed(&call, "FETCHEDKEYID", true);
    assert_eq!(service.asked("PUT /latest/api/token"), 1);
}

#[test]
fn amazons_chain_that_ends_in_nothing_says_what_to_check() {
    let service = Service::start("nothing");
    let (printed, call) = service.run("aws:default", &[]);
    assert!(printed.contains("no credentials from `aws:default`"), "{printed}");
    assert!(printed.contains("AWS_WEB_IDENTITY_TOKEN_FILE") && call.is_empty(), "{printed}");
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
