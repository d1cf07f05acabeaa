"""What Flask-AppBuilder makes of a superset_config.py fragment: the roles of people after SAML logins.

usage: fab/roles.py FRAGMENT.py LOGINS.json

LOGINS.json is {"roles": [name], "logins": [{"name_id": text, "attributes": {name: [value]}}]}. Prints, as JSON, the sorted roles after
each login, or null where the login was refused. The assertions count as verified: what is asked is what they give.
"""

import json
import logging
import runpy
import sys
import types

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.security.saml.utils import map_saml_attributes
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.utils.legacy import get_sqla_class


def main(fragment: str, logins: str) -> None:
    logging.disable(logging.CRITICAL)
    # The fragment is one for Superset; here is Flask-AppBuilder alone.
    sys.modules["superset"], security = types.ModuleType("superset"), types.ModuleType("superset.security")
    sys.modules["superset.security"], security.SupersetSecurityManager = security, SecurityManager
    settings = {name: value for name, value in runpy.run_path(fragment).items() if name.isupper()}
    with open(logins) as file:
        asked = json.load(file)
    app = Flask("fab_roles")
    app.config.update(settings, SECRET_KEY="for this test alone", SQLALCHEMY_DATABASE_URI="sqlite://", WTF_CSRF_ENABLED=False)
    database = get_sqla_class()()
    database.init_app(app)
    outcomes = []
    with app.app_context():
        builder = AppBuilder(app, database.session)
        for role in asked["roles"]:
            builder.sm.add_role(role)
        mapping = app.config["SAML_PROVIDERS"][0]["attribute_mapping"]
        with app.test_request_context():
            for login in asked["logins"]:
                userinfo = map_saml_attributes(login["attributes"], mapping, login["name_id"])
                user = builder.sm.auth_user_saml(userinfo)
                outcomes.append(user and sorted(role.name for role in user.roles))
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
