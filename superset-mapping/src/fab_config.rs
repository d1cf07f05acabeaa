//! The same rules as settings of Flask-AppBuilder, for Superset's own SAML login.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;

use scim_core::Source;
use serde_json::Value;

use crate::login::{AttributeMapping, GroupClaim, GroupNames};
use crate::rules::{Binding, Rule, RuleSet, UnknownGroups};

/// A fragment of `superset_config.py` that makes Superset's own SAML login (Flask-AppBuilder 5.1 or later) give the roles that the
/// rules give, as far as it can, and a warning for each thing that it can't.
///
/// `Display` is the fragment, in Python; the warnings stand at its head as comments.
///
/// What differs in any case is that Flask-AppBuilder finds people by e-mail address too, and accepts a response more than once.
///
/// ```
/// use superset_mapping::{AttributeMapping, RuleSet};
/// use superset_mapping::fab_config::{FabConfig, FabProvider};
///
/// let rules: RuleSet = r#"
///     default_roles = ["Gamma"]
///     [[rule]]
///     group = "analysts"
///     roles = ["Alpha"]
///     [[rule]]
///     group_pattern = "(?<team>.*)-team"
///     roles = ["Team ${team}"]
/// "#.parse()?;
/// let provider = FabProvider {
///     name: "okta",
///     entity_id: "http://www.okta.com/exk1",
///     single_sign_on: "https://example.okta.com/app/exk1/sso/saml",
///     certificate: "MIID...",
///     superset: "https://superset.example.com",
/// };
/// let config = FabConfig::new(&rules, &AttributeMapping::okta(), &provider);
/// assert!(config.to_string().contains("\"analysts\": [\"Alpha\"],"));
/// assert_eq!(config.warnings().len(), 1);
/// assert!(config.warnings()[0].starts_with("rule 2: "));
/// # Ok::<(), superset_mapping::RuleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FabConfig {
    warnings: Vec<String>,
    roles: BTreeMap<String, BTreeSet<String>>,
    registration: Option<String>,
    attributes: BTreeMap<String, &'static str>,
    provider: [String; 5],
}

/// The login page of Superset 6.1 has no button for SAML; that of Flask-AppBuilder has one for each provider.
const LOGIN_PAGE: &str = r#"from flask import g
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.manager import AUTH_SAML
from flask_appbuilder.security.views import AuthSAMLView
from superset.security import SupersetSecurityManager


class SamlLoginView(AuthSAMLView):
    # Superset's own login page shows nothing where people log in by SAML: this one has the button.
    @expose("/login/")
    @expose("/login/<idp>")
    @no_cache
    def login(self, idp=None):
        if idp is None and (g.user is None or not g.user.is_authenticated):
            providers = self.appbuilder.sm.saml_providers
            return self.render_template(
                self.login_template, providers=providers, title=self.title, appbuilder=self.appbuilder
            )
        return super().login(idp)


class SamlSecurityManager(SupersetSecurityManager):
    register_superset_auth_view = False
    authsamlview = SamlLoginView


# With a security manager of your own, let it have these two attributes instead.
CUSTOM_SECURITY_MANAGER = SamlSecurityManager
"#;

/// What Flask-AppBuilder needs to know of the identity provider, and of Superset.
#[derive(Clone, Copy, Debug)]
pub struct FabProvider<'a> {
    /// A short name, part of the login address.
    pub name: &'a str,
    /// The name of the identity provider in its metadata.
    pub entity_id: &'a str,
    /// Where browsers are sent to log in.
    pub single_sign_on: &'a str,
    /// The certificate for signatures, base64 without the lines around it.
    pub certificate: &'a str,
    /// The address of Superset, without a slash at its end.
    pub superset: &'a str,
}

