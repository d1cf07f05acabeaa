-- The security tables of Superset 6.1.0 (Flask-AppBuilder 5.3.0) on MySQL, for demonstrations and tests. A real Superset
-- makes its own by `superset db upgrade` and `superset init`.

CREATE TABLE ab_user (
    id INTEGER NOT NULL AUTO_INCREMENT,
    first_name VARCHAR(64) NOT NULL,
    last_name VARCHAR(64) NOT NULL,
    username VARCHAR(128) NOT NULL,
    password VARCHAR(256),
    active BOOL,
    email VARCHAR(320) NOT NULL,
    last_login DATETIME,
    login_count INTEGER,
    fail_login_count INTEGER,
    created_on DATETIME,
    changed_on DATETIME,
    created_by_fk INTEGER,
    changed_by_fk INTEGER,
    PRIMARY KEY (id),
    UNIQUE (username),
    UNIQUE (email),
    FOREIGN KEY(created_by_fk) REFERENCES ab_user (id),
    FOREIGN KEY(changed_by_fk) REFERENCES ab_user (id)
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ab_role (
    id INTEGER NOT NULL AUTO_INCREMENT,
    name VARCHAR(64) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ab_user_role (
    id INTEGER NOT NULL AUTO_INCREMENT,
    user_id INTEGER,
    role_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (user_id, role_id),
    FOREIGN KEY(user_id) REFERENCES ab_user (id) ON DELETE CASCADE,
    FOREIGN KEY(role_id) REFERENCES ab_role (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ab_group (
    id INTEGER NOT NULL AUTO_INCREMENT,
    name VARCHAR(100) NOT NULL,
    label VARCHAR(150),
    description VARCHAR(512),
    PRIMARY KEY (id),
    UNIQUE (name)
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ab_user_group (
    id INTEGER NOT NULL AUTO_INCREMENT,
    user_id INTEGER,
    group_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (user_id, group_id),
    FOREIGN KEY(user_id) REFERENCES ab_user (id) ON DELETE CASCADE,
    FOREIGN KEY(group_id) REFERENCES ab_group (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4;

CREATE INDEX idx_user_group_id ON ab_user_group (group_id);

CREATE INDEX idx_user_id ON ab_user_group (user_id);

CREATE TABLE ab_group_role (
    id INTEGER NOT NULL AUTO_INCREMENT,
    group_id INTEGER,
    role_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (group_id, role_id),
    FOREIGN KEY(group_id) REFERENCES ab_group (id) ON DELETE CASCADE,
    FOREIGN KEY(role_id) REFERENCES ab_role (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4;

CREATE INDEX idx_group_role_id ON ab_group_role (role_id);

CREATE INDEX idx_group_id ON ab_group_role (group_id);

CREATE TABLE ab_permission (
    id INTEGER NOT NULL AUTO_INCREMENT,
    name VARCHAR(100) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ab_view_menu (
    id INTEGER NOT NULL AUTO_INCREMENT,
    name VARCHAR(250) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ab_permission_view (
    id INTEGER NOT NULL AUTO_INCREMENT,
    permission_id INTEGER,
    view_menu_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (permission_id, view_menu_id),
    FOREIGN KEY(permission_id) REFERENCES ab_permission (id),
    FOREIGN KEY(view_menu_id) REFERENCES ab_view_menu (id)
) DEFAULT CHARACTER SET utf8mb4;

CREATE INDEX idx_view_menu_id ON ab_permission_view (view_menu_id);

CREATE INDEX idx_permission_id ON ab_permission_view (permission_id);

CREATE TABLE ab_permission_view_role (
    id INTEGER NOT NULL AUTO_INCREMENT,
    permission_view_id INTEGER,
    role_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (permission_view_id, role_id),
    FOREIGN KEY(permission_view_id) REFERENCES ab_permission_view (id) ON DELETE CASCADE,
    FOREIGN KEY(role_id) REFERENCES ab_role (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4;

CREATE INDEX idx_permission_view_id ON ab_permission_view_role (permission_view_id);

CREATE INDEX idx_role_id ON ab_permission_view_role (role_id);

CREATE TABLE ab_register_user (
    id INTEGER NOT NULL AUTO_INCREMENT,
    first_name VARCHAR(64) NOT NULL,
    last_name VARCHAR(64) NOT NULL,
    username VARCHAR(128) NOT NULL,
    password VARCHAR(256),
    email VARCHAR(320) NOT NULL,
    registration_date DATETIME,
    registration_hash VARCHAR(256),
    PRIMARY KEY (id),
    UNIQUE (username),
    UNIQUE (email)
) DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE ab_api_key (
    id INTEGER NOT NULL AUTO_INCREMENT,
    uuid VARCHAR(36) NOT NULL,
    name VARCHAR(256) NOT NULL,
    key_hash VARCHAR(256) NOT NULL,
    lookup_hash VARCHAR(256),
    key_prefix VARCHAR(16) NOT NULL,
    user_id INTEGER NOT NULL,
    scopes TEXT,
    active BOOL NOT NULL,
    created_on DATETIME,
    expires_on DATETIME,
    revoked_on DATETIME,
    last_used_on DATETIME,
    PRIMARY KEY (id),
    UNIQUE (uuid),
    UNIQUE (lookup_hash),
    FOREIGN KEY(user_id) REFERENCES ab_user (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4;

CREATE UNIQUE INDEX idx_api_key_lookup_hash ON ab_api_key (lookup_hash);

CREATE INDEX idx_api_key_prefix ON ab_api_key (key_prefix);

CREATE INDEX idx_api_key_user_id ON ab_api_key (user_id);

CREATE TABLE logs (
    id INTEGER NOT NULL AUTO_INCREMENT,
    action VARCHAR(512),
    user_id INTEGER,
    json MEDIUMTEXT,
    dttm DATETIME,
    dashboard_id INTEGER,
    slice_id INTEGER,
    duration_ms INTEGER,
    referrer VARCHAR(1024),
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES ab_user (id)
) DEFAULT CHARACTER SET utf8mb4;

INSERT INTO ab_role (name) VALUES ('Admin'), ('Public'), ('Alpha'), ('Gamma'), ('sql_lab');
