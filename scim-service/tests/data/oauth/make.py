#!/usr/bin/env python3
"""Makes tokens.json anew: tokens that PyJWT and Authlib sign, with the public keys that check them.

    pip install pyjwt cryptography authlib && python3 make.py
"""

import base64
import json
from pathlib import Path

import jwt
from authlib.jose import JsonWebToken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NOW = 1_800_000_000
CLAIMS = {"iss": "https://idp.example", "sub": "0b1c", "aud": "api://app", "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3600}
KEYS = {
    "rsa": (rsa.generate_private_key(65537, 2048), ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
    "p256": (ec.generate_private_key(ec.SECP256R1()), ["ES256"]),
    "p384": (ec.generate_private_key(ec.SECP384R1()), ["ES384"]),
    "ed": (ed25519.Ed25519PrivateKey.generate(), ["EdDSA"]),
}


def text(number, length):
    return base64.urlsafe_b64encode(number.to_bytes(length, "big")).rstrip(b"=").decode()


def jwk(kid, key):
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        return {"kty": "RSA", "use": "sig", "kid": kid, "n": text(public.n, 256), "e": text(public.e, 3)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        public, length = key.public_key().public_numbers(), key.key_size // 8
        return {"kty": "EC", "crv": f"P-{key.key_size}", "kid": kid, "x": text(public.x, length), "y": text(public.y, length)}
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(int.from_bytes(raw, "big"), 32)}


def main():
    tokens = []
    for kid, (key, algorithms) in KEYS.items():
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        for algorithm in algorithms:
            token = jwt.encode(CLAIMS, key, algorithm=algorithm, headers={"kid": kid})
            tokens.append({"name": f"PyJWT {algorithm}", "token": token})
            other = JsonWebToken([algorithm]).encode({"alg": algorithm, "kid": kid}, {**CLAIMS, "aud": ["x", "api://app"]}, pem)
            tokens.append({"name": f"Authlib {algorithm}", "token": other.decode()})
    data = {"now": NOW, "jwks": {"keys": [jwk(kid, key) for kid, (key, _) in KEYS.items()]}, "tokens": tokens}
    Path(__file__).with_name("tokens.json").write_text(json.dumps(data, indent=1) + "\n")


main()