impl FabConfig {
    /// Translates rules and mapping.
    pub fn new(rules: &RuleSet, mapping: &AttributeMapping, provider: &FabProvider<'_>) -> Self {
        let mut config = Self {
            warnings: Vec::new(),
            roles: BTreeMap::new(),
            registration: None,
            attributes: BTreeMap::new(),
            provider: [
                provider.name,
                provider.entity_id,
                provider.single_sign_on,
                provider.certificate,
                provider.superset.trim_end_matches('/'),
            ]
            .map(str::to_owned),
        };
        config.map_attributes(mapping);
        for (index, rule) in rules.rules().iter().enumerate() {
            config.add_rule(index + 1, rule, rules, mapping);
        }
        config.add_defaults(rules);
        if rules.unknown_groups() == UnknownGroups::Refuse {
            config.warn("`unknown_groups = \"refuse\"`: nobody is refused for an unknown group");
        }
        config
    }

    /// What Superset's own login can't express, one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    fn map_attributes(&mut self, mapping: &AttributeMapping) {
        for (attribute, path) in mapping.attributes() {
            let field = match path.as_str() {
                "userName" => "username",
                "name.givenName" => "first_name",
                "name.familyName" => "last_name",
                "emails" | "emails.value" => "email",
                _ => {
                    self.warn(format!("attribute `{attribute}`: there is no field for `{path}`"));
                    continue;
                }
            };
            self.map(attribute, field);
        }
        let Some(claim) = mapping.groups() else {
            self.warn("no attribute is mapped to groups, so that no rule about groups applies");
            return;
        };
        self.map(claim.attribute(), "role_keys");
        if claim.separator().is_some() {
            self.warn(format!(
                "attribute `{}`: one value with several groups is taken for one group",
                claim.attribute()
            ));
        }
    }

    fn map(&mut self, attribute: &str, field: &'static str) {
        if let Some(earlier) = self.attributes.get(attribute) {
            let warning = format!("attribute `{attribute}`: it is `{earlier}` already, and can't be `{field}` too");
            self.warn(warning);
        } else {
            self.attributes.insert(attribute.to_owned(), field);
        }
    }

    fn add_rule(&mut self, number: usize, rule: &Rule, rules: &RuleSet, mapping: &AttributeMapping) {
        // There, all that is known comes from this identity provider.
        let [name, ..] = &self.provider;
        let provider = Source::provider(name);
        let named = rule.belief().sources();
        let believed = if named.is_empty() { rules.sources().unwrap_or_default() } else { named };
        let stranger = !believed.is_empty() && !believed.iter().any(|believed| believed.believes(&provider));
        let names = mapping.groups().map(GroupClaim::names);
        let problem = match (rule.condition(), rule.binding(), names) {
            _ if stranger => "it does not believe this identity provider",
            _ if rule.belief().tenant().is_some() => "there are no tenants",
            (Some(_), ..) => "conditions on the person can't be expressed",
            (None, Some(Binding::Pattern(_)), _) => "forms of group names can't be expressed",
            (None, Some(Binding::Id(_)), _) => "assertions don't have the `id` that groups have here",
            (None, Some(Binding::DisplayName(_)), Some(GroupNames::ExternalId)) => {
                "the assertions name groups by identifiers, not by display names"
            }
            (None, Some(Binding::ExternalId(_)), Some(GroupNames::DisplayName)) => {
                "the assertions name groups by display names, not by identifiers"
            }
            (None, Some(Binding::DisplayName(name)), Some(GroupNames::DisplayName))
            | (None, Some(Binding::ExternalId(name)), Some(GroupNames::ExternalId)) => {
                let prefixed =
                    mapping.groups().and_then(|claim| claim.prefix()).map(|prefix| format!("{prefix}{name}"));
                for key in [Some(name.clone()), prefixed].into_iter().flatten() {
                    let roles = rule.roles().iter().map(|role| role.as_str().to_owned());
                    self.roles.entry(key).or_default().extend(roles);
                }
                return;
            }
            // A mapping without groups was told once.
            _ => return,
        };
        self.warn(format!("rule {number}: {problem}"));
    }

    fn add_defaults(&mut self, rules: &RuleSet) {
        let mut roles = rules.default_roles().iter();
        self.registration = roles.next().cloned();
        for role in roles {
            self.warn(format!("default role `{role}`: only one role can be given to whom no rule gives a role"));
        }
        if self.registration.is_none() {
            self.warn("no default role: a person who has lost all groups keeps the roles of the login before");
        }
    }

    /// Gives the default role to whom no rule gives a role, and only to them. Flask-AppBuilder gives its registration role to
    /// everybody, but asks this expression for its name.
    fn registration_expression(&self, role: &str) -> String {
        let keys: Vec<&String> = self.roles.keys().collect();
        let literal = |value: Value| format!("`{}`", value.to_string().replace('`', "\\u0060"));
        format!(
            "length(not_null(role_keys, `[]`)[?contains({}, @)]) == `0` && {} || {}",
            literal(serde_json::to_value(keys).unwrap_or_default()),
            literal(role.into()),
            literal("".into())
        )
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "# Made of the rules file; change that one. Needs Flask-AppBuilder 5.1 or later, python3-saml and jmespath."
        )?;
        for warning in &self.warnings {
            writeln!(out, "# WARNING: {}", warning.replace(['\n', '\r'], " "))?;
        }
        let [name, entity_id, single_sign_on, certificate, superset] =
            self.provider.each_ref().map(|text| python(text));
        let registration = self.registration_expression(self.registration.as_deref().unwrap_or_default());
        write!(
            out,
            "{LOGIN_PAGE}\n\
             AUTH_TYPE = AUTH_SAML\n\
             AUTH_USER_REGISTRATION = True\n\
             # Superset 6.1 asks for this key wherever people may register, and answers every page with 500 without it\n\
             # (apache/superset#39364). No captcha is shown: people register by their login alone.\n\
             RECAPTCHA_PUBLIC_KEY = \"\"\n\
             AUTH_USER_REGISTRATION_ROLE_JMESPATH = {}\n\
             AUTH_ROLES_SYNC_AT_LOGIN = True\n\
             AUTH_ROLES_MAPPING = {{\n",
            python(&registration)
        )?;
        for (key, roles) in &self.roles {
            let roles: Vec<String> = roles.iter().map(|role| python(role)).collect();
            writeln!(out, "    {}: [{}],", python(key), roles.join(", "))?;
        }
        write!(
            out,
            "}}\n\
             SAML_PROVIDERS = [\n    {{\n        \"name\": {name},\n        \"icon\": \"fa-key\",\n        \"idp\": {{\n\
             \x20           \"entityId\": {entity_id},\n\
             \x20           \"singleSignOnService\": {{\n\
             \x20               \"url\": {single_sign_on},\n\
             \x20               \"binding\": \"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\",\n\
             \x20           }},\n\
             \x20           \"x509cert\": {certificate},\n        }},\n        \"attribute_mapping\": {{\n"
        )?;
        for (attribute, field) in &self.attributes {
            writeln!(out, "            {}: {},", python(attribute), python(field))?;
        }
        write!(
            out,
            "        }},\n    }},\n]\n\
             SAML_CONFIG = {{\n    \"strict\": True,\n    \"sp\": {{\n\
             \x20       \"entityId\": {superset} + \"/saml/metadata/\",\n\
             \x20       \"assertionConsumerService\": {{\n\
             \x20           \"url\": {superset} + \"/saml/acs/\",\n\
             \x20           \"binding\": \"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\",\n\
             \x20       }},\n    }},\n    \"security\": {{\"wantAssertionsSigned\": True}},\n}}\n"
        )
    }
}

