"""An identity provider that signs with the keys of the tests."""

import base64
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.server import Server

IDP = "https://idp.test/metadata"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


class IdentityProvider:
    """Answers the requests of a service provider whose metadata it has read."""

    def __init__(self, metadata: str, keys: str):
        config = IdPConfig()
        idp = {
            "endpoints": {"single_sign_on_service": [("https://idp.test/sso", BINDING_HTTP_REDIRECT)]},
            "policy": {
                "default": {
                    "lifetime": {"minutes": 5},
                    "attribute_restrictions": None,
                    "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
                }
            },
            "name_id_format": [NAMEID_FORMAT_EMAILADDRESS],
        }
        files = {"key_file": keys + "/idp.key", "cert_file": keys + "/idp.crt"}
        config.load({"entityid": IDP, "service": {"idp": idp}, "metadata": {"inline": [metadata]}, **files})
        self.server = Server(config=config)

    def answer(self, url: str, subject: str, attributes: dict) -> dict:
        """The form that the browser posts after it was sent to `url`, and where to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        request = self.server.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT)
        where = self.server.response_args(request.message, [BINDING_HTTP_POST])
        response = self.server.create_authn_response(
            identity={name: values for name, values in attributes.items() if values},
            name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=subject),
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": IDP},
            sign_assertion=True,
            sign_response=False,
            sign_alg=RSA_SHA256,
            digest_alg=SHA256,
            **where,
        )
        form = {"SAMLResponse": base64.b64encode(str(response).encode()).decode()}
        if "RelayState" in query:
            form["RelayState"] = query["RelayState"]
        return {"url": where["destination"], "data": form}
