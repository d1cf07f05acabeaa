"""Makes the SAML responses of `responses.json`: good ones by two identity provider libraries, and attacks on them.

Needs pysaml2, freezegun and lxml from PyPI, samlp from npm, and the programs xmlsec1 and node. `make.sh` installs and runs it all.
Keys are for these tests alone. Times are fixed, and so are identifiers, so that the same versions make the same file.

usage: make.py FOLDER_WITH_NODE_MODULES
"""

import base64
import copy
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from freezegun import freeze_time
from lxml import etree

import saml2.s_utils
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.server import Server

HERE = Path(__file__).parent
NOW = "2026-01-15T10:00:00Z"
IDP = "https://idp.test/metadata"
SP = "https://superset.test/saml/metadata"
ACS = "https://superset.test/saml/acs"
REQUEST = "_request-1"
PERSON = {"givenName": ["Ada"], "sn": ["Byron"], "mail": ["ada@example.com"], "groups": ["analysts", "board"]}
SUBJECT = "ada@example.com"
NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}

numbers = random.Random(7)
saml2.s_utils.rndstr = lambda size=16, alphabet="": "".join(numbers.choices("0123456789abcdef", k=size))
for module in ("saml2.entity", "saml2.assertion", "saml2.server", "saml2.sigver"):
    if hasattr(sys.modules.get(module), "sid"):
        sys.modules[module].sid = lambda: "id-" + saml2.s_utils.rndstr(20)

SP_METADATA = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{SP}">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAssertionsSigned="true">
<AssertionConsumerService Binding="{BINDING_HTTP_POST}" Location="{ACS}" index="0" isDefault="true"/>
</SPSSODescriptor></EntityDescriptor>"""


def idp_config() -> IdPConfig:
    config = IdPConfig()
    config.load(
        {
            "entityid": IDP,
            "service": {
                "idp": {
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
            },
            "key_file": str(HERE / "idp.key"),
            "cert_file": str(HERE / "idp.crt"),
            "metadata": {"inline": [SP_METADATA]},
            "xmlsec_binary": "/usr/bin/xmlsec1",
        }
    )
    return config


@freeze_time(NOW)
def by_pysaml2(person=None, subject=SUBJECT, request=REQUEST, sp=SP, acs=ACS, sign_assertion=True, sign_response=False, **more):
    """A response that the library makes and signs."""
    response = Server(config=idp_config()).create_authn_response(
        identity=dict(person or PERSON),
        in_response_to=request,
        destination=acs,
        sp_entity_id=sp,
        name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=subject),
        authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", "authn_auth": IDP},
        sign_assertion=sign_assertion,
        sign_response=sign_response,
        sign_alg=more.pop("sign_alg", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        digest_alg=more.pop("digest_alg", "http://www.w3.org/2001/04/xmlenc#sha256"),
        **more,
    )
    text = str(response)
    return text[text.index("?>") + 2 :].strip() if text.startswith("<?xml") else text


def by_samlp(modules: str, **options) -> str:
    """A response that the npm library makes and signs."""
    environment = dict(os.environ, NODE_PATH=f"{modules}/node_modules")
    defaults = {"now": NOW, "issuer": IDP, "audience": SP, "acs": ACS, "request": REQUEST, "subject": SUBJECT, "person": PERSON}
    made = subprocess.run(
        ["node", str(HERE / "make.cjs")], input=json.dumps(defaults | options), env=environment, capture_output=True, text=True
    )
    if made.returncode:
        raise RuntimeError(made.stderr)
    return made.stdout.strip()


def parse(text: str):
    return etree.fromstring(text.encode())


def shown(tree) -> str:
    return etree.tostring(tree, encoding="unicode")


def find(tree, path: str):
    found = tree.xpath(path, namespaces=NS)
    if not found:
        raise KeyError(path)
    return found[0]


def signed(text: str, key="idp", element="Assertion", algorithm=None, transforms=None) -> str:
    """Signs an element with xmlsec1, for what the library itself would refuse to make."""
    tree = parse(text)
    target = find(tree, f"descendant-or-self::*[local-name()='{element}']")
    algorithm = algorithm or "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    digest = "http://www.w3.org/2000/09/xmldsig#sha1" if algorithm.endswith("rsa-sha1") else "http://www.w3.org/2001/04/xmlenc#sha256"
    transforms = transforms or (
        '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
        '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    )
    template = parse(
        f"""<ds:Signature xmlns:ds="{NS['ds']}"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="{algorithm}"/>