impl fmt::Display for FabConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        f.write_str(&text)
    }
}

/// A text as a Python literal. Nothing in it ends the literal or reads as something else.
fn python(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                literal.push('\\');
                literal.push(c);
            }
            ' '..='~' => literal.push(c),
            // Writing to a string does not fail.
            other => _ = write!(literal, "\\U{:08x}", u32::from(other)),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: FabProvider<'_> = FabProvider {
        name: "okta",
        entity_id: "https://idp.test",
        single_sign_on: "https://idp.test/sso",
        certificate: "MII",
        superset: "https://superset.test/",
    };

    fn config(rules: &str, mapping: &AttributeMapping) -> FabConfig {
        FabConfig::new(&rules.parse().unwrap(), mapping, &PROVIDER)
    }

    #[test]
    fn s18_a_rule_of_another_source_is_left_out() {
        let rules = r#"
            sources = ["scim", "provider:okta"]
            [[rule]]
            group = "ours"
            from = "scim"
            roles = ["Alpha"]
            [[rule]]
            group = "theirs"
            provider = "okta"
            roles = ["Beta"]
            [[rule]]
            group = "apart"
            provider = "okta"
            tenant = "t"
            roles = ["Beta"]
        "#;
        let config = config(rules, &AttributeMapping::okta());
        assert_eq!(config.roles.keys().collect::<Vec<_>>(), ["theirs"]);
        let expected = ["rule 1: it does not believe this identity provider", "rule 3: there are no tenants"];
        assert_eq!(config.warnings().get(..2).unwrap(), expected);
    }

    #[test]
    fn everything_that_can_not_be_expressed_is_told() {
        let rules = r#"
            default_roles = ["Gamma", "sql_lab"]
            unknown_groups = "refuse"
            [[rule]]
            group = "analysts"
            roles = ["Alpha"]
            [[rule]]
            group = "analysts"
            when = "title pr"
            roles = ["Lead"]
            [[rule]]
            group_pattern = "x.*"
            roles = ["X"]
            [[rule]]
            group_id = "g"
            roles = ["G"]
            [[rule]]
            group_external_id = "e"
            roles = ["E"]
            [[rule]]
            when = "title pr"
            roles = ["T"]
        "#;
        let mapping = AttributeMapping::okta().with("title", "title").unwrap();
        let warnings = config(rules, &mapping).warnings().join("\n");
        assert_eq!(
            warnings,
            "\
attribute `title`: there is no field for `title`
rule 2: conditions on the person can't be expressed
rule 3: forms of group names can't be expressed
rule 4: assertions don't have the `id` that groups have here
rule 5: the assertions name groups by display names, not by identifiers
rule 6: conditions on the person can't be expressed
default role `sql_lab`: only one role can be given to whom no rule gives a role
`unknown_groups = \"refuse\"`: nobody is refused for an unknown group"
        );
        let by_id = config(rules, &AttributeMapping::entra_id());
        assert!(
            by_id
                .warnings()
                .iter()
                .any(|warning| warning.starts_with("rule 1: the assertions name groups by identifiers"))
        );
        assert!(by_id.to_string().contains("    \"e\": [\"E\"],\n"));
        let separated = AttributeMapping::new().with_groups(GroupClaim::new("g").separated_by(','));
        assert!(config("", &separated).warnings()[0].contains("several groups"));
        assert!(config("", &AttributeMapping::new()).warnings()[0].contains("no attribute is mapped to groups"));
        assert!(config("", &AttributeMapping::auth0()).warnings()[0].contains("can't be `email` too"));
    }

    #[test]
    fn s3_the_key_that_superset_asks_for_and_a_login_page_with_a_button_are_printed() {
        let text = config("", &AttributeMapping::okta()).to_string();
        for line in
            ["RECAPTCHA_PUBLIC_KEY = \"\"", "CUSTOM_SECURITY_MANAGER = SamlSecurityManager", "AUTH_TYPE = AUTH_SAML"]
        {
            assert!(text.lines().any(|printed| printed == line), "{line}\n{text}");
        }
        let (reason, key) = (text.find("#39364").unwrap(), text.find("RECAPTCHA_PUBLIC_KEY").unwrap());
        assert!(reason < key, "the reason stands before the key");
    }

    #[test]
    fn no_text_ends_its_literal() {
        assert_eq!(python("a\"\\\n\u{e9}\u{1f600}${}"), r#""a\"\\\U0000000a\U000000e9\U0001f600${}""#);
        let rules = "[[rule]]\ngroup = \"x`\\\"]\\nimport os\"\nroles = [\"A\"]";
        let text = config(rules, &AttributeMapping::okta()).to_string();
        assert!(text.contains(r#"    "x`\"]\U0000000aimport os": ["A"],"#), "{text}");
        assert!(!text.contains("\nimport os"), "{text}");
    }

    #[test]
    fn keycloak_sends_groups_with_a_slash() {
        let text = config("[[rule]]\ngroup = 'a'\nroles = ['A']", &AttributeMapping::keycloak()).to_string();
        assert!(text.contains("    \"/a\": [\"A\"],\n    \"a\": [\"A\"],\n"), "{text}");
    }
}
