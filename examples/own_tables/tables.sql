-- An application's own tables. Below each line `SCIM`, the columns that a store of SCIM resources adds to them.

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    org TEXT NOT NULL DEFAULT '',
    login TEXT NOT NULL,
    first TEXT,
    last TEXT,
    email TEXT,
    active INTEGER NOT NULL DEFAULT 1,
    password_hash TEXT,
    -- SCIM
    login_folded TEXT,
    external_id TEXT,
    scim_id TEXT UNIQUE,
    scim_version INTEGER NOT NULL DEFAULT 1,
    scim_created TEXT,
    scim_modified TEXT,
    scim_source TEXT,
    scim_rest TEXT
);
CREATE UNIQUE INDEX users_login_folded ON users (org, login_folded);
CREATE INDEX users_external_id ON users (org, external_id);

CREATE TABLE teams (
    id INTEGER PRIMARY KEY,
    org TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    -- SCIM
    name_folded TEXT,
    external_id TEXT,
    scim_id TEXT UNIQUE,
    scim_version INTEGER NOT NULL DEFAULT 1,
    scim_created TEXT,
    scim_modified TEXT,
    scim_source TEXT,
    scim_rest TEXT
);
CREATE INDEX teams_name_folded ON teams (org, name_folded);
CREATE INDEX teams_external_id ON teams (org, external_id);

CREATE TABLE team_members (
    team_id INTEGER NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, user_id)
) WITHOUT ROWID;
CREATE INDEX team_members_user ON team_members (user_id);

-- SCIM: teams in teams, and members that nobody knows.
CREATE TABLE scim_team_members (
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    member_folded TEXT NOT NULL,
    member_type TEXT,
    PRIMARY KEY (group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX scim_team_members_member ON scim_team_members (member_id);
CREATE INDEX scim_team_members_folded ON scim_team_members (member_folded);

-- The roles of users. `given_by` is the source by whose word the rules gave one; it is NULL for what an administrator granted.
CREATE TABLE user_roles (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    given_by TEXT,
    PRIMARY KEY (user_id, role)
) WITHOUT ROWID;
