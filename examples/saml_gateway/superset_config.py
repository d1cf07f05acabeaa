# For a Superset behind `saml_gateway`: to be added to superset_config.py.
#
# Superset believes the header X-Remote-User. It must be reachable through the gateway alone, which takes the header from
# clients and sets it itself.
from flask import g, request, session
from flask_appbuilder.security.manager import AUTH_REMOTE_USER
from flask_login import current_user, login_user, logout_user
from superset.security import SupersetSecurityManager


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


def FLASK_APP_MUTATOR(app):
    @app.before_request
    def be_whom_the_gateway_names():
        """Every request is that of the person whom the gateway names, whatever session the browser still has."""
        # WSGI reads headers as Latin-1.
        name = request.environ.get(AUTH_REMOTE_USER_ENV_VAR, "").encode("latin-1").decode("utf-8", "replace")
        if current_user.is_authenticated and current_user.username != name:
            logout_user()
            session.clear()
        if name and not current_user.is_authenticated:
            user = app.appbuilder.sm.auth_user_remote_user(name)
            if user is not None:
                login_user(user)
        g.user = current_user
