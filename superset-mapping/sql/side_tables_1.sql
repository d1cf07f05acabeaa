-- What Superset has no column for. Every table is ours and starts with `scim_`; Superset's own are never altered.

-- One row per SCIM resource. `body` is the resource without id, meta, password, members and groups.
-- `local_id` and `local_mark` name the row of ab_user or ab_group: SQLite gives ids of deleted rows out again, so a row is
-- ours only while it also has the mark (ab_user.created_on, ab_group.name).
CREATE TABLE scim_resource (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    local_id INTEGER,
    local_mark TEXT,
    external_id TEXT,
    display TEXT,
    body TEXT NOT NULL,
    version INTEGER NOT NULL,
    created TEXT NOT NULL,
    last_modified TEXT NOT NULL
);
CREATE INDEX scim_resource_type ON scim_resource (tenant, resource_type, id);
CREATE INDEX scim_resource_external_id ON scim_resource (tenant, resource_type, external_id);
CREATE UNIQUE INDEX scim_resource_local ON scim_resource (resource_type, local_id);

-- The values that must be unique, in the form that is compared.
CREATE TABLE scim_unique (
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    PRIMARY KEY (tenant, resource_type, attribute, value)
);
CREATE INDEX scim_unique_resource ON scim_unique (resource_id);

-- Who is in which group. `member_type` is what the client said, for ids that no resource has.
CREATE TABLE scim_member (
    position INTEGER NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    member_type TEXT,
    UNIQUE (group_id, member_id)
);
CREATE INDEX scim_member_member ON scim_member (member_id, group_id);

-- Deleted resources. A deleted user's row in ab_user stays, because much refers to it; `local_id` is null once the row
-- belongs to somebody again.
CREATE TABLE scim_tombstone (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    local_id INTEGER,
    local_mark TEXT,
    user_name TEXT,
    deleted_at TEXT NOT NULL
);
CREATE INDEX scim_tombstone_local ON scim_tombstone (resource_type, local_id);

-- The rows of ab_user_role that the rules made. The others were made by hand, and stay.
CREATE TABLE scim_role_grant (
    user_id INTEGER NOT NULL,
    role_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, role_id)
);
