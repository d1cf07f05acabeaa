//! TLS of the servers: who gets in, what a slow or hostile handshake costs, and certificates that change.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod authority;
mod server;

use std::time::{Duration, Instant};

use rcgen::ExtendedKeyUsagePurpose::ClientAuth;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use authority::{Authority, Issued, write};
use server::{BOTH, PATIENCE, Server, answer, ask, flags_of, open, start};

const TOKEN: &str = "test-token";

/// A client with a token, and what else its registration says.
fn client(id: &str, rest: &str) -> String {
    let hash = hex::encode(Sha256::digest(format!("{id}-token")));
    format!("[[client]]\nid = \"{id}\"\nscopes = [\"scim\"]\ntokens = [{{ sha256 = \"{hash}\" }}]\n{rest}\n")
}

async fn start_plain(limits: &[&str]) -> Server {
    start(&client("test", ""), None, limits).await
}

#[tokio::test]
async fn x14_a_server_speaks_tls_1_2_and_1_3_and_http_1_1_alone() {
    let server = start_plain(&[]).await;
    for version in [&TLS12, &TLS13] {
        for (offered, expected) in [
            (&[][..], None),
            (&["http/1.1"], Some(b"http/1.1".to_vec())),
            (&["h2", "http/1.1"], Some(b"http/1.1".to_vec())),
        ] {
            let mut config = server.authority.trusted_by(None, &[version]);
            config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
            let mut stream = server.connect(config).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec), expected, "{offered:?}");
            assert_eq!(ask(&mut stream, TOKEN, "keep-alive").await, Ok(200));
            assert_eq!(ask(&mut stream, "wrong", "close").await, Ok(401));
        }
        let mut config = server.authority.trusted_by(None, &[version]);
        config.alpn_protocols = vec![b"h2".to_vec()];
        assert!(server.connect(config).await.is_err());
    }
    let mut plain = server.plain(b"GET /scim/v2/Users HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, plain.read_to_end(&mut bytes)).await.unwrap();
    assert!(!bytes.starts_with(b"HTTP"), "whoever speaks no TLS gets no answer");
}

#[tokio::test]
async fn mutual_tls_lets_in_whom_the_authority_has_certified_and_nobody_else() {
    let clients = Authority::new("clients");
    let list = clients.revoked(7);
    let server = start(&client("test", ""), Some((&clients, Some(list))), &[]).await;
    assert_eq!(server.status(Some(&clients.client("a.example")), TOKEN).await, Ok(200));
    let expired = clients.issue(&["a.example"], ClientAuth, 3, 2021);
    let revoked = clients.issue(&["a.example"], ClientAuth, 7, 4096);
    let stranger = Authority::new("clients").client("a.example");
    for (name, certificate) in
        [("none", None), ("of a stranger", Some(&stranger)), ("expired", Some(&expired)), ("revoked", Some(&revoked))]
    {
        for version in [&TLS12, &TLS13] {
            let config = server.authority.trusted_by(certificate, &[version]);
            let refused = server.status_over(config, TOKEN).await.unwrap_err();
            assert!(refused.contains("alert"), "{name}: the client learns why: {refused}");
        }
    }
}

#[tokio::test]
async fn a_stolen_token_is_worthless_without_the_certificate_of_its_client() {
    let clients = Authority::new("clients");
    let [by_hash, other] = [clients.client("other.example"), clients.client("other.example")];
    let [by_name, alone] = [clients.client("entra.example"), clients.client("alone.example")];
    let file = [
        client("okta", &format!("certificates = [{{ sha256 = \"{}\" }}]", by_hash.sha256())),
        client("entra", "tls_client_auth_san_dns = \"entra.example\""),
        client("alone", "tls_client_auth_san_dns = \"alone.example\"\ncertificate_alone = true"),
    ];
    let server = start(&file.join("\n"), Some((&clients, None)), &[]).await;
    let check = async |certificate: &Issued, token: &str, expected: u16| {
        assert_eq!(server.status(Some(certificate), token).await, Ok(expected), "{token}");
    };
    check(&by_hash, "okta-token", 200).await;
    check(&by_name, "okta-token", 401).await;
    check(&other, "okta-token", 401).await;
    check(&by_name, "entra-token", 200).await;
    check(&clients.client("entra.example"), "entra-token", 200).await;
    check(&by_hash, "entra-token", 401).await;
    check(&alone, "", 200).await;
    check(&by_name, "", 401).await;
}

