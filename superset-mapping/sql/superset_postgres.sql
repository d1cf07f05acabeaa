-- The security tables of Superset 6.1.0 (Flask-AppBuilder 5.3.0) on PostgreSQL, for demonstrations and tests. A real Superset
-- makes its own by `superset db upgrade` and `superset init`.

CREATE SEQUENCE ab_user_id_seq;
CREATE TABLE ab_user (
    id INTEGER NOT NULL,
    first_name VARCHAR(64) NOT NULL,
    last_name VARCHAR(64) NOT NULL,
    username VARCHAR(128) NOT NULL,
    password VARCHAR(256),
    active BOOLEAN,
    email VARCHAR(320) NOT NULL,
    last_login TIMESTAMP WITHOUT TIME ZONE,
    login_count INTEGER,
    fail_login_count INTEGER,
    created_on TIMESTAMP WITHOUT TIME ZONE,
    changed_on TIMESTAMP WITHOUT TIME ZONE,
    created_by_fk INTEGER,
    changed_by_fk INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(changed_by_fk) REFERENCES ab_user (id),
    FOREIGN KEY(created_by_fk) REFERENCES ab_user (id),
    UNIQUE (username),
    UNIQUE (email)
);

CREATE SEQUENCE ab_role_id_seq;
CREATE TABLE ab_role (
    id INTEGER NOT NULL,
    name VARCHAR(64) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);

CREATE SEQUENCE ab_user_role_id_seq;
CREATE TABLE ab_user_role (
    id INTEGER NOT NULL,
    user_id INTEGER,
    role_id INTEGER,
    PRIMARY KEY (id),
    CONSTRAINT ab_user_role_user_id_fkey FOREIGN KEY(user_id) REFERENCES ab_user (id) ON DELETE CASCADE,
    CONSTRAINT ab_user_role_role_id_fkey FOREIGN KEY(role_id) REFERENCES ab_role (id) ON DELETE CASCADE,
    UNIQUE (user_id, role_id)
);

CREATE SEQUENCE ab_group_id_seq;
CREATE TABLE ab_group (
    id INTEGER NOT NULL,
    name VARCHAR(100) NOT NULL,
    label VARCHAR(150),
    description VARCHAR(512),
    PRIMARY KEY (id),
    UNIQUE (name)
);

CREATE SEQUENCE ab_user_group_id_seq;
CREATE TABLE ab_user_group (
    id INTEGER NOT NULL,
    user_id INTEGER,
    group_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (user_id, group_id),
    FOREIGN KEY(user_id) REFERENCES ab_user (id) ON DELETE CASCADE,
    FOREIGN KEY(group_id) REFERENCES ab_group (id) ON DELETE CASCADE
);

CREATE SEQUENCE ab_group_role_id_seq;
CREATE TABLE ab_group_role (
    id INTEGER NOT NULL,
    group_id INTEGER,
    role_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (group_id, role_id),
    FOREIGN KEY(group_id) REFERENCES ab_group (id) ON DELETE CASCADE,
    FOREIGN KEY(role_id) REFERENCES ab_role (id) ON DELETE CASCADE
);

CREATE SEQUENCE ab_permission_id_seq;
CREATE TABLE ab_permission (
    id INTEGER NOT NULL,
    name VARCHAR(100) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);

CREATE SEQUENCE ab_view_menu_id_seq;
CREATE TABLE ab_view_menu (
    id INTEGER NOT NULL,
    name VARCHAR(255) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);

CREATE SEQUENCE ab_permission_view_id_seq;
CREATE TABLE ab_permission_view (
    id INTEGER NOT NULL,
    permission_id INTEGER,
    view_menu_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (permission_id, view_menu_id),
    FOREIGN KEY(permission_id) REFERENCES ab_permission (id),
    FOREIGN KEY(view_menu_id) REFERENCES ab_view_menu (id)
);

