use super::*;

fn vars(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    move |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
}

fn problem(builder: Result<ClientBuilder>) -> String {
    match builder.and_then(ClientBuilder::build) {
        Err(Error::Config(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn environment_variables_configure_a_client_and_are_named_in_errors() {
    const BASE: (&str, &str) = ("DINGTALK_BASE_URL", "http://127.0.0.1:1/");
    const TOKEN: (&str, &str) = ("DINGTALK_ACCESS_TOKEN", "t");
    let app = vars(&[("DINGTALK_APP_KEY", " k\n"), ("DINGTALK_APP_SECRET", "s"), BASE]);
    let client = ClientBuilder::from_vars(app).unwrap().no_proxy().build().unwrap();
    assert_eq!(format!("{client:?}").matches("App(..)").count(), 1);
    let both = vars(&[
        ("DINGTALK_ACCESS_TOKEN", "t"),
        ("DINGTALK_APP_KEY", "k"),
        ("DINGTALK_APP_SECRET", "s"),
        BASE,
    ]);
    let client = ClientBuilder::from_vars(both).unwrap().no_proxy().build().unwrap();
    assert!(format!("{client:?}").contains("Fixed(..)"));

    let none = problem(ClientBuilder::from_vars(vars(&[("DINGTALK_ACCESS_TOKEN", " "), BASE])));
    assert!(none.contains("DINGTALK_APP_KEY") && none.contains("DINGTALK_ACCESS_TOKEN"), "{none}");
    // Credentials of the program replace those of the environment, or their absence.
    for pairs in [&[BASE][..], &[TOKEN, BASE]] {
        let vars = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        let builder = || ClientBuilder::from_vars(vars).unwrap().no_proxy();
        let client = builder().token_source(|| Ok::<_, Error>("t")).build().unwrap();
        assert!(format!("{client:?}").contains("Custom(..)"));
        let several = problem(Ok(builder().app("k", "s").access_token("t")));
        assert!(several.contains("not several"), "{several}");
    }
    let half = problem(ClientBuilder::from_vars(vars(&[("DINGTALK_APP_KEY", "k")])));
    assert!(half.contains("DINGTALK_APP_SECRET is not"), "{half}");

    // An error about a value names the variable and does not repeat the value.
    let table: [(&'static [(&str, &str)], &str); 4] = [
        (&[TOKEN, ("DINGTALK_BASE_URL", "api.dingtalk.com")], "DINGTALK_BASE_URL: the base URL begins with"),
        (
            &[TOKEN, ("DINGTALK_BASE_URL", "https://planted@h")],
            "DINGTALK_BASE_URL: the base URL must have no",
        ),
        (&[("DINGTALK_ACCESS_TOKEN", "planted t"), BASE], "DINGTALK_ACCESS_TOKEN: the access token has"),
        (
            &[("DINGTALK_APP_KEY", "k"), ("DINGTALK_APP_SECRET", "planted s"), BASE],
            "DINGTALK_APP_KEY, DINGTALK_APP_SECRET: app key or app secret has",
        ),
    ];
    for (pairs, expected) in table {
        let text = problem(ClientBuilder::from_vars(vars(pairs)));
        assert!(text.starts_with(expected) && !text.contains("planted"), "{expected}: {text}");
    }
}

#[test]
fn config_errors_explain_what_to_do() {
    // Ignores any proxy in the environment of the tests.
    let base = || ClientBuilder::new().base_url("http://127.0.0.1:1").no_proxy();
    let good = || base().access_token("t");
    let table = [
        (base(), "no credentials"),
        (good().app("k", "s"), "not several"),
        (base().access_token(""), "token is empty"),
        (base().access_token("t\n"), "Trim it"),
        (base().app("k", ""), "app secret is empty"),
        (base().app("", "s"), "app key or app secret is empty"),
        (base().app("k", "planted\n"), "Trim it"),
        (base().corp_app("", "k", "s"), "corp id, client id or client secret is empty"),
        (base().corp_app("c", "k", "planted\n"), "Trim it"),
        (good().corp_app("c", "k", "s"), "not several"),
        (base().app(" k", "planted"), "Trim it"),
        (good().base_url("api.dingtalk.com"), "https://"),
        (good().base_url("ftp://h"), "https://"),
        (good().base_url("http://"), "URL"),
        (good().base_url("http://h?x=1"), "no query"),
        (good().base_url("http://user@h"), "user"),
        (good().base_url("https://api.dingtalk.com/v1.0/"), "every route begins"),
        (good().base_url("https://h/gateway/v2.0"), "every route begins"),
        (good().oapi_base_url("http://planted@h"), "user"),
        (good().base_url("https://oapi.dingtalk.com"), "oapi.dingtalk.com is the old host"),
        (good().base_url("https://OAPI.dingtalk.com:443/topapi/"), "leave the base URL out"),
        (good().base_url("http://oapi.dingtalk.io/"), "https://api.dingtalk.com"),
        (good().stall_timeout(Duration::ZERO), "timeout of zero"),
        (good().connect_timeout(Duration::ZERO), "timeout of zero"),
        (good().overall_timeout(Duration::ZERO), "timeout of zero"),
        (good().user_agent("a\nb"), "user agent"),
        (good().proxy("gopher://planted-password@h"), "the proxy is not a URL"),
        (good().agent(Agent::new_with_defaults()).proxy("http://h:1"), "your own agent"),
    ];
    for (builder, expected) in table {
        let text = problem(Ok(builder));
        assert!(text.contains(expected) && !text.contains("planted"), "{expected}: {text}");
    }
}

#[test]
fn base_urls_lose_the_trailing_slash_and_keep_the_path() {
    assert_eq!(check_base_url(" https://gw.example/dingtalk/ ").unwrap(), "https://gw.example/dingtalk");
    // Later checks expect the scheme in lower case.
    assert_eq!(check_base_url("HTTP://Gw.example/DingTalk").unwrap(), "http://Gw.example/DingTalk");
}

#[test]
fn each_api_host_has_its_old_host() {
    let table = [
        ("https://api.dingtalk.com", "https://oapi.dingtalk.com"),
        ("https://API.dingtalk.com:443", "https://oapi.dingtalk.com"),
        ("https://api.dingtalk.io", "https://oapi.dingtalk.io"),
        ("http://127.0.0.1:1/gateway", "http://127.0.0.1:1/gateway"),
    ];
    for (base_url, old) in table {
        assert_eq!(old_host_of(base_url), old);
    }
    assert_eq!(check_base_url(BASE_URL).unwrap(), BASE_URL);
    assert_eq!(check_base_url(INTERNATIONAL_BASE_URL).unwrap(), INTERNATIONAL_BASE_URL);
}

#[cfg(not(feature = "socks-proxy"))]
#[test]
fn socks_needs_its_feature() {
    let builder = ClientBuilder::new().base_url("http://h").access_token("t").proxy("socks5://h:1");
    assert!(problem(Ok(builder)).contains("`socks-proxy`"));
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn build_refuses_https_without_tls() {
    let text = problem(Ok(ClientBuilder::new().access_token("t")));
    assert!(text.contains("https needs TLS") && text.contains("`rustls`"), "{text}");
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[test]
fn root_certificates_must_be_certificates() {
    for pem in ["", "not pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let text = problem(Ok(ClientBuilder::new().access_token("t").no_proxy().root_certificates(pem)));
        assert!(text.contains("root certificates"), "{text}");
    }
}
