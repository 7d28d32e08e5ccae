//! The provider's keys, and the check of signatures by them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

/// Keys that are kept; a provider publishes few.
const KEYS_MAX: usize = 100;

/// The algorithms that are accepted; symmetric ones and `none` are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
}

/// The header of a token.
#[derive(Debug, Deserialize)]
pub(in crate::security::auth) struct Header {
    alg: Algorithm,
    kid: Option<String>,
    /// A critical extension that is not understood must not be ignored (RFC 7515, 4.1.11).
    crit: Option<serde_json::Value>,
}

impl Header {
    /// Returns the header of a token with an accepted algorithm.
    pub(in crate::security::auth) fn of(token: &str) -> Option<Header> {
        let json = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
        serde_json::from_slice(&json).ok().filter(|header: &Header| header.crit.is_none())
    }
}

/// The published keys, without those that sign no tokens.
#[derive(Default)]
pub(super) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    material: Material,
}

enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point of P-256.
    P256(Vec<u8>),
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a set of keys. Keys of other kinds are passed over; a set without any key of ours is an error, so that it does not
    /// take the place of keys that work.
    pub(super) fn read(body: &[u8]) -> Result<Keys, String> {
        let published: Published =
            serde_json::from_slice(body).map_err(|error| format!("not a set of keys: {error}"))?;
        let jwks = published.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let keys: Vec<Key> = jwks.filter_map(Key::of).take(KEYS_MAX).collect();
        if keys.is_empty() { Err("the set has no key for RS256 or ES256".to_owned()) } else { Ok(Keys(keys)) }
    }

    /// Returns true if there is a key that the token can name.
    pub(super) fn has(&self, header: &Header) -> bool {
        self.candidates(header).next().is_some() && header.kid.is_some()
    }

    /// Returns the payload of a token that one of the keys has signed.
    pub(super) fn verified(&self, header: &Header, token: &str) -> Option<Vec<u8>> {
        let (message, signature) = token.rsplit_once('.')?;
        let (_, payload) = message.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let is_signed = self.candidates(header).any(|key| key.has_signed(message.as_bytes(), &signature));
        if is_signed { URL_SAFE_NO_PAD.decode(payload).ok() } else { None }
    }

    /// Returns the keys that the header can mean: of its algorithm and, if it names one, with its id.
    fn candidates<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = &'a Key> {
        let is_named = move |key: &&Key| header.kid.is_none() || key.id == header.kid;
        self.0.iter().filter(move |key| key.algorithm() == header.alg).filter(is_named)
    }
}

impl Key {
    fn of(jwk: Jwk) -> Option<Key> {
        let decode = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match jwk.kty.as_str() {
            "RSA" => Material::Rsa { n: decode(jwk.n)?, e: decode(jwk.e)? },
            "EC" if jwk.crv.as_deref() == Some("P-256") => {
                let (x, y) = (decode(jwk.x)?, decode(jwk.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Material::P256([vec![4], x, y].concat())
            }
            _ => return None,
        };
        let key = Key { id: jwk.kid, material };
        let is_for_signatures = jwk.purpose.is_none_or(|purpose| purpose == "sig");
        let is_for_ours = jwk.alg.is_none_or(|alg| alg == key.algorithm().name());
        (is_for_signatures && is_for_ours).then_some(key)
    }

    const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Es256 => "ES256",
        }
    }
}