<ds:Reference URI="#{target.get('ID')}"><ds:Transforms>{transforms}</ds:Transforms>
<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>"""
    )
    find(target, "a:Issuer").addnext(template)
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "in.xml"), Path(folder, "out.xml")
        source.write_text(shown(tree))
        namespace = NS["a"] if element == "Assertion" else NS["p"]
        run = subprocess.run(
            ["xmlsec1", "--sign", "--privkey-pem", f"{HERE / key}.key,{HERE / key}.crt", "--id-attr:ID",
             f"{namespace}:{element}", "--output", str(result), str(source)],
            capture_output=True, text=True,
        )
        if run.returncode:
            raise RuntimeError(run.stderr)
        return shown(etree.parse(str(result)).getroot())


def resigned(change, **more) -> str:
    """An unsigned response of the library, changed, then signed."""
    tree = parse(by_pysaml2(sign_assertion=False))
    change(tree)
    return signed(shown(tree), **more)


def tampered(text: str, old: str, new: str) -> str:
    if old not in text:
        raise KeyError(old)
    return text.replace(old, new)


def evil_copy(assertion):
    """What an attacker would like to be read: another person in another group, unsigned."""
    evil = copy.deepcopy(assertion)
    evil.set("ID", "_evil")
    for signature in evil.xpath("ds:Signature", namespaces=NS):
        evil.remove(signature)
    find(evil, "a:Subject/a:NameID").text = "root@example.com"
    return evil


def wrapped(kind: int, text: str) -> str:
    """The eight wrappings of "On Breaking SAML" (Somorovsky et al., 2012)."""
    tree = parse(text)
    original = find(tree, "a:Assertion")
    signature = find(original, "ds:Signature")
    evil = evil_copy(original)
    if kind in (1, 2):
        whole = parse(by_pysaml2(sign_assertion=False, sign_response=True))
        evil_response = copy.deepcopy(whole)
        evil_response.set("ID", "_evil-response")
        find(evil_response, "a:Assertion/a:Subject/a:NameID").text = "root@example.com"
        detached = find(evil_response, "ds:Signature")
        inner = copy.deepcopy(whole)
        inner.remove(find(inner, "ds:Signature"))
        if kind == 1:
            detached.append(inner)
        else:
            detached.addprevious(inner)
        return shown(evil_response)
    if kind == 3:
        original.addprevious(evil)
    elif kind == 4:
        tree.remove(original)
        evil.append(original)
        tree.append(evil)
    elif kind == 5:
        original.remove(signature)
        evil.append(signature)
        tree.replace(original, evil)
        tree.append(original)
    elif kind == 6:
        original.remove(signature)
        tree.replace(original, evil)
        find(evil, "a:Issuer").addnext(signature)
        signature.append(original)
    elif kind == 7:
        extensions = etree.Element(f"{{{NS['p']}}}Extensions")
        extensions.append(evil)
        find(tree, "a:Issuer").addnext(extensions)
    else:
        holder = etree.SubElement(signature, f"{{{NS['ds']}}}Object")
        original.remove(signature)
        tree.replace(original, evil)
        find(evil, "a:Issuer").addnext(signature)
        holder.append(original)
    return shown(tree)


def set_attribute(path: str, name: str, value):
    def change(tree):
        element = find(tree, path)
        if value is None:
            element.attrib.pop(name, None)
        else:
            element.set(name, value)

    return change


def remove(path: str):
    def change(tree):
        element = find(tree, path)
        element.getparent().remove(element)

    return change


def cases(modules: str):
    good = by_pysaml2()
    assertion = "descendant::a:Assertion"
    data = f"{assertion}/a:Subject/a:SubjectConfirmation/a:SubjectConfirmationData"

    yield "good: pysaml2, the assertion signed", good, {}
    yield "good: pysaml2, response and assertion signed", by_pysaml2(sign_response=True), {}
    yield "good: pysaml2, the response signed, where that is enough", by_pysaml2(sign_assertion=False, sign_response=True), {
        "response_signature": True
    }
    yield "good: pysaml2, where a signed response would be enough", good, {"response_signature": True}
    yield "good: pysaml2, without groups", by_pysaml2(person={k: v for k, v in PERSON.items() if k != "groups"}), {}
    yield "good: a clock that is a minute behind", good, {"now": "2026-01-15T09:59:01Z"}
    yield "good: a clock that is a minute ahead", good, {"now": "2026-01-15T10:05:59Z"}
    yield "good: samlp, the assertion signed", by_samlp(modules), {}
    yield "good: samlp, response and assertion signed", by_samlp(modules, signResponse=True), {}
    yield "good: samlp, the response signed, where that is enough", by_samlp(
        modules, signAssertion=False, signResponse=True
    ), {"response_signature": True}
    yield "good: begun at the identity provider, where that is taken", by_pysaml2(request=None), {
        "request": None, "unsolicited": True
    }

    yield "unsigned: pysaml2", by_pysaml2(sign_assertion=False), {}
    yield "unsigned: samlp", by_samlp(modules, signAssertion=False), {}
    yield "unsigned: where a signed response would be enough", by_pysaml2(sign_assertion=False), {"response_signature": True}
    yield "unsigned: the response signed, where the assertion has to be", by_pysaml2(
        sign_assertion=False, sign_response=True
    ), {}
    stripped = parse(good)
    remove(f"{assertion}/ds:Signature")(stripped)
    yield "unsigned: the signature taken away", shown(stripped), {}
    empty = parse(good)
    find(empty, f"{assertion}/ds:Signature/ds:SignatureValue").text = ""
    yield "signature: an empty one", shown(empty), {}
    no_reference = parse(good)
    remove(f"{assertion}/ds:Signature/ds:SignedInfo/ds:Reference")(no_reference)
    yield "signature: one that covers nothing", shown(no_reference), {}

    yield "tampered: a group", tampered(good, ">board<", ">admins<"), {}
    yield "tampered: the subject", tampered(good, ">ada@example.com</ns1:NameID>", ">root@example.com</ns1:NameID>"), {}
    yield "tampered: the end of validity", tampered(good, "2026-01-15T10:05:00Z", "2027-01-15T10:05:00Z"), {}
    yield "tampered: samlp, the subject", tampered(by_samlp(modules), ">ada@example.com</saml:NameID>", ">root@example.com</saml:NameID>"), {}
    yield "tampered: a signed response", tampered(
        by_pysaml2(sign_assertion=False, sign_response=True), ">board<", ">admins<"
    ), {"response_signature": True}
    broken = parse(good)
    value = find(broken, f"{assertion}/ds:Signature/ds:SignatureValue")
    value.text = value.text.strip()[::-1].replace("=", "") + "=="
    yield "tampered: the signature itself", shown(broken), {}

    yield "stranger: signed by another key, with its certificate", resigned(lambda tree: None, key="stranger"), {}
    forged = parse(resigned(lambda tree: None, key="stranger"))
    find(forged, f"{assertion}/ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate").text = "".join(
        (HERE / "idp.crt").read_text().splitlines()[1:-1]
    )
    yield "stranger: signed by another key, with the certificate of the identity provider", shown(forged), {}
    yield "stranger: another issuer", resigned(
        lambda tree: [setattr(issuer, "text", "https://evil.test/metadata") for issuer in tree.iter(f"{{{NS['a']}}}Issuer")]
    ), {}
    yield "algorithm: SHA-1", resigned(lambda tree: None, algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"), {}
    yield "algorithm: a transform that selects", resigned(
        lambda tree: None,
        transforms='<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::*['
        "local-name()='AttributeStatement'])</ds:XPath></ds:Transform>"
        '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>',
    ), {}

    for kind in range(1, 9):
        yield f"wrapped: XSW{kind}", wrapped(kind, good), {"response_signature": kind in (1, 2)}
    twice = parse(good)
    evil = evil_copy(find(twice, "a:Assertion"))
    evil.set("ID", find(twice, "a:Assertion").get("ID"))
    twice.insert(list(twice).index(find(twice, "a:Assertion")), evil)
    yield "wrapped: two assertions of one ID", shown(twice), {}
    after = parse(good)
    after.append(evil_copy(find(after, "a:Assertion")))
    yield "wrapped: an unsigned assertion behind the signed one", shown(after), {}

    yield "comment: in the subject", tampered(good, ">ada@example.com</ns1:NameID>", ">ada@example.com<!-- -->.evil.test</ns1:NameID>"), {}
    yield "comment: in a subject that was signed with what follows", tampered(
        by_pysaml2(subject="ada@example.com.evil.test"),
        ">ada@example.com.evil.test</ns1:NameID>",
        ">ada@example.com<!-- -->.evil.test</ns1:NameID>",
    ), {}
    yield "comment: samlp", tampered(
        by_samlp(modules, subject="ada@example.com.evil.test"),
        ">ada@example.com.evil.test</saml:NameID>",
        ">ada@example.com<!-- -->.evil.test</saml:NameID>",
    ), {}
    yield "comment: a processing instruction", tampered(
        by_pysaml2(subject="ada@example.com.evil.test"), ">ada@example.com.evil.test<", ">ada@example.com<?x y?>.evil.test<"
    ), {}

    yield "time: expired", good, {"now": "2026-01-15T10:06:01Z"}
    yield "time: not yet valid", good, {"now": "2026-01-15T09:58:59Z"}
    yield "time: samlp, expired", by_samlp(modules), {"now": "2026-01-15T11:06:01Z"}
    yield "time: no end", resigned(set_attribute(data, "NotOnOrAfter", None)), {}
    yield "time: the conditions over before the confirmation", resigned(
        set_attribute(f"{assertion}/a:Conditions", "NotOnOrAfter", "2026-01-15T09:58:00Z")
    ), {}

    yield "audience: another service", resigned(
        lambda tree: setattr(find(tree, f"{assertion}/a:Conditions/a:AudienceRestriction/a:Audience"), "text", "https://other.test")
    ), {}
    yield "audience: samlp, another service", by_samlp(modules, audience="https://other.test"), {}
    yield "audience: none named", resigned(remove(f"{assertion}/a:Conditions/a:AudienceRestriction")), {}
    yield "audience: one that starts like ours", resigned(
        lambda tree: setattr(find(tree, f"{assertion}/a:Conditions/a:AudienceRestriction/a:Audience"), "text", SP + ".evil.test")
    ), {}
    yield "recipient: another address", resigned(set_attribute(data, "Recipient", "https://other.test/acs")), {}
    yield "recipient: none", resigned(set_attribute(data, "Recipient", None)), {}
    yield "recipient: samlp, another address", by_samlp(modules, acs="https://other.test/acs"), {}
    yield "recipient: the response sent to another address", tampered(good, f'Destination="{ACS}"', 'Destination="https://other.test/acs"'), {}
    yield "request: another one", by_pysaml2(request="_request-2"), {}
    yield "request: samlp, another one", by_samlp(modules, request="_request-2"), {}
    mixed = parse(by_pysaml2(request="_request-2"))
    mixed.set("InResponseTo", REQUEST)
    yield "request: another one, in an envelope for ours", shown(mixed), {}
    yield "request: none, where we sent one", by_pysaml2(request=None), {}
    yield "request: begun at the identity provider", by_pysaml2(request=None), {"request": None}
    yield "request: an answer to nothing that we sent", good, {"request": None, "unsolicited": True}
    yield "relay state: another one", good, {"relay_state": "/elsewhere"}
    yield "relay state: none", good, {"relay_state": None}

    confirmation = f"{assertion}/a:Subject/a:SubjectConfirmation"
    yield "profile: a holder of a key", resigned(
        set_attribute(confirmation, "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
    ), {}
    yield "profile: no confirmation", resigned(remove(confirmation)), {}
    yield "profile: no subject", resigned(remove(f"{assertion}/a:Subject")), {}
    yield "profile: a condition that nobody knows", resigned(
        lambda tree: find(tree, f"{assertion}/a:Conditions").append(
            parse(
                f'<a:Condition xmlns:a="{NS["a"]}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x" xsi:type="x:Unknown"/>'
            )
        )
    ), {}
    yield "status: the identity provider refuses", resigned(
        set_attribute("p:Status/p:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
    ), {}
    yield "encrypted", by_samlp(modules, encrypt=True), {}

    yield "malformed: a document type", f'<!DOCTYPE r [<!ENTITY e "ada">]>{good}', {}
    yield "malformed: an entity from a file", tampered(
        f'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>{good}', ">Ada<", ">&e;<"
    ), {}
    yield "malformed: cut short", good[: len(good) // 2], {}
    yield "malformed: no XML", "user=ada", {}
    yield "malformed: another message", good.replace("ns0:Response", "ns0:LogoutResponse"), {}
    yield "malformed: an assertion alone", shown(find(parse(good), "a:Assertion")), {}
    yield "malformed: another version", tampered(good, 'Version="2.0"', 'Version="1.1"'), {}
    yield "too large: deep", tampered(good, "<ns0:Status>", "<ns0:Extensions>" + "<x>" * 200 + "</x>" * 200 + "</ns0:Extensions><ns0:Status>"), {}


# What becomes of a response, by the first word of its name, or by all of it.
EXPECTED = {
    "good": "accepted",
    "unsigned": "unsigned",
    "signature": "signature",
    "tampered": "signature",
    "stranger": "unknown_key",
    "algorithm": "algorithm",
    "wrapped": "wrapped",
    "comment": "comment",
    "time": "time",
    "audience": "audience",
    "recipient": "recipient",
    "request": "in_response_to",
    "relay state": "relay_state",
    "profile": "profile",
    "status": "status",
    "encrypted": "encrypted",
    "malformed": "malformed",
    "too large": "too_large",
    "stranger: another issuer": "issuer",
    "stranger: signed by another key, with the certificate of the identity provider": "signature",
    "algorithm: a transform that selects": "signature",
    "request: begun at the identity provider": "unsolicited",
}


def main(modules: str) -> None:
    made = []
    for name, xml, options in cases(modules):
        expected = EXPECTED.get(name) or EXPECTED[name.split(":")[0]]
        made.append({"name": name, "expect": expected, **options, "xml": xml})
    (HERE / "responses.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    with freeze_time(NOW):
        metadata = str(entity_descriptor(idp_config()))
    (HERE / "idp_metadata.xml").write_text(metadata[metadata.index("?>") + 2 :].strip() + "\n" if metadata.startswith("<?xml") else metadata + "\n")
    print(len(made), "responses")


if __name__ == "__main__":
    main(sys.argv[1])
