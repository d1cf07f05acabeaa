// A SAML response by samlp. Reads the options as JSON from standard input, prints the XML.
const fs = require("fs");
const path = require("path");

const options = JSON.parse(fs.readFileSync(0, "utf8"));
const fixed = new Date(options.now).getTime();
const RealDate = Date;
global.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [fixed]));
  }
  static now() {
    return fixed;
  }
};

let number = 0;
const identifier = () => `samlp-${++number}-${Buffer.from(JSON.stringify(options)).length}`;
require("saml/lib/utils").uid = identifier;
require("samlp/lib/utils").generateUniqueID = identifier;
const samlp = require("samlp");

const claims = options.person;
const profileMapper = () => ({
  getClaims: () => claims,
  getNameIdentifier: () => ({
    nameIdentifier: options.subject,
    nameIdentifierFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  }),
});
profileMapper.prototype = {};

const read = (name) => fs.readFileSync(path.join(__dirname, name));
const config = {
  profileMapper,
  issuer: options.issuer,
  cert: read("idp.crt"),
  key: read("idp.key"),
  audience: options.audience,
  recipient: options.acs,
  destination: options.acs,
  inResponseTo: options.request,
  signAssertion: options.signAssertion !== false,
  signResponse: options.signResponse === true,
  signatureAlgorithm: "rsa-sha256",
  digestAlgorithm: "sha256",
  authnContextClassRef: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
  sessionIndex: "_session-1",
};
if (options.encrypt) {
  config.encryptionCert = read("idp.crt");
  config.encryptionPublicKey = require("crypto").createPublicKey(read("idp.crt")).export({ type: "spki", format: "pem" });
}
samlp.getSamlResponse(config, {}, (error, response) => {
  if (error) throw error;
  console.log(response.trim());
});
