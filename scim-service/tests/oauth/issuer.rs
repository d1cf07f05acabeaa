//! Issuers of assertions, with keys of their own.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scim_service::oauth::{KeyFetcher, KeyLocation};
use serde_json::{Value, json};

/// A key of an issuer.
pub(crate) enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Slow to make, so made once.
static RSA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    pair.as_der().unwrap().as_ref().to_vec()
});

impl Key {
    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(&RSA).unwrap())
    }

    pub(crate) fn p256() -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref()).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    /// The public half as an issuer shows it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "use": "sig", "kid": kid, "n": text(&public.n), "e": text(&public.e)})
            }
            Self::P256(key) => {
                let point = &key.public_key().as_ref()[1..];
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": text(&point[..32]), "y": text(&point[32..])})
            }
            Self::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(key.public_key().as_ref())})
            }
        }
    }

    fn signature(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                match algorithm {
                    "PS256" => key.sign(&RSA_PSS_SHA256, &random, message, &mut signature).unwrap(),
                    _ => key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap(),
                }
                signature
            }
            Self::P256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with this header, signed by the key whatever the header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = self.signature(header["alg"].as_str().unwrap_or_default(), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What issuers show at their URLs. One that shows nothing fails.
#[derive(Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<HashMap<String, String>>>);

impl Shown {
    pub(crate) fn put(&self, location: &str, keys: &[Value]) {
        self.0.lock().unwrap().insert(location.to_owned(), json!({"keys": keys}).to_string());
    }

    pub(crate) fn put_text(&self, location: &str, text: &str) {
        self.0.lock().unwrap().insert(location.to_owned(), text.to_owned());
    }
}

#[async_trait]
impl KeyFetcher for Shown {
    async fn fetch(&self, location: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
        let shown = self.0.lock().unwrap();
        shown.get(&location.to_string()).cloned().ok_or_else(|| "no answer".into())
    }
}
