-- What is compared is bytes, because the collations of MySQL hold different texts to be equal, and pad them.
-- Statements that define tables commit by themselves here, so each can be repeated.
-- See side_tables_1.sqlite.sql for what the tables mean.

CREATE TABLE IF NOT EXISTS scim_resource (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    tenant VARBINARY(255) NOT NULL,
    resource_type VARBINARY(128) NOT NULL,
    local_id BIGINT,
    local_mark VARBINARY(400),
    external_id MEDIUMTEXT,
    external_key VARBINARY(1536),
    display MEDIUMTEXT,
    body MEDIUMTEXT NOT NULL,
    version BIGINT NOT NULL,
    created VARBINARY(40) NOT NULL,
    last_modified VARBINARY(40) NOT NULL,
    KEY scim_resource_type (tenant, resource_type, id),
    KEY scim_resource_external (tenant, resource_type, external_key),
    UNIQUE KEY scim_resource_local (resource_type, local_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS scim_unique (
    tenant VARBINARY(255) NOT NULL,
    resource_type VARBINARY(128) NOT NULL,
    attribute VARBINARY(512) NOT NULL,
    value VARBINARY(1536) NOT NULL,
    resource_id VARBINARY(64) NOT NULL,
    PRIMARY KEY (tenant, resource_type, attribute, value),
    KEY scim_unique_resource (resource_id, attribute)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS scim_value (
    tenant VARBINARY(255) NOT NULL,
    resource_type VARBINARY(128) NOT NULL,
    attribute VARBINARY(512) NOT NULL,
    value VARBINARY(1536) NOT NULL,
    resource_id VARBINARY(64) NOT NULL,
    PRIMARY KEY (resource_id, attribute, value),
    KEY scim_value_value (tenant, resource_type, attribute, value)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS scim_member (
    position BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    tenant VARBINARY(255) NOT NULL,
    group_id VARBINARY(64) NOT NULL,
    member_id VARBINARY(1020) NOT NULL,
    member_key VARBINARY(1536) NOT NULL,
    member_type MEDIUMTEXT,
    UNIQUE (group_id, member_id),
    KEY scim_member_member (member_id, group_id),
    KEY scim_member_key (member_key, group_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS scim_tombstone (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    tenant VARBINARY(255) NOT NULL,
    resource_type VARBINARY(128) NOT NULL,
    local_id BIGINT,
    local_mark VARBINARY(400),
    user_name MEDIUMTEXT,
    deleted_at VARBINARY(40) NOT NULL,
    KEY scim_tombstone_local (resource_type, local_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS scim_grant (
    relation VARBINARY(32) NOT NULL,
    holder_id BIGINT NOT NULL,
    held_id BIGINT NOT NULL,
    PRIMARY KEY (relation, holder_id, held_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS scim_audit (
    position BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    happened_at VARBINARY(40) NOT NULL,
    tenant VARBINARY(255) NOT NULL,
    principal MEDIUMTEXT NOT NULL,
    request_id MEDIUMTEXT NOT NULL,
    action VARBINARY(40) NOT NULL,
    resource_type VARBINARY(128) NOT NULL,
    resource_id VARBINARY(64) NOT NULL,
    version BIGINT,
    detail MEDIUMTEXT NOT NULL,
    KEY scim_audit_resource (resource_id, position)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Writers take turns by this row.
CREATE TABLE IF NOT EXISTS scim_lock (id INT NOT NULL PRIMARY KEY) ENGINE = InnoDB;
INSERT IGNORE INTO scim_lock (id) VALUES (1);
