//! Amazon's chain, source by source.

use std::fs;

use crate::service::Service;

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
    for tried in ["the environment", "the profile", "a web identity", "the container", "the instance", "AWS_ROLE_ARN"] {
        assert!(printed.contains(tried), "{tried}: {printed}");
    }
    assert!(call.is_empty(), "{call}");
}

const PROFILES: &str = "[profile program]\ncredential_process = sh PROGRAM\n\
    [sso-session weir]\nsso_region = eu-west-1\nsso_start_url = https://weir.awsapps.com/start\n\
    [profile single]\nsso_session = weir\nsso_account_id = 123456789012\nsso_role_name = weir\n\
    [profile older]\nsso_region = eu-west-1\nsso_start_url = https://weir.awsapps.com/start\n\
    sso_account_id = 123456789012\nsso_role_name = weir\n";

#[test]
fn a_profiles_program_is_asked_and_what_it_says_of_a_failure_is_told_to_nobody() {
    let service = Service::start("program");
    let program = service.file(
        "program.sh",
        "echo '{\"Version\":1,\"AccessKeyId\":\"PROGRAMKEYID\",\"SecretAccessKey\":\"a-programs-secret\",\
         \"SessionToken\":\"fetched-session-token\",\"Expiration\":\"2099-01-01T00:00:00Z\"}'",
    );
    let config = service.file("config", &PROFILES.replace("PROGRAM", &program));
    let env = [("AWS_CONFIG_FILE", config), ("PATH", "/usr/bin:/bin".to_owned())];
    let (printed, call) = service.run("aws:profile=program", &env);
    assert!(printed.contains("status 200"), "{printed}");
    signed(&call, "PROGRAMKEYID", true);
    // As a part of the chain as well.
    service.seen.lock().unwrap().clear();
    let chain = [env.as_slice(), &[("AWS_PROFILE", "program".to_owned())]].concat();
    signed(&service.run("aws:default", &chain).1, "PROGRAMKEYID", true);

    service.seen.lock().unwrap().clear();
    for failing in ["echo a-programs-secret >&2; exit 3", "echo a-programs-secret", "echo '{\"Version\":2}'"] {
        service.file("program.sh", failing);
        for (source, env) in [("aws:profile=program", env.as_slice()), ("aws:default", &chain)] {
            let (printed, call) = service.run(source, env);
            let said = format!("no credentials from `{source}`");
            assert!(printed.contains(&said) && printed.contains("external process"), "{printed}");
            assert!(call.is_empty());
        }
    }
}

/// `~/.aws/sso/cache`, whose files are named by the SHA-1 of the session `weir`, and of the address where one signs in.
fn sign_in(service: &Service, until: &str, refresh: &str) {
    let cache = service.folder.join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    let token = format!(
        r#"{{"startUrl":"https://weir.awsapps.com/start","region":"eu-west-1","accessToken":"login-token","expiresAt":"{until}"{refresh}}}"#
    );
    for name in ["73359e52b959cf85f75158a9bf78501ee2c9f529", "80812369b819706d8109e65c6ce1e2b5e765fb24"] {
        fs::write(cache.join(name).with_extension("json"), &token).unwrap();
    }
}

#[test]
fn who_has_signed_in_once_has_the_role_of_the_session_which_is_renewed() {
    let service = Service::start("single");
    let config = service.file("config", PROFILES);
    let env = [
        ("AWS_CONFIG_FILE", config),
        ("AWS_ENDPOINT_URL_SSO", service.url("")),
        ("AWS_ENDPOINT_URL_SSO_OIDC", service.url("/oidc")),
    ];
    let bearer = |token: &str| {
        let seen = service.seen.lock().unwrap();
        let asked = seen.iter().find(|seen| seen.starts_with("GET /federation/credentials?")).unwrap();
        assert!(asked.contains(&format!("x-amz-sso_bearer_token: {token}")), "{asked}");
        assert!(asked.contains("role_name=weir") && asked.contains("account_id=123456789012"), "{asked}");
    };
    sign_in(&service, "2099-01-01T00:00:00Z", "");
    for profile in ["single", "older"] {
        service.seen.lock().unwrap().clear();
        let (printed, call) = service.run(&format!("aws:profile={profile}"), &env);
        assert!(printed.contains("status 200"), "{printed}");
        signed(&call, "FETCHEDKEYID", true);
        bearer("login-token");
    }

    // One that has ended is renewed where the cache says how.
    let refresh =
        r#","refreshToken":"r","clientId":"c","clientSecret":"s","registrationExpiresAt":"2099-01-01T00:00:00Z""#;
    sign_in(&service, "2020-01-01T00:00:00Z", refresh);
    service.seen.lock().unwrap().clear();
    let (printed, call) = service.run("aws:profile=single", &env);
    assert!(printed.contains("status 200"), "{printed}");
    signed(&call, "FETCHEDKEYID", true);
    bearer("renewed-login-token");
    assert_eq!(service.asked("POST /oidc/token"), 1);

    // One that cannot be renewed, and one that is not there, say what to do.
    sign_in(&service, "2020-01-01T00:00:00Z", "");
    service.seen.lock().unwrap().clear();
    let (printed, call) = service.run("aws:profile=single", &env);
    assert!(printed.contains("no credentials from `aws:profile=single`") && printed.contains("expired"), "{printed}");
    assert!(printed.contains("`aws sso login`") && call.is_empty(), "{printed}");
    fs::remove_dir_all(service.folder.join(".aws")).unwrap();
    let (printed, _) = service.run("aws:profile=single", &env);
    assert!(printed.contains("no credentials from `aws:profile=single`"), "{printed}");
    assert_eq!(service.asked("GET /federation"), 0);
}
