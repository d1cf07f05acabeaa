"""Prints the cookies of a machine session, with which Superset opens its own pages for alerts, reports and thumbnails.

usage: session.py USERNAME
"""

import json
import sys

from superset.app import create_app

app = create_app()
with app.app_context():
    from superset.extensions import machine_auth_provider_factory

    user = app.appbuilder.sm.find_user(sys.argv[1])
    print(json.dumps(machine_auth_provider_factory.instance.get_cookies(user)))
