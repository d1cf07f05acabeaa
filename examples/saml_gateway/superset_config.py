# For a Superset behind `saml_gateway`: to be added to superset_config.py.
#
# Superset believes the header X-Remote-User. It must be reachable through the gateway alone, which takes the header from
# clients and sets it itself; and by Superset's own workers, which open its pages at WEBDRIVER_BASEURL.
from contextvars import ContextVar

from flask import g, request, session
from flask_appbuilder.security.manager import AUTH_REMOTE_USER
from flask_login import current_user, login_user, logout_user, user_logged_in
from superset.security import SupersetSecurityManager
from superset.utils.machine_auth import MachineAuthProvider


class GatewaySecurityManager(SupersetSecurityManager):
    # Superset's own login form is not wanted.
    register_superset_auth_view = False


AUTH_TYPE = AUTH_REMOTE_USER
AUTH_REMOTE_USER_ENV_VAR = "HTTP_X_REMOTE_USER"
# The gateway makes the users.
AUTH_USER_REGISTRATION = False
CUSTOM_SECURITY_MANAGER = GatewaySecurityManager
LOGOUT_REDIRECT_URL = "/saml/logout"
# Addresses that Superset prints are those of the gateway.
ENABLE_PROXY_FIX = True
PROXY_FIX_CONFIG = {"x_for": 0, "x_proto": 1, "x_host": 1, "x_port": 0, "x_prefix": 0}

# Alerts, reports, thumbnails and the warming of caches open Superset's pages with a session that Superset makes itself, of
# the person in whose name they run. No header comes with it; it is known by a mark, which the secret key seals as it seals
# the whole session, so that no browser can have one.
MACHINE_SESSION = "machine_session"
making_machine_session = ContextVar("making_machine_session", default=False)
get_auth_cookies = MachineAuthProvider.get_auth_cookies


def get_marked_auth_cookies(user):
    token = making_machine_session.set(True)
    try:
        return get_auth_cookies(user)
    finally:
        making_machine_session.reset(token)


def mark_machine_session(_app, **_):
    if making_machine_session.get():
        session[MACHINE_SESSION] = True


# In the class, because caches are warmed by the class and not by MACHINE_AUTH_PROVIDER_CLASS.
MachineAuthProvider.get_auth_cookies = staticmethod(get_marked_auth_cookies)


def FLASK_APP_MUTATOR(app):
    user_logged_in.connect(mark_machine_session, app, weak=False)

    @app.before_request
    def be_whom_the_gateway_names():
        """Every request is that of the person whom the gateway names, whatever session the browser still has."""
        # WSGI reads headers as Latin-1.
        name = request.environ.get(AUTH_REMOTE_USER_ENV_VAR, "").encode("latin-1").decode("utf-8", "replace")
        if not name and MACHINE_SESSION in session:
            return
        # Tokens have no session: Superset checks them by itself.
        if "_user_id" in session and getattr(current_user, "username", None) != name:
            logout_user()
            session.clear()
        if name and getattr(current_user, "username", None) != name:
            user = app.appbuilder.sm.auth_user_remote_user(name)
            if user is not None:
                login_user(user)
        g.user = current_user