CREATE SEQUENCE ab_permission_view_role_id_seq;
CREATE TABLE ab_permission_view_role (
    id INTEGER NOT NULL,
    permission_view_id INTEGER,
    role_id INTEGER,
    PRIMARY KEY (id),
    CONSTRAINT ab_permission_view_role_role_id_fkey FOREIGN KEY(role_id) REFERENCES ab_role (id) ON DELETE CASCADE,
    CONSTRAINT ab_permission_view_role_permission_view_id_fkey FOREIGN KEY(permission_view_id) REFERENCES ab_permission_view (id) ON DELETE CASCADE,
    UNIQUE (permission_view_id, role_id)
);

CREATE SEQUENCE ab_register_user_id_seq;
CREATE TABLE ab_register_user (
    id INTEGER NOT NULL,
    first_name VARCHAR(64) NOT NULL,
    last_name VARCHAR(64) NOT NULL,
    username VARCHAR(128) NOT NULL,
    password VARCHAR(256),
    email VARCHAR(320) NOT NULL,
    registration_date TIMESTAMP WITHOUT TIME ZONE,
    registration_hash VARCHAR(256),
    PRIMARY KEY (id),
    UNIQUE (username),
    UNIQUE (email)
);

CREATE SEQUENCE ab_api_key_id_seq;
CREATE TABLE ab_api_key (
    id INTEGER NOT NULL,
    uuid VARCHAR(36) NOT NULL,
    name VARCHAR(256) NOT NULL,
    key_hash VARCHAR(256) NOT NULL,
    lookup_hash VARCHAR(256),
    key_prefix VARCHAR(16) NOT NULL,
    user_id INTEGER NOT NULL,
    scopes TEXT,
    active BOOLEAN NOT NULL,
    created_on TIMESTAMP WITHOUT TIME ZONE,
    expires_on TIMESTAMP WITHOUT TIME ZONE,
    revoked_on TIMESTAMP WITHOUT TIME ZONE,
    last_used_on TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id),
    UNIQUE (uuid),
    UNIQUE (lookup_hash),
    FOREIGN KEY(user_id) REFERENCES ab_user (id) ON DELETE CASCADE
);
CREATE TABLE logs (
    id SERIAL NOT NULL,
    action VARCHAR(512),
    user_id INTEGER,
    json TEXT,
    dttm TIMESTAMP WITHOUT TIME ZONE,
    dashboard_id INTEGER,
    slice_id INTEGER,
    duration_ms INTEGER,
    referrer VARCHAR(1024),
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES ab_user (id)
);

CREATE INDEX idx_user_group_id ON ab_user_group (group_id);

CREATE INDEX idx_user_id ON ab_user_group (user_id);

CREATE INDEX idx_group_id ON ab_group_role (group_id);

CREATE INDEX idx_group_role_id ON ab_group_role (role_id);

CREATE INDEX idx_permission_id ON ab_permission_view (permission_id);

CREATE INDEX idx_view_menu_id ON ab_permission_view (view_menu_id);

CREATE INDEX idx_permission_view_id ON ab_permission_view_role (permission_view_id);

CREATE INDEX idx_role_id ON ab_permission_view_role (role_id);

CREATE UNIQUE INDEX idx_api_key_lookup_hash ON ab_api_key (lookup_hash);

CREATE INDEX idx_api_key_prefix ON ab_api_key (key_prefix);

CREATE INDEX idx_api_key_user_id ON ab_api_key (user_id);

CREATE INDEX ix_logs_user_id_dttm ON logs (user_id, dttm);

INSERT INTO ab_role (id, name) VALUES (nextval('ab_role_id_seq'), 'Admin'), (nextval('ab_role_id_seq'), 'Public'), (nextval('ab_role_id_seq'), 'Alpha'), (nextval('ab_role_id_seq'), 'Gamma'), (nextval('ab_role_id_seq'), 'sql_lab');