#[tokio::test]
async fn x5_handshakes_that_do_not_end_keep_nobody_out_and_have_their_time() {
    let server = start_plain(&["--max-connections", "8", "--head-timeout", "2"]).await;
    let mut half = Vec::new();
    // A record of a handshake of which the rest never comes, nothing at all, and something else.
    for start in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"", b"\x16\x03\x01"].iter().cycle().take(40) {
        half.push(server.plain(start).await);
    }
    assert_eq!(server.status(None, TOKEN).await, Ok(200));
    let began = Instant::now();
    let mut last = server.plain(b"\x16\x03\x01").await;
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, last.read_to_end(&mut bytes)).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(1500), "{:?}", began.elapsed());
    let patient = start_plain(&["--head-timeout", "60"]).await;
    // Broken off at once: nobody waits for the rest of what is no handshake.
    let mut wrong = patient.plain(b"GET / HTTP/1.1\r\n\r\n").await;
    let _ = timeout(PATIENCE, wrong.read_to_end(&mut bytes)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_stopped_ends_requests_and_no_handshakes() {
    let server = start_plain(&[]).await;
    let mut stream = server.connect(server.authority.trusted_by(None, &BOTH)).await.unwrap();
    let body = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}"#;
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    // It is served from now on.
    timeout(PATIENCE, stream.read_exact(&mut go_on)).await.unwrap().unwrap();
    let _half = server.plain(b"\x16\x03\x01").await;
    let mut idle = server.connect(server.authority.trusted_by(None, &BOTH)).await.unwrap();
    assert_eq!(ask(&mut idle, TOKEN, "keep-alive").await, Ok(200));
    server.stop.send(()).unwrap();
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, idle.read_to_end(&mut rest)).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await, Ok(201));
    drop(stream);
    let began = Instant::now();
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_certificate_is_replaced_under_load_without_a_failure() {
    let server = start_plain(&[]).await;
    server.tls.watch();
    let config = || server.authority.trusted_by(None, &BOTH);
    let shown = async || {
        let mut stream = server.connect(config()).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        assert_eq!(ask(&mut stream, TOKEN, "close").await, Ok(200));
        shown
    };
    let mut open = server.connect(config()).await.unwrap();
    let (first, next) = (shown().await, server.authority.server());
    let (mut requests, mut new, began) = (0, 0, Instant::now());
    while requests < 200 || new < 20 {
        assert!(began.elapsed() < PATIENCE, "{new} of {requests} requests met the new certificate");
        if requests == 20 {
            next.write(server.folder.path());
        }
        let certificate = shown().await;
        requests += 1;
        if certificate != first {
            assert_eq!(certificate, next.der().to_vec());
            new += 1;
        }
        assert_eq!(ask(&mut open, TOKEN, "keep-alive").await, Ok(200), "an open connection goes on");
        sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn files_that_cannot_be_used_are_refused_with_what_was_expected() {
    use std::os::unix::fs::PermissionsExt;
    let (authority, folder) = (Authority::new("servers"), tempfile::tempdir().unwrap());
    let [one, other] = [authority.server(), authority.server()];
    let with = |chain: &str, key: &str| {
        flags_of(&[write(folder.path(), "cert.pem", chain), write(folder.path(), "key.pem", key)])
    };
    let also = |flag: &str, text: &str| {
        let mut flags = with(&one.chain, &one.key);
        flags.extend([flag.to_owned(), write(folder.path(), "ca.pem", text).display().to_string()]);
        flags
    };
    assert!(open(&with(&one.chain, &one.key)).is_ok());
    assert!(open(&also("--client-ca", &authority.pem)).is_ok());
    let expired = authority.issue(&["localhost"], rcgen::ExtendedKeyUsagePurpose::ServerAuth, 1, 2021);
    let refused = |flags: &[String], told: &str| {
        let error = open(flags).map(drop).unwrap_err();
        assert!(error.contains(told) && !error.contains("PRIVATE"), "{told}: {error}");
    };
    refused(&with(&one.chain, &other.key), "can't be used together");
    refused(&with(&one.key, &one.key), "expected at least one certificate in PEM form");
    refused(&with(&one.chain, &one.chain), "expected a private key in PEM form");
    refused(&with(&expired.chain, &expired.key), "expired at 2021-01-01");
    refused(&with("", ""), "expected at least one certificate");
    refused(&also("--client-ca", "nothing"), "expected at least one certificate");
    refused(&["--tls-cert".to_owned(), "x".to_owned()], "--tls-key");
    refused(&["--client-ca".to_owned(), "x".to_owned()], "--tls-cert");
    let nowhere = "cannot read the certificate of TLS `/nowhere`";
    refused(&flags_of(&["/nowhere".into(), "/nowhere".into()]), nowhere);
    let flags = with(&one.chain, &one.key);
    std::fs::set_permissions(folder.path().join("key.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(open(&flags).unwrap_err().contains("chmod 600"));
}
